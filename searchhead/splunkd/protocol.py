"""Frames of the chunked custom search command protocol, version 2.

    chunked 1.0,<metadata bytes>,<body bytes>\\n<metadata: JSON><body: CSV>

Nothing stands between two frames. splunkd sends a request and the command answers with exactly one frame:

    splunkd                                   command
      {"action":"getinfo", "searchinfo":…} →
                                            ← {"type":"streaming", "required_fields":…}
      {"action":"execute","finished":false} + CSV →
                                            ← {"finished":false} + CSV
      …                                       …
      {"action":"execute","finished":true} →
                                            ← {"finished":true}
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

_HEADER = re.compile(rb"chunked\s+1\.0\s*,\s*(\d+)\s*,\s*(\d+)\s*\n")
_LONGEST_HEADER = 64  # two lengths of 20 digits and some blanks fit
_SHOWN = 100  # bytes of a wrong header that an error message quotes


class FrameError(Exception):
    """Bytes that are not a frame; the message quotes them."""


@dataclass(frozen=True)
class Frame:
    """One request or reply: a JSON object, and CSV as bytes."""

    metadata: dict[str, Any]
    body: bytes = b""


def encode(metadata: dict[str, Any], body: Iterable[bytes] = ()) -> list[bytes]:
    """The parts of a frame in order; the body's parts are not copied."""
    text = json.dumps(metadata, separators=(",", ":"), ensure_ascii=False).encode()
    parts = [part for part in body if part]
    header = f"chunked 1.0,{len(text)},{sum(map(len, parts))}\n".encode()
    return [header + text, *parts]


@dataclass
class FrameReader:
    """Cuts frames out of bytes that arrive in any portions."""

    max_bytes: int = 0
    """Largest frame (metadata and body) that is accepted; 0 accepts any."""

    _held: bytearray = field(default_factory=bytearray)
    _lengths: tuple[int, int] | None = None

    def feed(self, data: bytes) -> None:
        """Takes the next bytes of the stream."""
        self._held += data

    @property
    def pending(self) -> bytes:
        """Bytes that have arrived and belong to no complete frame."""
        return bytes(self._held[:_SHOWN])

    def next(self) -> Frame | None:
        """The next complete frame, or None until more bytes arrive. Raises FrameError."""
        if self._lengths is None:
            self._lengths = self._read_header()
        if self._lengths is None:
            return None
        metadata_length, body_length = self._lengths
        if len(self._held) < metadata_length + body_length:
            return None
        with memoryview(self._held) as held:
            metadata = _json_object(bytes(held[:metadata_length]))
            body = bytes(held[metadata_length : metadata_length + body_length])
        del self._held[: metadata_length + body_length]
        self._lengths = None
        return Frame(metadata, body)

    def _read_header(self) -> tuple[int, int] | None:
        end = self._held.find(b"\n", 0, _LONGEST_HEADER)
        if end < 0 and len(self._held) < _LONGEST_HEADER and b"chunked".startswith(bytes(self._held[:7])):
            return None
        header = bytes(self._held[: end + 1]) if end >= 0 else bytes(self._held)
        match = _HEADER.fullmatch(header)
        if match is None:
            if end < 0 and len(self._held) < _LONGEST_HEADER:
                return None
            shown = header[:_SHOWN].decode("utf-8", "backslashreplace").rstrip("\n")
            raise FrameError(f"Failed to parse transport header: {shown!r}; only protocol frames may go to stdout.")
        lengths = int(match.group(1)), int(match.group(2))
        if self.max_bytes and sum(lengths) > self.max_bytes:
            raise FrameError(f"A chunk of {sum(lengths)} bytes is larger than maxchunksize = {self.max_bytes}.")
        del self._held[: len(header)]
        return lengths


def _json_object(text: bytes) -> dict[str, Any]:
    """The metadata of a frame; without bytes it is empty. Raises FrameError."""
    if not text:
        return {}
    try:
        metadata = json.loads(text)
    except ValueError as exc:
        raise FrameError(f"Failed to parse metadata: {text[:_SHOWN]!r} ({exc}).") from exc
    if not isinstance(metadata, dict):
        raise FrameError(f"Metadata must be a JSON object, not {text[:_SHOWN]!r}.")
    return metadata
