"""Measures how well the shipped model tells people apart: ``make bench-accuracy DATA=FOLDER``.

    python -m benchmarks.accuracy FOLDER --json accuracy.json

FOLDER holds ``sapimouse/`` (userN/session_3min.csv, session_1min.csv), ``balabit/`` (training_files/, test_files/,
labels.csv), or both. What is missing leaves its rows out of the table, and a note says so. docs/accuracy.md describes the
protocols.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from benchmarks.accuracy import balabit, measurement, recordings
from benchmarks.accuracy.errors import DataMissing
from benchmarks.accuracy.head import Head
from benchmarks.accuracy.measurement import Options
from benchmarks.accuracy.report import Report
from mousematch import __version__
from mousematch.errors import MouseMatchError
from samples.searches import SearchFailed

DATASETS = ("sapimouse", "balabit")
# In a file or a pipe there is no width; this one keeps the tables on one line a row.
_WIDTH = 160


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and reports. The exit code: 0 if all went well, 1 if something failed, 2 if there is nothing to measure."""
    given = _parser().parse_args(arguments)
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=_WIDTH)
    if not any((given.data / name).is_dir() for name in DATASETS):
        missing = f"{given.data} holds neither sapimouse/ nor balabit/; give the folder above them."
        console.print(f"[red]{escape(missing)}[/]", soft_wrap=True)
        return 2
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mousematch-accuracy-") as temporary:
        try:
            head = Head.open(given.state or Path(temporary), model=given.model, console=console)
        except MouseMatchError as exc:
            console.print(f"[red]{escape(str(exc))}[/]")
            return 2
        report = Report(about=_about(given, head))
        console.print(f"Model [bold]{head.model.reference}[/], encoding {head.model.encoding}, state {head.state}")
        try:
            failed = [not _measured(name, given, head, report) for name in DATASETS if name in given.only]
        finally:
            head.close()
    report.about["seconds"] = round(time.monotonic() - began, 1)
    report.show(console)
    console.print(f"\nMeasured in {report.about['seconds'] / 60:.1f} minutes.")
    if given.json:
        report.write(given.json)
        console.print(f"The same as JSON: {given.json}", soft_wrap=True, markup=False)
    if any(failed):
        return 1
    return 0 if report.trials else 2


def _about(given: argparse.Namespace, head: Head) -> dict[str, object]:
    """What the figures were measured with."""
    return {
        "app": __version__,
        "model": head.model.reference,
        "model_created": head.model.card.get("created"),
        "encoding": head.model.encoding,
        "most_windows": given.most_windows,
        "enroll_window": given.enroll_window or str(head.encoding.window),
    }


def _measured(name: str, given: argparse.Namespace, head: Head, report: Report) -> bool:
    """Measures on one data set; False if it failed. What is missing or went wrong becomes a note."""
    options = Options(people=tuple(given.people), most_windows=given.most_windows, draws=given.draws,
                      enroll_window=given.enroll_window, neutral=not given.as_is, tasks=not given.no_tasks)  # fmt: skip
    try:
        if name == "sapimouse":
            measurement.sapimouse_rows(head, recordings.sapimouse(given.data / name), report, options)
        else:
            found = recordings.balabit(given.data / name, given.balabit_training)
            measurement.balabit_rows(head, found, report, options)
    except DataMissing as exc:
        report.notes.append(str(exc))
    except (SearchFailed, MouseMatchError) as exc:
        report.notes.append(f"{name}: {exc}")
        return False
    return True


def _whole(low: int, high: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"'{text}' is no whole number from {low} to {high:,}")
        return int(text)

    return whole


def _folder(text: str) -> Path:
    folder = Path(text).expanduser()
    if not folder.is_dir():
        raise argparse.ArgumentTypeError(f"'{text}' is no folder")
    return folder


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("data", type=_folder, metavar="FOLDER", help="holds sapimouse/, balabit/, or both")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures into this file too")
    parser.add_argument("--model", default="base", metavar="NAME[/VERSION]", help="the model (default: base)")
    parser.add_argument("--state", type=Path, metavar="DIR", help="keep templates and scores here (default: nowhere)")
    parser.add_argument("--only", nargs="+", choices=DATASETS, default=DATASETS, help="one of the data sets")
    parser.add_argument("--balabit-training", type=_folder, metavar="DIR",
                        help="a Balabit folder to enroll from where FOLDER has no training_files")  # fmt: skip
    parser.add_argument("--people", nargs="+", default=(), metavar="USER", help="only these people, for a quick look")
    parser.add_argument("--most-windows", type=_whole(1, balabit.LIST_LIMIT), default=measurement.MOST_WINDOWS, metavar="N",
                        help="of each Balabit test session, evenly spread, up to 100 (default: %(default)s)")  # fmt: skip
    parser.add_argument("--enroll-window", default="", metavar="WINDOW",
                        help="SapiMouse enrollment with other windows than the encoding's own, such as 128p")  # fmt: skip
    parser.add_argument("--draws", type=_whole(1, 10_000), default=measurement.DRAWS, metavar="N",
                        help="draws of the tasks of 2017 (default: %(default)s)")  # fmt: skip
    parser.add_argument("--as-is", action="store_true", help="leave neutralised movement out")
    parser.add_argument("--no-tasks", action="store_true", help="leave the tasks of 2017 out")
    return parser


if __name__ == "__main__":
    sys.exit(main())
