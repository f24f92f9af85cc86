"""Chunks of search results, read and written by column.

    splunkd                                        a command
       │  chunked 1.0,<metadata bytes>,<body bytes>\\n │
       │  {"action":"execute","finished":false}      │
       │  session,x,y,__mv_tag\\n … (CSV, UTF-8)      │  read_frame → Frame.blocks() → Columns
       ├────────────────────────────────────────────▶│
       │◀────────────────────────────────────────────┤  Columns → Body → write_frame
       │  {"finished":false}, CSV                    │

Chunked protocol 2. A request gets exactly one reply. splunk-sdk reads a chunk into one dict a row; here a chunk is read
in blocks of rows, straight from the pipe, each block as one list a field. That is several times faster, and the memory
does not grow with the chunk.

A field with several values has its values joined by newlines in its own column and encoded as ``$a$;$b$`` (``$``
doubled) in the column ``__mv_<field>``.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

from mousematch.splunk.spool import Spool

MULTIVALUE_PREFIX = "__mv_"
ROW_INDEX = "_chunked_idx"

# A block is what a command holds in memory at a time. So many rows keep column-wise work efficient; so many bytes keep
# rows with images in them from adding up.
BLOCK_ROWS = 16_384
BLOCK_BYTES = 4_000_000

_HEADER = re.compile(rb"chunked\s+1.0\s*,\s*(\d+)\s*,\s*(\d+)\s*\n")
_VALUE = re.compile(r"\$((?:\$\$|[^$])*)\$(?:;|$)")

_MARKS = (",", '"', "\n", "\r")
_SPECIAL = re.compile(r'[,"\r\n]')

# csv's own limit of 128 kB a field is less than one image or one batch of telemetry may have.
csv.field_size_limit(2**31 - 1)


class ProtocolError(Exception):
    """The other side does not speak the chunked protocol; nothing that a user could remedy."""


class Columns(MutableMapping[str, list[str]]):
    """Rows of search results by column: field → one string a row, "" where the row has no value.

    Behaves as a mapping of the columns in their order; every column has ``rows`` strings. Fields with several values
    have theirs in ``lists(field)`` too.
    """

    def __init__(self, columns: MutableMapping[str, list[str]] | None = None, *, rows: int | None = None) -> None:
        self._single: dict[str, list[str]] = {}
        self._encoded: dict[str, list[str]] = {}
        self.rows = rows if rows is not None else len(next(iter(columns.values()))) if columns else 0
        for field, column in (columns or {}).items():
            self[field] = column

    def __getitem__(self, field: str) -> list[str]:
        return self._single[field]

    def __setitem__(self, field: str, column: list[str]) -> None:
        if len(column) != self.rows:
            raise ValueError(f'The column "{field}" has {len(column)} values for {self.rows} rows.')
        self._single[field] = column
        self._encoded.pop(field, None)

    def __delitem__(self, field: str) -> None:
        del self._single[field]
        self._encoded.pop(field, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._single)

    def __len__(self) -> int:
        return len(self._single)

    def column(self, field: str, default: str = "") -> list[str]:
        """The values of a field, one a row; ``default`` in each row if there is no such field."""
        found = self._single.get(field)
        return found if found is not None else [default] * self.rows

    def lists(self, field: str) -> list[list[str]]:
        """All values of a field, one list a row: [] where the row has none."""
        single = self.column(field)
        encoded = self._encoded.get(field)
        if encoded is None:
            return [[value] if value else [] for value in single]
        return [decode_values(many) if many else [one] if one else [] for one, many in zip(single, encoded)]

    def put_lists(self, field: str, lists: Iterable[Sequence[str]]) -> None:
        """Sets a field from one list of values a row.

        A field that can have several values must be set in this way in every block, also where no row has more than
        one: the columns of a reply are fixed by its first block.
        """
        rows = list(lists)
        self[field] = ["\n".join(row) for row in rows]
        self._encoded[field] = [encode_values(row) if len(row) > 1 else "" for row in rows]

    @property
    def encoded(self) -> dict[str, list[str]]:
        """The ``__mv_`` columns by the field that they belong to, as they travel."""
        return self._encoded

    def take(self, rows: Sequence[int]) -> Columns:
        """The rows with these numbers, in this order."""
        taken = Columns(rows=len(rows))
        for field, column in self._single.items():
            taken[field] = [column[row] for row in rows]
        for field, column in self._encoded.items():
            taken._encoded[field] = [column[row] for row in rows]
        return taken

    @classmethod
    def from_csv(cls, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Columns:
        """Columns from the header and the rows of a CSV body. Short rows are filled up, long ones are cut."""
        width = len(header)
        if set(map(len, rows)) - {width}:
            # A blank line has no values to csv. Where there is but one field it is a row without a value.
            rows = [row for row in rows if row or width == 1]
            rows = [list(row[:width]) + [""] * (width - len(row)) for row in rows]
        columns = cls(rows=len(rows))
        values: Iterable[Sequence[str]] = zip(*rows) if rows else [()] * width
        encoded = {}
        for field, column in zip(header, values):
            if field.startswith(MULTIVALUE_PREFIX):
                encoded[field[len(MULTIVALUE_PREFIX) :]] = list(column)
            else:
                columns._single[field] = list(column)
        columns._encoded = {field: column for field, column in encoded.items() if field in columns._single}
        return columns


def encode_values(values: Sequence[str]) -> str:
    """Several values in one text: ``$a$;$b$``, with ``$`` doubled."""
    return ";".join("$" + value.replace("$", "$$") + "$" for value in values)


def decode_values(text: str) -> list[str]:
    """The values in a text that encode_values made."""
    if "$$" not in text:
        # Without an escaped dollar every "$;$" is a border, which is much faster to find for long values.
        return text[1:-1].split("$;$")
    return [value.replace("$$", "$") for value in _VALUE.findall(text)]


@dataclass
class Frame:
    """One request: its metadata, and its body still in the pipe. Read all blocks before the next frame."""

    metadata: dict[str, Any]
    body: _Limited

    @property
    def action(self) -> str:
        """What splunkd wants: getinfo or execute."""
        return str(self.metadata.get("action", ""))

    @property
    def finished(self) -> bool:
        """Whether no request follows this one."""
        return bool(self.metadata.get("finished", False))

    def blocks(self, *, rows: int = BLOCK_ROWS, size: int = BLOCK_BYTES) -> Iterator[Columns]:
        """The body's rows in blocks of at most about ``rows`` rows or ``size`` bytes; none if there is no row."""
        if not self.body.remaining:
            return
        lines = io.TextIOWrapper(io.BufferedReader(self.body, 1 << 18), "utf-8", errors="replace", newline="")
        reader = csv.reader(lines)
        header = next(reader, None)
        while header:
            block: list[list[str]] = []
            stop = self.body.remaining - size
            while len(block) < rows and self.body.remaining >= stop:
                more = list(islice(reader, min(64, rows - len(block))))
                if not more:
                    break
                block += more
            if not block:
                break
            yield Columns.from_csv(header, block)
        self.body.drain()

    def columns(self) -> Columns:
        """The whole body at once. For small chunks and tests."""
        blocks = list(self.blocks(rows=2**62, size=2**62))
        return blocks[0] if blocks else Columns()


class _Limited(io.RawIOBase):
    """The next so many bytes of a stream, without the NULs that csv refuses before Python 3.11."""

    def __init__(self, stream: BinaryIO, length: int) -> None:
        super().__init__()
        self._stream = stream
        self.remaining = length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(min(len(buffer), self.remaining))
        if self.remaining and not data:
            raise EOFError("The search ended in the middle of a chunk.")
        if b"\0" in data:
            data = data.replace(b"\0", b" ")
        buffer[: len(data)] = data
        self.remaining -= len(data)
        return len(data)

    def drain(self) -> None:
        """Skips what was not read."""
        while self.remaining:
            data = self._stream.read(min(self.remaining, 1 << 20))
            if not data:
                raise EOFError("The search ended in the middle of a chunk.")
            self.remaining -= len(data)


def read_frame(stream: BinaryIO) -> Frame | None:
    """The next request, or None when splunkd has closed the pipe. Raises ProtocolError, and EOFError if cut off."""
    header = stream.readline()
    if not header:
        return None
    match = _HEADER.fullmatch(header)
    if match is None:
        raise ProtocolError(f"Expected a chunk header, got {header[:80]!r}.")
    length = int(match[1])
    text = stream.read(length)
    if len(text) < length:
        raise EOFError("The search ended in the middle of a chunk.")
    try:
        metadata = json.loads(text)
    except ValueError as exc:
        raise ProtocolError(f"A chunk's metadata is not JSON: {exc}.") from exc
    if not isinstance(metadata, dict):
        raise ProtocolError(f"A chunk's metadata is not an object: {text[:80]!r}.")
    return Frame(metadata, _Limited(stream, int(match[2])))


class Body:
    """A reply's rows on their way out, as CSV; all data columns first, then the ``__mv_`` columns."""

    def __init__(self) -> None:
        self._spool = Spool()
        self._fields: list[str] | None = None
        self._multivalue: list[str] = []
        self.rows = 0

    def add(self, columns: Columns) -> None:
        """Appends rows. The first call fixes the fields; a later one may leave some out, but bring no new ones."""
        if not columns.rows:
            return
        if self._fields is None:
            self._fields, self._multivalue = list(columns), list(columns.encoded)
            header = self._fields + [MULTIVALUE_PREFIX + field for field in self._multivalue]
            self._write([[field] for field in header])
        strangers = set(columns) - set(self._fields) | set(columns.encoded) - set(self._multivalue)
        if strangers:
            raise ValueError(f"A later block of a reply has further columns: {', '.join(sorted(strangers))}.")
        blank = [""] * columns.rows
        self._write(
            [columns.get(field, blank) for field in self._fields]
            + [columns.encoded.get(field, blank) for field in self._multivalue]
        )
        self.rows += columns.rows

    def _write(self, columns: Sequence[Sequence[str]]) -> None:
        """Appends CSV. By column, since most columns need no quotes at all; csv's writer looks at each character."""
        cells = [_quoted_where_needed(column) for column in columns]
        if len(cells) == 1:
            # A row of one empty value would be a blank line.
            cells = [[cell or '""' for cell in cells[0]]]
        text = "\r\n".join(map(",".join, zip(*cells)))
        self._spool.write(text.encode("utf-8", errors="replace") + b"\r\n")

    def send(self, stream: BinaryIO, metadata: dict[str, Any]) -> None:
        """Writes the frame, and lets go of the rows."""
        _write_head(stream, metadata, self._spool.length)
        self._spool.copy_to(stream)
        stream.flush()


def _quoted_where_needed(column: Sequence[str]) -> Sequence[str]:
    """CSV cells of a column's values."""
    text = "".join(column)
    if not any(mark in text for mark in _MARKS):
        return column
    return ['"' + cell.replace('"', '""') + '"' if _SPECIAL.search(cell) else cell for cell in column]


def write_frame(stream: BinaryIO, metadata: dict[str, Any]) -> None:
    """Writes a frame without a body."""
    _write_head(stream, metadata, 0)
    stream.flush()


def _write_head(stream: BinaryIO, metadata: dict[str, Any], length: int) -> None:
    head = json.dumps(metadata, separators=(",", ":")).encode()
    stream.write(b"chunked 1.0,%d,%d\n" % (len(head), length) + head)
