"""A small web site with an endpoint that records what the collector sends, and that fails on demand.

Real HTTP on one port of 127.0.0.1: pages under a strict content-security policy, the shipped collector below /collector/,
and the endpoint /events, which answers as Splunk's HTTP event collector does.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SHIPPED = Path(__file__).resolve().parents[2] / "appserver" / "static" / "collector"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'"
STYLE = "body { margin: 0; height: 3000px } .box { position: absolute; width: 200px; height: 100px; left: 500px; top: 300px }"
BODY = """<a href="/second">go on</a> <input id="secret" name="password">
<div class="box" data-mousematch-ignore><button id="hidden">not recorded</button></div>"""


@dataclass
class Request:
    """A POST to the endpoint. status: what it was answered. events: the objects of its body, HEC's envelope included."""

    path: str
    headers: dict[str, str]
    body: str
    status: int
    at: float

    @property
    def events(self) -> list[dict[str, Any]]:
        return list(_objects(self.body))


@dataclass
class Site:
    """answers: (status, headers) of the next requests, then 200. tag: attributes of the script tag."""

    tag: str = 'data-endpoint="/events"'
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    port: int = 0
    _server: ThreadingHTTPServer | None = None
    _thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listens: on the port of the first time, once it was stopped."""
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.answer(*site.page(self.path))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, headers = site.answers.pop(0) if site.answers else (200, {})
                site.requests.append(Request(self.path, dict(self.headers), body, status, time.monotonic()))
                self.answer(status, "application/json", json.dumps({"text": "Success", "code": 0}), headers)

            def answer(self, status: int, kind: str, text: str, headers: dict[str, str] | None = None) -> None:
                data = text.encode()
                self.send_response(status)
                for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **(headers or {})}.items():
                    self.send_header(name, value)
                self.send_header("Content-Security-Policy", POLICY)
                # A stopped server must not live on in a connection that the browser keeps.
                self.send_header("Connection", "close")
                self.close_connection = True
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Refuses connections from now on."""
        if self._server and self._thread:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
        self._server = None

    def page(self, path: str) -> tuple[int, str, str]:
        name = path.partition("?")[0].removeprefix("/collector/")
        if name in ("mousematch.js", "mousematch.mjs"):
            return 200, "text/javascript", (SHIPPED / name).read_text(encoding="utf-8")
        if path == "/style.css":
            return 200, "text/css", STYLE
        if path == "/module.js":
            return 200, "text/javascript", (
                'import { collect } from "/collector/mousematch.mjs";\n'
                'window.collector = collect({ endpoint: "/events", user: "alice", page: (path) => path.replace(/[0-9]+/, ":id") });'
            )
        script = f'<script src="/collector/mousematch.js" {self.tag}></script>'
        if path.startswith("/module"):
            script = '<script type="module" src="/module.js"></script>'
        head = f'<title>{path}</title><link rel="stylesheet" href="/style.css">{script}'
        return 200, "text/html", f"<!doctype html><html><head>{head}</head><body>{BODY}</body></html>"

    @property
    def taken(self) -> list[dict[str, Any]]:
        """The batches that were answered with 200, in the order of their arrival; one that came twice stands there twice."""
        return [event["event"] for request in list(self.requests) if request.status == 200 for event in request.events]

    @property
    def points(self) -> list[dict[str, float]]:
        """The points that were taken, batches that came twice once: time (ms), x, y, kind, button."""
        batches = {(batch["page_id"], batch["seq"]): batch for batch in self.taken}
        return [point for batch in batches.values() for point in points_of(batch)]


def points_of(batch: dict[str, Any]) -> Iterator[dict[str, float]]:
    time_ms = batch["start"]
    points: dict[str, Sequence[float]] = batch["points"]
    assert len({len(values) for values in points.values()}) == 1
    for dt, x, y, kind, button in zip(*(points[name] for name in ("dt", "x", "y", "kind", "button"))):
        time_ms += dt
        yield {"time": time_ms, "x": x, "y": y, "kind": kind, "button": button}


def _objects(text: str) -> Iterator[dict[str, Any]]:
    decoder, place = json.JSONDecoder(), 0
    while place < len(text):
        value, place = decoder.raw_decode(text, place)
        yield value
        while place < len(text) and text[place].isspace():
            place += 1
