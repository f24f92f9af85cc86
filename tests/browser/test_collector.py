"""The browser collector in Chromium: what it records of real pointer input, and what it sends."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.endpoint import Site

pytest.importorskip("playwright", reason="Playwright is not installed; run make env.")
from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed.")

MOVE, PRESS, RELEASE, DRAG, SCROLL = range(5)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True)
        yield browser
        browser.close()


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    site.start()
    yield site
    site.stop()


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Page]:
    """A page in a browser of its own, whose console has to stay silent."""
    context = chromium.new_context(viewport={"width": 1000, "height": 700})
    page = context.new_page()
    spoken: list[str] = []
    page.on("console", lambda message: spoken.append(message.text))
    page.on("pageerror", lambda error: spoken.append(str(error)))
    yield page
    context.close()
    assert spoken == []


def until(done: Callable[[], Any], seconds: float = 10.0) -> None:
    """Waits until done() is true."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def counters(page: Page) -> dict[str, int]:
    return page.evaluate("MouseMatch.counters")


def flush(page: Page) -> None:
    page.evaluate("MouseMatch.flush()")


def test_movement_arrives_point_for_point(site: Site, tab: Page):
    tab.goto(site.url + "/first?token=private#part")

    for step in range(40):
        tab.mouse.move(100 + 5 * step, 200 + 2 * step)
    flush(tab)

    assert [(point["x"], point["y"]) for point in site.points] == [(100 + 5 * n, 200 + 2 * n) for n in range(40)]
    assert {(point["kind"], point["button"]) for point in site.points} == {(MOVE, 0)}
    assert counters(tab) == {"recorded": 40, "resumed": 0, "queued": 0, "delivered": 40, "dropped": 0, "requests": 1}
