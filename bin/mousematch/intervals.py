"""Confidence intervals of error rates, by resampling people.

Trials that share a person are not independent: whoever is easy to recognise is so in every trial. What varies from
person to person is the largest doubt in an error rate, so people are the units that are drawn with replacement, each
with all their trials, as claimed owner and as the one who moved the mouse (the subsets bootstrap of Bolle, Ratha &
Pankanti 2004 and Poh, Martin & Bengio 2007). A trial in which two different people meet counts as often as the product
of how often each of them was drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mousematch.metrics import equal_error_rate

Numbers = NDArray[np.float64]
UNKNOWN = -1
LEVEL = 0.95


@dataclass(frozen=True)
class People:
    """Who is in each trial. claimed, actual: intp (n,), numbers of people from 0; actual is UNKNOWN where nobody knows."""

    claimed: NDArray[np.intp]
    actual: NDArray[np.intp]

    @property
    def count(self) -> int:
        """How many different people there are."""
        everybody = np.union1d(self.claimed, self.actual)
        return int((everybody != UNKNOWN).sum())

    def draws(self, number: int, *, seed: int = 1) -> Iterator[Numbers]:
        """Weights of the trials, float64 (n,), for each of so many draws of people."""
        everybody, place = np.unique(np.concatenate((self.claimed, self.actual)), return_inverse=True)
        claimed, actual = np.split(place, 2)
        strangers = int(everybody[0] == UNKNOWN)
        # Alone: the claimed owner is the only person of the trial, or the only one who is known.
        alone = (claimed == actual) | (self.actual == UNKNOWN)
        random = np.random.default_rng(seed)
        people = len(everybody) - strangers
        for _ in range(number):
            times = np.zeros(len(everybody))
            times[strangers:] = np.bincount(random.integers(0, people, people), minlength=people)
            yield times[claimed] * np.where(alone, 1.0, times[actual])


def bootstrap(statistics: Callable[[Numbers], Numbers], people: People, *, draws: int = 1000, seed: int = 1) -> Numbers:
    """The 95 % percentile interval of each statistic: float64 (2, k), low and high.

    statistics: weights of the trials → float64 (k,). A statistic that a draw does not have (NaN: no genuine trial in it)
    is left out of that draw. NaN where fewer than two people or no draws make an interval.
    """
    if draws < 1 or people.count < 2:
        return np.full((2, len(statistics(np.ones(len(people.claimed))))), math.nan)
    table = np.array([statistics(weights) for weights in people.draws(draws, seed=seed)])
    interval = np.full((2, table.shape[1]), math.nan)
    for column, values in enumerate(table.T):
        values = values[np.isfinite(values)]
        if len(values):
            interval[:, column] = np.percentile(values, (50 - 50 * LEVEL, 50 + 50 * LEVEL))
    return interval


class WeightedRates:
    """AUC and EER of the same scores under many weightings: sorted once, a pass over the trials each time.

    scores: float64 (n,), higher is more genuine. genuine: bool (n,). With weights of 1 they are ``metrics.auc`` and
    ``metrics.eer``.
    """

    def __init__(self, scores: Numbers, genuine: NDArray[np.bool_]) -> None:
        self._order = np.argsort(scores, kind="stable")
        ordered = scores[self._order]
        # Trials of one score are one step of the curve; each step begins where the score changes.
        self._steps = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
        self._genuine = genuine[self._order].astype(np.float64)

    def __call__(self, weights: Numbers) -> tuple[float, float]:
        """AUC and EER, NaN if the weights leave no genuine or no impostor trial."""
        ordered = weights[self._order]
        own = np.add.reduceat(ordered * self._genuine, self._steps)
        other = np.add.reduceat(ordered * (1 - self._genuine), self._steps)
        own_total, other_total = own.sum(), other.sum()
        if own_total <= 0 or other_total <= 0:
            return math.nan, math.nan
        others_up_to = np.cumsum(other)
        auc = float((own * (others_up_to - other / 2)).sum() / (own_total * other_total))
        # At each score as threshold, and above the highest.
        far = 1 - np.concatenate(([0.0], others_up_to)) / other_total
        frr = np.concatenate(([0.0], np.cumsum(own))) / own_total
        return auc, equal_error_rate(far, frr)
