"""Path hashes: short texts that a replayed piece of movement shares with its original, and other movement does not.

    presses and pauses → pieces → mean place in each of TICKS equal shares of the moving time → cosine transform
    → signs of BITS fixed projections → the surest pieces of each NEIGHBOURHOOD_S → 12 hexadecimal digits each

A piece runs from one press (or from the end of one pause) to the third after it. Taking the mean place per share of its
time makes the hash independent of when it started, of its speed and of the rate of events; the cosine transform without
its mean of where it lies, its length of how large it is; a little noise changes a projection only a little. Signs of
random projections as in M. Charikar, STOC 2002. A sign is sure where its projection is far from zero, so the pieces whose
least sure sign is surest are kept: the same ones in the original and in the replay. docs/bots.md has the figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mousematch.reaches import steps_between
from mousematch.telemetry import DOWN, DRAG, Points

TICKS, COEFFICIENTS, BITS = 32, 10, 48
PRESSES, PAUSES = 3, 3  # how many presses, how many pauses further a piece ends
PAUSE_US = 400_000
# A gap counts as so much moving time at most: pauses differ where a script waits, and nothing moves in them.
GAP_CAP_US = 40_000
MIN_EVENTS, MIN_MOVING_US, MIN_SPREAD_PX = 24, 800_000, 25.0
# Signs nearer to zero than this share of the projections' length are a matter of noise.
SURE = 0.006
NEIGHBOURHOOD_S = 1.0
MAX_HASHES = 256


def _projections() -> NDArray[np.float64]:
    """The fixed directions: float64 (2 * COEFFICIENTS, BITS). A generator of our own, the same in every numpy."""
    count = 2 * COEFFICIENTS * BITS * 4
    # state = state * factor + step, so many times, in the same 64 bits as numpy's sums and products.
    factor, step, first = (
        np.uint64(number) for number in (6_364_136_223_846_793_005, 1_442_695_040_888_963_407, 20_260_101)
    )
    powers = np.multiply.accumulate(np.full(count, factor))
    states = powers * first + step * np.cumsum(np.append(np.uint64(1), powers[:-1]), dtype=np.uint64)
    numbers = (states >> np.uint64(33)).astype(np.float64) / 2**31 - 0.5
    # A sum of four uniform numbers is near enough to a normal one.
    directions: NDArray[np.float64] = numbers.reshape(2 * COEFFICIENTS, BITS, 4).sum(axis=2)
    return directions


_SHARES = np.linspace(0, 1, TICKS + 1)
_ticks = (np.arange(TICKS) + 0.5) / TICKS
# Weighted by the order: the spectrum of a path falls about as its square.
_orders = np.arange(1, COEFFICIENTS + 1)
_COSINES = np.cos(np.pi * np.outer(_ticks, _orders)) * _orders**1.5
_PROJECTIONS = _projections()
_POWERS = 1 << np.arange(BITS, dtype=np.int64)


def path_hashes(points: Points) -> list[str]:
    """The hashes of a session's ordered points, in the order of their pieces; at most MAX_HASHES."""
    return path_hashes_of([points])[0]


def path_hashes_of(sessions: Sequence[Points]) -> list[list[str]]:
    """The hashes of each session, the same as ``path_hashes`` gives.

    As in kinematics.py what is computed of points and pieces is computed of all at once, while sums and projections are
    each session's own.
    """
    hashes: list[list[str]] = [[] for _ in sessions]
    pieces = _Pieces.of(sessions)
    if pieces is None:
        return hashes
    means = _mean_places(pieces)
    signs, sureness = _signs(means, pieces.parts)
    sureness = np.where(means.std(axis=1) >= MIN_SPREAD_PX, sureness, 0.0)
    starts_s = pieces.time_us[pieces.first] / 1e6
    for session, part in pieces.parts.items():
        kept = _surest(starts_s[part], sureness[part])
        numbers = (signs[part][kept] * _POWERS).sum(axis=1)
        hashes[session] = list(dict.fromkeys(f"{number:012x}" for number in numbers.tolist()))
    return hashes


class _Pieces(NamedTuple):
    """Pieces of several sessions behind each other.

    time_us: int64 (n,), of the points that moved, as all of these. moving: float64 (n,), µs that the session's pointer
    had moved. place: complex128 (n,), px. first, last: intp (pieces,), the points where each begins and ends. parts: which
    pieces are of which session, of those that have some. spans: the points of these sessions.
    """

    time_us: NDArray[np.int64]
    moving: NDArray[np.float64]
    place: NDArray[np.complex128]
    first: NDArray[np.intp]
    last: NDArray[np.intp]
    parts: dict[int, slice]
    spans: dict[int, slice]

    @classmethod
    def of(cls, sessions: Sequence[Points]) -> _Pieces | None:
        """The pieces that are long enough; None if there is none."""
        if not sessions:
            return None
        points = sessions[0] if len(sessions) == 1 else Points.concatenate(sessions)
        at = np.flatnonzero(points.kind <= DRAG)
        borders = np.searchsorted(at, np.cumsum([0, *map(len, sessions)]))
        time_us = points.time_us[at]
        steps = time_us[1:] - time_us[:-1]
        steps[steps_between(borders, len(at))] = 0
        moving_us = np.zeros(len(at), np.int64)
        np.cumsum(np.minimum(steps, GAP_CAP_US), out=moving_us[1:])
        presses, pauses = np.flatnonzero(points.kind[at] == DOWN), np.flatnonzero(steps > PAUSE_US) + 1
        begins, ends = [], []
        for pressed, paused in zip(_cut(presses, borders), _cut(pauses, borders)):
            begins += [pressed[:-PRESSES], paused[:-PAUSES]]
            ends += [pressed[PRESSES:], paused[PAUSES:] - 1]
        first, last = np.concatenate(begins), np.concatenate(ends)
        usable = (last - first >= MIN_EVENTS) & (moving_us[last] - moving_us[first] >= MIN_MOVING_US)
        first, last = first[usable], last[usable]
        if not len(first):
            return None
        counts = np.bincount(np.searchsorted(borders, first, side="right") - 1, minlength=len(sessions))
        stops = np.cumsum(counts).tolist()
        parts = {
            number: slice(stops[number] - count, stops[number]) for number, count in enumerate(counts.tolist()) if count
        }
        spans = {number: slice(int(borders[number]), int(borders[number + 1])) for number in parts}
        moving_us -= np.repeat(moving_us[np.minimum(borders[:-1], len(at) - 1)], np.diff(borders))
        place = points.x[at].astype(np.float64) + 1j * points.y[at].astype(np.float64)
        return cls(time_us, moving_us.astype(np.float64), place, first, last, parts, spans)


def _cut(numbers: NDArray[np.intp], borders: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Rising numbers cut at some borders."""
    places = np.searchsorted(numbers, borders).tolist()
    return [numbers[start:stop] for start, stop in zip(places, places[1:])]


def _mean_places(pieces: _Pieces) -> NDArray[np.complex128]:
    """Mean place in each of TICKS equal shares of each piece's moving time: complex128 (pieces, TICKS), px."""
    moving, first = pieces.moving, pieces.first
    duration = moving[pieces.last] - moving[first]
    borders = moving[first][:, None] + duration[:, None] * _SHARES
    # Distances of places grow with the session; its sums stay exact enough when they start in its middle.
    # Other sessions' places stay zero: numpy would warn of what happens to be in memory.
    centred = np.zeros_like(pieces.place)
    for span in pieces.spans.values():
        place = pieces.place[span]
        np.subtract(place, np.add.reduce(place) / len(place), out=centred[span])
    areas = (centred[1:] + centred[:-1]) / 2 * (moving[1:] - moving[:-1])
    sums = np.zeros_like(centred)
    before = np.empty(borders.shape, np.intp)
    for session, span in pieces.spans.items():
        np.cumsum(areas[span.start : span.stop - 1], out=sums[span.start + 1 : span.stop])
        part = pieces.parts[session]
        found = np.searchsorted(moving[span], borders[part], side="right") - 1
        np.minimum(np.maximum(found, 0), span.stop - span.start - 2, out=before[part])
        before[part] += span.start
    ahead = borders - moving[before]
    length = np.maximum(moving[before + 1] - moving[before], 1.0)
    slope = (centred[before + 1] - centred[before]) / length
    at = sums[before] + centred[before] * ahead + slope * ahead**2 / 2
    return (at[:, 1:] - at[:, :-1]) / (duration[:, None] / TICKS)


def _signs(means: NDArray[np.complex128], parts: Mapping[int, slice]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Signs of the projections, bool (pieces, BITS), and how sure each piece's least sure sign is, float64 (pieces,).

    parts: the pieces of each session. How a product of matrices is rounded can depend on how many rows it has.
    """
    shape = means - means.mean(axis=1, keepdims=True)
    spectrum = np.empty((len(means), COEFFICIENTS), np.complex128)
    for part in parts.values():
        np.matmul(shape[part], _COSINES, out=spectrum[part])
    bands = np.concatenate((spectrum.real, spectrum.imag), axis=1)
    bands /= np.maximum(np.linalg.norm(bands, axis=1, keepdims=True), 1e-9)
    projected = np.empty((len(means), BITS))
    for part in parts.values():
        np.matmul(bands[part], _PROJECTIONS, out=projected[part])
    return projected > 0, np.abs(projected).min(axis=1)


def _surest(start_s: NDArray[np.float64], sureness: NDArray[np.float64]) -> NDArray[np.intp]:
    """Numbers of the pieces that are sure, and the surest of those that start within NEIGHBOURHOOD_S / 2 of them."""
    order = np.argsort(start_s, kind="stable")
    start_s, sureness = start_s[order], sureness[order]
    low = np.searchsorted(start_s, start_s - NEIGHBOURHOOD_S / 2)
    high = np.searchsorted(start_s, start_s + NEIGHBOURHOOD_S / 2, side="right")
    # Pairs of borders for reduceat; only every other result is a neighbourhood's.
    padded = np.concatenate((sureness, [0.0]))
    highest = np.maximum.reduceat(padded, np.stack((low, high), axis=1).ravel())[::2]
    kept = np.flatnonzero((sureness >= SURE) & (sureness >= highest))
    if len(kept) > MAX_HASHES:
        kept = np.sort(kept[np.argsort(-sureness[kept], kind="stable")[:MAX_HASHES]])
    return order[kept]
