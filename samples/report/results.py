"""Scored sessions as the report shows them, read from the rows of a search."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Row = Mapping[str, object]

# A probability is shown between these; beyond, its log-odds say nothing that anybody could check.
_LEAST = 1e-4


@dataclass(frozen=True)
class ScoredSession:
    """A session, the account that it was recorded for, what the search said of it, and what is true.

    moved_by: who moved the mouse. scenario: how that came about. score: match_score, 0-1, None where none was given.
    images: base64 PNGs of the windows that were scored, in ``encoding`` (its tag). path: base64 PNG of the whole path.
    """

    session: str
    user: str
    genuine: bool
    scenario: str
    moved_by: str
    start_s: float
    active_s: float
    points: int
    clicks: int
    distance_px: float
    score: float | None
    llr: float | None
    window_llr: tuple[float, ...]
    verdict: str
    evidence_s: float
    threshold: float | None
    model: str
    error: str
    encoding: str
    images: tuple[str, ...]
    path: str

    @property
    def outcome(self) -> str:
        """How the verdict compares with the truth: right, missed (an impostor passed), false alarm, or open."""
        if self.verdict not in ("match", "mismatch"):
            return "open"
        if (self.verdict == "match") == self.genuine:
            return "right"
        return "false alarm" if self.genuine else "missed"

    @property
    def log_odds(self) -> float | None:
        """The score as log-odds, for axes: 0 is even odds."""
        return None if self.score is None else log_odds(self.score)


def log_odds(probability: float) -> float:
    """Natural log-odds of a probability, kept finite."""
    p = min(max(probability, _LEAST), 1 - _LEAST)
    return math.log(p / (1 - p))


def probability(score: float) -> str:
    """A score as text; never 0 or 1, which no evidence can show."""
    return "< 0.001" if score < 0.0005 else "> 0.999" if score >= 0.9995 else f"{score:.3f}"


def signed(llr: float, digits: int = 1) -> str:
    """An LLR as text with its sign; zero has none."""
    rounded_llr = round(llr, digits)
    return f"{rounded_llr:+.{digits}f}" if rounded_llr else f"{0:.{digits}f}"


def read(scored: Iterable[Row], paths: Iterable[Row]) -> list[ScoredSession]:
    """The sessions of the rows of the scoring search, with the pictures of the rows of the path search."""
    path_of = {text(row, "session"): values(row, "image") for row in paths}
    return [_session(row, path_of) for row in scored]


def text(row: Row, field: str) -> str:
    """A field's value as text, empty where there is none."""
    value = row.get(field)
    if value is None:
        return ""
    return str(value[0]) if isinstance(value, list) and value else str(value)


def values(row: Row, field: str) -> tuple[str, ...]:
    """All values of a multivalue field."""
    value = row.get(field)
    if value is None or value == "":
        return ()
    return tuple(str(item) for item in value) if isinstance(value, list) else (str(value),)


def number(row: Row, field: str) -> float | None:
    """A field's value as a number, None where there is none."""
    content = text(row, field)
    return float(content) if content else None


def rounded(row: Row, field: str, form: str) -> str:
    """A field's number in this format, empty where there is none."""
    value = number(row, field)
    return "" if value is None else format(value, form)


def _session(row: Row, path_of: Mapping[str, Sequence[str]]) -> ScoredSession:
    session = text(row, "session")
    path = path_of.get(session) or ("",)
    return ScoredSession(
        session=session,
        user=text(row, "user"),
        genuine=text(row, "truth") == "genuine",
        scenario=text(row, "scenario"),
        moved_by=text(row, "moved_by"),
        start_s=number(row, "start") or 0.0,
        active_s=number(row, "active_s") or 0.0,
        points=int(number(row, "points") or 0),
        clicks=int(number(row, "clicks") or 0),
        distance_px=number(row, "distance_px") or 0.0,
        score=number(row, "match_score"),
        llr=number(row, "match_llr"),
        window_llr=tuple(float(value) if value else math.nan for value in values(row, "window_llr")),
        verdict=text(row, "match_verdict"),
        evidence_s=number(row, "match_evidence_s") or 0.0,
        threshold=number(row, "match_threshold"),
        model=text(row, "match_model"),
        error=text(row, "match_error"),
        encoding=text(row, "encoding"),
        images=values(row, "image"),
        path=path[0],
    )
