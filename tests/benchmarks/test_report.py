"""Figures, and figures that there are not, on the terminal and as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.accuracy import evaluation
from benchmarks.accuracy.audit import Cues
from benchmarks.accuracy.classification import Task
from benchmarks.accuracy.evaluation import Calibration, Figure, Measured, Promise
from benchmarks.accuracy.report import Report
from benchmarks.accuracy.sapimouse import Trials

NOTHING = Figure(None)
MEASURED = Measured(
    "SapiMouse",
    "as is",
    "5 windows",
    "128p",
    auc=Figure(0.9123, 0.85, 0.96),
    eer=Figure(0.171, 0.12, 0.2),
    cllr=NOTHING,
    genuine=63,
    impostor=1071,
    people=18,
    missing=0,
)
TRIALS = Trials(
    "Balabit", "as is", "whole session", "30s", "x.csv", trials=5, with_score=4, genuine=0, people_known=False
)


def printed(report: Report) -> str:
    console = Console(file=StringIO(), width=160)
    report.show(console)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_a_figure_stands_beside_its_interval():
    text = printed(Report(trials=[MEASURED]))

    assert "0.912 (0.850–0.960)" in text and "17.1 (12.0–20.0)" in text and "1,071" in text


def test_a_figure_that_there_is_not_is_a_dash_and_never_a_zero():
    text = printed(Report(trials=[replace(MEASURED, auc=NOTHING, eer=NOTHING)], promises=[
        Promise("SapiMouse", "5 windows", 0.01, far=None, frr=None, ratio=None, genuine=0, impostor=4),
    ]))  # fmt: skip

    assert "–" in text and "0.000" not in text and "0.0 " not in text


def test_tables_without_rows_are_left_out_and_notes_stay():
    text = printed(Report(notes=["Balabit [x] is left out."]))

    assert text.strip() == "• Balabit [x] is left out."


def test_json_holds_every_table(tmp_path: Path):
    report = Report(
        about={"model": "base/1"},
        trials=[MEASURED],
        calibration=[
            Calibration(
                "SapiMouse", "as is", "5 windows", 0.1, 0.02, Figure(0.1), Figure(0.2), far_expected=0.08, ratio=1.25
            )
        ],
        promises=[Promise("SapiMouse", "5 windows", 0.1, far=0.12, frr=0.2, ratio=1.2, genuine=63, impostor=1071)],
        cues=[Cues("SapiMouse", 0.8, 0.9, 0.95, genuine=19, impostor=323)],
        tasks=[("SapiMouse", "128p", Task("group vs group", "templates", 18, 20, 2000, 800, 0.9, 0.02, 0.85, 0.95))],
        notes=["a note"],
    )

    report.write(tmp_path / "new" / "accuracy.json")

    found = json.loads((tmp_path / "new" / "accuracy.json").read_text())
    assert found["model"] == "base/1" and found["notes"] == ["a note"]
    assert found["trials"][0]["auc"] == {"value": 0.9123, "low": 0.85, "high": 0.96}
    assert found["trials"][0]["cllr"]["value"] is None
    assert found["promises"][0]["ratio"] == 1.2 and found["calibration"][0]["far_expected"] == 0.08
    assert found["tasks"][0]["window"] == "128p" and found["tasks"][0]["accuracy"] == 0.9
    assert found["cues"][0]["both"] == 0.95


@pytest.mark.parametrize(("genuine", "missing"), [(0, "genuine"), (4, "impostor")])
def test_trials_of_one_kind_have_no_error_rates_and_a_note_says_why(genuine: int, missing: str):
    notes: list[str] = []

    measured, calibration = evaluation.evaluated(None, replace(TRIALS, genuine=genuine), notes)

    assert measured.auc == calibration.far == NOTHING and calibration.ratio is None
    assert (measured.genuine, measured.impostor, measured.missing) == (genuine, 4 - genuine, 1)
    assert f"there is no {missing} trial among 4" in notes[0] and "1 of 5 trials have no score" in notes[1]


def test_a_ratio_needs_something_to_compare_with():
    assert evaluation.ratio(0.03, 0.02) == pytest.approx(1.5)
    assert evaluation.ratio(0.03, 0.0) is evaluation.ratio(None, 0.02) is evaluation.ratio(0.03, None) is None
