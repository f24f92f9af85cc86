"""The scorer's HTTP interface: an ASGI application that answers as TensorFlow Serving does."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import asdict
from typing import Any

from mousematch import __version__
from mousematch.errors import ModelError, ScorerRejected
from mousematch.scorer import protocol
from mousematch.scorer.serving import ImagesRejected, Serving

log = logging.getLogger("mousematch.scorer")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Answer = tuple[int, bytes]

METRICS_PATH = "/monitoring/prometheus/metrics"


class TooLarge(ScorerRejected):
    """A request body above protocol.MAX_REQUEST_BYTES."""


class Gone(Exception):
    """The other side closed the connection before its answer was ready."""


class App:
    """One instance a process. ``idle_s`` tells how long nobody has asked for anything."""

    def __init__(self, serving: Serving) -> None:
        self.serving = serving
        self._active = 0
        self._last = time.monotonic()

    @property
    def idle_s(self) -> float:
        """Seconds since the last request ended; 0 while one runs."""
        return 0.0 if self._active else time.monotonic() - self._last

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"The scorer speaks HTTP only, not {scope['type']}.")
        self._active += 1
        try:
            status, body = await self._answer(scope, receive)
            kind = b"text/plain; version=0.0.4" if scope["path"] == METRICS_PATH else b"application/json"
            headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode("ascii"))]
            if status == 413:
                # The rest of the body is not read, so the connection cannot carry another request.
                headers.append((b"connection", b"close"))
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})
        except Gone:
            log.info("A search went away before its answer was ready.")
        finally:
            self._active -= 1
            self._last = time.monotonic()

    async def _answer(self, scope: MutableMapping[str, Any], receive: Receive) -> Answer:
        method, path = scope["method"], scope["path"]
        try:
            return await self._route(scope, receive)
        except TooLarge as exc:
            return 413, protocol.error_body(str(exc))
        except ImagesRejected as exc:
            return 400, protocol.error_body(str(exc), exc.reasons)
        except ScorerRejected as exc:
            return 400, protocol.error_body(str(exc))
        except ModelError as exc:
            return 404, protocol.error_body(f"Servable not found for request: {_request_name(path)}. {exc}")
        except Gone:
            raise
        except Exception:
            log.exception("%s %s failed", method, path)
            return 500, protocol.error_body("The scorer failed on this request; see its log.")

    async def _route(self, scope: MutableMapping[str, Any], receive: Receive) -> Answer:
        method, path = scope["method"], scope["path"]
        if method == "GET" and path == METRICS_PATH:
            return 200, self._metrics()
        match = protocol.ROUTE.fullmatch(path)
        if not match or method != ("POST" if match["verb"] == ":predict" else "GET"):
            raise ScorerRejected(f"Malformed request: {method} {path}")
        version = int(match["version"]) if match["version"] else None
        model = self.serving.find(match["name"], version)
        if match["verb"] == ":predict":
            body = await _body(scope, receive)
            loop = asyncio.get_running_loop()
            # Megabytes of JSON would hold up every other search if they were parsed on the event loop.
            texts = await loop.run_in_executor(None, protocol.read_predict_request, body)
            embeddings = await _unless_gone(self.serving.embed(model, texts), receive)
            return 200, await loop.run_in_executor(None, protocol.predict_answer, embeddings)
        if not match["verb"]:
            state = protocol.AVAILABLE if self.serving.is_loaded(model) else protocol.LOADING
            return 200, protocol.status_body(model.version, state)
        loaded = await self.serving.loaded(model)
        ours = {
            "encoding": model.encoding,
            "size": model.size,
            "executor": loaded.network.executor,
            "device": loaded.network.device,
            "app_version": __version__,
        }
        return 200, protocol.metadata_body(model.name, model.version, embedding=model.embedding, mousematch=ours)

    def _metrics(self) -> bytes:
        """Counters in Prometheus's text format, where TensorFlow Serving has its own."""
        lines = []
        for name, value in asdict(self.serving.counts).items():
            metric = f"mousematch_scorer_{name}_total"
            lines += [f"# TYPE {metric} counter", f"{metric} {value}"]
        return ("\n".join(lines) + "\n").encode("ascii")


def _request_name(path: str) -> str:
    match = protocol.ROUTE.fullmatch(path)
    if match is None:
        return path
    return f"Specific({match['name']}, {match['version']})" if match["version"] else f"Latest({match['name']})"


async def _body(scope: MutableMapping[str, Any], receive: Receive) -> bytes:
    announced = dict(scope["headers"]).get(b"content-length", b"0")
    size = int(announced) if announced.isdigit() else 0
    parts: list[bytes] = []
    while True:
        if size > protocol.MAX_REQUEST_BYTES:
            raise TooLarge(
                f"The request has more than {protocol.MAX_REQUEST_BYTES:,} bytes; send fewer images at a time."
            )
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        parts.append(message.get("body", b""))
        size = sum(map(len, parts))
        if not message.get("more_body", False):
            return b"".join(parts)


async def _unless_gone(work: Awaitable[Any], receive: Receive) -> Any:
    """The result of the work; Gone if the other side hangs up first, and the work is cancelled."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_hung_up(receive))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Gone
        return task.result()
    finally:
        task.cancel()
        gone.cancel()


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
