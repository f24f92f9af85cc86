"""Genuine and impostor scores → ROC, AUC, EER, FAR/FRR, calibration.

Scores are similarity scores: higher is more genuine. FAR is the share of impostor scores accepted (score ≥ threshold),
FRR the share of genuine scores rejected (score < threshold). Definitions as in ISO/IEC 19795-1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from mousematch.errors import OptionError

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Roc:
    """FAR and FRR at each threshold: float64 (k,), thresholds rise, FAR falls, FRR rises."""

    thresholds: Scores
    far: Scores
    frr: Scores


def _checked(genuine: object, impostor: object) -> tuple[Scores, Scores]:
    sorted_scores = []
    for name, scores in (("genuine", genuine), ("impostor", impostor)):
        array = np.sort(np.asarray(scores, np.float64).ravel())
        if len(array) == 0 or not np.isfinite(array[[0, -1]]).all():
            raise OptionError(f"Error rates need at least one {name} score, and finite ones; there are {len(array)}.")
        sorted_scores.append(array)
    return sorted_scores[0], sorted_scores[1]


def roc(genuine: object, impostor: object) -> Roc:
    """FAR and FRR at every distinct score, and above the highest one."""
    own, other = _checked(genuine, impostor)
    thresholds = np.append(np.unique(np.concatenate((own, other))), np.inf)
    far = 1.0 - np.searchsorted(other, thresholds, side="left") / len(other)
    frr = np.searchsorted(own, thresholds, side="left") / len(own)
    return Roc(thresholds, far, frr)


def auc(genuine: object, impostor: object) -> float:
    """Probability that a genuine score is above an impostor score, ties count half: 0-1 (Mann & Whitney 1947)."""
    own, other = _checked(genuine, impostor)
    below = np.searchsorted(other, own, side="left").sum(dtype=np.float64)
    not_above = np.searchsorted(other, own, side="right").sum(dtype=np.float64)
    return float((below + not_above) / 2 / (len(own) * len(other)))


def eer(genuine: object, impostor: object) -> float:
    """The error rate where FAR and FRR are equal, interpolated between the two nearest thresholds: 0-1."""
    curve = roc(genuine, impostor)
    return equal_error_rate(curve.far, curve.frr)


def equal_error_rate(far: Scores, frr: Scores) -> float:
    """Where a falling FAR and a rising FRR meet: 0-1. Both at the same thresholds, float64 (k,)."""
    difference = frr - far
    after = int(np.argmax(difference >= 0))
    if after == 0 or difference[after] == 0:
        return float((far[after] + frr[after]) / 2)
    share = -difference[after - 1] / (difference[after] - difference[after - 1])
    return float(far[after - 1] + share * (far[after] - far[after - 1]))


def threshold_at_far(impostor: object, target_far: float) -> float:
    """The lowest threshold that accepts at most this share of the impostor scores; above all of them if it must be."""
    scores = np.sort(np.asarray(impostor, np.float64).ravel())
    allowed = math.floor(target_far * len(scores) + 1e-9)
    if allowed >= len(scores):
        return float(scores[0])
    # All scores up to and including this one are to be rejected.
    return float(np.nextafter(scores[len(scores) - allowed - 1], np.inf))


def log_loss(genuine_llr: object, impostor_llr: object) -> float:
    """Cost of LLRs in bits, Cllr of Brümmer & du Preez 2006: 0 is perfect, 1 says nothing, more than 1 misleads."""
    own, other = _checked(genuine_llr, impostor_llr)
    return float((np.logaddexp(0, -own).mean() + np.logaddexp(0, other).mean()) / 2 / math.log(2))


def brier_score(probabilities: object, genuine: object, weights: object = None) -> float:
    """Mean squared difference between probabilities and what was true (0 or 1): 0-1, lower is better."""
    stated = np.asarray(probabilities, np.float64)
    return float(np.average((stated - np.asarray(genuine, np.float64)) ** 2, weights=_weights(stated, weights)))


@dataclass(frozen=True)
class Reliability:
    """What was stated and what was true, by bins of equal width from 0 to 1: each (bins,).

    weight: share of the trials' weight, sums to 1. stated: mean probability. observed: share of genuine trials. Both NaN
    in a bin without trials. trials: their number.
    """

    weight: Scores
    stated: Scores
    observed: Scores
    trials: NDArray[np.int64]

    @property
    def error(self) -> float:
        """Expected calibration error: mean gap between stated and observed, by weight: 0-1."""
        return float(np.nansum(np.abs(self.stated - self.observed) * self.weight))


def reliability(probabilities: object, genuine: object, weights: object = None, *, bins: int = 10) -> Reliability:
    """The reliability diagram of probabilities of being genuine (Murphy & Winkler 1977)."""
    stated = np.asarray(probabilities, np.float64)
    weight = _weights(stated, weights)
    member = np.minimum((stated * bins).astype(np.int64), bins - 1)
    size = np.bincount(member, weight, bins)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(member, stated * weight, bins) / size
        share = np.bincount(member, np.asarray(genuine, np.float64) * weight, bins) / size
    return Reliability(size / size.sum(), mean, share, np.bincount(member, minlength=bins))


def expected_calibration_error(
    probabilities: object, genuine: object, weights: object = None, *, bins: int = 10
) -> float:
    """Mean gap between stated probability and observed share, over equal-width bins weighted by size: 0-1."""
    return reliability(probabilities, genuine, weights, bins=bins).error


def weights_at_prior(genuine: object, prior: float) -> Scores:
    """Weights with which trials count as if this share of them were genuine: float64 (n,), sum n.

    A calibrated probability holds for one prior. Trials of an evaluation are mostly impostors; weighed so, they test
    what is stated at the prior in use.
    """
    own = np.asarray(genuine, bool)
    share = own.mean()
    return np.where(own, prior / share if share else 0.0, (1 - prior) / (1 - share) if share < 1 else 0.0)


def normal_deviate(rates: object) -> Scores:
    """Error rates as normal deviates, the axes of a DET curve (Martin et al. 1997); NaN for rates of 0 and 1."""
    normal = NormalDist()
    values = np.asarray(rates, np.float64)
    return np.array([normal.inv_cdf(rate) if 0 < rate < 1 else math.nan for rate in values.tolist()])


def thinned(curve: Roc, points: int) -> Roc:
    """The curve with about so many points, spread along its length on plain and on DET axes; the ends stay."""
    if len(curve.far) <= points:
        return curve
    # Twelve standard deviations of axis for each of the rates: what is beyond is clipped, not stretched.
    floor = 1e-6
    plain = np.hypot(np.diff(curve.far), np.diff(curve.frr))
    far, frr = (normal_deviate(np.clip(rates, floor, 1 - floor)) for rates in (curve.far, curve.frr))
    way = np.cumsum(np.concatenate(([0.0], plain / plain.sum() + np.hypot(np.diff(far), np.diff(frr)) / 6)))
    chosen = np.searchsorted(way, np.linspace(0, way[-1], points))
    chosen = np.unique(np.minimum(np.append(chosen, (0, len(way) - 1)), len(way) - 1))
    return Roc(curve.thresholds[chosen], curve.far[chosen], curve.frr[chosen])


def _weights(stated: Scores, weights: object) -> Scores:
    return np.ones(len(stated)) if weights is None else np.asarray(weights, np.float64)
