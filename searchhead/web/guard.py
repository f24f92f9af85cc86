"""What holds for every answer: loopback names only, and headers that leave a hostile page nothing to work with."""

from __future__ import annotations

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Whoever makes a foreign name lead to 127.0.0.1 (DNS rebinding) is refused by it. Any port, since one may be forwarded.
_OWN_HOST = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?", re.IGNORECASE)

# No scripts but ours, nothing from elsewhere. Styles may stand in the page: the renderer writes its own as it goes. Images
# may be data: the windows of a session are.
_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
# Dashboard Studio compiles its JSON schemas to functions in the browser, and starts workers from its own text.
RENDERER_POLICY = _POLICY.replace("script-src 'self'", "script-src 'self' 'unsafe-eval'") + "; worker-src 'self' blob:"
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
# Meant for pages of other origins: the collector's script and the endpoint that it sends to.
_FOR_OTHER_ORIGINS = ("/services/collector", "/en-US/static/app/")


class Guard:
    """ASGI middleware around the whole web side. A header that an answer brings along itself is left as it is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuses a foreign Host with 421, otherwise passes the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        host = Headers(scope=scope).get("host", "")
        if not _OWN_HOST.fullmatch(host):
            text = f"This search head answers to localhost and 127.0.0.1 only, not to '{host[:100]}'.\n"
            await PlainTextResponse(text, 421, headers=_HEADERS)(scope, receive, send)
            return
        open_to_others = scope["path"].startswith(_FOR_OTHER_ORIGINS)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    if not (open_to_others and name.startswith("cross-origin")):
                        headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)
