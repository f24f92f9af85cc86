"""What holds for all tests: an example that hypothesis makes may be slow on a busy machine, and browsers come last."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

BROWSER = Path(__file__).parent / "browser"

# Built on what hypothesis chose for here: where CI is set, the same examples every time.
settings.register_profile("no deadline", parent=settings.default, deadline=None)
settings.load_profile("no deadline")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Playwright's event loop runs until the session ends, and asyncio.run refuses to start beside another one."""
    items.sort(key=lambda item: BROWSER in item.path.parents)
