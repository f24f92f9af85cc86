"""A TensorFlow Serving stand-in for command tests, and a model version for it: each image's first pixel is its embedding.

It speaks the REST predict API over real HTTP, so a command reaches it as it reaches a fleet: scorer=<url> model=axes.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from PIL import Image

D = 4
TAG = "motion/1/64"
MODEL = "axes"


class Serving(ThreadingHTTPServer):
    """requests: number of images of each predict request. fails: how many of the next requests end without an answer.

    hangs: requests wait until the server ends.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[int] = []
        self.fails = 0
        self.hangs = False
        self.ended = threading.Event()

    @property
    def url(self) -> str:
        """The address for scorer=."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Serving

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.server.hangs:
            self.server.ended.wait(30)
            return
        if self.server.fails:
            self.server.fails -= 1
            self.close_connection = True
            return
        if self.path != f"/v1/models/{MODEL}/versions/1:predict":
            self._answer(404, {"error": f"Servable not found for request: {self.path}"})
            return
        instances = json.loads(body)["instances"]
        self.server.requests.append(len(instances))
        self._answer(200, {"predictions": [np.eye(D)[_axis(instance["b64"])].tolist() for instance in instances]})

    def _answer(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a test has no use for an access log."""


def _axis(png: str) -> int:
    with Image.open(io.BytesIO(base64.b64decode(png))) as picture:
        return int(picture.getpixel((0, 0))[0])  # type: ignore[index]


@contextlib.contextmanager
def serving() -> Iterator[Serving]:
    """A running server."""
    server = Serving()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


def write_model(state: Path, *, name: str = MODEL, encoding: str = TAG) -> None:
    """Publishes version 1 of a model in a state folder: its card and its cohort, no network."""
    folder = state / "models" / name / "1"
    folder.mkdir(parents=True)
    card = {
        "name": name,
        "version": 1,
        "encoding": encoding,
        "size": int(encoding.rpartition("/")[2]),
        "embedding": D,
        "backend": {"scale": 2.0, "offset": -1.0, "correlation": 0.2},
        "training": {"epochs": 3, "data": {"people": 4}},
        "metrics": {"auc": 0.99},
        "created": "2026-01-01T00:00:00Z",
    }
    (folder / "model.json").write_text(json.dumps(card))
    np.savez(folder / "cohort.npz", cohort=np.eye(D, dtype=np.float32))


def free_url() -> str:
    """The URL of a port at which nobody listens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    server.server_close()
    return url


def wait_for(condition: object, timeout_s: float = 10) -> None:
    """Waits until a condition holds; fails after the timeout."""
    deadline = time.monotonic() + timeout_s
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
