"""Policy × held-out scores → the threshold for each amount of evidence, and the error rates to expect there.

    held-out trials ─▶ levels of evidence ─┬─ target FAR ───▶ from impostor LLRs ──┐
                                           ├─ alert budget ─▶ from genuine LLRs ───┼─▶ threshold(evidence) ─▶ FAR, FRR
                                           └─ threshold ───────────────────────────┘

A session whose LLR is below the threshold is a mismatch, which is an alert. FAR is the share of impostor sessions that are
accepted, FRR the share of genuine sessions that raise an alert (ISO/IEC 19795-1).

LLRs spread with evidence: the same threshold means another FAR after ten seconds than after a minute. So trials are
sorted into levels of evidence, one for each doubling of the active seconds, and what is read off them is interpolated
between levels, linearly in the logarithm of the seconds.

Rates are those of order statistics: of the next trial, with n others like it seen, the chance to lie beyond the k-th
highest of these is k / (n + 1), whatever their distribution. It is never 0, because no sample shows that.

Arrays in, arrays out: no files, no clock, no logging. LLRs are natural logarithms, evidence is in active seconds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mousematch.errors import ModelError
from mousematch.matching import log_odds
from mousematch.settings import PolicySettings

ARRAYS = ("genuine_llr", "genuine_s", "impostor_llr", "impostor_s")
# A level with fewer trials than this is joined to its neighbour: its 5 % quantile would be one trial's whim.
LEVEL_TRIALS = 30
# Rule of three: no error among n trials shows, with 95 % confidence, a rate of at most 3 / n.
RULE_OF_THREE = 3.0
# Less evidence than this has no logarithm worth telling apart.
_SHORTEST_S = 0.1

_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class HeldOut:
    """LLRs of people whom the network has not seen in training, over sessions cut to several lengths.

    genuine_llr, impostor_llr: fused LLRs, float32 (n,) and (m,), finite. genuine_s, impostor_s: active seconds of the same
    trials. One trial is one piece of a session against one template.
    """

    genuine_llr: NDArray[np.float32]
    genuine_s: NDArray[np.float32]
    impostor_llr: NDArray[np.float32]
    impostor_s: NDArray[np.float32]

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """The arrays of a model version's errors.npz: ``np.savez(folder / ERRORS, **held_out(...).arrays())``."""
        return {name: getattr(self, name) for name in ARRAYS}


def held_out(*, genuine_llr: object, genuine_s: object, impostor_llr: object, impostor_s: object) -> HeldOut:
    """Held-out trials from anything that is numbers. Raises ModelError unless lengths fit and all values are finite."""
    given = (genuine_llr, genuine_s, impostor_llr, impostor_s)
    arrays = {name: np.asarray(values, np.float32) for name, values in zip(ARRAYS, given)}
    for kind in ("genuine", "impostor"):
        llr, seconds = arrays[f"{kind}_llr"], arrays[f"{kind}_s"]
        if llr.ndim != 1 or llr.shape != seconds.shape or len(llr) == 0:
            raise ModelError(
                f"The held-out {kind} trials have LLRs of the shape {llr.shape} and seconds of the shape "
                f"{seconds.shape}; both must be (n,), with n at least 1."
            )
        if not np.isfinite(llr).all() or not np.isfinite(seconds).all() or (seconds < 0).any():
            raise ModelError(f"The held-out {kind} trials have a number that is none; leave such trials out.")
    return HeldOut(**arrays)


@dataclass(frozen=True)
class Level:
    """Trials with about the same amount of evidence. log_s: mean logarithm of their seconds. llr: float64 (n,), rising."""

    log_s: float
    llr: _Floats


def levels(llr: NDArray[np.floating], seconds: NDArray[np.floating]) -> tuple[Level, ...]:
    """One level for each doubling of the active seconds, from short to long; at least LEVEL_TRIALS in each, or but one.

    Sessions are cut to lengths that double, so that a level holds pieces of about one length, which do not overlap.
    """
    log_s = np.log(np.maximum(np.asarray(seconds, np.float64), _SHORTEST_S))
    order = np.argsort(log_s, kind="stable")
    log_s, scores = log_s[order], np.asarray(llr, np.float64)[order]
    octave = np.round(log_s / math.log(2.0))
    ends = [*(np.flatnonzero(np.diff(octave)) + 1), len(scores)]
    stops: list[int] = []
    for end in ends:
        if end - (stops[-1] if stops else 0) >= LEVEL_TRIALS:
            stops.append(end)
    # A short rest belongs to the last level; where all is short there is but one.
    stops = [*stops[:-1], len(scores)]
    starts = [0, *stops[:-1]]
    return tuple(
        Level(float(log_s[start:stop].mean()), np.sort(scores[start:stop])) for start, stop in zip(starts, stops)
    )


def far_threshold(level: Level, target_far: float) -> float:
    """The lowest threshold at which at most this share of impostors is expected to be accepted.

    level: of impostors. Where it holds too few for the target: just above the highest of them.
    """
    n = len(level.llr)
    # The k highest lie beyond it, and the next trial does so with a chance of (k + 1) / (n + 1).
    k = min(max(math.floor(target_far * (n + 1) + 1e-9) - 1, 0), n - 1)
    return float(np.nextafter(level.llr[n - 1 - k], np.inf))


def frr_threshold(level: Level, target_frr: float) -> float:
    """The highest threshold at which at most this share of genuine sessions is expected to raise an alert.

    level: of genuine trials. Where it holds too few for the target: the lowest of them.
    """
    n = len(level.llr)
    k = min(max(math.floor(target_frr * (n + 1) + 1e-9) - 1, 0), n - 1)
    return float(level.llr[k])


@dataclass(frozen=True)
class Decider:
    """Thresholds of one policy with one model, and the error rates to expect at them.

    fixed_llr: threshold on the LLR where it does not depend on evidence, else None. genuine, impostor: levels of the
    held-out trials, empty if the model has none.
    """

    policy: PolicySettings
    fixed_llr: float | None
    genuine: tuple[Level, ...] = ()
    impostor: tuple[Level, ...] = ()

    def thresholds(self, evidence_s: _Floats) -> _Floats:
        """Threshold on the LLR for sessions with so much evidence: (n,) → (n,); NaN stays NaN unless it is fixed."""
        if self.fixed_llr is not None:
            return np.full(len(evidence_s), self.fixed_llr)
        if self.policy.target_far is not None:
            of, chosen = self.impostor, [far_threshold(level, self.policy.target_far) for level in self.impostor]
        else:
            share = self.policy.alert_share or 0.0
            of, chosen = self.genuine, [frr_threshold(level, share) for level in self.genuine]
        return np.interp(_log(evidence_s), [level.log_s for level in of], chosen)

    def far(self, thresholds: _Floats, evidence_s: _Floats) -> _Floats:
        """Share of impostors expected to be accepted at these thresholds: (n,), NaN where it is unknown."""
        return _expected(self.impostor, thresholds, evidence_s, above=True)

    def frr(self, thresholds: _Floats, evidence_s: _Floats) -> _Floats:
        """Share of genuine sessions expected to raise an alert at these thresholds: (n,), NaN where it is unknown."""
        return _expected(self.genuine, thresholds, evidence_s, above=False)

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
    return Decider(
        policy,
        fixed,
        genuine=levels(trials.genuine_llr, trials.genuine_s),
        impostor=levels(trials.impostor_llr, trials.impostor_s),
    )


def score_to_llr(score: float, prior: float) -> float:
    """The LLR at which the match score has this value: 0-1 → natural logarithm, infinite at 0 and 1."""
    if not 0.0 < score < 1.0:
        return math.copysign(math.inf, score - 0.5)
    return log_odds(score) - log_odds(prior)


def _log(evidence_s: _Floats) -> _Floats:
    return np.log(np.maximum(evidence_s, _SHORTEST_S))


def _expected(of: Sequence[Level], thresholds: _Floats, evidence_s: _Floats, *, above: bool) -> _Floats:
    """Chance of the next trial to lie on the wrong side of its threshold, between the two nearest levels of evidence."""
    if not of:
        return np.full(len(thresholds), np.nan)
    rates = []
    for level in of:
        below = np.searchsorted(level.llr, thresholds, side="left")
        wrong = len(level.llr) - below if above else below
        rates.append((wrong + 1) / (len(level.llr) + 1))
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
