"""Genuine and impostor scores → ROC, AUC, EER, FAR/FRR, calibration.

Scores are similarity scores: higher is more genuine. FAR is the share of impostor scores accepted (score ≥ threshold),
FRR the share of genuine scores rejected (score < threshold). Definitions as in ISO/IEC 19795-1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

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
    difference = curve.frr - curve.far
    after = int(np.argmax(difference >= 0))
    if after == 0 or difference[after] == 0:
        return float((curve.far[after] + curve.frr[after]) / 2)
    share = -difference[after - 1] / (difference[after] - difference[after - 1])
    return float(curve.far[after - 1] + share * (curve.far[after] - curve.far[after - 1]))


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


def brier_score(probabilities: object, genuine: object) -> float:
    """Mean squared difference between probabilities and what was true (0 or 1): 0-1, lower is better."""
    stated = np.asarray(probabilities, np.float64)
    return float(np.mean((stated - np.asarray(genuine, np.float64)) ** 2))


def expected_calibration_error(probabilities: object, genuine: object, *, bins: int = 10) -> float:
    """Mean gap between stated probability and observed share, over equal-width bins weighted by size: 0-1."""
    stated = np.asarray(probabilities, np.float64)
    true = np.asarray(genuine, np.float64)
    member = np.minimum((stated * bins).astype(np.int64), bins - 1)
    size = np.bincount(member, minlength=bins)
    gap = np.abs(np.bincount(member, stated, bins) - np.bincount(member, true, bins))
    return float(gap.sum() / size.sum())
