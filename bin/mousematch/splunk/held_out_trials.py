"""A model version's held-out trials as search results: what its error rates are made of."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mousematch import matching
from mousematch.errors import ModelError
from mousematch.evidence_levels import levels
from mousematch.policy import Decider, HeldOut, decider
from mousematch.registry import ModelVersion
from mousematch.settings import Settings
from mousematch.splunk.chunks import Columns


def rows(model: ModelVersion, settings: Settings, *, policy: str | None = None) -> Columns:
    """One row per trial, genuine ones first: who was claimed, who moved, the score, and what a policy makes of it.

    policy: the stanza [policy:<name>] that decides, by default the configured one. Raises OptionError if there is no such
    policy, and ModelError if the version was published without held-out trials.
    """
    trials = model.held_out()
    if trials is None:
        raise ModelError(
            f"Model {model.reference} has no held-out scores (errors.npz); publish the model again with them, or name "
            "another model."
        )
    name, prior = policy or settings.matching.policy, settings.matching.prior
    deciding = decider(settings.policy(name), prior=prior, trials=trials, model=model.reference)
    llr = np.concatenate([trials.genuine_llr, trials.impostor_llr]).astype(np.float64)
    seconds = np.concatenate([trials.genuine_s, trials.impostor_s]).astype(np.float64)
    count, genuine = len(llr), len(trials.genuine_llr)
    return Columns(
        {
            "model": [model.reference] * count,
            "genuine": ["1"] * genuine + ["0"] * (count - genuine),
            **_people(trials),
            "match_llr": [f"{value:.4f}" for value in llr],
            "match_score": [f"{matching.probability(value, prior):.6f}" for value in llr.tolist()],
            "match_evidence_s": [f"{value:.3f}" for value in seconds],
            "evidence_level": _levels(trials, seconds),
            "match_policy": [name] * count,
            **_decided(deciding, llr, seconds, prior=prior),
        }
    )


def _people(trials: HeldOut) -> dict[str, list[str]]:
    """user: who was claimed. moved_by: who moved the mouse. Empty where the version does not tell."""
    owners, movers = trials.genuine_owner, trials.impostor_mover
    if owners is None or movers is None or trials.impostor_owner is None:
        nobody = [""] * (len(trials.genuine_llr) + len(trials.impostor_llr))
        return {"user": nobody, "moved_by": list(nobody)}
    claimed = np.concatenate([owners, trials.impostor_owner]).tolist()
    moved = np.concatenate([owners, movers]).tolist()
    return {"user": [f"person {number}" for number in claimed], "moved_by": [f"person {number}" for number in moved]}


def _levels(trials: HeldOut, seconds: NDArray[np.float64]) -> list[str]:
    """Of each trial the mean seconds of the level of evidence that it is nearest to, in whole seconds."""
    centres = np.array([level.log_s for level in levels(trials.impostor_llr, trials.impostor_s)])
    nearest = np.abs(np.log(np.maximum(seconds, 0.1))[:, None] - centres[None, :]).argmin(axis=1)
    return [f"{math.exp(centre):.0f}" for centre in centres[nearest].tolist()]


def _decided(
    deciding: Decider, llr: NDArray[np.float64], seconds: NDArray[np.float64], *, prior: float
) -> dict[str, list[str]]:
    thresholds = deciding.thresholds(seconds)
    least = deciding.policy.min_evidence_s
    numbers: dict[str, Any] = {
        "match_far": deciding.far(thresholds, seconds),
        "match_frr": deciding.frr(thresholds, seconds),
    }
    return {
        "match_threshold": [f"{matching.probability(value, prior):.6g}" for value in thresholds.tolist()],
        "match_verdict": [
            matching.verdict(score, evidence_s=evidence, threshold=threshold, min_evidence_s=least)
            for score, evidence, threshold in zip(llr.tolist(), seconds.tolist(), thresholds.tolist())
        ],
        **{name: [f"{value:.3g}" for value in values] for name, values in numbers.items()},
    }
