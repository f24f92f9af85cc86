"""Chunks of search results, read and written by column.

    splunkd                                        a command
       │  chunked 1.0,<metadata bytes>,<body bytes>\\n │
       │  {"action":"execute","finished":false}      │
       │  session,x,y,__mv_tag\\n … (CSV, UTF-8)      │  read_frame → Frame.blocks() → Columns
       ├────────────────────────────────────────────▶│
       │◀────────────────────────────────────────────┤  Columns → Body → write_frame
       │  {"finished":false}, CSV                    │

Chunked protocol 2. A request gets exactly one reply. splunk-sdk reads a chunk into one dict a row; here a chunk is read
in blocks of rows, straight from the pipe, each block as one column a field (csv_blocks.py). That is many times faster,
and the memory does not grow with the chunk.

A field with several values has its values joined by newlines in its own column and encoded as ``$a$;$b$`` (``$``
doubled) in the column ``__mv_<field>``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from mousematch.splunk import csv_blocks
from mousematch.splunk.csv_blocks import Limited
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


class ProtocolError(Exception):
    """The other side does not speak the chunked protocol; nothing that a user could remedy."""


class Columns(MutableMapping[str, list[str]]):
    """Rows of search results by column: field → one string a row, "" where the row has no value.

    Behaves as a mapping of the columns in their order; every column has ``rows`` strings. Fields with several values
    have theirs in ``lists(field)`` too.
    """

    def __init__(self, columns: MutableMapping[str, list[str]] | None = None, *, rows: int | None = None) -> None:
        # Lists, or cells of a request that nobody has asked for as text.
        self._single: dict[str, Sequence[str]] = {}
        self._encoded: dict[str, Sequence[str]] = {}
        self.rows = rows if rows is not None else len(next(iter(columns.values()))) if columns else 0
        for field, column in (columns or {}).items():
            self[field] = column

    def __getitem__(self, field: str) -> list[str]:
        return _as_list(self._single, field)

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
        return self[field] if field in self._single else [default] * self.rows

    def lists(self, field: str) -> list[list[str]]:
        """All values of a field, one list a row: [] where the row has none."""
        single = self.column(field)
        if field not in self._encoded:
            return [[value] if value else [] for value in single]
        encoded = _as_list(self._encoded, field)
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
        return {field: _as_list(self._encoded, field) for field in self._encoded}

    @property
    def cells(self) -> Mapping[str, Sequence[str]]:
        """The columns as they came: formats.cells.Cells, or lists. For reading much of which little is needed as text."""
        return self._single

    def take(self, rows: Sequence[int]) -> Columns:
        """The rows with these numbers, in this order."""
        taken = Columns(rows=len(rows))
        for field in self._single:
            column = self[field]
            taken[field] = [column[row] for row in rows]
        for field, column in self.encoded.items():
            taken._encoded[field] = [column[row] for row in rows]
        return taken

    @classmethod
    def from_block(cls, header: Sequence[str], values: Sequence[Sequence[str]], rows: int) -> Columns:
        """Columns of the fields in a CSV header; values: one sequence of ``rows`` cells a field."""
        columns = cls(rows=rows)
        encoded: dict[str, Sequence[str]] = {}
        for field, column in zip(header, values):
            if field.startswith(MULTIVALUE_PREFIX):
                encoded[field[len(MULTIVALUE_PREFIX) :]] = column
            else:
                columns._single[field] = column
        columns._encoded = {field: column for field, column in encoded.items() if field in columns._single}
        return columns


def _as_list(columns: dict[str, Sequence[str]], field: str) -> list[str]:
    """A column as a list; it is one from then on."""
    column = columns[field]
    if not isinstance(column, list):
        column = columns[field] = list(column)
    return column


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
    body: Limited

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
        for header, values, count in csv_blocks.blocks(self.body, rows, size):
            yield Columns.from_block(header, values, count)
        self.body.drain()

    def columns(self) -> Columns:
        """The whole body at once. For small chunks and tests."""
        everything = csv_blocks.blocks(self.body, 2**62, 2**62, small=2**62)
        return next((Columns.from_block(*block) for block in everything), Columns())


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
    return Frame(metadata, Limited(stream, int(match[2])))


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
