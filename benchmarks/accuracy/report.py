"""What was measured, on the terminal and as JSON.

A figure with an interval is written ``0.912 (0.85–0.96)``: the 95 % interval of a bootstrap by person.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.table import Table

from benchmarks.accuracy.audit import Cues
from benchmarks.accuracy.classification import Task
from benchmarks.accuracy.evaluation import Calibration, Figure, Measured, Promise


@dataclass
class Report:
    """Everything that a run found. about: what was measured with what. notes: what is missing, or needs to be known."""

    about: dict[str, Any] = field(default_factory=dict)
    trials: list[Measured] = field(default_factory=list)
    calibration: list[Calibration] = field(default_factory=list)
    promises: list[Promise] = field(default_factory=list)
    cues: list[Cues] = field(default_factory=list)
    tasks: list[tuple[str, str, Task]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The same as plain values; a number that there is not is null."""
        return _plain(
            {
                **self.about,
                "trials": [asdict(row) for row in self.trials],
                "calibration": [asdict(row) for row in self.calibration],
                "promises": [asdict(row) for row in self.promises],
                "cues": [asdict(row) for row in self.cues],
                "tasks": [
                    {"dataset": dataset, "window": window, **asdict(task)} for dataset, window, task in self.tasks
                ],
                "notes": self.notes,
            }
        )

    def write(self, path: Path) -> None:
        """Writes the JSON file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.as_json(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    def show(self, console: Console) -> None:
        """Prints every table that has rows, and the notes."""
        if self.trials:
            columns = ("data", "movement", "scored", "AUC", "EER %", "genuine", "impostor", "people")
            title = "How well sessions tell people apart"
            _print(console, title, columns, [_measured(row) for row in self.trials], left=3)
        if self.cues:
            columns = ("data", "AUC by place on screen", "by time steps", "by both", "genuine", "impostor")
            title = "Whole sessions by device cues alone: histograms, no look at the movement"
            _print(console, title, columns, [_cues(row) for row in self.cues], left=1)
        if self.calibration:
            columns = ("data", "movement", "scored", "Brier", "ECE", "FAR %", "FRR %", "FAR expected %", "ratio")
            title = "Calibration, and error rates at the shipped threshold"
            _print(console, title, columns, [_calibration(row) for row in self.calibration], left=3)
        if self.promises:
            columns = ("data", "scored", "target FAR %", "FAR %", "ratio", "FRR %", "impostor")
            title = "What policies with a target FAR keep"
            _print(console, title, columns, [_promise(row) for row in self.promises], left=2)
        if self.tasks:
            columns = (
                "data",
                "image",
                "task",
                "decided by",
                "accuracy %",
                "± draws",
                "lowest–highest",
                "images",
                "people",
            )
            draws = min(task.draws for _, _, task in self.tasks)
            title = f"The tasks of 2017, image by image, mean of {draws} draws; chance is 50 %"
            _print(console, title, columns, [_task(*row) for row in self.tasks], left=4)
        for note in self.notes:
            console.print(f"[yellow]•[/] {escape(note)}", soft_wrap=True)


def _print(console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, left: int) -> None:
    console.print(f"\n[bold]{escape(title)}[/]")
    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="dim")
    for number, column in enumerate(columns):
        justify: JustifyMethod = "left" if number < left else "right"
        table.add_column(column, justify=justify, no_wrap=True)
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    console.print(table)


def _measured(row: Measured) -> tuple[str, ...]:
    return (
        row.dataset,
        row.neutralised,
        row.scored,
        _figure(row.auc, 1, 3),
        _figure(row.eer, 100, 1),
        f"{row.genuine:,}",
        f"{row.impostor:,}",
        str(row.people),
    )


def _cues(row: Cues) -> tuple[str, ...]:
    aucs = (_number(auc, 1, 3) for auc in (row.frame, row.timer, row.both))
    return (row.dataset, *aucs, f"{row.genuine:,}", f"{row.impostor:,}")


def _calibration(row: Calibration) -> tuple[str, ...]:
    return (
        row.dataset,
        row.neutralised,
        row.scored,
        _number(row.brier, 1, 3),
        _number(row.ece, 1, 3),
        _figure(row.far, 100, 1),
        _figure(row.frr, 100, 1),
        _number(row.far_expected, 100, 1),
        _number(row.ratio, 1, 2),
    )


def _promise(row: Promise) -> tuple[str, ...]:
    return (
        row.dataset,
        row.scored,
        _number(row.target_far, 100, 1),
        _number(row.far, 100, 1),
        _number(row.ratio, 1, 2),
        _number(row.frr, 100, 1),
        f"{row.impostor:,}",
    )


def _task(dataset: str, window: str, task: Task) -> tuple[str, ...]:
    return (
        dataset,
        window,
        task.name,
        task.method,
        f"{100 * task.accuracy:.1f}",
        f"{100 * task.spread:.1f}",
        f"{100 * task.lowest:.1f}–{100 * task.highest:.1f}",
        f"{task.train:,} + {task.test:,}",
        str(task.people),
    )


def _figure(figure: Figure, factor: float, digits: int) -> str:
    value = _number(figure.value, factor, digits)
    if figure.low is None or figure.high is None:
        return value
    return f"{value} ({_number(figure.low, factor, digits)}–{_number(figure.high, factor, digits)})"


def _number(value: float | None, factor: float, digits: int) -> str:
    return "–" if value is None else f"{factor * value:.{digits}f}"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return round(value, 6)
    return value
