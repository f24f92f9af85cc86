"""Writes lookups/mousematch_sample.csv anew; ``make sample``."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from samples import dataset
from samples.roster import visits

LOOKUP = Path(__file__).resolve().parent.parent / "lookups" / "mousematch_sample.csv"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m samples", description=__doc__)
    parser.add_argument("--output", type=Path, default=LOOKUP, help="the CSV file to write (default: the app's lookup)")
    path = parser.parse_args().output
    roster = list(visits())
    with Progress(TextColumn("==> {task.description}"), BarColumn(), MofNCompleteColumn()) as progress:
        task = progress.add_task(f"{path.name}, sessions", total=len(roster))
        text = dataset.write(roster, on_session=lambda _: progress.advance(task))
    path.write_text(text, encoding="utf-8", newline="")
    print(f"==> {path.name}: {len(roster)} sessions, {text.count(chr(10)) - 1:,} events, {len(text) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
