"""Points as packed records of 18 bytes: how they are kept in memory, and how they travel from the indexers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mousematch.formats.kinds import CLICK
from mousematch.telemetry import DOWN, MAX_COORDINATE_PX, Points

RECORD = np.dtype([("time_us", "<i8"), ("x", "<f4"), ("y", "<f4"), ("kind", "u1"), ("button", "u1")])
Records = NDArray[np.void]

# Beyond this (the year 5138 for seconds since 1970) a time is an overflow, or in another unit than was said.
MAX_TIME_US = 1e17


def pack(
    time_us: NDArray[np.int64],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    kind: NDArray[np.uint8],
    button: NDArray[np.uint8],
) -> Records:
    """Records of points. All arrays (n,)."""
    records = np.empty(len(time_us), RECORD)
    records["time_us"] = time_us
    # Adding zero turns a negative zero into zero, so that equal points are equal bytes.
    records["x"] = x + 0.0
    records["y"] = y + 0.0
    records["kind"] = kind
    records["button"] = button
    return records


def points_of(data: bytes | bytearray) -> Points:
    """The ordered points of packed records, duplicates once.

    Where presses are known, a CLICK repeats one of them and is left out; in a session that has clicks alone they are
    its presses.
    """
    records: Records = np.frombuffer(data, RECORD)
    kind = records["kind"]
    clicks = kind == CLICK
    if clicks.any():
        if (kind == DOWN).any():
            records = records[~clicks]
            kind = records["kind"]
        else:
            kind = np.where(clicks, np.uint8(DOWN), kind)
    return Points(
        np.ascontiguousarray(records["time_us"]),
        np.ascontiguousarray(records["x"]),
        np.ascontiguousarray(records["y"]),
        np.ascontiguousarray(kind),
        np.ascontiguousarray(records["button"]),
    ).ordered()


def off_screen(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which places are on no screen. NaN counts as on a screen: it is no place at all."""
    outside: NDArray[np.bool_] = (np.abs(x) > MAX_COORDINATE_PX) | (np.abs(y) > MAX_COORDINATE_PX)
    return outside


def rising_us(time_us: NDArray[np.float64]) -> NDArray[np.float64]:
    """Microseconds in the same order, each at least 1 after the one before: float64 (n,).

    Events of one batch often share a millisecond; so they keep their order when all points are sorted by time. Times
    that cannot be used (not finite, or beyond MAX_TIME_US) stay as they are and move no other.
    """
    usable = np.abs(time_us) <= MAX_TIME_US
    whole = np.rint(time_us[usable])
    steps = np.arange(len(whole))
    rising: NDArray[np.float64] = time_us.copy()
    rising[usable] = np.maximum.accumulate(whole - steps) + steps
    return rising
