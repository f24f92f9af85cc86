"""How well genuine and impostor sessions separate, in the numbers and words of the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mousematch import metrics
from samples.report.results import ScoredSession
from samples.roster import SCENARIOS


@dataclass(frozen=True)
class Summary:
    """Counts of sessions, and error rates over their scores.

    auc, eer: 0-1, over log-likelihood ratios; None where one side has no scores. by_scenario: for each kind of session
    its count, and how many of them were a match, a mismatch, or undecided.
    """

    users: int
    genuine: int
    accepted: int
    impostors: int
    rejected: int
    undecided: int
    auc: float | None
    eer: float | None
    threshold: float | None
    model: str
    by_scenario: tuple[tuple[str, int, int, int, int], ...]


def summarise(sessions: Sequence[ScoredSession]) -> Summary:
    """The summary of scored sessions."""
    genuine = [session for session in sessions if session.genuine]
    impostors = [session for session in sessions if not session.genuine]
    own = [session.llr for session in genuine if session.llr is not None]
    other = [session.llr for session in impostors if session.llr is not None]
    both = bool(own) and bool(other)
    found = {session.scenario for session in sessions}
    scenarios = [name for name in SCENARIOS if name in found] + sorted(found - set(SCENARIOS))
    return Summary(
        users=len({session.user for session in sessions}),
        genuine=len(genuine),
        accepted=_count(genuine, "match"),
        impostors=len(impostors),
        rejected=_count(impostors, "mismatch"),
        undecided=sum(session.outcome == "open" for session in sessions),
        auc=metrics.auc(own, other) if both else None,
        eer=metrics.eer(own, other) if both else None,
        threshold=next((session.threshold for session in sessions if session.threshold is not None), None),
        model=next((session.model for session in sessions if session.model), ""),
        by_scenario=tuple(_scenario(scenario, sessions) for scenario in scenarios),
    )


def _scenario(scenario: str, sessions: Sequence[ScoredSession]) -> tuple[str, int, int, int, int]:
    members = [session for session in sessions if session.scenario == scenario]
    match, mismatch = _count(members, "match"), _count(members, "mismatch")
    return scenario, len(members), match, mismatch, len(members) - match - mismatch


def _count(sessions: Sequence[ScoredSession], verdict: str) -> int:
    return sum(session.verdict == verdict for session in sessions)
