"""CSV bytes → cells, by where its commas and line ends are, without a look at single characters.

numpy finds commas, line ends and quotes many bytes at a time. What lies between an odd and an even quote is text. That
holds only for CSV as programs write it: every row with as many cells as the header, quotes around whole cells, quotes
within them doubled, no lone carriage returns. All else is noticed, and left to Python's csv module by those who call.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mousematch.formats.cells import MARGIN, Cells

_COMMA, _NEWLINE, _RETURN, _QUOTE = b',\n\r"'


class Table(NamedTuple):
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
    newlines = inner == _NEWLINE
    borders = (inner == _COMMA) | newlines
    quotes = inner == _QUOTE
    # Mostly no comma and no line end is text. That is seen without a look at where the quotes are.
    table = _cut(data, array, borders, newlines, quotes, width)
    if table is None and quotes.any():
        places = np.flatnonzero(quotes)
        borders &= _outside(places, len(inner))
        table = _cut(data, array, borders, newlines & borders, places, width)
    return table


def _cut(
    data: bytes,
    array: NDArray[np.uint8],
    borders: NDArray[np.bool_],
    newlines: NDArray[np.bool_],
    quotes: NDArray[np.bool_] | NDArray[np.intp],
    width: int | None,
) -> Table | None:
    """The rows between some borders; None if they are uneven, or if the quotes say otherwise.

    quotes: bool, where quotes are, if the borders were found without them; else their places.
    """
    stops = np.flatnonzero(borders)
    rows = int(np.count_nonzero(newlines))
    if not rows:
        return None
    width = width or int(np.searchsorted(stops, newlines.argmax())) + 1
    stops = stops[: rows * width]
    if len(stops) < rows * width or not newlines[stops[width - 1 :: width]].all():
        return None
    stops += MARGIN
    starts = np.concatenate(([MARGIN], stops[:-1] + 1))
    length = int(stops[-1]) + 1 - MARGIN
    if not _cut_returns(array, stops[width - 1 :: width], length):
        return None
    quoted = array[starts] == _QUOTE
    count = 2 * int(np.count_nonzero(quoted))
    if quotes.dtype == np.bool_:
        # Quotes at both ends of cells, and no others: then none of these cells is a piece of a longer one.
        whole = (array[stops - 1] == _QUOTE) & (stops - starts > 1)
        if np.count_nonzero(quotes[:length]) != count or not np.array_equal(quoted, quoted & whole):
            return None
        doubled = False
    else:
        quotes = quotes[: np.searchsorted(quotes, length)] + MARGIN
        if not _well_quoted(array, quotes):
            return None
        doubled = len(quotes) > count
    starts += quoted
    stops -= quoted
    columns = [Cells(data, starts[column::width], stops[column::width], doubled=doubled) for column in range(width)]
    return Table(columns, rows, length)


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
