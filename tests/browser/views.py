"""Pages as tests see them: what went wrong on one, and whether a view is drawn with all its data."""

from __future__ import annotations

import time
from typing import Any

_STATE = """() => {
  if (!window.__dashboard || document.querySelector('#dashboard .waiting, #dashboard [data-test*="spinner"]')) return null;
  const { total, running } = window.__dashboard.getSearchCounts();
  return running ? null : total;
}"""
_QUIET_S = 0.4  # between the end of a search and what its panel asks for next
_NO_SEARCH_S = 3.0  # after which a view that has begun no search is taken to have none to begin


def listen(page: Any) -> Any:
    """Notes from now on what goes wrong on a page: console errors, exceptions, requests that failed."""
    page.problems = []
    page.pending = set()
    page.on("request", lambda request: request.resource_type in ("fetch", "xhr") and page.pending.add(request))
    page.on("requestfinished", lambda request: page.pending.discard(request))
    page.on("requestfailed", lambda request: page.pending.discard(request))
    page.on("console", lambda message: _hear(page, message))
    page.on("pageerror", lambda error: page.problems.append(f"exception: {error}"))
    page.on("requestfailed", lambda request: _failed(page, request))
    page.on("response", lambda response: _answered(page, response))
    return page


def problems(page: Any) -> list[str]:
    """What went wrong since ``listen``, the renderer's complaints about a definition included.

    When a view is left, the renderer ends its searches, also those that are gone by then: their 404 is no fault.
    """
    told = page.evaluate("() => window.__errors ?? []") if page.url != "about:blank" else []
    return [each for each in (*page.problems, *told) if not (each.startswith("404: POST") and each.endswith("/control"))]


def wait_for_view(page: Any, *, timeout_s: float = 60) -> None:
    """Waits until a Dashboard Studio view is drawn: its searches have ended, no request is under way, no spinner turns."""
    deadline = time.monotonic() + timeout_s
    quiet_since = None
    while time.monotonic() < deadline:
        searches = page.evaluate(_STATE)
        if searches is None or page.pending:
            quiet_since = None
        else:
            quiet_since = quiet_since or time.monotonic()
            if time.monotonic() - quiet_since > (_QUIET_S if searches else _NO_SEARCH_S):
                return
        page.wait_for_timeout(50)
    pending = sorted(request.url for request in page.pending)
    raise AssertionError(f"The view at {page.url} is not drawn after {timeout_s:g} s: {pending} {problems(page)}")


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
