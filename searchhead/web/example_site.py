"""The example site below /site/: a small bank that records its customers' mice, as docs/collector.md advises.

    browser ──POST /site/events──▶ whose session is it? ──user, session──▶ HEC, with the token
                                   └─ nobody's: 204, nothing is kept

The browser never sees the token, and cannot say whose points they are: the site knows who has signed in.
"""

from __future__ import annotations

import json
import secrets
from collections import OrderedDict
from collections.abc import Callable
from json import JSONDecodeError
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .assets import Assets

PAGES = Path(__file__).resolve().parents[2] / "samples" / "site"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
COOKIE = "harbour_bank"
MAX_BODY = 65_536  # bytes; the collector sends no more at once
MAX_NAME = 64
MAX_SESSIONS = 1_000


class ExampleSite:
    """The handlers. ``hec``: the event collector; ``token`` gives the token that it is asked with."""

    def __init__(self, hec: ASGIApp, token: Callable[[], str]) -> None:
        self._hec = hec
        self._token = token
        self._users: OrderedDict[str, str] = OrderedDict()  # session → who has signed in; the oldest one first

    def app(self, collector: Path, pages: Path = PAGES) -> ASGIApp:
        """The ASGI app to mount. ``collector``: the folder of the shipped collector."""
        routes = [
            Route("/", self.start),
            Route("/sign-in", self.sign_in, methods=["POST"]),
            Route("/sign-out", self.sign_out, methods=["POST"]),
            Route("/who", self.who),
            Route("/events", self.events, methods=["POST"]),
            Mount("/collector", Assets(collector)),
            Mount("/", Assets(pages)),
        ]
        return Starlette(routes=routes, middleware=[Middleware(_StrictPolicy)])

    def start(self, request: Request) -> Response:
        """The first page, or the accounts of who has signed in."""
        return RedirectResponse("accounts.html" if self._user(request) else "index.html", 303)

    async def sign_in(self, request: Request) -> Response:
        """Begins a session for the name that was given; there are no passwords."""
        form = parse_qs((await _body(request)).decode("utf-8", "replace"), max_num_fields=4)
        name = form.get("user", [""])[0].strip()[:MAX_NAME]
        if not name:
            return RedirectResponse("index.html", 303)
        session = secrets.token_urlsafe(18)
        self._users[session] = name
        while len(self._users) > MAX_SESSIONS:
            self._users.popitem(last=False)
        response = RedirectResponse("accounts.html", 303)
        response.set_cookie(COOKIE, session, path="/site", httponly=True, samesite="strict")
        return response

    def sign_out(self, request: Request) -> Response:
        """Ends the session."""
        self._users.pop(request.cookies.get(COOKIE, ""), None)
        response = RedirectResponse("index.html", 303)
        response.delete_cookie(COOKIE, path="/site")
        return response

    def who(self, request: Request) -> Response:
        """The name of who has signed in."""
        return PlainTextResponse(self._user(request))

    async def events(self, request: Request) -> Response:
        """Hands the batches on to HEC, as those of who has signed in."""
        user = self._user(request)
        if not user:
            return Response(status_code=204)
        body = await _body(request)
        # The session's cookie opens the account: what is indexed is a name for it that opens nothing.
        session = f"bank-{request.cookies[COOKIE][:8]}"
        try:
            batches = _batches(body.decode("utf-8"), user=user, session=session)
        except ValueError as exc:
            return PlainTextResponse(f"This is no batch of the collector: {exc}\n", 400)
        return _Forwarded(self._hec, self._token(), batches)

    def _user(self, request: Request) -> str:
        return self._users.get(request.cookies.get(COOKIE, ""), "")


async def _body(request: Request) -> bytes:
    """The request's body. Raises HTTPException (413) when it is longer than the collector's are."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise HTTPException(413, f"More than {MAX_BODY:,} bytes at once.")
    return body


def _batches(text: str, *, user: str, session: str) -> bytes:
    """The concatenated objects of HEC with this user and session. Raises ValueError when they are none."""
    decoder, place, objects = json.JSONDecoder(), 0, []
    while place < len(text):
        try:
            envelope, place = decoder.raw_decode(text, place)
        except (JSONDecodeError, RecursionError) as exc:
            raise ValueError(f"no JSON object at character {place:,}") from exc
        if not isinstance(envelope, dict) or not isinstance(envelope.get("event"), dict):
            raise ValueError("an object without an event")
        event: dict[str, Any] = envelope["event"]
        # Time and event alone: a sender does not choose index, host or source.
        objects.append({"time": envelope.get("time"), "event": {**event, "user": user, "session": session}})
        while text[place : place + 1].isspace():
            place += 1
    return "\n".join(map(json.dumps, objects)).encode()


class _Forwarded(Response):
    """HEC's answer to this body."""

    def __init__(self, hec: ASGIApp, token: str, content: bytes) -> None:
        super().__init__()
        self._hec = hec
        self._token = token
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = "/services/collector/event"
        headers = [(b"authorization", f"Splunk {self._token}".encode()), (b"content-length", b"%d" % len(self._content))]
        asked = {**scope, "path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"", "headers": headers}
        waiting = [self._content]

        async def body() -> Message:
            if waiting:
                return {"type": "http.request", "body": waiting.pop(), "more_body": False}
            return await receive()

        await self._hec(asked, body, send)


class _StrictPolicy:
    """Gives every answer the content-security policy of docs/collector.md."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["content-security-policy"] = POLICY
            await send(message)

        await self._app(scope, receive, with_policy)
