"""The body of a chunk in blocks of rows, read by whichever reader is faster for it.

    small body ─────────────────────────────┐
                                            ▼
    large body ─▶ formats.table (numpy) ─▶ blocks        cells stay bytes, see formats.cells
                        │ CSV that it does not read
                        └──▶ csv (standard library) ─▶ blocks

Both give the same values; ``table`` gives them five times as fast, but numpy takes as long to load as csv takes for
some ten thousand rows.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Generator, Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO

# A body below this is read before numpy is loaded.
SMALL_BYTES = 100_000
# So many bytes are looked at first, then as many as the rows of a block take, but not less than the least: so short rows
# stay in the processor's cache with what is computed from them.
FIRST_BYTES, LEAST_BYTES = 1_000_000, 50_000

# csv's own limit of 128 kB a field is less than one image or one batch of telemetry may have.
csv.field_size_limit(2**31 - 1)

# A header, and the values of a block column by column: lists, or Cells that become lists where they are asked for.
Block = tuple[Sequence[str], Sequence[Sequence[str]], int]


class Limited(io.RawIOBase):
    """The next so many bytes of a stream, without the NULs that csv refuses before Python 3.11."""

    def __init__(self, stream: BinaryIO, length: int) -> None:
        super().__init__()
        self._stream = stream
        self._again = b""
        self._left = length

    @property
    def remaining(self) -> int:
        """How many bytes are still to be read."""
        return self._left + len(self._again)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self.take(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def take(self, size: int) -> bytes:
        """The next bytes, as many as there are up to ``size``. Raises EOFError if the stream ends before."""
        if self._again:
            data, self._again = self._again[:size], self._again[size:]
            return data
        data = self._stream.read(min(size, self._left))
        if self._left and size and not data:
            raise EOFError("The search ended in the middle of a chunk.")
        self._left -= len(data)
        return data.replace(b"\0", b" ") if b"\0" in data else data

    def put_back(self, data: bytes) -> None:
        """Gives back what ``take`` gave last, to be read again."""
        self._again = data + self._again

    def drain(self) -> None:
        """Skips what was not read."""
        while self.remaining:
            self.take(1 << 20)


def blocks(body: Limited, rows: int, size: int, small: int = SMALL_BYTES) -> Iterator[Block]:
    """The rows of a CSV body in blocks of at most about so many rows or bytes; none if there is no row.

    small: bodies of fewer bytes are read by csv alone.
    """
    header: Sequence[str] | None = None
    if body.remaining >= small:
        header = yield from _by_table(body, rows, size)
    if body.remaining:
        yield from _by_csv(body, header, rows, size)


def _by_table(body: Limited, rows: int, size: int) -> Generator[Block, None, list[str] | None]:
    """Blocks as long as formats.table can read the body; what it cannot is still in the body then. Returns the header."""
    # Loads numpy, which a command that is only asked for getinfo must not wait for.
    from mousematch.formats.heap import keep_freed_memory
    from mousematch.formats.table import read_table

    keep_freed_memory()
    header: list[str] | None = None
    rest = b""
    wanted = min(size, FIRST_BYTES)
    while body.remaining:
        data = rest + body.take(max(1, wanted - len(rest)))
        last = not body.remaining and not data.endswith(b"\n")
        table = read_table(data + b"\n" if last else data, len(header) if header else None)
        if table is None:
            body.put_back(data)
            return header
        wanted = min(size, max(LEAST_BYTES, rows * table.length // table.rows))
        rest = data[table.length :]
        columns, first = table.columns, 0
        if header is None:
            header, first = [cells[0] for cells in columns], 1
            if header == [""]:
                # A blank line is no header to csv.
                body.put_back(data)
                return None
        for start in range(first, table.rows, rows):
            stop = min(start + rows, table.rows)
            yield header, [cells[start:stop] for cells in columns], stop - start
    body.put_back(rest)
    return header


def _by_csv(body: Limited, header: Sequence[str] | None, rows: int, size: int) -> Iterator[Block]:
    """Blocks of what is left of a body; header: None if it is still to be read."""
    lines = io.TextIOWrapper(io.BufferedReader(body, 1 << 18), "utf-8", errors="replace", newline="")
    reader = csv.reader(lines)
    if header is None:
        header = next(reader, None)
    while header:
        block: list[list[str]] = []
        stop = body.remaining - size
        while len(block) < rows and body.remaining >= stop:
            more = list(islice(reader, min(64, rows - len(block))))
            if not more:
                break
            block += more
        if not block:
            return
        yield _block(header, block)


def _block(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Block:
    """Rows of cells as columns. Short rows are filled up, long ones are cut."""
    width = len(header)
    if set(map(len, rows)) - {width}:
        # A blank line has no values to csv. Where there is but one field it is a row without a value.
        rows = [row for row in rows if row or width == 1]
        rows = [list(row[:width]) + [""] * (width - len(row)) for row in rows]
    return header, [list(column) for column in zip(*rows)] if rows else [[]] * width, len(rows)
