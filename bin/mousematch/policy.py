"""Policy × held-out scores → the threshold for each amount of evidence, and the error rates to expect there.

    held-out trials ─▶ levels of evidence ─┬─ target FAR ───▶ from impostor LLRs ──┐
                                           ├─ alert budget ─▶ from genuine LLRs ───┼─▶ threshold(evidence) ─▶ FAR, FRR
                                           └─ threshold ───────────────────────────┘

A session whose LLR is below the threshold is a mismatch, which is an alert. FAR is the share of impostor sessions that are
accepted, FRR the share of genuine sessions that raise an alert (ISO/IEC 19795-1).

LLRs spread with evidence: the same threshold means another FAR after ten seconds than after a minute. So trials are
sorted into levels of evidence, one for each doubling of the active seconds, and what is read off them is interpolated
between levels, linearly in the logarithm of the seconds.

How a threshold is read off a level, and why trials should say whose they are, is in ``evidence_levels``.

Arrays in, arrays out: no files, no clock, no logging. LLRs are natural logarithms, evidence is in active seconds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mousematch.errors import ModelError
from mousematch.evidence_levels import SHORTEST_S, Cut, Level, far_cut, frr_cut, levels
from mousematch.matching import log_odds
from mousematch.settings import PolicySettings

ARRAYS = ("genuine_llr", "genuine_s", "impostor_llr", "impostor_s")
# Optional: whose the trials are, as numbers. Of a genuine trial the owner, of an impostor trial the owner and who moved.
WHOSE = ("genuine_owner", "impostor_owner", "impostor_mover")
# Rule of three: no error among n trials shows, with 95 % confidence, a rate of at most 3 / n.
RULE_OF_THREE = 3.0

_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class HeldOut:
    """LLRs of people whom the network has not seen in training, over sessions cut to several lengths.

    genuine_llr, impostor_llr: fused LLRs, float32 (n,) and (m,), finite. genuine_s, impostor_s: active seconds of the same
    trials. One trial is one piece of a session against one template. genuine_owner, impostor_owner, impostor_mover: int32,
    who was claimed and who moved the mouse, as any numbers; None where it is not known.
    """

    genuine_llr: NDArray[np.float32]
    genuine_s: NDArray[np.float32]
    impostor_llr: NDArray[np.float32]
    impostor_s: NDArray[np.float32]
    genuine_owner: NDArray[np.int32] | None = None
    impostor_owner: NDArray[np.int32] | None = None
    impostor_mover: NDArray[np.int32] | None = None

    def arrays(self) -> dict[str, Any]:
        """The arrays of a model version's errors.npz: ``np.savez(folder / ERRORS, **held_out(...).arrays())``."""
        found = {name: getattr(self, name) for name in (*ARRAYS, *WHOSE)}
        return {name: array for name, array in found.items() if array is not None}


def held_out(
    *, genuine_llr: object, genuine_s: object, impostor_llr: object, impostor_s: object, **whose: object
) -> HeldOut:
    """Held-out trials from anything that is numbers. Raises ModelError unless lengths fit and all values are finite.

    whose: genuine_owner, impostor_owner and impostor_mover, all or none of them. With them thresholds are held to people,
    without to trials alone, which promises too much where there are few people.
    """
    given = (genuine_llr, genuine_s, impostor_llr, impostor_s)
    arrays: dict[str, Any] = {name: np.asarray(values, np.float32) for name, values in zip(ARRAYS, given)}
    for kind in ("genuine", "impostor"):
        llr, seconds = arrays[f"{kind}_llr"], arrays[f"{kind}_s"]
        if llr.ndim != 1 or llr.shape != seconds.shape or len(llr) == 0:
            raise ModelError(
                f"The held-out {kind} trials have LLRs of the shape {llr.shape} and seconds of the shape "
                f"{seconds.shape}; both must be (n,), with n at least 1."
            )
        if not np.isfinite(llr).all() or not np.isfinite(seconds).all() or (seconds < 0).any():
            raise ModelError(f"The held-out {kind} trials have a number that is none; leave such trials out.")
    if not whose:
        return HeldOut(**arrays)
    if set(whose) != set(WHOSE):
        raise ModelError(
            f"The held-out trials have {', '.join(sorted(whose))}; give all of {', '.join(WHOSE)} or none."
        )
    people: dict[str, Any] = {name: np.asarray(whose[name], np.int32) for name in WHOSE}
    for name, numbers in people.items():
        if numbers.shape != arrays[f"{name.partition('_')[0]}_llr"].shape:
            raise ModelError(f"The held-out trials have a {name} of the shape {numbers.shape}; it must be one a trial.")
    return HeldOut(**arrays, **people)


@dataclass(frozen=True)
class Decider:
    """Thresholds of one policy with one model, and the error rates to expect at them.

    fixed_llr: threshold on the LLR where it does not depend on evidence, else None. genuine, impostor: levels of the
    held-out trials, empty if the model has none. cuts: the thresholds of the levels from which the policy chooses them.
    """

    policy: PolicySettings
    fixed_llr: float | None
    genuine: tuple[Level, ...] = ()
    impostor: tuple[Level, ...] = ()
    cuts: tuple[Cut, ...] = ()

    def thresholds(self, evidence_s: _Floats) -> _Floats:
        """Threshold on the LLR for sessions with so much evidence: (n,) → (n,); NaN stays NaN unless it is fixed."""
        if self.fixed_llr is not None:
            return np.full(len(evidence_s), self.fixed_llr)
        of = self.impostor if self.policy.target_far is not None else self.genuine
        return np.interp(_log(evidence_s), [level.log_s for level in of], [cut.threshold for cut in self.cuts])

    def far(self, thresholds: _Floats, evidence_s: _Floats) -> _Floats:
        """Share of impostors expected to be accepted at these thresholds: (n,), NaN where it is unknown."""
        cuts = self.cuts if self.policy.target_far is not None else ()
        return _expected(self.impostor, cuts, thresholds, evidence_s, above=True)

    def frr(self, thresholds: _Floats, evidence_s: _Floats) -> _Floats:
        """Share of genuine sessions expected to raise an alert at these thresholds: (n,), NaN where it is unknown."""
        cuts = self.cuts if self.policy.alert_share is not None else ()
        return _expected(self.genuine, cuts, thresholds, evidence_s, above=False)

    def doubt(self) -> str:
        """A sentence that says why the target may be missed, or an empty text."""
        if self.policy.target_far is not None:
            target, of, kind, rate = self.policy.target_far, self.impostor, "impostor", "far"
        elif self.policy.alert_share is not None:
            target, of, kind, rate = self.policy.alert_share, self.genuine, "genuine", "frr"
        else:
            return ""
        few = min(of, key=lambda level: len(level.llr))
        needed = math.ceil(RULE_OF_THREE / target)
        if len(few.llr) >= needed:
            return ""
        return (
            f"A {rate.upper()} of {target:.3g} needs {needed} held-out {kind} trials at each amount of evidence; near "
            f"{math.exp(few.log_s):.0f} s there are {len(few.llr)}. What to expect stands in match_{rate}: aim at "
            f"{RULE_OF_THREE / len(few.llr):.2g} or more, or publish a model with more held-out people."
        )


def decider(policy: PolicySettings, *, prior: float, trials: HeldOut | None, model: str) -> Decider:
    """The thresholds of a policy with a model's held-out trials.

    prior: probability of the owner before anything was seen, which a threshold on the match score contains and one
    from held-out trials does not. model: its reference, for the message. Raises ModelError if the policy needs held-out
    trials and there are none.
    """
    fixed = None if policy.threshold is None else score_to_llr(policy.threshold, prior)
    if trials is None:
        if fixed is None:
            chosen = "target_far" if policy.target_far is not None else "alerts_per_day"
            raise ModelError(
                f"Model {model} has no held-out scores (errors.npz) to choose a threshold for {chosen} from; publish the "
                "model again with them, or give threshold=<0-1>."
            )
        return Decider(policy, fixed)
    genuine = levels(trials.genuine_llr, trials.genuine_s, trials.genuine_owner, trials.genuine_owner)
    impostor = levels(trials.impostor_llr, trials.impostor_s, trials.impostor_owner, trials.impostor_mover)
    cuts: tuple[Cut, ...] = ()
    if policy.target_far is not None:
        cuts = tuple(far_cut(level, policy.target_far) for level in impostor)
    elif policy.alert_share is not None:
        cuts = tuple(frr_cut(level, policy.alert_share) for level in genuine)
    return Decider(policy, fixed, genuine, impostor, cuts)


def score_to_llr(score: float, prior: float) -> float:
    """The LLR at which the match score has this value: 0-1 → natural logarithm, infinite at 0 and 1."""
    if not 0.0 < score < 1.0:
        return math.copysign(math.inf, score - 0.5)
    return log_odds(score) - log_odds(prior)


def _log(evidence_s: _Floats) -> _Floats:
    return np.log(np.maximum(evidence_s, SHORTEST_S))


def _expected(
    of: Sequence[Level], cuts: Sequence[Cut], thresholds: _Floats, evidence_s: _Floats, *, above: bool
) -> _Floats:
    """Chance of the next trial to lie on the wrong side of its threshold, between the two nearest levels of evidence.

    cuts: of the same levels, if the thresholds were chosen from them, which makes their own trials look better than others.
    """
    if not of:
        return np.full(len(thresholds), np.nan)
    rates = []
    for level, cut in zip(of, cuts or [Cut(math.nan)] * len(of)):
        below = np.searchsorted(level.llr, thresholds, side="left")
        wrong = len(level.llr) - below if above else below
        rates.append(np.minimum((wrong + 1) / (len(level.llr) + 1) * cut.inflation, 1.0))
    table = np.stack(rates)
    centres = np.array([level.log_s for level in of])
    # Beyond the first and the last level theirs counts.
    place = np.interp(_log(evidence_s), centres, np.arange(len(of)))
    known = np.nan_to_num(place)
    left = np.floor(known).astype(np.int64)
    right = np.minimum(left + 1, len(of) - 1)
    row = np.arange(len(thresholds))
    share = place - left
    return table[left, row] * (1 - share) + table[right, row] * share
