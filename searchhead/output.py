"""Search results as text: an aligned table for people, CSV and JSON with every value whole for programs."""

from __future__ import annotations

import csv
import json
import shutil
import sys
import unicodedata
from collections.abc import Iterator
from typing import TextIO

from .table import Table, Value

FORMATS = ("table", "csv", "json")
_WIDEST = 48  # characters of one value in the table
_SHOWN = 7  # characters of a value that is far too long


def write(table: Table, output: str, stream: TextIO) -> None:
    """Writes the table in one of ``FORMATS``."""
    if output == "csv":
        write_csv(table, stream)
    elif output == "json":
        write_json(table, stream)
    else:
        write_aligned(table, stream)


def write_csv(table: Table, stream: TextIO) -> None:
    """CSV with a header; the values of a multivalue stand on lines of their own in one cell."""
    writer = csv.writer(stream, lineterminator="\n")
    if table.fields:
        writer.writerow(table.fields)
    for row in table.tuples():
        writer.writerow(["\n".join(value) if isinstance(value, list) else value or "" for value in row])


def write_json(table: Table, stream: TextIO) -> None:
    """An array of objects, one a line; a multivalue is an array, a field that a row lacks is left out."""
    separator = "["
    for row in table.rows():
        stream.write(separator + "\n" + json.dumps(row, ensure_ascii=False))
        separator = ","
    stream.write("[]\n" if separator == "[" else "\n]\n")


def write_aligned(table: Table, stream: TextIO) -> None:
    """Columns of equal width; long values are shortened, and columns beyond a terminal's width are named below."""
    fields = table.fields
    cells = [[shown(value) for value in table.column(field)] for field in fields]
    widths = [max([_width(field), *map(_width, column)]) for field, column in zip(fields, cells)]
    right = [all(_is_number(value) for value in table.column(field)) and len(table) > 0 for field in fields]
    kept = _fitting(widths, shutil.get_terminal_size().columns if stream.isatty() else sys.maxsize)
    for line in _lines(fields, cells, widths, right, kept, len(table)):
        stream.write(line.rstrip() + "\n")
    if kept < len(fields):
        stream.write(f"… and {', '.join(fields[kept:])} (--output csv or json shows all)\n")
    if not table.fields or not len(table):
        stream.write("No results.\n")


def shown(value: Value) -> str:
    """A value as the table shows it: ``iVBORw0… (3.1 kB)`` for an image, ``a, b, c`` for a short multivalue."""
    if value is None:
        return ""
    if isinstance(value, list):
        whole = ", ".join(map(_one_line, value))
        return whole if len(whole) <= _WIDEST else f"{shown(value[0])} × {len(value)}"
    text = _one_line(value)
    if len(text) <= _WIDEST:
        return text
    if " " in text:
        return text[: _WIDEST - 1] + "…"
    return f"{text[:_SHOWN]}… ({_size(len(value.encode('utf-8', 'replace')))})"


def _lines(
    fields: list[str], cells: list[list[str]], widths: list[int], right: list[bool], kept: int, rows: int
) -> Iterator[str]:
    if not kept:
        return
    yield "  ".join(_padded(fields[i], widths[i], right[i]) for i in range(kept))
    yield "  ".join("─" * widths[i] for i in range(kept))
    for row in range(rows):
        yield "  ".join(_padded(cells[i][row], widths[i], right[i]) for i in range(kept))


def _fitting(widths: list[int], limit: int) -> int:
    """How many columns fit into so many characters, at least one."""
    used = 0
    for count, width in enumerate(widths):
        used += width + (2 if count else 0)
        if used > limit and count:
            return count
    return len(widths)


def _padded(text: str, width: int, right: bool) -> str:
    blanks = " " * (width - _width(text))
    return blanks + text if right else text + blanks


def _width(text: str) -> int:
    """Columns on a terminal; wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def _is_number(value: Value) -> bool:
    if value is None:
        return True
    try:
        float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return True


def _size(size: int) -> str:
    return f"{size} B" if size < 1000 else f"{size / 1000:.1f} kB" if size < 1_000_000 else f"{size / 1e6:.1f} MB"
