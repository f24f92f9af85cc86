"""What the demo prints: its searches, the enrolled users, the scored sessions and how well they separate."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence

from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from samples.report.results import Row, ScoredSession, probability, rounded, signed, text
from samples.report.summary import Summary
from samples.searches import Search

_VERDICT_STYLES = {"match": "green", "mismatch": "red", "insufficient": "yellow", "not_enrolled": "yellow"}
_OUTCOMES = {"right": ("✓", "green"), "missed": ("✗ missed", "bold red"), "false alarm": ("✗ false alarm", "bold red")}
_COLUMNS: tuple[tuple[str, JustifyMethod], ...] = (
    ("user", "left"),
    ("session", "left"),
    ("score", "right"),
    ("LLR", "right"),
    ("evidence", "right"),
    ("verdict", "left"),
    ("in truth", "left"),
    ("", "left"),
)
# In a file or a pipe there is no width; this one keeps the tables on one line a row.
_WIDTH = 120


def console() -> Console:
    """The console; wide enough for the tables where the output is no terminal."""
    screen = Console(highlight=False)
    return screen if screen.is_terminal else Console(highlight=False, width=_WIDTH)


def announce(screen: Console, search: Search) -> None:
    """A search that is about to run: what for, and its SPL."""
    screen.print(f"[bold]{escape(search.purpose)}[/]")
    for line in search.spl.splitlines():
        screen.print(f"  [cyan]{escape(line)}[/]")


def message(screen: Console, line: str) -> None:
    """A message of a search."""
    screen.print(f"  [dim]{escape(line)}[/]")


def enrollment_table(screen: Console, rows: Sequence[Row]) -> None:
    """The templates that mouseenroll made, or why it made none."""
    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="dim")
    for field in ("user", "status"):
        table.add_column(field)
    for field in ("sessions", "windows", "active_s", "consistency"):
        table.add_column(field, justify="right")
    table.add_column("reason")
    for row in rows:
        counts = (text(row, "user"), text(row, "status"), text(row, "sessions"), text(row, "windows"))
        figures = (rounded(row, "active_s", ".0f"), rounded(row, "consistency", "+.2f"))
        table.add_row(*(escape(cell) for cell in (*counts, *figures, text(row, "reason"))))
    screen.print(table)
    screen.print()


def sessions_table(screen: Console, sessions: Sequence[ScoredSession]) -> None:
    """One line a session: what the search says, and what is true."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    for field, justify in _COLUMNS:
        table.add_column(field, justify=justify, no_wrap=True)
    before = ""
    for session in sessions:
        if before and session.user != before:
            table.add_section()
        before = session.user
        mark, style = _OUTCOMES.get(session.outcome, ("", ""))
        truth = session.user if session.genuine else f"{session.moved_by} ({session.scenario})"
        table.add_row(
            escape(session.user),
            escape(session.session),
            "–" if session.score is None else probability(session.score),
            "–" if session.llr is None else signed(session.llr, 2),
            f"{session.evidence_s:.0f} s",
            Text(session.verdict, _VERDICT_STYLES.get(session.verdict, "")),
            escape(truth) if session.genuine else Text(truth, "red"),
            Text(mark, style),
        )
    screen.print(table)
    reasons = Counter(session.error for session in sessions if session.error)
    for reason, count in reasons.most_common():
        first = next(session.session for session in sessions if session.error == reason)
        others = f" and {count - 1} more" if count > 1 else ""
        screen.print(f"  [yellow]{escape(first)}{others}: {escape(reason)}[/]")


def summary(screen: Console, found: Summary) -> None:
    """How well genuine and impostor sessions separate."""
    screen.print()
    screen.print(f"[bold]{found.accepted} of {found.genuine}[/] owners' sessions are a match,", end=" ")
    screen.print(f"[bold]{found.rejected} of {found.impostors}[/] impostors' a mismatch; {found.undecided} undecided.")
    if found.auc is not None and found.eer is not None:
        screen.print(f"Over all sessions AUC {found.auc:.3f}, equal error rate {100 * found.eer:.1f} %.")
    else:
        screen.print("[bold red]There are no scores of both kinds to compare; the messages above say why.[/]")


def command(screen: Console, spl: str, options: Sequence[str]) -> None:
    """A search head's command line to copy."""
    line = f".venv/bin/python -m searchhead run {shlex.join([*options, spl])}"
    if screen.is_terminal:
        screen.print(Syntax(line, "bash", word_wrap=True, background_color="default"))
    else:
        screen.print(line, soft_wrap=True, markup=False)
