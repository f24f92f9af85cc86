"""Held-out trials sorted by how much evidence they had, and the score that a given share of them lies beyond.

Rates are those of order statistics: of the next trial, with n others like it seen, the chance to lie beyond the k-th
highest of these is k / (n + 1), whatever their distribution. It is never 0, because no sample shows that.

That holds for trials that are independent, and those of one person are not: the extreme scores of a dozen people are those
of one or two of them, and the next dozen has others. So where it is known whose the trials are, each pair of people is put
before a cut that was chosen without the two (the jackknife), and the share is lowered until the pairs keep what was asked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# A level with fewer trials than this is joined to its neighbour: its 5 % quantile would be one trial's whim.
LEVEL_TRIALS = 30
# Less evidence than this has no logarithm worth telling apart.
SHORTEST_S = 0.1
# Shares that are tried, of the one that is asked for.
_SHARES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
# Pairs × trials of a jackknife; with more, every second pair is asked, or every third, and so on.
_MOST_CELLS = 1_000_000

_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Level:
    """Trials with about the same amount of evidence.

    log_s: mean logarithm of their seconds. llr: float64 (n,), rising. owner, mover: int64 (n,), who was claimed and who
    moved the mouse, any numbers; None where it is not known.
    """

    log_s: float
    llr: _Floats
    owner: NDArray[np.int64] | None = None
    mover: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Cut:
    """A threshold on the LLR. inflation: by how much more trials of new people err at it than its own trials do, ≥ 1."""

    threshold: float
    inflation: float = 1.0


def levels(
    llr: NDArray[np.floating],
    seconds: NDArray[np.floating],
    owner: NDArray[np.integer] | None = None,
    mover: NDArray[np.integer] | None = None,
) -> tuple[Level, ...]:
    """One level for each doubling of the active seconds, from short to long; at least LEVEL_TRIALS in each, or but one.

    Sessions are cut to lengths that double, so that a level holds pieces of about one length, which do not overlap.
    """
    log_s = np.log(np.maximum(np.asarray(seconds, np.float64), SHORTEST_S))
    octave = np.round(log_s / math.log(2.0))
    order = np.argsort(octave, kind="stable")
    ends = [*(np.flatnonzero(np.diff(octave[order])) + 1), len(order)]
    stops: list[int] = []
    for end in ends:
        if end - (stops[-1] if stops else 0) >= LEVEL_TRIALS:
            stops.append(int(end))
    # A short rest belongs to the last level; where all is short there is but one.
    stops = [*stops[:-1], len(order)]
    found = []
    for start, stop in zip([0, *stops[:-1]], stops):
        members = order[start:stop]
        members = members[np.argsort(llr[members], kind="stable")]
        whose = (None if people is None else people[members].astype(np.int64) for people in (owner, mover))
        found.append(Level(float(log_s[members].mean()), llr[members].astype(np.float64), *whose))
    return tuple(found)


def far_cut(level: Level, target_far: float) -> Cut:
    """The lowest threshold at which at most this share of impostors is expected to be accepted.

    level: of impostors. Where it holds too few for the target: just above the highest of them.
    """
    cut, inflation = _cut(level.llr[::-1], target_far, *_reversed(level))
    return Cut(float(np.nextafter(cut, np.inf)), inflation)


def frr_cut(level: Level, target_frr: float) -> Cut:
    """The highest threshold at which at most this share of genuine sessions is expected to raise an alert.

    level: of genuine trials. Where it holds too few for the target: the lowest of them.
    """
    cut, inflation = _cut(-level.llr, target_frr, level.owner, level.mover)
    return Cut(-cut, inflation)


def _reversed(level: Level) -> tuple[NDArray[np.int64] | None, NDArray[np.int64] | None]:
    if level.owner is None or level.mover is None:
        return None, None
    return level.owner[::-1], level.mover[::-1]


def _cut(
    bad: _Floats, target: float, owner: NDArray[np.int64] | None, mover: NDArray[np.int64] | None
) -> tuple[float, float]:
    """The value that trials of new people lie above with the target's chance, and the inflation. bad: falling."""
    n = len(bad)
    if owner is None or mover is None:
        return float(bad[_rank(target, n)]), 1.0
    jackknife = _Jackknife(bad, owner, mover, target)
    for share in _SHARES:
        rank = _rank(target * share, n)
        rate = jackknife.rate(target * share)
        if rate <= target or rank == 0:
            break
    return float(bad[rank]), max(1.0, rate * (n + 1) / (rank + 1))


def _rank(target: float, n: NDArray[np.int64] | int) -> Any:
    """Which of n falling values is the cut: with k above it, the next trial is so with a chance of (k + 1) / (n + 1)."""
    return np.clip(np.floor(target * (n + 1) + 1e-9).astype(np.int64) - 1, 0, np.maximum(n - 1, 0))


class _Jackknife:
    """Cuts chosen without the two people of a trial. bad: falling. largest: the highest target that will be asked."""

    def __init__(self, bad: _Floats, owner: NDArray[np.int64], mover: NDArray[np.int64], largest: float) -> None:
        n = len(bad)
        people, numbers = np.unique(np.stack((owner, mover)), return_inverse=True)
        low, high = np.sort(numbers.reshape(2, n), axis=0)
        pairs, which, of_pair = np.unique(low * len(people) + high, return_inverse=True, return_counts=True)
        first, second = pairs // len(people), pairs % len(people)
        of_person = np.bincount(low, minlength=len(people)) + np.bincount(
            high, weights=high != low, minlength=len(people)
        ).astype(np.int64)
        size = n - np.where(first == second, of_person[first], of_person[first] + of_person[second] - of_pair)
        # No cut lies deeper than this, however many of the trials before it belong to the two.
        depth = min(n, int(_rank(largest, n)) + 2 + int((n - size).max()))
        step = max(1, math.ceil(len(pairs) * depth / _MOST_CELLS))
        asked = which % step == 0
        self._bad, self._tried, self._which = bad, bad[asked], which[asked] // step
        self._size, first, second = size[::step], first[::step, None], second[::step, None]
        low, high = low[:depth], high[:depth]
        others = (low != first) & (low != second) & (high != first) & (high != second)
        self._seen = np.cumsum(others, axis=1, dtype=np.int32)

    def rate(self, target: float) -> float:
        """Share of the trials that lie above the cut for this target that the others would have chosen."""
        wanted = _rank(target, self._size) + 1
        place = (self._seen < wanted[:, None]).sum(axis=1)
        # Without any other people there is nothing to choose from: everything may lie above.
        cuts = np.where(self._size > 0, self._bad[np.minimum(place, len(self._bad) - 1)], -np.inf)
        return float((self._tried > cuts[self._which]).mean())
