"""The encoding ``portrait``: a phase portrait, twelve joint histograms of a window's points instead of a drawn path.

How a hand moves shows in which value follows which: step after step, turn at which speed, time step after time step.
Such *return maps* (Poincaré plots) and phase portraits are how physiology looks at heartbeat and gait. Four panels of
32 x 32 bins hold three histograms each, one per colour; docs/encoding.md describes every axis.

    rhythm     time step (columns) against   red time step before    green step length        blue turn
    step       now (columns) against         red step before x step  green turn x step        blue speed before x speed
    direction  columns                       red speed x direction   green turn x direction   blue slow turn x distance
    place      columns                       red position            green velocity's x, y    blue events x time step

A pixel is the square root of its bin's share of the points, which makes the noise of rare and of frequent bins equal
(the Hellinger transform). A window of any number of points fills the picture in the same way.

Every processor and version of numpy gives the same pixels: bins come from whole numbers and look-up tables, and the one
irrational function, the arctangent, is rounded far more coarsely than it is computed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mousematch.telemetry import MOVE, Points

VERSION = 1
SIZE = 64
WINDOW_POINTS = 640

BINS = 32
# Rows of panels, panels in a row, colours.
GRID = (2, 2, 3)
HISTOGRAMS = 12
# Where a point goes that has no value for a histogram, such as the turn of the first one.
NOWHERE = HISTOGRAMS * BINS * BINS
# A bin with a quarter of all points is as bright as can be.
GAIN = 2

# The slow turn compares two ways of so many points each; so a point knows of LOOKBACK points before it.
SLOW_STEPS = 8
LOOKBACK = 2 * SLOW_STEPS

# Milliseconds up to 23 have a bin each, as timers differ by single milliseconds; then 1.2 bins double the time. These
# are the first milliseconds of bins 24 to 31: 24 * 2 ** (k / 1.2), rounded up.
LONG_TIMES_MS = (24, 43, 77, 136, 242, 432, 768, 1369)
# Some recorders put two points on one millisecond: speeds are computed over this time at least.
SHORTEST_STEP_MS = 4
POSITION_COLUMN_PX, POSITION_ROW_PX = 64.0, 40.0

# A whole turn. In units of it, 16-bit numbers wrap around as angles do.
FULL_TURN = 65_536
SECTOR = FULL_TURN // BINS

# Tables over the logarithm are entered with a positive float32's leading bits: exponent and 10 bits of the fraction.
_DROPPED_BITS = 13
_FRACTION = 1 << (23 - _DROPPED_BITS)


class Logarithmic:
    """An axis of bins whose edges grow as powers: the bin of each positive number, by its leading 11 binary digits.

    edges: rising, from below which on to above which number tables reach; bin k has the numbers from edges[k - 1] to
    below edges[k], so there are len(edges) + 1 bins. They are rounded to nine decimals, so that a power's last bit, in
    which machines differ, cannot move a number that lies on an edge.
    power: 2 for an axis that is given squares, which spares a root for every point.
    """

    def __init__(self, edges: Sequence[float], power: int = 1) -> None:
        limits = np.array([round(edge, 9) for edge in edges])
        low, high = (math.frexp(limit**power)[1] + 126 for limit in (limits[0], limits[-1]))
        self._first = (low - 1) * _FRACTION
        leading = np.arange(self._first, (high + 1) * _FRACTION, dtype=np.int32)
        numbers = (leading << _DROPPED_BITS).view(np.float32).astype(np.float64)
        values = np.sqrt(numbers) if power == 2 else numbers
        self._bins = np.searchsorted(limits, values, side="right").astype(np.int16)

    def bins(self, numbers: NDArray[np.float32]) -> NDArray[np.int16]:
        """The bin of each number, int16 (n,). numbers: float32 (n,), not negative."""
        place = (numbers.view(np.int32) >> _DROPPED_BITS) - self._first
        return self._bins.take(place, mode="clip")


# Step length in CSS pixels: bin floor(3 (log2(r + 0.5) + 1)), so that 1 px is bin 4 and 645 px the last.
STEP = Logarithmic([2 ** (k / 3 - 1) - 0.5 for k in range(1, BINS)], power=2)
# Speed in CSS pixels per millisecond: bin floor(2.7 (log2(v + 0.01) + 6.7)).
SPEED = Logarithmic([2 ** (k / 2.7 - 6.7) - 0.01 for k in range(1, BINS)], power=2)
# Distance over SLOW_STEPS points in CSS pixels: bin floor(2.6 (log2(l + 0.5) + 1)).
DISTANCE = Logarithmic([2 ** (k / 2.6 - 1) - 0.5 for k in range(1, BINS)], power=2)
# One coordinate of a step: round(2 log2(1 + |d|)), on both sides of bin 15.
COORDINATE = Logarithmic([2 ** ((k - 0.5) / 2) - 1 for k in range(1, 17)])
COORDINATE_ZERO = 15

# The bin of each time step of whole milliseconds up to the last bin's first.
_TIME_BINS = (
    np.searchsorted((*range(1, LONG_TIMES_MS[0]), *LONG_TIMES_MS), np.arange(LONG_TIMES_MS[-1] + 1), side="right")
).astype(np.int16)

_Value = TypeVar("_Value", bound=np.generic)


def draw(points: Points, windows: Sequence[slice]) -> NDArray[np.uint8]:
    """Images of the windows: uint8 (windows, SIZE, SIZE, 3), black where no point is.

    points: a session's points in order. What a window's first points follow lies before the window, so that the windows
    of a session together count every step of it; only the session's own first points follow nothing.
    """
    images = np.zeros((len(windows), SIZE, SIZE, 3), np.uint8)
    pieces = [window.indices(len(points))[:2] for window in windows]
    if not pieces:
        return images
    first = max(0, min(start for start, _ in pieces) - LOOKBACK)
    index = histogram_index(points[first : max(stop for _, stop in pieces)])
    for image, (start, stop) in zip(images, pieces):
        image[:] = picture(index[:, start - first : max(start, stop) - first])
    return images


def draw_many(sessions: Sequence[tuple[Points, Sequence[slice]]]) -> NDArray[np.uint8]:
    """What ``draw`` gives for each of several sessions, behind each other; short ones cost a fraction together."""
    lengths = [len(points) for points, _ in sessions]
    order = np.concatenate([np.arange(length) for length in (*lengths, 0)])
    index = histogram_index(Points.concatenate(points for points, _ in sessions), order)
    images = []
    first = 0
    for length, (_, windows) in zip(lengths, sessions):
        for window in windows:
            start, stop, _ = window.indices(length)
            images.append(picture(index[:, first + start : first + max(start, stop)]))
        first += length
    return np.stack(images) if images else np.zeros((0, SIZE, SIZE, 3), np.uint8)


def picture(index: NDArray[np.int16]) -> NDArray[np.uint8]:
    """The image of some points: uint8 (SIZE, SIZE, 3). index: int16 (HISTOGRAMS, n), their part of histogram_index."""
    n = index.shape[1]
    counts = np.bincount(index.ravel(), minlength=NOWHERE + 1)[:NOWHERE]
    # floor(255 GAIN sqrt(count / n)) in whole numbers up to the root, which is exact where it meets a whole number.
    squares = np.minimum((255 * GAIN) ** 2 * np.arange(n + 1) // max(n, 1), 255**2)
    levels = np.sqrt(squares).astype(np.uint8)
    panels = levels[counts].reshape(*GRID, BINS, BINS)
    return panels.transpose(0, 3, 1, 4, 2).reshape(SIZE, SIZE, 3)


def histogram_index(points: Points, order: NDArray[np.intp] | None = None) -> NDArray[np.int16]:
    """For each histogram the bin that each point counts in: int16 (HISTOGRAMS, n), NOWHERE for none.

    points: in order, from a session's start on; or from LOOKBACK points before those that matter. Histograms are
    numbered panel by panel, red, green, blue; bins histogram by histogram, row by row, from the top left.
    order: of points of several sessions, the number that each has in its own one.
    """
    if order is None:
        order = np.arange(len(points))
    second, third = order >= 1, order >= 2
    dt_us = _change(points.time_us, 1)
    dx, dy = _change(points.x, 1), _change(points.y, 1)
    square = dx * dx + dy * dy
    direction = _direction(dx, dy)
    moves = (square > 0) & second
    # A turn needs two movements in a row: a rest, a click or a scroll has no direction.
    turns = moves & _before(moves, 1)

    time = _TIME_BINS.take((dt_us + 500) // 1000, mode="clip")
    step = STEP.bins(square)
    time_ms = np.maximum(dt_us, 1000 * SHORTEST_STEP_MS).astype(np.float32) / np.float32(1000)
    speed = SPEED.bins((square / (time_ms * time_ms)).astype(np.float32, copy=False))
    sector = _angle_bins(direction, SECTOR // 2)
    turn = _angle_bins(_change(direction, 1), FULL_TURN // 2)
    slow_turn, distance, slow_turns = _slow_turns(points, order >= LOOKBACK)
    # Kinds and buttons have five values each; the sixth place leaves a dark row between kinds.
    event = points.kind.astype(np.int16) * 6 + points.button

    # Row, column, for which points.
    joint: tuple[tuple[NDArray[np.int16], NDArray[np.int16], NDArray[np.bool_]], ...] = (
        (_before(time, 1), time, third),
        (step, time, second),
        (turn, time, turns),
        (_before(step, 1), step, third),
        (turn, step, turns),
        (_before(speed, 1), speed, third),
        (speed, sector, moves),
        (turn, sector, turns),
        (slow_turn, distance, slow_turns),
        (_place(points.y, POSITION_ROW_PX), _place(points.x, POSITION_COLUMN_PX), order >= 0),
        (_coordinate(dy), _coordinate(dx), second),
        (event, time, second & (points.kind != MOVE)),
    )
    index = np.empty((HISTOGRAMS, len(points)), np.int16)
    for number, (row, column, counted) in enumerate(joint):
        bins = row * np.int16(BINS) + column + np.int16(number * BINS * BINS)
        index[number] = np.where(counted, bins, np.int16(NOWHERE))
    return index


def _slow_turns(
    points: Points, late: NDArray[np.bool_]
) -> tuple[NDArray[np.int16], NDArray[np.int16], NDArray[np.bool_]]:
    """Change of direction from one way of SLOW_STEPS points to the next, and how far the first went: bins, known or not."""
    dx, dy = _change(points.x, SLOW_STEPS), _change(points.y, SLOW_STEPS)
    square = dx * dx + dy * dy
    turn = _angle_bins(_change(_direction(dx, dy), SLOW_STEPS), FULL_TURN // 2)
    square_before = _before(square, SLOW_STEPS)
    known = (square > 0) & (square_before > 0) & late
    return turn, DISTANCE.bins(square_before), known


def _direction(dx: NDArray[np.float32], dy: NDArray[np.float32]) -> NDArray[np.int16]:
    """Directions as 65,536ths of a turn, clockwise on the screen, 0 to the right: int16 (n,), -32,768 to the left."""
    angle = np.arctan2(dy.astype(np.float64), dx.astype(np.float64))
    return np.rint(angle * (FULL_TURN / (2 * math.pi))).astype(np.int32).astype(np.int16)


def _angle_bins(angle: NDArray[np.int16], ahead: int) -> NDArray[np.int16]:
    """Bins of angles in 65,536ths of a turn; ahead: how far before angle 0 the first bin begins."""
    return ((angle.view(np.uint16) + np.uint16(ahead)) // np.uint16(SECTOR)).astype(np.int16)


def _coordinate(step: NDArray[np.float32]) -> NDArray[np.int16]:
    """Bins of the signed logarithm of one coordinate of steps."""
    size = COORDINATE.bins(np.abs(step))
    return np.maximum(COORDINATE_ZERO + np.where(step < 0, -size, size), 0)


def _place(coordinate: NDArray[np.float32], bin_px: float) -> NDArray[np.int16]:
    """Bins of a position; what lies outside counts at the edge."""
    return np.clip(coordinate / np.float32(bin_px), 0, BINS - 1).astype(np.int16)


def _before(values: NDArray[_Value], steps: int) -> NDArray[_Value]:
    """The value so many points before each, 0 for the first ones."""
    result = np.zeros_like(values)
    result[steps:] = values[:-steps]
    return result


def _change(values: NDArray[_Value], steps: int) -> NDArray[_Value]:
    """Each value less the one so many points before it, 0 for the first ones."""
    result = np.zeros_like(values)
    np.subtract(values[steps:], values[:-steps], out=result[steps:])
    return result
