"""Rows as CSV, written as splunkd writes them and read as splunkd reads them.

    "match_id",text,"__mv_match_id","__mv_text"
    17,"two words",,
    18,"a
    b",,"$a$;$b$"

All data columns come first, then one ``__mv_`` column for each. A line ends with LF. A cell that is anything but ASCII
letters and digits is quoted; an empty one is not. A multivalue is shown with its values on lines of their own, and given
in full in ``__mv_``: each value between ``$``, a ``$`` inside doubled.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Sequence

from searchhead.table import Table, Value

_MV = "__mv_"
_MV_VALUE = re.compile(r"\$((?:\$\$|[^$])*)\$(?:;|$)")

_LARGEST_CELL = min(sys.maxsize, 2**31 - 1)  # images of a whole session are one cell


def encode(table: Table) -> bytes:
    """The table as CSV in UTF-8, header first; nothing at all for a table without columns.

    Text that cannot be UTF-8 (a lone surrogate) is written with a question mark, as it could not come from splunkd.
    """
    fields = table.fields
    if not fields:
        return b""
    cells = [table.column(field) for field in fields]
    multi = [list in set(map(type, column)) for column in cells]
    columns = [_cells(column, is_multi) for column, is_multi in zip(cells, multi)]
    end = "," * len(fields)  # the empty cells of all __mv_ columns
    if any(multi):
        columns += [_mv_cells(column, is_multi) for column, is_multi in zip(cells, multi)]
        end = ""
    lines = [",".join([*map(_quoted, fields), *(_quoted(_MV + field) for field in fields)])]
    lines += [row + end for row in map(",".join, zip(*columns))]
    lines.append("")
    return "\n".join(lines).encode("utf-8", "replace")


def decode(body: bytes) -> Table:
    """The rows of a reply. An empty cell is a field that the row lacks; a short line lacks its last fields.

    Raises ValueError when the body is not CSV.
    """
    csv.field_size_limit(_LARGEST_CELL)  # here, because the limit is global and splunklib lowers it when imported
    reader = csv.reader(io.StringIO(body.decode("utf-8", "replace"), newline=""), strict=False)
    try:
        header = next(reader, [])
        rows = [row for row in reader if row or len(header) == 1]
    except csv.Error as exc:
        raise ValueError(f"The body is not CSV: {exc}.") from exc
    if len(set(map(len, rows)) | {len(header)}) > 1:
        width = len(header)
        rows = [(row + [""] * (width - len(row)))[:width] for row in rows]
    raw = dict(zip(header, map(list, zip(*rows)))) if rows else {name: [] for name in header}
    columns: dict[str, list[Value]] = {}
    for name, values in raw.items():
        if name.startswith(_MV) and name[len(_MV) :] in raw:
            continue
        columns[name] = _values(values, raw.get(_MV + name))
    return Table(columns, len(rows))


def split_mv(cell: str) -> list[str]:
    """The values of a ``__mv_`` cell: ``$a$;$b$`` gives a and b."""
    return [value.replace("$$", "$") for value in _MV_VALUE.findall(cell)]


def _values(shown: list[str], multi: Sequence[str] | None) -> list[Value]:
    if multi is None or not any(multi):
        return [value or None for value in shown]
    values: list[Value] = []
    for value, mv in zip(shown, multi):
        split = split_mv(mv) if mv else []
        values.append(split if len(split) > 1 else (split[0] if split else value) or None)
    return values


def _cells(column: list[Value], is_multi: bool) -> list[str]:
    if is_multi:
        column = ["\n".join(value) if isinstance(value, list) else value for value in column]
    return ["" if value is None else _quoted(value) for value in column]  # type: ignore[arg-type]


def _mv_cells(column: list[Value], is_multi: bool) -> list[str]:
    if not is_multi:
        return [""] * len(column)
    return [_mv_cell(value) if isinstance(value, list) else "" for value in column]


def _mv_cell(values: list[str]) -> str:
    return '"' + ";".join("$" + value.replace("$", "$$").replace('"', '""') + "$" for value in values) + '"'


def _quoted(text: str) -> str:
    if (text.isalnum() and text.isascii()) or not text:
        return text
    return '"' + text.replace('"', '""') + '"'
