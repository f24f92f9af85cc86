"""Charts of the report, as inline SVG that takes its colours from the page's style sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from samples.report.results import ScoredSession, log_odds, probability

# Scores stand on an axis of log-odds: 0.99 and 0.999 are as far apart as 0.9 and 0.99 nearly are.
_TICKS = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)
_SPAN = log_odds(0.9999)

_WIDTH, _LEFT, _RIGHT, _ROW, _TOP, _BOTTOM = 1200, 110, 24, 58, 34, 44


def strip_plot(sessions: Sequence[ScoredSession]) -> str:
    """Every session as a mark at its score, one line a user; discs are genuine, diamonds are impostors."""
    users = sorted({session.user for session in sessions})
    height = _TOP + _ROW * len(users) + _BOTTOM
    parts = [
        f'<svg class="strip" viewBox="0 0 {_WIDTH} {height}" role="img" aria-labelledby="strip-title strip-text">',
        '<title id="strip-title">Match scores of all held-out sessions</title>',
        f'<desc id="strip-text">{escape(_in_words(sessions))}</desc>',
    ]
    bottom = height - _BOTTOM
    thresholds = {session.threshold for session in sessions if session.threshold is not None}
    for threshold in sorted(thresholds):
        x = _x(threshold)
        parts.append(_side("side-mismatch", _LEFT, x, bottom))
        parts.append(_side("side-match", x, _WIDTH - _RIGHT, bottom))
    for tick in _TICKS:
        x = _x(tick)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 10}" y2="{bottom}"/>')
        parts.append(f'<text class="tick" x="{x:.1f}" y="{bottom + 17}" text-anchor="middle">{tick:g}</text>')
    parts.append(
        f'<text class="axis" x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{bottom + 37}" text-anchor="middle">'
        "match score, on a log-odds axis</text>"
    )
    for row, user in enumerate(users):
        y = _TOP + _ROW * (row + 0.5)
        parts.append(f'<line class="row" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text class="user" x="{_LEFT - 14}" y="{y + 5}" text-anchor="end">{escape(user)}</text>')
        parts.extend(_marks([session for session in sessions if session.user == user], y))
    for threshold in sorted(thresholds):
        x = _x(threshold)
        parts.append(f'<line class="threshold" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 16}" y2="{bottom}"/>')
        parts.append(f'<text class="label" x="{x - 10:.1f}" y="{_TOP - 19}" text-anchor="end">← mismatch</text>')
        parts.append(f'<text class="label" x="{x + 10:.1f}" y="{_TOP - 19}">match →</text>')
    return "".join([*parts, "</svg>"])


def score_bar(session: ScoredSession) -> str:
    """One session's score on the same axis, with the threshold."""
    width, height = 320, 26
    parts = [f'<svg class="bar" viewBox="0 0 {width} {height}" aria-hidden="true">']
    if session.threshold is not None:
        x = _share(session.threshold) * (width - 16) + 8
        parts.append(f'<rect class="side-mismatch" x="0" y="7" width="{x:.1f}" height="12" rx="2"/>')
        parts.append(f'<rect class="side-match" x="{x:.1f}" y="7" width="{width - x:.1f}" height="12" rx="2"/>')
        parts.append(f'<line class="threshold" x1="{x:.1f}" x2="{x:.1f}" y1="2" y2="24"/>')
    if session.score is not None:
        x = _share(session.score) * (width - 16) + 8
        parts.append(_mark(x, 13, 6.5, session))
    return "".join([*parts, "</svg>"])


def window_bars(session: ScoredSession) -> str:
    """The windows' log-likelihood ratios in the order of the session: up is for the owner, down is against."""
    llrs = session.window_llr
    if not llrs:
        return ""
    width, height, middle = 320, 56, 28
    top = max(3.0, *(abs(llr) for llr in llrs if not math.isnan(llr)), 0.0)
    step = width / len(llrs)
    parts = [
        f'<svg class="llr" viewBox="0 0 {width} {height}" role="img" aria-label="'
        f'{sum(llr > 0 for llr in llrs)} of {len(llrs)} windows speak for {escape(session.user)}">',
        f'<line class="row" x1="0" x2="{width}" y1="{middle}" y2="{middle}"/>',
    ]
    for index, llr in enumerate(llrs):
        if math.isnan(llr):
            continue
        size = max(1.0, abs(llr) / top * (middle - 3))
        y = middle - size if llr > 0 else middle
        kind = "for" if llr > 0 else "against"
        parts.append(
            f'<rect class="{kind}" x="{index * step + step * 0.14:.1f}" y="{y:.1f}" width="{step * 0.72:.1f}" '
            f'height="{size:.1f}" rx="1"><title>window {index + 1}: {llr:+.2f}</title></rect>'
        )
    return "".join([*parts, "</svg>"])


def _side(kind: str, left: float, right: float, bottom: float) -> str:
    """The wash behind one side of the threshold."""
    size = f'width="{right - left:.1f}" height="{bottom - _TOP + 10}"'
    return f'<rect class="{kind}" x="{left:.1f}" y="{_TOP - 10}" {size}/>'


def _marks(sessions: Sequence[ScoredSession], y: float) -> list[str]:
    """One user's marks; those that would hide each other are stacked, the impostors' lower than the genuine."""
    placed: list[tuple[float, float]] = []
    marks = []
    for session in sorted(sessions, key=lambda item: (item.genuine, item.log_odds or 0.0)):
        if session.score is None:
            continue
        x = _x(session.score)
        level = y
        for offset in (0, -14, 14, -24, 24):
            level = y + offset
            if all(abs(x - other_x) > 14 or abs(level - other_y) > 9 for other_x, other_y in placed):
                break
        placed.append((x, level))
        marks.append(
            f'<a href="#{anchor(session)}" aria-label="{escape(_sentence(session))}">'
            f"<title>{escape(_sentence(session))}</title>{_mark(x, level, 7, session)}</a>"
        )
    return marks


def _mark(x: float, y: float, radius: float, session: ScoredSession) -> str:
    wrong = " wrong" if session.outcome in ("missed", "false alarm") else ""
    if session.genuine:
        return f'<circle class="mark genuine{wrong}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>'
    r = radius * 1.2
    corners = f"{x:.1f},{y - r:.1f} {x + r:.1f},{y:.1f} {x:.1f},{y + r:.1f} {x - r:.1f},{y:.1f}"
    return f'<polygon class="mark impostor{wrong}" points="{corners}"/>'


def anchor(session: ScoredSession) -> str:
    """The id of a session's card."""
    return "s-" + "".join(letter if letter.isalnum() else "-" for letter in session.session)


def _share(score: float) -> float:
    """Where on the axis a score stands, 0-1."""
    return (min(max(log_odds(score), -_SPAN), _SPAN) + _SPAN) / (2 * _SPAN)


def _x(score: float) -> float:
    return _LEFT + _share(score) * (_WIDTH - _LEFT - _RIGHT)


def _sentence(session: ScoredSession) -> str:
    truth = "genuine" if session.genuine else f"impostor ({session.moved_by})"
    score = "no score" if session.score is None else f"score {probability(session.score)}"
    return f"{session.session}: {truth}, {score}, {session.verdict}"


def _in_words(sessions: Sequence[ScoredSession]) -> str:
    genuine = [session.score for session in sessions if session.genuine and session.score is not None]
    impostor = [session.score for session in sessions if not session.genuine and session.score is not None]
    if not genuine or not impostor:
        return f"{len(sessions)} sessions."
    return (
        f"{len(genuine)} genuine sessions score {probability(min(genuine))} to {probability(max(genuine))}; "
        f"{len(impostor)} impostor sessions score {probability(min(impostor))} to {probability(max(impostor))}."
    )
