"""Pages as tests see them: what went wrong on one, and whether a view is drawn with all its data."""

from __future__ import annotations

from typing import Any

_DRAWN = """() => {
  if (!window.__dashboard || document.querySelector('#dashboard .waiting')) return false;
  const { total, running } = window.__dashboard.getSearchCounts();
  return !running && !document.querySelector('#dashboard [data-test*="spinner"]');
}"""


def listen(page: Any) -> Any:
    """Notes from now on what goes wrong on a page: console errors, exceptions, requests that failed."""
    page.problems = []
    page.on("console", lambda message: _hear(page, message))
    page.on("pageerror", lambda error: page.problems.append(f"exception: {error}"))
    page.on("requestfailed", lambda request: _failed(page, request))
    page.on("response", lambda response: _answered(page, response))
    return page


def problems(page: Any) -> list[str]:
    """What went wrong since ``listen``, the renderer's complaints about a definition included."""
    told = page.evaluate("() => window.__errors ?? []") if page.url != "about:blank" else []
    return [*page.problems, *told]


def wait_for_view(page: Any, *, timeout_s: float = 60) -> None:
    """Waits until a Dashboard Studio view is drawn: no spinner, and every search that it has asked for has ended."""
    page.wait_for_function(_DRAWN, timeout=timeout_s * 1000)


def _hear(page: Any, message: Any) -> None:
    # what did not load is noted with its address below
    if message.type == "error" and not message.text.startswith("Failed to load resource"):
        page.problems.append(f"console: {message.text}")


def _failed(page: Any, request: Any) -> None:
    if request.failure != "net::ERR_ABORTED":  # the page was left meanwhile
        page.problems.append(f"request: {request.url} {request.failure}")


def _answered(page: Any, response: Any) -> None:
    if response.status >= 400:
        page.problems.append(f"{response.status}: {response.request.method} {response.url}")
