"""splunkd's REST side as an ASGI app: session keys, namespaces, routing and error bodies.

    /services/<endpoint>                          the app of the search head, owner nobody
    /servicesNS/<owner>/<app>/<endpoint>          a namespace of its own

Every call but auth/login needs ``Authorization: Splunk <session key>``. The KV store speaks JSON; other endpoints give Atom
XML, or JSON with ``output_mode=json``.
"""

from __future__ import annotations

import asyncio
import re
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, unquote_plus

from ..access import Principal
from . import atom, listing
from .errors import RestError
from .kvstore import MAX_BYTES

_SERVICES = re.compile(r"/services/(.*)")
_SERVICES_NS = re.compile(r"/servicesNS/([^/]+)/([^/]+)/(.*)")
_THREADS = 64
_LARGEST_BODY = MAX_BYTES + 1_048_576  # a little above the limit, so that the limit's own message is given


@dataclass(frozen=True)
class Request:
    """One call; ``parameters`` are those of the address and, for a form, of the body.

    ``values`` are all of them in order, where a name may stand more than once. ``as_json``: the answer is to be JSON.
    """

    method: str
    owner: str
    app: str
    path: str
    arguments: tuple[str, ...]
    parameters: Mapping[str, str]
    body: bytes
    principal: Principal
    values: Sequence[tuple[str, str]] = ()
    as_json: bool = False

    @property
    def user(self) -> str:
        """Who calls."""
        return self.principal.user

    def all(self, name: str) -> list[str]:
        """Every value of a parameter."""
        return [value for key, value in self.values if key == name]

    def need(self, capability: str) -> None:
        """Raises RestError 403 when the caller lacks a capability."""
        if capability not in self.principal.capabilities:
            may_not = f"You (user={self.user}) do not have permission to perform this operation"
            raise RestError(403, f"{may_not} (requires capability: {capability}).")


@dataclass(frozen=True)
class Response:
    """A body and its type; an error body has another status."""

    body: bytes
    status: int = 200
    content_type: str = "text/xml; charset=UTF-8"
    headers: Sequence[tuple[bytes, bytes]] = field(default_factory=tuple)


@dataclass(frozen=True)
class Feed:
    """Entities, to be given as Atom XML or as JSON.

    ``listing``: the caller may search, sort and page, with ``count`` of these at a time unless told otherwise. ``single``:
    the XML is the one entry alone. ``messages``: (level, text).
    """

    title: str
    entities: Sequence[atom.Entity]
    status: int = 200
    listing: bool = False
    count: int = 30
    single: bool = False
    links: Mapping[str, str] = field(default_factory=dict)
    messages: Sequence[tuple[str, str]] = ()


Handler = Callable[[Request], "Response | Feed"]


@dataclass(frozen=True)
class Route:
    """Calls with one of these methods whose endpoint is the pattern; its groups become the request's arguments."""

    methods: tuple[str, ...]
    pattern: str
    handler: Handler
    json: bool = False
    """Errors are given in JSON, whatever output_mode says."""
    public: bool = False
    """No session key is asked for."""


class RestApp:
    """The ASGI app."""

    def __init__(self, routes: Sequence[Route], *, app: str, of_key: Callable[[str], Principal | None]) -> None:
        """``of_key`` tells whom a session key stands for; ``app`` is the namespace of /services/."""
        self._routes = [(re.compile(route.pattern), route) for route in routes]
        self._app = app
        self._of_key = of_key
        # Calls that wait for a search must not keep the search's own calls from being answered.
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="rest")

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        """Answers one call."""
        assert scope["type"] == "http"
        body = await _body(receive)
        response = await asyncio.get_running_loop().run_in_executor(self._threads, self.answer, scope, body)
        headers = [
            (b"content-type", response.content_type.encode()),
            (b"content-length", str(len(response.body)).encode()),
            *response.headers,
        ]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": response.body})

    def answer(self, scope: Mapping[str, Any], body: bytes | None) -> Response:
        """The response to one call; ``body`` is None when it was too large to be read."""
        headers = {name.lower(): value for name, value in scope["headers"]}
        values = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        as_json = _wants_json(values)
        try:
            if body is None:
                raise RestError(413, "Request exceeds API limits - see limits.conf for details. (More than 50 MB.)")
            owner, app, endpoint = self._namespace(scope)
            route, arguments = self._route(scope["method"], endpoint)
            if not route.json and b"json" not in headers.get(b"content-type", b""):
                # splunklib does not always name the type of a form
                values += parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
                as_json = _wants_json(values)
            as_json = as_json or route.json
            principal = self._principal(headers.get(b"authorization", b""), public=route.public)
            request = Request(
                scope["method"], owner, app, endpoint, arguments, dict(values), body, principal, values, as_json
            )
            result = route.handler(request)
            if isinstance(result, Response):
                return result
            return _answer(result, request, base=_base(scope, headers), path=f"/servicesNS/{owner}/{app}/{endpoint}")
        except RestError as exc:
            return _error(exc, as_json)
        except Exception as exc:  # a fault of the search head: the caller gets its place, not a dropped connection
            place = traceback.extract_tb(exc.__traceback__)[-1]
            text = f"Internal error: {type(exc).__name__}: {exc} ({place.name}, line {place.lineno})."
            return _error(RestError(500, text), as_json)

    def entities(self, path: str, parameters: Mapping[str, str], principal: Principal) -> list[atom.Entity]:
        """The entities that a GET of a path gives a user, such as /services/saved/searches. Raises RestError."""
        path = path if path.startswith("/services") else f"/services/{path.lstrip('/')}"
        owner, app, endpoint = self._namespace({"raw_path": quote(path, safe="/%").encode(), "path": path})
        route, arguments = self._route("GET", endpoint)
        values = list(parameters.items())
        found = route.handler(Request("GET", owner, app, endpoint, arguments, parameters, b"", principal, values))
        if not isinstance(found, Feed):
            raise RestError(400, "This endpoint gives no list of entities.")
        return (
            listing.page(found.entities, parameters, {}, default_count=0)[0] if found.listing else list(found.entities)
        )

    def _namespace(self, scope: Mapping[str, Any]) -> tuple[str, str, str]:
        """Owner, app and endpoint; the endpoint is still quoted, so that a slash inside a name stays one name."""
        path = scope.get("raw_path", b"").decode("latin-1").partition("?")[0] or scope["path"]
        match = _SERVICES_NS.fullmatch(path)
        if match:
            owner, app, endpoint = match.groups()
            return unquote(owner), unquote(app), endpoint.rstrip("/")
        match = _SERVICES.fullmatch(path)
        if match:
            return "nobody", self._app, match.group(1).rstrip("/")
        raise RestError(404, "Not Found")

    def _route(self, method: str, endpoint: str) -> tuple[Route, tuple[str, ...]]:
        known = False
        for pattern, route in self._routes:
            match = pattern.fullmatch(endpoint)
            if match:
                known = True
                if method in route.methods:
                    return route, tuple(unquote_plus(group or "") for group in match.groups())
        raise RestError(405, "Method Not Allowed") if known else RestError(404, "Not Found")

    def _principal(self, authorization: bytes, *, public: bool) -> Principal:
        kind, _, key = authorization.decode("latin-1").partition(" ")
        principal = self._of_key(key.strip()) if kind in ("Splunk", "Bearer") else None
        if principal is None and not public:
            raise RestError(401, "call not properly authenticated", level="WARN")
        return principal or Principal("")


def _answer(feed: Feed, request: Request, *, base: str, path: str) -> Response:
    entities = feed.entities
    page = atom.Page(len(entities), links=feed.links, messages=feed.messages)
    if feed.listing:
        entities, page = listing.page(entities, request.parameters, feed.links, default_count=feed.count)
    if request.as_json:
        body = atom.feed_json(feed.title, path, entities, page, base=base)
        return Response(body, feed.status, "application/json; charset=UTF-8")
    if feed.single:
        return Response(atom.entry_xml(entities[0], base=base), feed.status)
    return Response(atom.feed_xml(feed.title, path, entities, page, base=base), feed.status)


def _wants_json(values: Sequence[tuple[str, str]]) -> bool:
    return any(name == "output_mode" and value.startswith("json") for name, value in values)


def _base(scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> str:
    host = headers.get(b"host", b"").decode("latin-1")
    return f"{scope.get('scheme', 'http')}://{host}" if host else ""


async def _body(receive: Callable[[], Awaitable[dict[str, Any]]]) -> bytes | None:
    """The whole body, or None when it is too large; the rest is then read and dropped, so that the answer arrives."""
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size <= _LARGEST_BODY:
            parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts) if size <= _LARGEST_BODY else None


def _error(error: RestError, as_json: bool) -> Response:
    if as_json:
        return Response(atom.messages_json(error.level, error.text), error.status, "application/json; charset=UTF-8")
    return Response(atom.messages_xml(error.level, error.text), error.status)
