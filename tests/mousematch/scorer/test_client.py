"""The client, against servers that behave, misbehave and vanish."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from mousematch.errors import ScorerRejected, ScorerUnavailable
from mousematch.scorer import client as client_module
from mousematch.scorer.client import Client
from mousematch.scorer.launch import BIN

Reply = Callable[[socket.socket, bytes], None]


@dataclass
class Server:
    """A TCP server that answers each connection with the next reply of its script; the last one repeats."""

    replies: list[Reply]
    address: str = ""
    requests: list[bytes] = field(default_factory=list)

    def serve(self, listener: socket.socket) -> None:
        for number in range(1_000):
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                request = read_request(connection)
                if request:
                    self.requests.append(request)
                    self.replies[min(number, len(self.replies) - 1)](connection, request)


def read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answer(status: int, body: bytes) -> Reply:
    def reply(connection: socket.socket, request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (status, len(body)) + body)

    return reply


def embeddings(connection: socket.socket, request: bytes) -> None:
    """The length of each image's text as a one-dimensional embedding."""
    instances = json.loads(request.partition(b"\r\n\r\n")[2])["instances"]
    body = json.dumps({"predictions": [[len(instance["b64"])] for instance in instances]}).encode()
    answer(200, body)(connection, request)


def hang_up(connection: socket.socket, request: bytes) -> None:
    pass


def half_an_answer(connection: socket.socket, request: bytes) -> None:
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"predictions":')


def silence(connection: socket.socket, request: bytes) -> None:
    time.sleep(3)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    with contextlib.ExitStack() as stack:

        def start(*replies: Reply) -> Server:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            server = Server(list(replies), f"http://127.0.0.1:{listener.getsockname()[1]}")
            threading.Thread(target=server.serve, args=(listener,), daemon=True).start()
            # Wakes accept() up, which closing alone does not.
            stack.callback(lambda: socket.create_connection(listener.getsockname()).close())
            return server

        yield start


def test_images_become_embeddings_in_order_and_each_is_sent_once(serve: Callable[..., Server]) -> None:
    server = serve(embeddings)

    vectors = Client(server.address, "base").embed(["aaa", "b", "aaa", "cc"])

    assert vectors.tolist() == [[3], [1], [3], [2]]
    assert server.requests[0].count(b"b64") == 3


def test_no_image_asks_nobody(serve: Callable[..., Server]) -> None:
    server = serve(embeddings)

    assert Client(server.address, "base").embed([]).shape[0] == 0
    assert not server.requests


def sizes(server: Server) -> list[int]:
    """How many images each request had."""
    return [request.count(b'"b64"') for request in server.requests]


def test_many_images_go_in_several_requests_that_grow_while_answers_come_fast(serve: Callable[..., Server]) -> None:
    server = serve(embeddings)
    images = [f"{number:0{1 + number % 7}d}" for number in range(1500)]

    vectors = Client(server.address, "base").embed(images)

    assert vectors[:, 0].tolist() == [len(image) for image in images]
    assert sizes(server) == [64, 128, 256, 512, 512, len(set(images)) - 1472]


def test_requests_shrink_while_answers_come_slowly(serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "FAST_S", 0.0)
    monkeypatch.setattr(client_module, "SLOW_S", 0.0)
    server = serve(embeddings)

    Client(server.address, "base").embed([str(number) for number in range(130)])

    assert sizes(server) == [64, 32, 16, 8, 8, 2]


def test_the_version_and_a_path_prefix_are_part_of_the_url(serve: Callable[..., Server]) -> None:
    server = serve(embeddings)

    Client(server.address + "/serving", "base", 3).embed(["a"])

    assert server.requests[0].startswith(b"POST /serving/v1/models/base/versions/3:predict HTTP/1.1")


@pytest.mark.parametrize("failure", [hang_up, half_an_answer], ids=["hangs up", "half an answer"])
def test_a_broken_exchange_is_tried_once_more(serve: Callable[..., Server], failure: Reply) -> None:
    server = serve(failure, embeddings)

    assert Client(server.address, "base").embed(["aa"]).tolist() == [[2]]
    assert len(server.requests) == 2


@pytest.mark.parametrize("failure", [hang_up, half_an_answer], ids=["hangs up", "half an answer"])
def test_a_scorer_that_breaks_twice_is_unavailable(serve: Callable[..., Server], failure: Reply) -> None:
    server = serve(failure)

    with pytest.raises(ScorerUnavailable, match=r"No scorer answers at http.* check address in mousematch.conf"):
        Client(server.address, "base").embed(["aa"])
    assert len(server.requests) == 2


def test_a_silent_scorer_is_unavailable_after_the_time_limit_and_not_asked_again(serve: Callable[..., Server]) -> None:
    server = serve(silence)
    began = time.monotonic()

    with pytest.raises(ScorerUnavailable, match=r"did not answer within 0\.2 s; raise timeout_s"):
        Client(server.address, "base", timeout_s=0.2).embed(["aa"])
    assert time.monotonic() - began < 2
    assert len(server.requests) == 1


def test_nobody_at_the_address_is_unavailable(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    for address, remedy in ((f"http://127.0.0.1:{port}", "check address"), (f"unix:{tmp_path}/none.sock", "search again")):
        with pytest.raises(ScorerUnavailable, match=remedy):
            Client(address, "base").embed(["aa"])


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_scorer_that_is_not_ready_is_unavailable(serve: Callable[..., Server], status: int) -> None:
    server = serve(answer(status, b'{"error":"loading"}'))

    with pytest.raises(ScorerUnavailable, match="loading"):
        Client(server.address, "base").embed(["aa"])


def test_a_model_that_is_not_served_is_named(serve: Callable[..., Server]) -> None:
    server = serve(answer(404, b'{"error":"Servable not found for request: Specific(base, 9)"}'))

    with pytest.raises(ScorerRejected, match=r'does not serve model "base/9" \(Servable not found'):
        Client(server.address, "base", 9).embed(["aa"])


@pytest.mark.parametrize(
    ("status", "body"),
    [(400, b'{"error":"bad image"}'), (500, b"bad image"), (302, b"bad image"), (200, b'{"predictions":[]}'), (200, b"x")],
)
def test_any_other_answer_is_a_refusal_that_is_not_repeated(serve: Callable[..., Server], status: int, body: bytes) -> None:
    server = serve(answer(status, body))

    with pytest.raises(ScorerRejected):
        Client(server.address, "base").embed(["aa"])
    assert len(server.requests) == 1


def test_a_model_that_changes_its_size_between_requests_is_refused(serve: Callable[..., Server]) -> None:
    half = client_module.FIRST_CHUNK
    server = serve(
        answer(200, json.dumps({"predictions": [[1]] * half}).encode()),
        answer(200, json.dumps({"predictions": [[1, 2]] * 2 * half}).encode()),
    )

    with pytest.raises(ScorerRejected, match="changed to a model of another size"):
        Client(server.address, "base").embed([str(number) for number in range(3 * half)])


def test_an_image_beyond_the_request_limit_is_not_sent(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module.protocol, "MAX_REQUEST_BYTES", 1000)
    server = serve(embeddings)

    with pytest.raises(ScorerRejected, match="1,029 bytes"):
        Client(server.address, "base").embed(["x" * 1003])
    assert not server.requests


def test_embeddings_are_float32(serve: Callable[..., Server]) -> None:
    server = serve(embeddings)

    assert Client(server.address, "base").embed(["a"]).dtype == np.float32


def test_importing_the_client_loads_neither_tensorflow_nor_litert_nor_uvicorn() -> None:
    script = "import sys, mousematch.scorer.client, mousematch.scorer.supervisor; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONPATH": str(BIN)}, capture_output=True, text=True, check=True
    ).stdout.split()

    assert not {"tensorflow", "keras", "ai_edge_litert", "uvicorn", "PIL"} & set(loaded)
