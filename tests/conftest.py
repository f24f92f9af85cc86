"""What holds for all tests: an example that hypothesis makes may be slow on a busy machine."""

from __future__ import annotations

from hypothesis import settings

# Built on what hypothesis chose for here: where CI is set, the same examples every time.
settings.register_profile("no deadline", parent=settings.default, deadline=None)
settings.load_profile("no deadline")
