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

import numpy as np
from numpy.typing import NDArray

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
    state, numbers = 20_260_101, []
    for _ in range(2 * COEFFICIENTS * BITS * 4):
        state = (state * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % 2**64
        numbers.append((state >> 33) / 2**31 - 0.5)
    # A sum of four uniform numbers is near enough to a normal one.
    return np.array(numbers).reshape(2 * COEFFICIENTS, BITS, 4).sum(axis=2)


_SHARES = np.linspace(0, 1, TICKS + 1)
_ticks = (np.arange(TICKS) + 0.5) / TICKS
# Weighted by the order: the spectrum of a path falls about as its square.
_orders = np.arange(1, COEFFICIENTS + 1)
_COSINES = np.cos(np.pi * np.outer(_ticks, _orders)) * _orders**1.5
_PROJECTIONS = _projections()
_POWERS = 1 << np.arange(BITS, dtype=np.int64)


def path_hashes(points: Points) -> list[str]:
    """The hashes of a session's ordered points, in the order of their pieces; at most MAX_HASHES."""
    moved = points.kind <= DRAG
    time_us, presses = points.time_us[moved], np.flatnonzero(points.kind[moved] == DOWN)
    if len(time_us) < MIN_EVENTS:
        return []
    steps = time_us[1:] - time_us[:-1]
    pauses = np.flatnonzero(steps > PAUSE_US) + 1
    first = np.concatenate((presses[:-PRESSES], pauses[:-PAUSES]))
    last = np.concatenate((presses[PRESSES:], pauses[PAUSES:] - 1))
    if not len(first):
        return []
    moving = np.concatenate(([0], np.cumsum(np.minimum(steps, GAP_CAP_US)))).astype(np.float64)
    place = points.x[moved].astype(np.float64) + 1j * points.y[moved].astype(np.float64)
    usable = (last - first >= MIN_EVENTS) & (moving[last] - moving[first] >= MIN_MOVING_US)
    first, last = first[usable], last[usable]
    if not len(first):
        return []
    means = _mean_places(moving, place, first, last)
    signs, sureness = _signs(means)
    spread = means.std(axis=1)
    sureness = np.where(spread >= MIN_SPREAD_PX, sureness, 0.0)
    kept = _surest(time_us[first] / 1e6, sureness)
    numbers = (signs[kept] * _POWERS).sum(axis=1)
    return list(dict.fromkeys(f"{number:012x}" for number in numbers.tolist()))


def _mean_places(
    moving: NDArray[np.float64], place: NDArray[np.complex128], first: NDArray[np.intp], last: NDArray[np.intp]
) -> NDArray[np.complex128]:
    """Mean place in each of TICKS equal shares of each piece's moving time: complex128 (pieces, TICKS), px."""
    duration = moving[last] - moving[first]
    borders = moving[first][:, None] + duration[:, None] * _SHARES
    # Distances of places grow with the session; its sums stay exact enough when they start in its middle.
    centred = place - place.mean()
    sums = np.concatenate(([0], np.cumsum((centred[1:] + centred[:-1]) / 2 * (moving[1:] - moving[:-1]))))
    before = np.clip(np.searchsorted(moving, borders, side="right") - 1, 0, len(moving) - 2)
    ahead = borders - moving[before]
    length = np.maximum(moving[before + 1] - moving[before], 1.0)
    slope = (centred[before + 1] - centred[before]) / length
    at = sums[before] + centred[before] * ahead + slope * ahead**2 / 2
    return (at[:, 1:] - at[:, :-1]) / (duration[:, None] / TICKS)


def _signs(means: NDArray[np.complex128]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Signs of the projections, bool (pieces, BITS), and how sure each piece's least sure sign is, float64 (pieces,)."""
    spectrum = (means - means.mean(axis=1, keepdims=True)) @ _COSINES
    parts = np.concatenate((spectrum.real, spectrum.imag), axis=1)
    parts /= np.maximum(np.linalg.norm(parts, axis=1, keepdims=True), 1e-9)
    projected = parts @ _PROJECTIONS
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
