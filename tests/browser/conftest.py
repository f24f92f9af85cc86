"""A search head that serves, a Chromium to visit it with, and pages whose console has to stay silent.

    served      the search head: url, login_url(user), key(user), hec_token, head, search(), send()
    tab         tab(user="viewer", theme="dark") → a page of that user; problems(page) is what went wrong on it
    page        tab() of the administrator; the test fails when anything went wrong on it
    studio      skips where the dashboards' renderer is not built
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.served import ROOT, Served
from tests.browser.views import listen, problems

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed; run make env.")
CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The search head of all browser tests; it runs no schedules by itself."""
    with Served(tmp_path_factory.mktemp("served") / "state", "--no-schedules") as served:
        yield served


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the system's Chromium is; skips where it is not."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed; on Debian: apt-get install chromium.")
    return CHROMIUM


@pytest.fixture(scope="session")
def playwright(chromium: str) -> Iterator[Any]:
    """Playwright, which a process can start only once."""
    with sync_api.sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Any) -> Iterator[Any]:
    """The system's Chromium, headless."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def studio() -> None:
    """Skips where the renderer is not built."""
    if not (ROOT / "build/studio/public/manifest.json").is_file():
        pytest.skip("The dashboards' renderer is not built; run make studio (it needs npm).")


@pytest.fixture
def tab(browser: Any, served: Served) -> Iterator[Callable[..., Any]]:
    """Opens pages: ``tab(user="admin", theme="dark", served=…)``; ``user=None`` is logged out. Addresses may be relative."""
    contexts = []

    def open_tab(user: str | None = "admin", *, theme: str = "light", served: Served = served) -> Any:
        context = browser.new_context(
            base_url=served.url, viewport={"width": 1440, "height": 900}, color_scheme=theme, reduced_motion="reduce"
        )
        contexts.append(context)
        if user is not None:
            cookies = served.cookies(user)
            context.add_cookies([{"name": name, "value": value, "url": served.url} for name, value in cookies.items()])
        return listen(context.new_page())

    yield open_tab
    for context in contexts:
        for page in context.pages:
            with contextlib.suppress(sync_api.Error):  # a context that is closed while a page loads may never end
                page.goto("about:blank", timeout=10_000)
        context.close()


@pytest.fixture
def page(tab: Callable[..., Any]) -> Iterator[Any]:
    """A page of the administrator."""
    page = tab()
    yield page
    assert problems(page) == []
