"""Scored trials with a truth → error rates, curves, calibration, as rows of results.

A *trial* is one score of one session against one claimed owner; it is genuine if the claimed owner moved the mouse. Here
trials are arrays; which rows of a search are trials, ``splunk/evaluating.py`` decides.

Definitions as in ISO/IEC 19795-1: FAR is the share of impostor trials accepted, FRR the share of genuine ones rejected.
The cost of LLRs (Cllr), Brier score and calibration error weigh genuine and impostor trials so that the genuine ones make
up the prior, because a probability is calibrated for one prior and trials are mostly impostors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mousematch import intervals, metrics
from mousematch.intervals import Numbers, People, WeightedRates
from mousematch.matching import log_odds

LLR, PROBABILITY, PLAIN = "llr", "probability", "none"
# A probability of 0 or 1 has no finite LLR; mousescore shows none beyond these.
_SURE = 1e-6
# Decisions: of a trial that was accepted, rejected, or neither (too little movement to say).
REJECTED, ACCEPTED, UNDECIDED = 0, 1, 2


@dataclass(frozen=True)
class Trials:
    """Trials of one group, one entry each: float64, bool, People, uint8 (n,).

    scores: finite, higher is more genuine. scale: what they are: LLR, PROBABILITY (made with a prior of 0.5) or PLAIN.
    decisions: REJECTED, ACCEPTED or UNDECIDED at the threshold in use.
    """

    scores: Numbers
    genuine: NDArray[np.bool_]
    people: People
    decisions: NDArray[np.uint8]
    scale: str = LLR

    def llrs(self) -> Numbers | None:
        """The scores as natural LLRs; None if they are on no scale."""
        if self.scale == LLR:
            return self.scores
        if self.scale == PROBABILITY:
            sure = np.clip(self.scores, _SURE, 1 - _SURE)
            return np.asarray(np.log(sure / (1 - sure)))
        return None

    def lacks(self) -> str:
        """What keeps these trials from having error rates, as a sentence; empty if nothing does."""
        if self.genuine.any() and not self.genuine.all():
            return ""
        missing = "impostor" if self.genuine.any() else "genuine"
        return f"There is no {missing} trial among {len(self.scores)}; error rates need both kinds."


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval by people; NaN where it or its interval does not exist."""

    value: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True)
class OperatingPoint:
    """Error rates of all decisions at one threshold. Undecided trials are in neither rate."""

    far: Estimate
    frr: Estimate
    false_accepts: int
    false_rejects: int
    undecided: int


@dataclass(frozen=True)
class Target:
    """The threshold of a target FAR, chosen on these trials, and its FRR; NaN if there are too few impostor trials."""

    far: float
    threshold: float
    frr: float


@dataclass(frozen=True)
class Summary:
    """All figures of one group of trials. prior: of cllr's no matter; of brier and ece."""

    genuine: int
    impostor: int
    people: int
    auc: Estimate
    eer: Estimate
    cllr: Estimate
    prior: float
    brier: float
    ece: float
    at_threshold: OperatingPoint
    targets: tuple[Target, ...]


def summary(trials: Trials, *, targets: Sequence[float], prior: float | None, draws: int) -> Summary:
    """The figures. prior: None for the share of genuine trials as they are. Only for trials that lack nothing."""
    own, others = trials.scores[trials.genuine], trials.scores[~trials.genuine]
    rates = WeightedRates(trials.scores, trials.genuine)
    impostor = ~trials.genuine
    accepted, rejected = trials.decisions == ACCEPTED, trials.decisions == REJECTED
    costs = _costs(trials)
    # Shares and means are quotients of weighted sums: one product of matrices a draw.
    kinds = (accepted & impostor, rejected & impostor, accepted & trials.genuine, rejected & trials.genuine)
    parts = np.column_stack([*kinds, trials.genuine, impostor, costs * trials.genuine, costs * impostor])

    def statistics(weights: Numbers) -> Numbers:
        false_accept, true_reject, true_accept, false_reject, owns, other, own_cost, other_cost = (
            weights @ parts
        ).tolist()
        return np.array(
            [
                *rates(weights),
                (_quotient(own_cost, owns) + _quotient(other_cost, other)) / 2,
                _quotient(false_accept, false_accept + true_reject),
                _quotient(false_reject, false_reject + true_accept),
            ]
        )

    values = statistics(np.ones(len(trials.scores)))
    low, high = intervals.bootstrap(statistics, trials.people, draws=draws)
    auc, eer, cllr, far, frr = (Estimate(*map(float, three)) for three in zip(values, low, high))
    calibration = reliability(trials, prior=prior)
    stated, weights = _stated(trials, prior)
    return Summary(
        genuine=len(own),
        impostor=len(others),
        people=trials.people.count,
        auc=auc,
        eer=eer,
        cllr=cllr,
        prior=_prior(trials, prior),
        brier=math.nan if stated is None else metrics.brier_score(stated, trials.genuine, weights),
        ece=math.nan if calibration is None else calibration.error,
        at_threshold=OperatingPoint(
            far=far,
            frr=frr,
            false_accepts=int((accepted & impostor).sum()),
            false_rejects=int((rejected & trials.genuine).sum()),
            undecided=int((~accepted & ~rejected).sum()),
        ),
        targets=tuple(_target(own, others, far) for far in targets),
    )


def curve(trials: Trials, points: int) -> metrics.Roc:
    """The trials' ROC with about so many points."""
    whole = metrics.roc(trials.scores[trials.genuine], trials.scores[~trials.genuine])
    return metrics.thinned(whole, points)


def reliability(trials: Trials, *, prior: float | None, bins: int = 10) -> metrics.Reliability | None:
    """Stated against observed probability at that prior; None if the scores are on no scale."""
    stated, weights = _stated(trials, prior)
    return None if stated is None else metrics.reliability(stated, trials.genuine, weights, bins=bins)


def histogram_edges(scores: Numbers, bins: int) -> Numbers:
    """Borders of bins of equal width over all scores: float64 (bins + 1,)."""
    low, high = float(scores.min()), float(scores.max())
    return np.linspace(low, high if high > low else low + 1, bins + 1)


def _prior(trials: Trials, prior: float | None) -> float:
    return float(trials.genuine.mean()) if prior is None else prior


def _stated(trials: Trials, prior: float | None) -> tuple[Numbers | None, Numbers]:
    """Probability of being genuine at the prior, and the weights with which the trials stand for that prior."""
    share = _prior(trials, prior)
    weights = metrics.weights_at_prior(trials.genuine, share)
    llrs = trials.llrs()
    if llrs is None:
        return None, weights
    return 1 / (1 + np.exp(-np.clip(llrs + log_odds(share), -500, 500))), weights


def _costs(trials: Trials) -> Numbers:
    """What each trial's LLR costs, in bits; NaN if the scores are on no scale. Cllr is the mean of both kinds' means."""
    llrs = trials.llrs()
    if llrs is None:
        return np.full(len(trials.scores), math.nan)
    return np.asarray(np.logaddexp(0, np.where(trials.genuine, -llrs, llrs)) / math.log(2))


def _quotient(part: float, whole: float) -> float:
    return part / whole if whole > 0 else math.nan


def _target(own: Numbers, others: Numbers, far: float) -> Target:
    if far * len(others) < 1:
        # Even one accepted impostor would be more: these trials cannot tell.
        return Target(far, math.nan, math.nan)
    threshold = metrics.threshold_at_far(others, far)
    return Target(far, threshold, float((own < threshold).mean()))
