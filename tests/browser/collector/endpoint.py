"""A small web site with an endpoint that records what the collector sends, and that fails on demand.

Real HTTP on one port of 127.0.0.1: pages under a strict content-security policy, the shipped collector below /collector/,
its modules below /modules/, and the endpoint /events, which answers as Splunk's HTTP event collector does.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

APPSERVER = Path(__file__).resolve().parents[3] / "appserver"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' {}; base-uri 'none'"
STYLE = """body { margin: 0; height: 3000px }
.box { position: absolute; left: 500px; top: 300px; width: 200px; height: 100px }"""
BODY = """<a href="/second">go on</a> <input id="card" name="cvv">
<div class="box" data-mousematch-ignore><button id="pin">4</button></div>"""
MODULE = """import { collect } from "/collector/mousematch.mjs";
const page = (path) => path.replace(/[0-9]+/, ":id");
window.MouseMatch = collect({ endpoint: "/events", token: "t-1", user: "alice", page });"""
# Instead of a status: the request is read and the connection closed without an answer.
NO_ANSWER = 0


@dataclass
class Request:
    """A POST to the endpoint. status: what it was answered. at: seconds, of a clock that never steps back."""

    path: str
    headers: dict[str, str]
    body: str
    status: int
    at: float

    @property
    def events(self) -> list[dict[str, Any]]:
        """The objects of its body, HEC's envelope included."""
        return list(_objects(self.body))


@dataclass
class Site:
    """tag: attributes of the script tag. answers: (status, headers) of the next requests; then always ``status``. delay_s:
    how long the endpoint takes. connect: another origin that its pages may send to."""

    tag: str = 'data-endpoint="/events"'
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    status: int = 200
    delay_s: float = 0.0
    connect: str = ""
    requests: list[Request] = field(default_factory=list)
    port: int = 0
    _server: ThreadingHTTPServer | None = None
    _thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listens; on the same port again after a stop."""
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer(*site.page(self.path.partition("?")[0]))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, headers = site.answers.pop(0) if site.answers else (site.status, {})
                site.requests.append(Request(self.path, dict(self.headers), body, status, time.monotonic()))
                time.sleep(site.delay_s)
                if status != NO_ANSWER:
                    self.answer(status, "application/json", '{"text":"Success","code":0}', headers)

            def answer(self, status: int, kind: str, text: str, headers: dict[str, str] | None = None) -> None:
                data = text.encode()
                self.send_response(status)
                policy = POLICY.format(site.connect)
                fixed = {"Content-Type": kind, "Content-Length": str(len(data)), "Content-Security-Policy": policy}
                for name, value in {**fixed, **(headers or {})}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def stop(self) -> None:
        """Refuses connections from now on."""
        if self._server and self._thread:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
        self._server = None

    def page(self, path: str) -> tuple[int, str, str]:
        """Status, content type and text."""
        folder, _, name = path.strip("/").rpartition("/")
        if path == "/favicon.ico":
            return 204, "image/x-icon", ""
        if folder == "collector" and name.startswith("mousematch"):
            return 200, "text/javascript", (APPSERVER / "static" / "collector" / name).read_text(encoding="utf-8")
        if folder == "modules":
            return 200, "text/javascript", (APPSERVER / "collector" / name).read_text(encoding="utf-8")
        if path == "/style.css":
            return 200, "text/css", STYLE
        if path == "/start.js":
            return 200, "text/javascript", MODULE
        script = f'<script src="/collector/mousematch.js" {self.tag}></script>'
        if path.startswith("/module"):
            script = '<script type="module" src="/start.js"></script>'
        head = f'<title>{path}</title><link rel="stylesheet" href="/style.css">{script}'
        return 200, "text/html", f"<!doctype html><html><head>{head}</head><body>{BODY}</body></html>"

    @property
    def taken(self) -> list[dict[str, Any]]:
        """The batches that were answered with 200, in the order of their arrival; one that came twice stands there twice."""
        return [event["event"] for request in list(self.requests) if request.status == 200 for event in request.events]

    @property
    def points(self) -> list[dict[str, float]]:
        """The points of all requests, answered or not, batches that came twice once: time (ms), x, y, kind, button."""
        events = [event["event"] for request in list(self.requests) for event in request.events]
        batches = {(batch["page_id"], batch["seq"]): batch for batch in events}
        return [point for batch in batches.values() for point in points_of(batch)]

    @property
    def places(self) -> list[tuple[float, float]]:
        return [(point["x"], point["y"]) for point in self.points]


def points_of(batch: dict[str, Any]) -> Iterator[dict[str, float]]:
    time_ms = batch["start"]
    arrays = [batch["points"][name] for name in ("dt", "x", "y", "kind", "button")]
    assert len({len(values) for values in arrays}) == 1
    for dt, x, y, kind, button in zip(*arrays):
        time_ms += dt
        yield {"time": time_ms, "x": x, "y": y, "kind": kind, "button": button}


def _objects(text: str) -> Iterator[dict[str, Any]]:
    decoder, place = json.JSONDecoder(), 0
    while place < len(text):
        value, place = decoder.raw_decode(text, place)
        yield value
        while place < len(text) and text[place].isspace():
            place += 1
