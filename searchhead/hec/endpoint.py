"""The collector as an ASGI app.

    POST          /services/collector[/event[/1.0]]     concatenated JSON objects
    POST          /services/collector/raw[/1.0]         lines of text
    POST          /services/collector/ack               which requests are stored
    GET, POST     /services/collector/health[/1.0]      whether there is room
    OPTIONS       any of them                           what a browser asks before it sends

Events are on disk when the answer goes out.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..indexes import EventStore, StoreError
from ..indexes.definitions import Confs
from ..indexes.retention import Retention
from . import authorization, envelopes, intake, origins, raw, replies
from .acknowledgements import Acknowledgements
from .body import Body
from .exchange import Disconnected, Exchange, Receive
from .log import RefusalLog
from .replies import Refusal, Reply
from .settings import CurrentSettings, Settings, Token

CAPACITY = 64  # requests that are parsed and stored at once; further ones are answered "Server is busy"
BUFFERED = 256 * 1_048_576  # bytes of all bodies that are held at once
_WRITERS = 8  # threads; more only wait for the same disk
_LARGE = 1_048_576  # bytes; such bodies are parsed one at a time, because parsed JSON can take 24 times its text
_LARGEST_ASK = 1_048_576  # bytes of a question to /ack
_PATH = re.compile(r".*/services/collector(?:/(event|raw|ack|health)(?:/1\.0)?)?/?")

Send = Callable[[dict[str, Any]], Awaitable[None]]
Answer = tuple[int, bytes]  # HTTP status, JSON body


class HecApp:
    """The ASGI app; answers every path that has /services/collector in it."""

    def __init__(self, store: EventStore, confs: Confs, *, capacity: int = CAPACITY, buffered: int = BUFFERED) -> None:
        """``confs``: where inputs.conf and the others are read. ``capacity``: requests, ``buffered``: bytes at once."""
        self._store = store
        self._settings = CurrentSettings(confs)
        self._acks = Acknowledgements()
        self._log = RefusalLog()
        self._retention = Retention(store, confs)
        self._pool = ThreadPoolExecutor(_WRITERS, thread_name_prefix="hec")
        self._capacity = capacity
        self._largest_buffer = buffered
        self._large = asyncio.Semaphore(1)
        self._working = 0
        self._buffer = 0
        self._closed = False

    def close(self) -> None:
        """Ends the threads after what they still write; later requests are answered that the server shuts down."""
        self._closed = True
        self._pool.shutdown()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            return
        exchange = Exchange(scope, receive)
        preflight = exchange.method == "OPTIONS"
        cors: list[tuple[bytes, bytes]] = []
        try:
            settings = self._settings.get()
            cors = origins.headers(settings, exchange.headers, preflight=preflight)
            status, body = (200, b"") if preflight else await self._answer(settings, exchange)
        except Disconnected:
            return
        except Refusal as refusal:
            status, body = self._refused(refusal, exchange)
        except Exception as exc:  # a fault of the collector: the sender gets an answer, not a dropped connection
            fault = Refusal(replies.INTERNAL_ERROR, detail=f"{type(exc).__name__}: {exc}")
            status, body = self._refused(fault, exchange)
        await exchange.drain()
        headers = [
            (b"content-type", b"application/json; charset=UTF-8"),
            (b"content-length", str(len(body)).encode()),
            (b"x-content-type-options", b"nosniff"),
            *cors,
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, settings: Settings, exchange: Exchange) -> Answer:
        match = _PATH.fullmatch(exchange.path)
        if match is None or settings.disabled:
            raise Refusal(replies.NOT_FOUND)
        endpoint = match.group(1) or "event"
        if exchange.method != "POST" and not (endpoint == "health" and exchange.method == "GET"):
            raise Refusal(replies.NOT_ALLOWED)
        if endpoint == "health":
            return self._health(settings, exchange)
        if self._closed:
            raise Refusal(replies.SHUTTING_DOWN)
        token = authorization.token(settings, exchange.headers, exchange.parameters)
        exchange.token_name = token.name
        if endpoint == "ack":
            return await self._ack(settings, token, exchange)
        return await self._data(settings, token, exchange, is_raw=endpoint == "raw")

    def _health(self, settings: Settings, exchange: Exchange) -> Answer:
        reply = replies.HEALTHY
        if b"authorization" in exchange.headers or "token" in exchange.parameters:
            try:
                authorization.token(settings, exchange.headers, exchange.parameters)
            except Refusal as refusal:
                disabled = refusal.reply is replies.TOKEN_DISABLED
                reply = replies.HEALTH_TOKEN_DISABLED if disabled else replies.HEALTH_INVALID_TOKEN
        if reply is replies.HEALTHY and (self._working >= self._capacity or self._closed):
            reply = replies.QUEUES_FULL
        elif reply is replies.HEALTHY and self._acks.full:
            reply = replies.ACK_UNAVAILABLE
        return reply.status, reply.body()

    async def _ack(self, settings: Settings, token: Token, exchange: Exchange) -> Answer:
        if not token.use_ack:
            raise Refusal(replies.ACK_DISABLED)
        channel = exchange.channel()
        body = await self._read(exchange, _LARGEST_ASK)
        try:
            numbers = json.loads(body)["acks"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise Refusal(replies.INVALID_DATA, detail="acks is missing") from None
        if not isinstance(numbers, list) or not all(type(number) is int for number in numbers):
            raise Refusal(replies.INVALID_DATA, detail="acks is no array of numbers")
        self._acks.forget_idle(settings.idle_s)
        told = self._acks.ask(token.name, channel, numbers)
        return 200, json.dumps({"acks": told}, separators=(",", ":")).encode()

    async def _data(self, settings: Settings, token: Token, exchange: Exchange, *, is_raw: bool) -> Answer:
        channel = exchange.channel() if token.use_ack else ""
        if token.use_ack:
            self._acks.forget_idle(settings.idle_s)
            self._acks.open(token.name, channel)
        default = intake.defaults(token, exchange.parameters, host=exchange.host(token.connection_host))
        body = await self._read(exchange, settings.max_body)
        if self._working >= self._capacity:
            raise Refusal(replies.SERVER_BUSY, detail=f"{self._working} requests are being stored")
        parsed = (
            raw.parse(body, line_breaker=settings.line_breaker(default.sourcetype), max_event=settings.max_event)
            if is_raw
            else envelopes.parse(body, max_event=settings.max_event)
        )
        self._working += 1
        try:
            async with self._large if len(body) > _LARGE else contextlib.nullcontext():
                outcome = await asyncio.get_running_loop().run_in_executor(
                    self._pool, functools.partial(intake.take, self._store, settings, token, parsed, default)
                )
        except StoreError as exc:
            raise Refusal(replies.INTERNAL_ERROR, detail=str(exc)) from exc
        finally:
            self._working -= 1
        if self._retention.due():  # what comes in makes room for itself
            self._in_background(self._retention.apply)
        number = self._acks.stored(token.name, channel) if token.use_ack and outcome.stored else None
        if outcome.refusal is None:
            return replies.SUCCESS.status, replies.SUCCESS.body(ackId=number)
        return self._refused(outcome.refusal, exchange, stored=outcome.stored, ack=number)

    async def _read(self, exchange: Exchange, limit: int) -> bytes:
        """The body of the request, decompressed. Raises Refusal above ``limit`` bytes, compressed or not."""
        if exchange.length > limit:
            raise Refusal(replies.TOO_LARGE, detail=f"Content-Length {exchange.length} is above {limit}")
        body = Body(exchange.headers.get(b"content-encoding", b"").decode("latin-1").strip().lower(), limit)
        held = 0
        try:
            while (piece := await exchange.piece()) is not None:
                body.take(piece)
                self._buffer += body.size - held
                held = body.size
                if self._buffer > self._largest_buffer:
                    raise Refusal(replies.SERVER_BUSY, detail=f"{self._buffer} bytes of bodies are held")
            return body.finish()
        finally:
            self._buffer -= held

    def _refused(self, refusal: Refusal, exchange: Exchange, *, stored: int = 0, ack: int | None = None) -> Answer:
        """The answer to a request of which ``stored`` events were accepted; it is logged in the index _internal."""
        event = self._log.event(
            refusal,
            token=exchange.token_name,
            address=exchange.address,
            size=max(exchange.size, exchange.length),
            stored=stored,
        )
        if event is not None:
            self._in_background(lambda: self._store.add([event]))
        reply: Reply = refusal.reply
        return reply.status, reply.body(**{"invalid-event-number": refusal.event, "ackId": ack})

    def _in_background(self, work: Callable[[], object]) -> None:
        """Does something with the store that no answer waits for."""

        def quietly() -> None:
            with contextlib.suppress(StoreError):
                work()

        if not self._closed:
            self._pool.submit(quietly)
