"""HTTP over a socket: what http.client would make of the same bytes, however they arrive."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mousematch.exchange import Answer, Connection, Malformed

ANSWERS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 404 Not Found\r\ncontent-type: text/xml\r\nCONTENT-LENGTH:  4 \r\nConnection: Close\r\n\r\nnope",
    b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n0\r\nM: x\r\n\r\n",
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + bytes(300_000),
]


@contextmanager
def answering(*pieces: bytes) -> Iterator[Connection]:
    """A connection to somebody who waits for a request, sends these pieces, and hangs up."""
    ours, theirs = socket.socketpair()
    ours.settimeout(5)

    def serve() -> None:
        with theirs:
            received = b""
            while not received.endswith(b"\r\n\r\n"):
                received += theirs.recv(65_536)
            for piece in pieces:
                theirs.sendall(piece)

    thread = threading.Thread(target=serve)
    thread.start()
    connection = Connection(lambda: ours, host="here")
    try:
        yield connection
    finally:
        connection.close()
        thread.join()


def by_the_standard_library(answer: bytes) -> Answer:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sender = threading.Thread(target=lambda: (theirs.sendall(answer), theirs.shutdown(socket.SHUT_WR)))
        sender.start()
        response = http.client.HTTPResponse(ours)
        response.begin()
        body = response.read()
        sender.join()
        return Answer(response.status, response.reason, body)


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("piece", [1, 7, 1 << 20])
def test_an_answer_is_read_as_the_standard_library_reads_it(answer: bytes, piece: int) -> None:
    piece = max(piece, len(answer) // 1_000)
    with answering(*(answer[start : start + piece] for start in range(0, len(answer), piece))) as connection:
        assert connection.request("GET", "/") == by_the_standard_library(answer)


def test_two_requests_go_over_one_connection_that_is_kept() -> None:
    ours, theirs = socket.socketpair()
    opened: list[socket.socket] = []
    connection = Connection(lambda: opened.append(ours) or ours, host="here")
    with theirs:
        theirs.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na")
        assert connection.request("POST", "/x", headers={"A": "b"}, body=b"body").body == b"a"
        theirs.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb")
        assert connection.request("GET", "/y").body == b"b"
        sent = theirs.recv(65_536)
    connection.close()

    assert len(opened) == 1
    first, second = sent.split(b"body")
    assert first == b"POST /x HTTP/1.1\r\nHost: here\r\nA: b\r\nContent-Length: 4\r\n\r\n"
    assert second == b"GET /y HTTP/1.1\r\nHost: here\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", ConnectionResetError),
        (b"HTTP/1.1 200", ConnectionResetError),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", Malformed),
        (b"HTTP/1.1 OK\r\n\r\n", Malformed),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", Malformed),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", ConnectionResetError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", Malformed),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", ConnectionResetError),
        (b"x" * 100_000, Malformed),
    ],
)
def test_what_is_no_answer_is_an_error_of_the_connection(answer: bytes, error: type[OSError]) -> None:
    with answering(answer) as connection, pytest.raises(error):
        connection.request("GET", "/")
