"""The body of a request, read piece by piece and decompressed within its limit.

A gzip bomb is refused when its output reaches the limit: no more than the limit and one piece is ever held.
"""

from __future__ import annotations

import zlib

from . import replies
from .replies import Refusal

_PIECE = 1 << 16
_GZIP = 16 + zlib.MAX_WBITS
ENCODINGS = ("", "identity", "gzip", "x-gzip")


class Body:
    """Takes the pieces of one body. ``size`` is what it holds by now, in bytes."""

    def __init__(self, encoding: str, limit: int) -> None:
        """``encoding``: the Content-Encoding. Raises Refusal for one that is not gzip."""
        if encoding not in ENCODINGS:
            raise Refusal(replies.INVALID_DATA, detail=f"Content-Encoding {encoding[:20]!r} is not gzip")
        self._gzip = encoding in ("gzip", "x-gzip")
        self._limit = limit
        self._data = bytearray()
        self._inflater = zlib.decompressobj(_GZIP)
        self._started = False

    @property
    def size(self) -> int:
        return len(self._data)

    def take(self, piece: bytes) -> None:
        """Adds the next piece. Raises Refusal for a body above the limit, or one that is not gzip."""
        if not self._gzip:
            self._keep(piece)
            return
        try:
            while piece:
                if self._inflater.eof:  # gzip members may follow one another
                    self._inflater = zlib.decompressobj(_GZIP)
                self._started = True
                self._keep(self._inflater.decompress(piece, _PIECE))
                piece = self._inflater.unconsumed_tail or self._inflater.unused_data
        except zlib.error as exc:
            raise Refusal(replies.INVALID_DATA, detail=f"The body is not gzip: {exc}") from exc

    def finish(self) -> bytes:
        """The whole body. Raises Refusal for gzip that is cut off."""
        if self._gzip and self._started and not self._inflater.eof:
            raise Refusal(replies.INVALID_DATA, detail="The gzip body is cut off")
        return bytes(self._data)

    def _keep(self, data: bytes) -> None:
        if len(self._data) + len(data) > self._limit:
            raise Refusal(replies.TOO_LARGE, detail=f"The body has more than {self._limit} bytes")
        self._data += data
