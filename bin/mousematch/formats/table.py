"""CSV bytes → cells, by where its commas and line ends are, without a look at single characters.

numpy finds commas, line ends and quotes many bytes at a time. What lies between an odd and an even quote is text. That
holds only for CSV as programs write it: every row with as many cells as the header, quotes around whole cells, quotes
within them doubled, no lone carriage returns. All else is noticed, and left to Python's csv module by those who call.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mousematch.formats.cells import MARGIN, Cells

_COMMA, _NEWLINE, _RETURN, _QUOTE = b',\n\r"'


@dataclass(frozen=True)
class Table:
    """Rows of CSV. columns: their cells, column by column. length: how many bytes the rows took."""

    columns: list[Cells]
    rows: int
    length: int


def read_table(data: bytes, width: int | None = None) -> Table | None:
    """The whole rows at the beginning of some bytes; None if there is none, or if csv should read them.

    data: UTF-8, or nearly so, from the beginning of a row on. width: cells a row, None for as many as the first row has.
    """
    data = b"\n" * MARGIN + data + b"\n" * MARGIN
    array = np.frombuffer(data, np.uint8)
    inner = array[MARGIN:-MARGIN]
    borders = (inner == _COMMA) | (inner == _NEWLINE)
    quotes = np.flatnonzero(inner == _QUOTE)
    if len(quotes):
        borders &= _outside(quotes, len(inner))
    stops = np.flatnonzero(borders)
    ends = np.flatnonzero(inner[stops] == _NEWLINE)
    if not len(ends):
        return None
    width = width or int(ends[0]) + 1
    if not np.array_equal(ends, np.arange(width - 1, int(ends[-1]) + 1, width)):
        return None
    stops = stops[: ends[-1] + 1] + MARGIN
    starts = np.concatenate(([MARGIN], stops[:-1] + 1))
    length = int(stops[-1]) + 1 - MARGIN
    quotes = quotes[: np.searchsorted(quotes, length)] + MARGIN
    if not _well_quoted(array, quotes) or not _cut_returns(array, stops[width - 1 :: width], length):
        return None
    quoted = array[starts] == _QUOTE
    doubled = len(quotes) > 2 * int(np.count_nonzero(quoted))
    starts += quoted
    stops -= quoted
    columns = [Cells(data, starts[column::width], stops[column::width], doubled=doubled) for column in range(width)]
    return Table(columns, len(ends), length)


def _outside(quotes: NDArray[np.intp], length: int) -> NDArray[np.bool_]:
    """Which of so many bytes lie outside quotes: bool (length,). The quotes themselves are no borders either way."""
    pieces = np.diff(quotes, prepend=0, append=length)
    return np.repeat(np.arange(len(pieces)) % 2 == 0, pieces)


def _well_quoted(array: NDArray[np.uint8], quotes: NDArray[np.intp]) -> bool:
    """Whether quotes are where cells begin and end, or come in twos within a cell. quotes: their places, in order."""
    before, after = array[quotes[0::2] - 1], array[quotes[1::2] + 1]
    begins = (before == _COMMA) | (before == _NEWLINE) | (before == _QUOTE)
    ends = (after == _COMMA) | (after == _NEWLINE) | (after == _RETURN) | (after == _QUOTE)
    return bool(begins.all() and ends.all())


def _cut_returns(array: NDArray[np.uint8], stops: NDArray[np.intp], length: int) -> bool:
    """Whether carriage returns stand at the end of every row, where they are cut from ``stops``, or nowhere at all."""
    count = np.count_nonzero(array[MARGIN : MARGIN + length] == _RETURN)
    if count == 0:
        return True
    at_end = array[stops - 1] == _RETURN
    stops -= at_end
    return bool(at_end.all()) and count == len(stops)
