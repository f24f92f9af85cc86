"""HTTP/1.1 over a socket, for a process that lives for one search.

    connection = Connection(lambda: socket.create_connection(("127.0.0.1", 8089), 20.0), host="127.0.0.1")
    connection.request("GET", "/services/server/info", headers={"Authorization": "Splunk …"})    → Answer

One request at a time, on a connection that is kept as long as the other side keeps it. http.client does more, and takes
longer to load (with the e-mail parser and TLS) than a search's requests take together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import socket

_READ_BYTES = 1 << 18
_MOST_HEAD_BYTES = 1 << 16


class Malformed(OSError):
    """What came back is no HTTP, or less of it than announced."""


class Answer(NamedTuple):
    """Status and reason as the other side words them, and the body."""

    status: int
    reason: str
    body: bytes


class Connection:
    """A connection to one server, opened at the first request. For one thread.

    open: gives a connected socket that has its time limit. host: for the header of that name. Requests raise OSError:
    socket.timeout, ConnectionError if the other side hangs up, Malformed.
    """

    def __init__(self, open: Callable[[], socket.socket], *, host: str) -> None:
        self._open = open
        self._host = host
        self._socket: socket.socket | None = None

    def request(
        self, method: str, target: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """The answer to a request for a path with its query."""
        fields = {"Host": self._host, **(headers or {})}
        if body is not None:
            fields["Content-Length"] = str(len(body))
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        message = f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1")
        if self._socket is None:
            self._socket = self._open()
        try:
            self._socket.sendall(message + body if body else message)
            answer, keeps = _read(self._socket)
        except BaseException:
            # Half an exchange: this connection can carry no other.
            self.close()
            raise
        if not keeps:
            self.close()
        return answer

    def close(self) -> None:
        """Closes the connection; a later request opens a new one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _read(source: socket.socket) -> tuple[Answer, bool]:
    """An answer, and whether the connection carries on."""
    status, reason, fields, rest = _head(source)
    keeps = fields.get("connection", "").lower() != "close"
    if fields.get("transfer-encoding", "").lower() == "chunked":
        return Answer(status, reason, _chunks(source, rest)), keeps
    if "content-length" in fields:
        return Answer(status, reason, _exactly(source, rest, _whole(fields["content-length"], 10))), keeps
    while data := source.recv(_READ_BYTES):
        rest += data
    return Answer(status, reason, bytes(rest)), False


def _head(source: socket.socket) -> tuple[int, str, dict[str, str], bytearray]:
    """Status, reason, header fields by their lower-case name, and what has come of the body."""
    held = bytearray()
    while (end := held.find(b"\r\n\r\n")) < 0:
        if len(held) > _MOST_HEAD_BYTES:
            raise Malformed("The answer's header does not end.")
        data = source.recv(_READ_BYTES)
        if not data:
            raise ConnectionResetError("Remote end closed connection without response")
        held += data
    first, *lines = held[:end].decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    number, _, reason = rest.partition(" ")
    if not version.startswith("HTTP/1.") or not number.isdecimal():
        raise Malformed(first[:200])
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(number), reason, fields, held[end + 4 :]


def _exactly(source: socket.socket, held: bytearray, length: int) -> bytes:
    while len(held) < length:
        data = source.recv(min(_READ_BYTES, length - len(held)))
        if not data:
            raise ConnectionResetError(f"The answer ended after {len(held)} of {length} bytes")
        held += data
    return bytes(held[:length])


def _chunks(source: socket.socket, held: bytearray) -> bytes:
    """A body in chunks: a hexadecimal length before each, zero at the end, then header fields that nobody needs."""
    body = bytearray()
    while True:
        line = _line(source, held)
        length = _whole(line.partition(b";")[0].decode("latin-1").strip(), 16)
        if length == 0:
            while _line(source, held):
                pass
            return bytes(body)
        body += _exactly(source, held, length + 2)[:length]
        del held[: length + 2]


def _line(source: socket.socket, held: bytearray) -> bytes:
    """The next line of what was received, taken from it."""
    while (end := held.find(b"\r\n")) < 0:
        data = source.recv(_READ_BYTES)
        if not data or len(held) > _MOST_HEAD_BYTES:
            raise ConnectionResetError("The answer ended in the middle")
        held += data
    line = bytes(held[:end])
    del held[: end + 2]
    return line


def _whole(text: str, base: int) -> int:
    try:
        number = int(text, base)
    except ValueError:
        number = -1
    if number < 0:
        raise Malformed(f'"{text[:40]}" is no length.')
    return number
