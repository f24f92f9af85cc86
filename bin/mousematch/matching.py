"""Embeddings × templates → log-likelihood ratio → match score → verdict.

As in speaker verification: the template is the mean direction of the owner's embeddings; a window's similarity to it is
normalised against the nearest of a cohort of other people (adaptive symmetric score normalisation, Auckenthaler et al.
2000, Matějka et al. 2017); a line fitted on people whom the network has not seen turns it into a log-likelihood ratio
(logistic calibration, Brümmer & du Preez 2006); the windows of a session are fused as correlated evidence.

Arrays in, arrays out: no files, no clock, no logging. Natural logarithms throughout.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mousematch.errors import ModelError, TemplateError

_Number = Any  # a number, or float64 (sessions,)

MATCH, MISMATCH, INSUFFICIENT, NOT_ENROLLED = "match", "mismatch", "insufficient", "not_enrolled"
# A standard deviation below this is numerical noise (a cohort of identical embeddings), not a scale.
_MIN_SPREAD = 1e-3
# How many of the cohort count, the most alike: people at the same kind of device and task are the ones to stand out
# from, and a cohort may hold several kinds.
NEAREST = 20
# exp of more than this overflows nothing and is certainty for any purpose.
_MAX_LLR = 50.0


@dataclass(frozen=True)
class Backend:
    """What turns similarities into LLRs; it belongs to one model version and is fitted on held-out users.

    cohort: float32 (people, d), unit length, one embedding per cohort member.
    scale, offset: LLR of one window = scale * normalised similarity + offset.
    correlation: how alike the windows of one session are, 0 (independent) to 1 (the same evidence again).
    lapse: the share of genuine sessions that look like somebody else's, 0-1: another device, another hand, another seat.
    """

    cohort: NDArray[np.float32]
    scale: float
    offset: float
    correlation: float
    lapse: float = 0.0

    @classmethod
    def from_card(cls, card: Mapping[str, object], cohort: NDArray[np.float32]) -> Backend:
        """The back-end as a model card's ``backend`` states it. Raises ModelError if a number is missing."""
        try:
            numbers = [float(str(card[name])) for name in ("scale", "offset", "correlation")]
            numbers.append(float(str(card.get("lapse", 0.0))))
        except (KeyError, ValueError) as exc:
            raise ModelError(f"The model card's backend lacks a usable {exc}; publish the model again.") from exc
        if cohort.ndim != 2 or len(cohort) < 2:
            raise ModelError(f"The model's cohort has the shape {cohort.shape}; it needs at least two people.")
        return cls(cohort.astype(np.float32), *numbers)

    def card(self) -> dict[str, float]:
        """What from_card reads, for a model card."""
        return {name: getattr(self, name) for name in ("scale", "offset", "correlation", "lapse")}


def mean_direction(embeddings: NDArray[np.floating]) -> NDArray[np.float32]:
    """The template of a person: the mean of unit-length embeddings, at unit length again: (n, d) → (d,).

    Raises TemplateError if there are none, if they are not finite, or if they cancel out.
    """
    if len(embeddings) == 0:
        raise TemplateError("There is no embedding to make a template from; enroll sessions that have images.")
    mean = np.asarray(embeddings, np.float32).mean(axis=0)
    length = float(np.linalg.norm(mean))
    if not math.isfinite(length) or length < 1e-6:
        raise TemplateError("The embeddings have no common direction; enroll other sessions.")
    return (mean / np.float32(length)).astype(np.float32)


def normalised_similarity(
    embeddings: NDArray[np.floating], template: NDArray[np.floating], cohort: NDArray[np.floating]
) -> NDArray[np.float32]:
    """Similarity to the template in standard deviations above the cohort's: (n, d), (d,), (people, d) → (n,).

    The mean of two views: how far the template stands out for this window among the NEAREST people of the cohort, and
    how far this window stands out for this template.
    """
    similarity = np.asarray(embeddings, np.float32) @ np.asarray(template, np.float32)
    window_mean, window_spread = _nearest(np.asarray(embeddings, np.float32) @ np.asarray(cohort, np.float32).T)
    template_mean, template_spread = _nearest((np.asarray(cohort, np.float32) @ np.asarray(template, np.float32))[None])
    by_window = (similarity - window_mean) / window_spread
    by_template = (similarity - template_mean) / template_spread
    return ((by_window + by_template) / 2).astype(np.float32)


def _nearest(similarity: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and spread of the NEAREST highest similarities of each row: (n, people) → (n,) and (n,)."""
    if similarity.shape[1] > NEAREST:
        similarity = np.partition(similarity, -NEAREST, axis=1)[:, -NEAREST:]
    return similarity.mean(axis=1), np.maximum(similarity.std(axis=1), np.float32(_MIN_SPREAD))


def window_llrs(
    embeddings: NDArray[np.floating], template: NDArray[np.floating], backend: Backend
) -> NDArray[np.float32]:
    """LLR of each window alone, that the template's owner moved the mouse: (n, d) and (d,) → (n,)."""
    similarity = normalised_similarity(embeddings, template, backend.cohort)
    return (np.float32(backend.scale) * similarity + np.float32(backend.offset)).astype(np.float32)


def fuse(llrs: Sequence[float] | NDArray[np.floating], backend: Backend) -> float:
    """LLR of a session from the LLRs of its windows: their mean times how many independent windows they are worth."""
    n = len(llrs)
    if n == 0:
        raise TemplateError("There is no window to fuse; a score needs at least one.")
    return float(fused(np.mean(np.asarray(llrs, np.float64)), n, backend))


def fused(mean_llr: _Number, windows: _Number, backend: Backend) -> _Number:
    """LLR of a session from the mean LLR of so many windows; numbers, or arrays with one number a session.

    n windows with correlation r count as n / (1 + (n - 1) r) independent ones (the effective sample size under equal
    pairwise correlation). So more windows give more certainty, but never more than 1 / r windows' worth.

    However unlike a session is, with the probability ``lapse`` it is the owner's on a day unlike others: a genuine session
    is then no less likely than that share of an impostor's. So no session speaks against the owner by more than ln(lapse).
    """
    effective = windows / (1.0 + (windows - 1) * backend.correlation)
    llr = np.clip(mean_llr * effective, -_MAX_LLR, _MAX_LLR)
    if backend.lapse > 0:
        llr = np.logaddexp(llr + math.log1p(-backend.lapse), math.log(backend.lapse))
    return llr


def probability(llr: float, prior: float = 0.5) -> float:
    """Probability that the owner moved the mouse, from the LLR and the prior probability of it: 0-1."""
    return 1.0 / (1.0 + math.exp(-llr - log_odds(prior)))


def log_odds(share: float) -> float:
    """Natural logarithm of the odds of a probability strictly between 0 and 1."""
    return math.log(share / (1.0 - share))


def verdict(score: float, *, evidence_s: float, threshold: float, min_evidence_s: float) -> str:
    """MATCH or MISMATCH by the threshold on the match score, or INSUFFICIENT if there was too little movement."""
    if evidence_s < min_evidence_s:
        return INSUFFICIENT
    return MATCH if score >= threshold else MISMATCH


def consistency(embeddings_by_session: Sequence[NDArray[np.floating]], backend: Backend) -> float:
    """How well each session matches a template made of the other ones: the lowest mean window LLR among the sessions.

    A genuine set is positive throughout; one foreign session among them shows as a strongly negative value. A single
    session is split into its two halves. Raises TemplateError if there are fewer than two windows.
    """
    parts = [np.asarray(part, np.float32) for part in embeddings_by_session if len(part)]
    if len(parts) == 1 and len(parts[0]) > 1:
        half = len(parts[0]) // 2
        parts = [parts[0][:half], parts[0][half:]]
    if len(parts) < 2:
        raise TemplateError("One window cannot be consistent with itself; enroll at least two.")
    lowest = math.inf
    for left_out, part in enumerate(parts):
        others = np.concatenate([other for index, other in enumerate(parts) if index != left_out])
        lowest = min(lowest, float(window_llrs(part, mean_direction(others), backend).mean()))
    return lowest
