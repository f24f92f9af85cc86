"""Every test gets the trial app with a state folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.searchhead.splunkd.trial import Commands


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    """Runs single commands of the trial app in a state folder of their own."""
    return Commands(tmp_path)
