"""The project's own telemetry: one JSON event with many points, as the browser collector sends it.

    {"v":1, "session":"s-81f3", "user":"alice", "page":"/transfer", "viewport":[1440,789], "dpr":2, "pointer":"mouse",
     "start":1763822400123,
     "points":{"dt":[0,16,17], "x":[512,514,520], "y":[300,301,303], "kind":[0,0,1], "button":[0,0,1]}}

``start`` is milliseconds since 1970, ``dt`` milliseconds since the point before. ``kind`` and ``button`` are numbers as
in telemetry.py (MOVE 0 …, NONE 0 …); without them all points are moves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mousematch.errors import TelemetryError
from mousematch.formats.kinds import UNKNOWN
from mousematch.formats.records import MAX_TIME_US, rising_us
from mousematch.formats.rows import RowPoints, numbers, read_points
from mousematch.telemetry import OTHER, SCROLL

VERSION = 1
# Until the year 2112: microseconds up to then, and sums of two such, are whole numbers in float64.
EXACT_MS = 4.5e12
# Until the year 2039: so far microseconds are at least four times the last bit of milliseconds in float64.
FRACTIONS_MS = 2.0**41


def is_batch(event: Mapping[str, Any]) -> bool:
    """Whether a JSON event is one of these."""
    return "points" in event and "start" in event


def read_batch(event: Mapping[str, Any]) -> RowPoints:
    """The points of a batch. Raises TelemetryError if its arrays are missing, uneven or not of numbers."""
    points = event["points"]
    if event.get("v", VERSION) != VERSION:
        raise TelemetryError(f"v={event['v']!r} is no version that is known")
    if not isinstance(points, dict) or not all(isinstance(points.get(name), list) for name in ("dt", "x", "y")):
        raise TelemetryError("points needs the arrays dt, x and y")
    dt, x, y = (numbers(points[name]) for name in ("dt", "x", "y"))
    kind, button = (numbers(points.get(name) or [0] * len(x)) for name in ("kind", "button"))
    lengths = [len(array) for array in (dt, x, y, kind, button)]
    if len(set(lengths)) > 1:
        raise TelemetryError(f"dt, x, y, kind and button have {', '.join(map(str, lengths))} values")
    start = numbers([event["start"]])[0]
    return read_points(time_us=_times_us(start, dt), x=x, y=y, codes=_codes(kind, button))


def read_batches(events: Sequence[Mapping[str, Any]]) -> tuple[RowPoints, NDArray[np.intp]] | None:
    """The points of several batches behind each other, as ``read_batch`` reads them, and how many each one has.

    None if one of them is unusual: damaged, or with times that are no whole microseconds. Then read each by itself.
    """
    if not all(map(_is_whole, events)):
        return None
    points = [event["points"] for event in events]
    lengths = np.array([len(part["x"]) for part in points], np.intp)
    columns: dict[str, NDArray[np.float64]] = {}
    for name in ("dt", "x", "y", "kind", "button"):
        lists = [part.get(name) or [0] * len(part["x"]) for part in points]
        try:
            columns[name] = _flat(lists)
        except (ValueError, TypeError, OverflowError):
            return None
        if list(map(len, lists)) != lengths.tolist():
            return None
    time_us = _whole_times_us(numbers([event["start"] for event in events]), columns["dt"], lengths)
    if time_us is None:
        return None
    codes = _codes(columns["kind"], columns["button"])
    return read_points(time_us=time_us, x=columns["x"], y=columns["y"], codes=codes), lengths


def _flat(lists: Sequence[Sequence[Any]]) -> NDArray[np.float64]:
    """The numbers of several lists behind each other. Raises ValueError, TypeError or OverflowError if one is none."""
    values = list(chain.from_iterable(lists))
    try:
        # Times, kinds and buttons are mostly whole numbers below 256, which Python hands over as bytes three times as fast.
        return np.frombuffer(bytes(values), np.uint8).astype(np.float64)
    except (ValueError, TypeError):
        return np.fromiter(values, np.float64, len(values))


def _is_whole(event: Mapping[str, Any]) -> bool:
    """Whether a batch has the arrays that it needs, and some points."""
    points = event["points"]
    if event.get("v", VERSION) != VERSION or not isinstance(points, dict):
        return False
    given = [points.get(name) for name in ("dt", "x", "y")] + [points.get(name) or [] for name in ("kind", "button")]
    return all(isinstance(values, list) for values in given) and all(len(points[name]) > 0 for name in ("dt", "x", "y"))


def _whole_times_us(
    start_ms: NDArray[np.float64], dt_ms: NDArray[np.float64], lengths: NDArray[np.intp]
) -> NDArray[np.float64] | None:
    """What _times_us gives for each of several batches; None unless all times are whole microseconds, small ones."""
    steps_ms = np.maximum(dt_ms, 0.0)
    with np.errstate(invalid="ignore", over="ignore"):
        steps = np.rint(steps_ms * 1e3)
        small = steps.sum() <= EXACT_MS * 1e3 and np.abs(start_ms).max() <= EXACT_MS and np.abs(dt_ms).max() <= EXACT_MS
        if not (small and np.array_equal(steps_ms, steps / 1e3) and np.array_equal(start_ms, np.rint(start_ms))):
            return None
    starts_ms, steps_us = start_ms.astype(np.int64), steps.astype(np.int64)
    if not np.array_equal(steps_ms, np.rint(steps_ms)) and not exact_us(starts_ms, steps_us, lengths):
        return None
    return times_us(starts_ms * 1000, steps_us, lengths).astype(np.float64)


def exact_us(start_ms: NDArray[np.int64], steps_us: NDArray[np.int64], lengths: NDArray[np.intp]) -> bool:
    """Whether _times_us, which adds up fractions of milliseconds in float64, comes to the microseconds that times_us gives.

    Up to FRACTIONS_MS start and sum are rounded by an eighth of a microsecond, and their product with 1000 by another
    one; each step's fraction, and each sum of steps, by half the last bit of the longest batch's sum at most.
    """
    longest_ms = float(steps_us.sum()) / 1e3
    rounded_us = int(lengths.max()) * float(np.spacing(longest_ms)) * 1e3
    return rounded_us < 0.1 and float(np.abs(start_ms).max()) + longest_ms <= FRACTIONS_MS


def times_us(start_us: NDArray[np.int64], steps_us: NDArray[np.int64], lengths: NDArray[np.intp]) -> NDArray[np.int64]:
    """Times of the points of several batches, int64 (n,): each batch's start and the steps up to the point, rising.

    start_us: int64 (batches,). steps_us: int64 (n,), none negative. lengths: intp (batches,), how many points each has.
    """
    first = np.cumsum(lengths) - lengths
    elapsed = np.cumsum(steps_us)
    elapsed -= np.repeat(elapsed[first] - steps_us[first], lengths)
    standing = steps_us == 0
    standing[first] = False
    if standing.any():
        # As rising_us: at least 1 µs after the point before. Each batch begins far above the one before, which so moves
        # nothing.
        longest = int(lengths.max())
        apart = np.repeat(np.arange(len(lengths)) * (int(elapsed.max()) + longest) + first, lengths)
        number = np.arange(len(steps_us))
        apart -= number
        elapsed = np.maximum.accumulate(elapsed + apart) - apart
    return elapsed + np.repeat(start_us, lengths)


def _times_us(start_ms: float, dt_ms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Microseconds of the points, rising: NaN or infinite where dt is no number or no time that passes in a session.

    A step back is no step: the clock was set while the points came in, and their order is known better than their time.
    """
    overflow = np.abs(dt_ms) * 1e3 > MAX_TIME_US
    steps = np.where(np.isnan(dt_ms) | overflow, 0.0, np.maximum(dt_ms, 0.0))
    time_us = rising_us((start_ms + np.cumsum(steps)) * 1e3)
    time_us[overflow] = np.inf
    time_us[np.isnan(dt_ms)] = np.nan
    return time_us


def _codes(kind: NDArray[np.float64], button: NDArray[np.float64]) -> NDArray[np.uint8]:
    known = (kind >= 0) & (kind <= SCROLL) & (kind == np.floor(kind))
    known_button = (button >= 0) & (button <= OTHER) & (button == np.floor(button))
    codes = np.where(known_button, button, OTHER) + 8 * np.where(known, kind, 0)
    codes[~known] = UNKNOWN
    numbered: NDArray[np.uint8] = codes.astype(np.uint8)
    return numbered
