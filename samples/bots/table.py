"""The detector's measurement: one row a generator that it had not seen, one row a set of people that it had not seen.

People weigh the same within a data set, and the data sets the same; intervals are bootstraps over people and over bots'
sessions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samples.bots.learning import Sessions, balanced

FALSE_ALARMS = 0.01
DRAWS = 400
LEVELS = (0.5, 0.9, 0.99)


@dataclass(frozen=True)
class Figures:
    """AUC and detection rate at FALSE_ALARMS of the people, each (value, lowest, highest) of its 95 % interval."""

    auc: tuple[float, float, float]
    detected: tuple[float, float, float]


def weighted_auc(people: NDArray[np.float64], weights: NDArray[np.float64], bots: NDArray[np.float64]) -> float:
    """Probability that a bot's score is above a person's, ties half: scores (n,), weights (n,), scores (m,)."""
    order = np.argsort(people)
    below = np.concatenate(([0.0], np.cumsum(weights[order]))) / weights.sum()
    first, last = (np.searchsorted(people[order], bots, side=side) for side in ("left", "right"))
    return float((below[first] + below[last]).mean() / 2)


def detection_rate(people: NDArray[np.float64], weights: NDArray[np.float64], bots: NDArray[np.float64]) -> float:
    """Share of bots above the score that FALSE_ALARMS of the people's weight exceeds at most."""
    order = np.argsort(people)[::-1]
    alarms = np.cumsum(weights[order]) / weights.sum()
    allowed = int(np.searchsorted(alarms, FALSE_ALARMS, side="right"))
    return float((bots > people[order[min(allowed, len(order) - 1)]]).mean())


def figures(people: Sessions, people_scores: NDArray[np.float64], bot_scores: NDArray[np.float64]) -> Figures:
    """The figures of one generator against people, with intervals by person and bot session."""
    rng = np.random.default_rng(9)
    weights = balanced(people, people)[: len(people)]
    draws = []
    for _ in range(DRAWS):
        drawn = weights * _drawn_people(people, rng)
        bots = rng.choice(bot_scores, len(bot_scores))
        draws.append((weighted_auc(people_scores, drawn, bots), detection_rate(people_scores, drawn, bots)))
    low, high = np.percentile(np.array(draws), (2.5, 97.5), axis=0)
    auc, detected = (
        weighted_auc(people_scores, weights, bot_scores),
        detection_rate(people_scores, weights, bot_scores),
    )
    return Figures((auc, low[0], high[0]), (detected, low[1], high[1]))


def alarm_rates(people: Sessions, probabilities: NDArray[np.float64]) -> list[tuple[float, float, float]]:
    """Share of the pieces at or above each of LEVELS, people equally, with the interval by person."""
    rng = np.random.default_rng(10)
    weights = balanced(people, people)[: len(people)]
    draws = [weights * _drawn_people(people, rng) for _ in range(DRAWS)]
    rates = []
    for level in LEVELS:
        above = probabilities >= level
        drawn = [float((above * draw).sum() / draw.sum()) for draw in draws]
        low, high = np.percentile(drawn, (2.5, 97.5))
        rates.append((float((above * weights).sum() / weights.sum()), float(low), float(high)))
    return rates


def _drawn_people(people: Sessions, rng: np.random.Generator) -> NDArray[np.float64]:
    """How often each piece is in a draw of people with replacement, within each data set."""
    times = np.zeros(len(people))
    for group in np.unique(people.group):
        inside = people.group == group
        persons, number = np.unique(people.person[inside], return_inverse=True)
        times[inside] = rng.multinomial(len(persons), np.full(len(persons), 1 / len(persons)))[number]
    return times


def as_text(value: tuple[float, float, float], *, digits: int = 3, percent: bool = False) -> str:
    """A value with its interval: ``0.987 (0.975–0.995)``."""
    if percent:
        return f"{100 * value[0]:.1f} % ({100 * value[1]:.1f}–{100 * value[2]:.1f})"
    return f"{value[0]:.{digits}f} ({value[1]:.{digits}f}–{value[2]:.{digits}f})"
