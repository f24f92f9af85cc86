"""The report's page: scored sessions → one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from samples.report import charts, legend, pictures
from samples.report.results import ScoredSession, probability, signed
from samples.report.summary import Summary
from samples.roster import SCENARIOS

_FOLDER = Path(__file__).resolve().parent
# More windows than this are not shown as pictures: the eye compares a handful, and the file stays a few megabytes.
_PICTURES = 6


@dataclass(frozen=True)
class Search:
    """A search of the demo: what it is for, its SPL, and how long it took."""

    purpose: str
    spl: str
    seconds: float


@dataclass(frozen=True)
class Template:
    """One row of mouseenroll's answer, as the report shows it."""

    user: str
    windows: str
    sessions: str
    active_s: str
    consistency: str


def render(
    sessions: Sequence[ScoredSession],
    *,
    templates: Sequence[Template],
    searches: Sequence[Search],
    summary: Summary,
    generated: datetime,
) -> str:
    """The HTML of the report."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = _moment
    environment.filters["probability"] = probability
    environment.filters["signed"] = signed
    users = sorted({session.user for session in sessions})
    return environment.get_template("report.html.j2").render(
        style=Markup((_FOLDER / "style.css").read_text(encoding="utf-8")),
        generated=f"{generated:%d %B %Y, %H:%M}",
        summary=summary,
        strip=Markup(charts.strip_plot(sessions)),
        discs=[
            (title, legend.data_uri(legend.direction_disc(acceleration)))
            for title, acceleration in (("braking", -1.0), ("steady", 0.0), ("speeding up", 1.0))
        ],
        reading=legend.reading(next((session.encoding for session in sessions if session.encoding), "")),
        window_s=_typical_window_s(sessions),
        example=pictures.richest(image for session in sessions[:6] for image in session.images),
        users=[(user, _by_mover(sessions, user)) for user in users],
        zoom={user: pictures.zoom(session.path for session in sessions if session.user == user) for user in users},
        templates={template.user: template for template in templates},
        searches=searches,
        scenarios=SCENARIOS,
        anchor=charts.anchor,
        score_bar=lambda session: Markup(charts.score_bar(session)),
        window_bars=lambda session: Markup(charts.window_bars(session)),
        pictured=pictured,
    )


def pictured(session: ScoredSession) -> list[int]:
    """Which windows are shown as pictures: some spread evenly over the session."""
    count = len(session.images)
    if count <= _PICTURES:
        return list(range(count))
    return [round(index * (count - 1) / (_PICTURES - 1)) for index in range(_PICTURES)]


def _typical_window_s(sessions: Sequence[ScoredSession]) -> float:
    """About how much movement a scored picture holds, s."""
    windows = sum(len(session.images) for session in sessions)
    return sum(session.evidence_s for session in sessions if session.images) / windows if windows else 0.0


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%d %b %Y, %H:%M} UTC"


def _by_mover(sessions: Sequence[ScoredSession], user: str) -> list[tuple[str, list[ScoredSession]]]:
    """A user's sessions in two groups with their headings: the user's own, and those of others; each by time."""
    ordered = sorted((session for session in sessions if session.user == user), key=lambda session: session.start_s)
    groups = (
        (f"By {user}", [session for session in ordered if session.genuine]),
        ("By somebody else", [session for session in ordered if not session.genuine]),
    )
    return [(heading, members) for heading, members in groups if members]
