"""splunkd's REST side for pages: what comes with the session's cookie is passed on with its session key.

/en-US/splunkd/__raw/services…  ──▶  /services… with Authorization: Splunk <session key>
"""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from .sessions import Logins

_READS = {"GET", "HEAD", "OPTIONS"}


class RawGate:
    """The ASGI app below ``prefix``."""

    def __init__(self, rest: ASGIApp, logins: Logins, *, prefix: str) -> None:
        self._rest = rest
        self._logins = logins
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a call on, or answers 401 without a session and 403 to a change without the right form key."""
        request = Request(scope)
        if self._logins.principal(request) is None:
            await _refused(401, "You are not logged in: open a link that make serve has printed.")(scope, receive, send)
            return
        if request.method not in _READS and not self._logins.form_key_matches(request):
            text = f"The call has no valid X-Splunk-Form-Key; it is the cookie {self._logins.csrf_cookie}."
            await _refused(403, text)(scope, receive, send)
            return
        key = self._logins.session(request).encode("latin-1")
        headers = [(name, value) for name, value in scope["headers"] if name not in (b"authorization", b"cookie")]
        raw = scope.get("raw_path") or scope["path"].encode()
        inner = {
            **scope,
            "path": scope["path"].removeprefix(self._prefix),
            "raw_path": raw.removeprefix(self._prefix.encode()),
            "root_path": "",
            "headers": [*headers, (b"authorization", b"Splunk " + key)],
        }
        await self._rest(inner, receive, send)


def _refused(status: int, text: str) -> Response:
    body = json.dumps({"messages": [{"type": "ERROR", "text": text}]})
    return Response(body, status, media_type="application/json")
