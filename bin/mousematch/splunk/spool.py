"""A reply on its way out: in memory while it is small, in a temporary file when it is large.

A frame says its length in front, so a reply must be complete before its first byte goes out. The file lies in the
search's dispatch directory. If the disk is full the reply stays in memory: a search loses no results for that.
"""

from __future__ import annotations

import io
import tempfile
from typing import BinaryIO

MEMORY_BYTES = 8_000_000


class Spool:
    """Bytes in the order in which they were written."""

    def __init__(self, memory_bytes: int = MEMORY_BYTES) -> None:
        self._memory_bytes = memory_bytes
        self._pieces: list[bytes] = []
        self._held = 0
        self._file: io.FileIO | None = None
        self._on_disk = 0
        self._disk_works = True

    @property
    def length(self) -> int:
        """How many bytes there are."""
        return self._on_disk + self._held

    def write(self, data: bytes) -> None:
        """Appends bytes."""
        self._pieces.append(data)
        self._held += len(data)
        if self._held > self._memory_bytes and self._disk_works:
            self._move_to_disk()

    def _move_to_disk(self) -> None:
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (closed in copy_to)
            for piece in self._pieces:
                rest = memoryview(piece)
                while rest:
                    rest = rest[self._file.write(rest) :]
        except OSError:
            # What of the pieces is in the file already does not count.
            self._disk_works = False
            return
        self._on_disk += self._held
        self._pieces, self._held = [], 0

    def copy_to(self, stream: BinaryIO) -> None:
        """Copies all to the stream, and closes the file."""
        if self._file is not None:
            with self._file as file:
                file.seek(0)
                left = self._on_disk
                while left:
                    data = file.read(min(left, 1 << 20))
                    if not data:
                        raise OSError(f"The temporary file of a reply lacks its last {left:,} bytes.")
                    stream.write(data)
                    left -= len(data)
        for piece in self._pieces:
            stream.write(piece)
