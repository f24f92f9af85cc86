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
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mousematch.telemetry import MOVE, Points

VERSION = 1
SIZE = 64
WINDOW_POINTS = 640

BINS = 32
HISTOGRAMS = 12
# The last histogram, of what is no move, which most windows have little of.
EVENTS = HISTOGRAMS - 1
# Where a point goes that has no value for a histogram, such as the turn of the first one.
NOWHERE = HISTOGRAMS * BINS * BINS
# A bin with a quarter of all points is as bright as can be.
GAIN = 2

# The slow turn compares two ways of so many points each; so a point knows of LOOKBACK points before it.
SLOW_STEPS = 8
LOOKBACK = 2 * SLOW_STEPS
# So many points are worked on at once: they stay in the processor's cache.
BLOCK_POINTS = 16_384

# Milliseconds up to 23 have a bin each, as timers differ by single milliseconds; then 1.2 bins double the time. These
# are the first milliseconds of bins 24 to 31: 24 * 2 ** (k / 1.2), rounded up.
LONG_TIMES_MS = (24, 43, 77, 136, 242, 432, 768, 1369)
# Some recorders put two points on one millisecond: speeds are computed over this time at least.
SHORTEST_STEP_MS = 4
POSITION_COLUMN_PX, POSITION_ROW_PX = 64.0, 40.0

# A whole turn. In units of it, 16-bit numbers wrap around as angles do.
FULL_TURN = 65_536
SECTOR = FULL_TURN // BINS
_SECTOR_BITS = SECTOR.bit_length() - 1

# How far the next row and the next column of a histogram are in the memory of a picture, and where histograms begin.
_ROW, _COLUMN = np.int16(SIZE * 3), np.int16(3)
_ORIGINS = np.array(
    [down * BINS * SIZE * 3 + right * BINS * 3 + colour for down in (0, 1) for right in (0, 1) for colour in (0, 1, 2)],
    np.int16,
)[:, None]
# The histograms of a step, which a session's first point has not; and those of two steps.
_NEED_STEP = np.array([1, 10, 11])[:, None]
_NEED_TWO_STEPS = np.array([0, 3, 5])[:, None]

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
    images = np.empty((len(windows), SIZE, SIZE, 3), np.uint8)
    pieces = [window.indices(len(points))[:2] for window in windows]
    for together in _near(pieces):
        first = max(0, min(pieces[number][0] for number in together) - LOOKBACK)
        index = _filled(pixel_index(points[first : max(pieces[number][1] for number in together)]))
        for number in together:
            start, stop = pieces[number]
            _picture(index[:, start - first : max(start, stop) - first], images[number])
    return images


def draw_many(sessions: Sequence[tuple[Points, Sequence[slice]]]) -> NDArray[np.uint8]:
    """What ``draw`` gives for each of several sessions, behind each other; short ones cost a fraction together."""
    images = np.empty((sum(len(windows) for _, windows in sessions), SIZE, SIZE, 3), np.uint8)
    if not len(images):
        return images
    lengths = [len(points) for points, _ in sessions]
    firsts = np.cumsum([0, *lengths[:-1]])
    index = _filled(pixel_index(Points.concatenate(points for points, _ in sessions), firsts))
    pieces = [
        (first + start, first + max(start, stop))
        for first, length, (_, windows) in zip(firsts.tolist(), lengths, sessions)
        for start, stop, _ in (window.indices(length) for window in windows)
    ]
    for image, (start, stop) in zip(images, pieces):
        _picture(index[:, start:stop], image)
    return images


def _near(pieces: Sequence[tuple[int, int]]) -> Iterator[list[int]]:
    """Numbers of windows (start, stop) that are worked on together: neighbours of BLOCK_POINTS points in all, or one."""
    together: list[int] = []
    low = high = 0
    for number, (start, stop) in enumerate(pieces):
        if together and max(high, stop) - min(low, start) > BLOCK_POINTS:
            yield together
            together = []
        low, high = (min(low, start), max(high, stop)) if together else (start, stop)
        together.append(number)
    if together:
        yield together


def _filled(index: NDArray[np.int16]) -> NDArray[np.int16]:
    """The index without the histogram of events, if there is none."""
    return index if (index[EVENTS] != NOWHERE).any() else index[:EVENTS]


def _picture(index: NDArray[np.int16], image: NDArray[np.uint8]) -> None:
    """Draws some points: uint8 (SIZE, SIZE, 3). index: int16 (histograms, n), their part of pixel_index."""
    counts = np.bincount(index.astype(np.intp).ravel(), minlength=NOWHERE + 1)[:NOWHERE]
    image.reshape(-1)[:] = _levels(index.shape[1]).take(counts)


@lru_cache(maxsize=8)
def _levels(n: int) -> NDArray[np.uint8]:
    """The level of a bin with so many of n points: uint8 (n + 1,)."""
    # floor(255 GAIN sqrt(count / n)) in whole numbers up to the root, which is exact where it meets a whole number.
    squares = np.minimum((255 * GAIN) ** 2 * np.arange(n + 1) // max(n, 1), 255**2)
    return np.sqrt(squares).astype(np.uint8)


def pixel_index(points: Points, firsts: NDArray[np.intp] | None = None) -> NDArray[np.int16]:
    """For each histogram the value of the picture that each point counts in: int16 (HISTOGRAMS, n), NOWHERE for none.

    points: in order, from a session's start on; or from LOOKBACK points before those that matter. Histograms are
    numbered panel by panel, red, green, blue; values as they lie in memory: row by row, three to a pixel.
    firsts: of points of several sessions behind each other, where each one begins; rising, 0 first.
    """
    n = len(points)
    if firsts is None:
        firsts = np.zeros(1, np.intp)
    first = _from(firsts, 1, n)
    dx, dy = _change(points.x, 1), _change(points.y, 1)
    # The first point of a session follows none of the session before.
    dx[first] = dy[first] = 0
    square = _square(dx, dy)
    direction = _direction(dx, dy)
    moves = square > 0
    # A turn needs two movements in a row: a rest, a click or a scroll has no direction.
    turns = moves & _before(moves, 1)

    # Milliseconds below 2 ** 24 µs are exact in float32; far shorter ones are in the last bin.
    time_us = _change(points.time_us, 1).astype(np.float32)
    time = _TIME_BINS.take(((time_us + np.float32(500)) / np.float32(1000)).astype(np.int64), mode="clip")
    time_ms = np.maximum(time_us, np.float32(1000 * SHORTEST_STEP_MS))
    time_ms /= np.float32(1000)
    step = STEP.bins(square)
    square_speed = np.multiply(time_ms, time_ms, out=time_ms)
    speed = SPEED.bins(np.divide(square, square_speed, out=square_speed))
    sector_column = _angle_bins(direction, SECTOR // 2) * _COLUMN
    turn_row = _angle_bins(_change(direction, 1), FULL_TURN // 2) * _ROW
    slow_turn, distance, slow_turns = _slow_turns(points, _from(firsts, LOOKBACK, n))
    time_column, step_row, step_column, speed_row = time * _COLUMN, step * _ROW, step * _COLUMN, speed * _ROW

    index = np.empty((HISTOGRAMS, n), np.int16)
    joint: tuple[tuple[NDArray[np.int16], NDArray[np.int16]], ...] = (
        (_before(time * _ROW, 1), time_column),
        (step_row, time_column),
        (turn_row, time_column),
        (_before(step_row, 1), step_column),
        (turn_row, step_column),
        (_before(speed_row, 1), speed * _COLUMN),
        (speed_row, sector_column),
        (turn_row, sector_column),
        (slow_turn * _ROW, distance * _COLUMN),
        (_place(points.y, POSITION_ROW_PX) * _ROW, _place(points.x, POSITION_COLUMN_PX) * _COLUMN),
        (_coordinate(dy) * _ROW, _coordinate(dx) * _COLUMN),
        # Kinds and buttons have five values each; the sixth place leaves a dark row between kinds.
        ((points.kind.astype(np.int16) * 6 + points.button) * _ROW, time_column),
    )
    for of_histogram, (row, column) in zip(index, joint):
        np.add(row, column, out=of_histogram)
    index += _ORIGINS
    for number in (2, 4, 7):
        np.putmask(index[number], ~turns, NOWHERE)
    np.putmask(index[6], ~moves, NOWHERE)
    np.putmask(index[8], ~slow_turns, NOWHERE)
    np.putmask(index[EVENTS], points.kind == MOVE, NOWHERE)
    index[_NEED_STEP, first] = NOWHERE
    index[_NEED_TWO_STEPS, _from(firsts, 2, n)] = NOWHERE
    return index


def _from(firsts: NDArray[np.intp], count: int, n: int) -> NDArray[np.intp]:
    """The numbers of so many points from each session's first one on, where there are n points in all.

    Where a session has fewer the numbers go on with the next one's, which are among the next one's own.
    """
    numbers = (firsts[:, None] + np.arange(count)).ravel()
    return numbers[numbers < n]


def _slow_turns(
    points: Points, early: NDArray[np.intp]
) -> tuple[NDArray[np.int16], NDArray[np.int16], NDArray[np.bool_]]:
    """Change of direction from one way of SLOW_STEPS points to the next, and how far the first went: bins, known or not.

    early: the numbers of points that come too soon to know both ways.
    """
    dx, dy = _change(points.x, SLOW_STEPS), _change(points.y, SLOW_STEPS)
    square = _square(dx, dy)
    turn = _angle_bins(_change(_direction(dx, dy), SLOW_STEPS), FULL_TURN // 2)
    square_before = _before(square, SLOW_STEPS)
    known = (square > 0) & (square_before > 0)
    known[early] = False
    return turn, DISTANCE.bins(square_before), known


def _square(dx: NDArray[np.float32], dy: NDArray[np.float32]) -> NDArray[np.float32]:
    """Squared lengths."""
    square = dx * dx
    square += dy * dy
    return square


def _direction(dx: NDArray[np.float32], dy: NDArray[np.float32]) -> NDArray[np.int16]:
    """Directions as 65,536ths of a turn, clockwise on the screen, 0 to the right: int16 (n,), -32,768 to the left."""
    angle = np.arctan2(dy.astype(np.float64), dx.astype(np.float64))
    return np.rint(angle * (FULL_TURN / (2 * math.pi))).astype(np.int32).astype(np.int16)


def _angle_bins(angle: NDArray[np.int16], ahead: int) -> NDArray[np.int16]:
    """Bins of angles in 65,536ths of a turn; ahead: how far before angle 0 the first bin begins."""
    bins = angle.view(np.uint16) + np.uint16(ahead)
    return np.right_shift(bins, np.uint16(_SECTOR_BITS), out=bins).view(np.int16)


def _coordinate(step: NDArray[np.float32]) -> NDArray[np.int16]:
    """Bins of the signed logarithm of one coordinate of steps."""
    size = COORDINATE.bins(np.abs(step))
    # All bits of a number turned over, and one more: the same number below zero.
    below: NDArray[np.int16] = -(step < 0).astype(np.int16)
    size ^= below
    size -= below
    size += np.int16(COORDINATE_ZERO)
    # One bin more would be needed on this side.
    size += size < 0
    return size


def _place(coordinate: NDArray[np.float32], bin_px: float) -> NDArray[np.int16]:
    """Bins of a position; what lies outside counts at the edge."""
    place = coordinate / np.float32(bin_px)
    np.minimum(place, np.float32(BINS - 1), out=place)
    return np.maximum(place, np.float32(0), out=place).astype(np.int16)


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
