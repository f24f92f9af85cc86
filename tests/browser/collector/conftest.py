"""A browser, a site to visit with it, and a page whose console has to stay silent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.browser.collector.endpoint import Site
from tests.browser.conftest import CHROMIUM


@pytest.fixture(scope="package")
def browser(playwright: Any) -> Iterator[Any]:
    """Chromium that keeps pages which were left, as everybody's does and Playwright's does not."""
    browser = playwright.chromium.launch(
        executable_path=CHROMIUM, headless=True, ignore_default_args=["--disable-back-forward-cache"]
    )
    yield browser
    browser.close()


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    site.start()
    yield site
    site.stop()


@dataclass
class Visit:
    """A tab of a browser of its own. said: what its console showed, failed requests left out."""

    context: Any
    page: Any
    said: list[str] = field(default_factory=list)

    def tab(self) -> Any:
        """Another tab of the same browser."""
        page = self.context.new_page()
        page.on("console", lambda message: self._hear(message.text))
        page.on("pageerror", lambda error: self._hear(str(error)))
        return page

    def _hear(self, text: str) -> None:
        # No page can keep the browser from noting these.
        if not text.startswith("Failed to load resource"):
            self.said.append(text)

    def move(self, count: int, *, start: int = 0) -> list[tuple[int, int]]:
        """Moves the mouse to so many places, no two the same; returns them."""
        places = [(50 + 3 * n % 400, 100 + n) for n in range(start, start + count)]
        for x, y in places:
            self.page.mouse.move(x, y)
        return places

    def flush(self) -> None:
        self.page.evaluate("MouseMatch.flush()")

    def until(self, done: Callable[[], Any], seconds: float = 10.0) -> None:
        """Waits until done() is true, and hears meanwhile what the page says."""
        end = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end, f"it did not happen in {seconds:g} s"
            self.page.wait_for_timeout(20)

    @property
    def counters(self) -> dict[str, int]:
        return self.page.evaluate("MouseMatch.counters")


@pytest.fixture
def visit(browser: Any) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 1000, "height": 700})
    context.set_default_timeout(10_000)
    visit = Visit(context, None)
    visit.page = visit.tab()
    yield visit
    context.close()
    assert visit.said == []

