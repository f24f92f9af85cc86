"""The demo: enrolls the sample's users, scores their held-out sessions, and writes a report; ``make demo``.

    lookups/mousematch_sample.csv ──▶ mouseencode ──▶ mouseenroll ──▶ templates
                                  └─▶ mouseencode ──▶ mousescore  ──▶ a table here, and demo/report.html

Everything is a search on the embedded search head; the templates stay in its KV store, so that the README's first search
finds them. Takes about a minute on two cores.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console

from samples import searches, terminal
from samples.report import page, results
from samples.report.summary import Summary, summarise
from samples.roster import USERS
from samples.searches import Done, Search, SearchFailed

REPORT = searches.ROOT / "demo" / "report.html"
FIRST_SEARCH = (
    "| inputlookup mousematch_sample.csv | mouseencode | mousescore | table user session match_score match_verdict"
)


def plan(users: Sequence[str] = ()) -> tuple[Search, Search, Search]:
    """The searches of the demo, in order, for these users or for all."""
    return (
        Search(
            "Enroll every user from the sessions that are known to be theirs",
            f"{_sample('enroll', users)}\n| mouseencode\n| mouseenroll",
        ),
        Search(
            "Score the sessions that came later",
            f"{_sample('test', users)}\n| mouseencode by truth scenario moved_by\n| mousescore\n| sort 0 user session",
        ),
        Search(
            "Draw the path of each of them, for the eye",
            f"{_sample('test', users)}\n| mouseencode encoding=path\n| table session image",
        ),
    )


def _sample(purpose: str, users: Sequence[str]) -> str:
    names = " OR ".join(f'user="{user}"' for user in users)
    return f'| inputlookup mousematch_sample.csv where purpose="{purpose}"' + (f" AND ({names})" if users else "")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the demo. Returns the exit code: 1 if a search failed or gave no scores."""
    parser = argparse.ArgumentParser(prog="python -m samples.demo", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--report", type=Path, default=REPORT, help="where the report goes (default: demo/report.html)")
    parser.add_argument("--state", type=Path, help="the search head's state (default: its own)")
    parser.add_argument("--indexers", type=int, default=2, help="simulated indexers (default: 2)")
    parser.add_argument("--users", nargs="+", choices=USERS, default=(), metavar="USER", help="only these users")
    options = parser.parse_args(arguments)
    head = ["--indexers", str(options.indexers)]
    if options.state:
        head += ["--state", str(options.state)]
    console = terminal.console()
    try:
        enroll, score, draw = plan(options.users)
        enrolled = _run(console, enroll, head)
        terminal.enrollment_table(console, enrolled.rows)
        scored = _run(console, score, head)
        drawn = _run(console, draw, head)
    except SearchFailed as exc:
        console.print(f"[bold red]{exc}[/]")
        return 1
    sessions = results.read(scored.rows, drawn.rows)
    summary = summarise(sessions)
    terminal.sessions_table(console, sessions)
    terminal.summary(console, summary)
    _write(options.report, _report(sessions, summary, [enrolled, scored, drawn]))
    console.print("\nThe report with every session's pictures:")
    console.print(str(options.report.resolve()), style="bold", soft_wrap=True, markup=False)
    console.print("The templates stay enrolled. Try a search of your own, as in Splunk's search bar:\n")
    terminal.command(console, FIRST_SEARCH, head[2:])
    return 0 if summary.auc is not None else 1


def _run(console: Console, search: Search, options: Sequence[str]) -> Done:
    """Runs one search with its SPL and its messages on the console."""
    terminal.announce(console, search)
    with console.status("searching"):
        done = searches.run(search, options=options, on_message=lambda line: terminal.message(console, line))
    console.print(f"  [green]{len(done.rows)} rows[/] in {done.seconds:.1f} s\n")
    return done


def _report(sessions: Sequence[results.ScoredSession], summary: Summary, done: Sequence[Done]) -> str:
    templates = [
        page.Template(
            user=results.text(row, "user"),
            windows=results.text(row, "windows"),
            sessions=results.text(row, "sessions"),
            active_s=results.rounded(row, "active_s", ".0f"),
            consistency=results.rounded(row, "consistency", "+.2f"),
        )
        for row in done[0].rows
    ]
    shown = [page.Search(item.search.purpose, item.search.spl, item.seconds) for item in done]
    return page.render(
        sessions, templates=templates, searches=shown, summary=summary, generated=datetime.now().astimezone()
    )


def _write(path: Path, html: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(html, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
