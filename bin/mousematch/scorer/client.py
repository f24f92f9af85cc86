"""The search's side of the scorer: base64 images in, embeddings out.

    client = Client("unix:/opt/splunk/var/run/mousematch/scorer-….sock", "base")
    client.embed(images)          float32 (n, d)

Standard library and numpy only: every ``mousescore`` imports this.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mousematch.errors import ScorerRejected, ScorerUnavailable
from mousematch.scorer import protocol
from mousematch.scorer.protocol import Address

# Images in one request: the first, the fewest, the most. Requests grow while answers come fast, as on a GPU, and shrink
# while they come slowly, as on a CPU that many searches share: an answer should be there long before timeout_s.
FIRST_CHUNK, SMALLEST_CHUNK, LARGEST_CHUNK = 64, 8, 512
FAST_S, SLOW_S = 0.5, 4.0
CHUNK_BYTES = 8 * 1024 * 1024
# socket.timeout below, because Python 3.9 has no TimeoutError for sockets.
# What a connection says when the other side ended: the request may be sent again, an embedding has no side effects.
_LOST = (ConnectionError, http.client.BadStatusLine, http.client.IncompleteRead, ssl.SSLEOFError)


class Client:
    """A connection to a scorer, opened at the first request and kept. For one thread.

    address: "unix:/path" or "http://host:8501". model: the model's name. version: None for the scorer's active one.
    timeout_s: longest wait for one answer.
    """

    def __init__(self, address: str, model: str, version: int | None = None, timeout_s: float = 30.0) -> None:
        self.address = Address.parse(address)
        self.model = model
        self.version = version
        self.timeout_s = timeout_s
        self._connection: http.client.HTTPConnection | None = None
        self._chunk = FIRST_CHUNK

    def embed(self, images_b64: Sequence[str]) -> NDArray[np.float32]:
        """The embeddings of base64 PNGs: float32 (n, d), unit length. An image that is there twice is sent once.

        Raises ScorerUnavailable if no scorer answers, ScorerRejected if it refuses one of the images or the model.
        """
        unique = {image: position for position, image in enumerate(dict.fromkeys(images_b64))}
        images = list(unique)
        if not images:
            return np.empty((0, 0), np.float32)
        parts = []
        start = 0
        while start < len(images):
            end = protocol.chunk_end(images, start, most=self._chunk, most_bytes=CHUNK_BYTES)
            body = protocol.predict_request(images[start:end])
            if len(body) > protocol.MAX_REQUEST_BYTES:
                raise ScorerRejected(
                    f"An image has {len(body):,} bytes as base64; the scorer takes {protocol.MAX_REQUEST_BYTES:,}. "
                    "Use the field image as mouseencode gives it."
                )
            asked = time.monotonic()
            answer = self._request("POST", protocol.model_path(self.model, self.version, ":predict"), body)
            self._adapt(time.monotonic() - asked)
            parts.append(protocol.read_predict_answer(answer, end - start))
            start = end
        try:
            vectors = np.concatenate(parts)
        except ValueError as exc:
            raise ScorerRejected(
                f"The scorer at {self.address} changed to a model of another size in the middle; search again."
            ) from exc
        return vectors[[unique[image] for image in images_b64]]

    def versions(self) -> list[tuple[int, str, str]]:
        """(version, state, error message) of each version that the scorer has. Raises ScorerError."""
        return protocol.read_status(self._request("GET", protocol.model_path(self.model, self.version)))

    def metadata(self) -> dict[str, Any]:
        """The model's metadata, as TensorFlow Serving gives it. Raises ScorerError."""
        try:
            answer = json.loads(self._request("GET", protocol.model_path(self.model, self.version, "/metadata")))
        except ValueError as exc:
            raise ScorerRejected(f"The answer of {self.address} is no JSON; check the scorer's address.") from exc
        if not isinstance(answer, dict):
            raise ScorerRejected(f"The answer of {self.address} is no metadata; check the scorer's address.")
        return answer

    def close(self) -> None:
        """Closes the connection; a later request opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _adapt(self, seconds: float) -> None:
        """Sizes the next request by how long the last answer took."""
        if seconds < FAST_S:
            self._chunk = min(2 * self._chunk, LARGEST_CHUNK)
        elif seconds > min(SLOW_S, self.timeout_s / 4):
            self._chunk = max(self._chunk // 2, SMALLEST_CHUNK)

    def _request(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """The body of a successful answer. A connection that breaks is opened once more. Raises ScorerError."""
        try:
            return self._once(method, path, body)
        except _LOST:
            # The scorer closed the idle connection, or it was restarted at the same address.
            self.close()
        except socket.timeout as exc:
            raise self._timed_out(exc) from exc
        except (OSError, http.client.HTTPException) as exc:
            raise self._unreachable(exc) from exc
        try:
            return self._once(method, path, body)
        except socket.timeout as exc:
            raise self._timed_out(exc) from exc
        except (OSError, http.client.HTTPException) as exc:
            raise self._unreachable(exc) from exc

    def _once(self, method: str, path: str, body: bytes | None) -> bytes:
        if self._connection is None:
            self._connection = _connection(self.address, self.timeout_s)
        try:
            headers = {} if body is None else {"Content-Type": "application/json"}
            self._connection.request(method, self.address.prefix + path, body, headers)
            response = self._connection.getresponse()
            answer = response.read()
        except BaseException:
            # Half an exchange: this connection can carry no other.
            self.close()
            raise
        if response.status == 200:
            return answer
        reason = protocol.read_error(answer)
        if response.status in (502, 503, 504):
            raise ScorerUnavailable(f"The scorer at {self.address} is not ready ({reason}); search again in a minute.")
        if response.status == 404:
            raise ScorerRejected(
                f'The scorer at {self.address} does not serve model "{self._reference}" ({reason}); publish it there, or '
                "name another model in mousematch.conf."
            )
        raise ScorerRejected(
            f"The scorer at {self.address} refused the request with status {response.status}: {reason}"
        )

    @property
    def _reference(self) -> str:
        return self.model if self.version is None else f"{self.model}/{self.version}"

    def _timed_out(self, exc: Exception) -> ScorerUnavailable:
        return ScorerUnavailable(
            f"The scorer at {self.address} did not answer within {self.timeout_s:g} s; raise timeout_s in "
            "mousematch.conf, or send fewer sessions at a time."
        )

    def _unreachable(self, exc: Exception) -> ScorerUnavailable:
        if self.address.path:
            remedy = "search again to start it, or read scorer.log beside the socket"
        else:
            remedy = "check address in mousematch.conf, and that the server runs"
        return ScorerUnavailable(f"No scorer answers at {self.address} ({_reason(exc)}); {remedy}.")


def _reason(exc: Exception) -> str:
    return getattr(exc, "strerror", None) or str(exc) or type(exc).__name__


def _connection(address: Address, timeout_s: float) -> http.client.HTTPConnection:
    if address.path:
        return _UnixConnection(address.path, timeout_s)
    if address.scheme == "https":
        return http.client.HTTPSConnection(address.host, address.port, timeout=timeout_s)
    return http.client.HTTPConnection(address.host, address.port, timeout=timeout_s)


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.settimeout(self.timeout)
            sock.connect(self._path)
        except BaseException:
            sock.close()
            raise
        self.sock = sock
