"""One point a row: whole columns of cells, text or numbers → records, without a look at single rows where that can be."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mousematch.formats import dropped
from mousematch.formats.cells import Cells, run_starts
from mousematch.formats.kinds import UNKNOWN, Codes
from mousematch.formats.names import FieldNames
from mousematch.formats.records import MAX_TIME_US, Records, off_screen, pack
from mousematch.telemetry import MAX_COORDINATE_PX

Column = Sequence[Any]

# In the order in which they are looked for; a point has one reason, the first.
_REASONS = (
    dropped.NO_POSITION,
    dropped.OFF_SCREEN,
    dropped.NO_TIME,
    dropped.BAD_TIME,
    dropped.FAR_TIME,
    dropped.UNKNOWN_KIND,
)
# Splunk writes this into the field timestamp of an event without one.
_BLANK = ("", None, "none")

_codes = Codes()


class RowPoints(NamedTuple):
    """The points of n rows.

    records: of the usable rows. rows: intp (len(records),), the number of each one's row, rising.
    bad: (row number, reason) of every other row.
    """

    records: Records
    rows: NDArray[np.intp]
    bad: list[tuple[int, str]]


def read_rows(columns: Mapping[str, Column], count: int, names: FieldNames) -> RowPoints:
    """The points of ``count`` rows, from the columns that ``names`` says."""
    return read_points(
        time_us=_times(columns, count, names),
        x=numbers(columns.get(names.x, [None] * count)),
        y=numbers(columns.get(names.y, [None] * count)),
        codes=_kinds(columns, count, names),
    )


def read_points(
    *, time_us: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64], codes: NDArray[np.uint8]
) -> RowPoints:
    """Records of the points that can be used.

    time_us: float64 (n,), microseconds; NaN where it is no number, -inf where there is none. x, y: float64 (n,), CSS
    pixels, NaN where not a number. codes: uint8 (n,), ``kind * 8 + button`` or UNKNOWN.
    """
    if not _all_usable(time_us, x, y, codes):
        return _usable(time_us, x, y, codes)
    kinds, buttons = codes >> np.uint8(3), codes & np.uint8(7)
    return RowPoints(pack(np.rint(time_us).astype(np.int64), x, y, kinds, buttons), np.arange(len(x)), [])


def _all_usable(
    time_us: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64], codes: NDArray[np.uint8]
) -> bool:
    """Whether no point has a fault. NaN is neither above nor below anything."""
    inside = all(
        -most <= values.min(initial=0) and values.max(initial=0) <= most
        for values, most in ((time_us, MAX_TIME_US), (x, MAX_COORDINATE_PX), (y, MAX_COORDINATE_PX))
    )
    return inside and codes.max(initial=0) != UNKNOWN


def _usable(
    time_us: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64], codes: NDArray[np.uint8]
) -> RowPoints:
    """What ``read_points`` gives where some points have faults."""
    with np.errstate(invalid="ignore"):
        faults = (
            np.isnan(x) | np.isnan(y),
            off_screen(x, y),
            np.isneginf(time_us),
            np.isnan(time_us),
            np.abs(time_us) > MAX_TIME_US,
            codes == UNKNOWN,
        )
    faulty = np.logical_or.reduce(faults)
    first = np.argmax(np.stack(faults), axis=0)
    bad = [(int(row), _REASONS[first[row]]) for row in np.flatnonzero(faulty)]
    rows = np.flatnonzero(~faulty)
    found = read_points(time_us=time_us[rows], x=x[rows], y=y[rows], codes=codes[rows])
    return RowPoints(found.records, rows, bad)


def numbers(column: Column) -> NDArray[np.float64]:
    """The numbers in a column of text or JSON values: float64 (n,), NaN where there is none."""
    if isinstance(column, Cells):
        values, read = column.decimals()
        others = np.flatnonzero(~read)
        if len(others):
            values[others] = numbers(column.take(others).texts())
        return values
    try:
        parsed = np.array(column, dtype=np.float64)
        if parsed.ndim == 1:
            return parsed
    except (ValueError, TypeError, OverflowError):
        pass
    return np.array([_number(value) for value in column], dtype=np.float64)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (ValueError, TypeError):
        return math.nan
    except OverflowError:
        return math.inf


def _times(columns: Mapping[str, Column], count: int, names: FieldNames) -> NDArray[np.float64]:
    """Microseconds: float64 (count,), NaN where the time is no number, -inf where a row has none."""
    time_us = np.full(count, -np.inf)
    missing = np.ones(count, np.bool_)
    for field, unit_us in names.times:
        column = columns.get(field)
        if column is None:
            continue
        given = missing & ~_blanks(column)
        if given.all():
            values = numbers(column)
        else:
            values = numbers(_taken(column, np.flatnonzero(given)))
        with np.errstate(over="ignore"):
            time_us[given] = values * unit_us
        # The text "-inf" is a time beyond all bounds, not a missing one.
        time_us[given & np.isneginf(time_us)] = np.inf
        missing &= ~given
        if not missing.any():
            break
    return time_us


def _blanks(column: Column) -> NDArray[np.bool_]:
    """Which values stand for no value at all."""
    if isinstance(column, Cells):
        return np.logical_or.reduce([column.equal(text) for text in _BLANK if text is not None])
    # Looking a constant up in a list is much faster than looking at each value.
    if any(blank in column for blank in _BLANK):
        return np.array([value in _BLANK for value in column], dtype=np.bool_)
    return np.zeros(len(column), np.bool_)


def _taken(column: Column, rows: NDArray[np.intp]) -> Column:
    return column.take(rows) if isinstance(column, Cells) else [column[row] for row in rows.tolist()]


def _kinds(columns: Mapping[str, Column], count: int, names: FieldNames) -> NDArray[np.uint8]:
    """``kind * 8 + button`` or UNKNOWN of every row: uint8 (count,)."""
    cells = {field: column for field in (*names.states, names.button) if isinstance(column := columns.get(field), Cells)}
    if cells:
        # Most events are of the kind of the one before.
        starts = run_starts(list(cells.values()), count)
        of_runs = {**columns, **{field: column.take(starts).texts() for field, column in cells.items()}}
        return np.repeat(_kinds(of_runs, len(starts), names), np.diff(starts, append=count))
    states: Column = [""] * count
    found = [columns[field] for field in names.states if field in columns]
    if found:
        states = found[0]
        for other in found[1:]:
            if "" in states or None in states:
                states = [state or fallback for state, fallback in zip(states, other)]
    buttons = columns.get(names.button)
    pairs = zip(states, buttons if buttons is not None else [""] * count)
    return np.fromiter(map(_codes.__getitem__, pairs), np.uint8, count)
