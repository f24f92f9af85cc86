"""The whole measurement on generated movement in the data sets' layouts, with a narrow model of random weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.accuracy import __main__ as accuracy
from benchmarks.accuracy import classification, measurement
from mousematch.datasets import MILLISECONDS_US, read_recording
from mousematch.leakage import recording_hash
from tests.benchmarks import raw_files
from tests.benchmarks.conftest import know


def measure(data: Path, state: Path, *options: str) -> tuple[int, dict]:
    output = state.parent / "accuracy.json"
    code = accuracy.main([str(data), "--model", "tiny", "--state", str(state), "--json", str(output), *options])
    return code, json.loads(output.read_text())


def row(found: dict, table: str, **values: object) -> dict:
    (one,) = (each for each in found[table] if all(each[name] == value for name, value in values.items()))
    return one


def test_sapimouse_is_measured_on_people_whom_the_model_does_not_know(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    raw_files.sapimouse(tmp_path / "data" / "sapimouse", 4, test_s=45)
    known = tmp_path / "data" / "sapimouse" / "user2" / "session_1min.csv"
    know(state, recording_hash(read_recording(known, unit_us=MILLISECONDS_US)))
    monkeypatch.setattr(measurement, "TARGET_FARS", (0.1,))
    monkeypatch.setattr(classification, "_FEWEST", 2)

    code, found = measure(tmp_path / "data", state, "--as-is", "--draws", "2")

    output = capsys.readouterr().out
    assert code == 0, output
    assert found["model"] == "tiny/1" and found["sapimouse"] == {"people": 3, "recordings": 6}
    whole = row(found, "trials", scored="whole session")
    assert (whole["genuine"], whole["impostor"], whole["people"], whole["missing"]) == (3, 6, 3, 0)
    assert 0 <= whole["auc"]["low"] <= whole["auc"]["value"] <= whole["auc"]["high"] <= 1
    one, five = (row(found, "trials", scored=scored) for scored in ("1 window", "5 windows"))
    assert one["impostor"] == 2 * one["genuine"] and one["genuine"] > five["genuine"] >= 1
    assert one["window"] == five["window"] == "128p"
    assert row(found, "calibration", scored="whole session")["far_expected"] is not None
    assert {each["target_far"] for each in found["promises"]} == {0.1}
    assert row(found, "cues", dataset="SapiMouse")["impostor"] == 6
    assert {each["method"] for each in found["tasks"]} == {"templates", "classifier"}
    assert any("1 of 4 people are left out" in note for note in found["notes"])
    assert any("balabit" in note and "no test_files" in note for note in found["notes"])
    assert "How well sessions tell people apart" in output and "whole session" in output


def test_balabit_is_measured_session_by_session_as_labelled(tmp_path: Path, state: Path):
    raw_files.balabit(tmp_path / "data" / "balabit", 2)

    code, found = measure(tmp_path / "data", state, "--no-tasks", "--only", "balabit")

    assert code == 0, found["notes"]
    for neutralised in ("as is", "both neutralised"):
        pooled = row(found, "trials", neutralised=neutralised, scored="whole session")
        assert (pooled["genuine"], pooled["impostor"], pooled["missing"]) == (4, 4, 0)
        by_owner = row(found, "trials", neutralised=neutralised, scored="mean over owners")
        assert by_owner["people"] == 2 and 0 <= by_owner["auc"]["value"] <= 1
    assert any("may be of people whom it knows" in note for note in found["notes"])


def test_nothing_to_measure_says_what_is_missing(tmp_path: Path, state: Path):
    raw_files.balabit(tmp_path / "data" / "balabit", 1)
    (tmp_path / "data" / "balabit" / "training_files").rename(tmp_path / "elsewhere")

    code, found = measure(tmp_path / "data", state)

    assert code == 2 and found["trials"] == []
    assert any("--balabit-training" in note for note in found["notes"])
    assert any("SapiMouse is left out" in note for note in found["notes"])


def test_a_folder_without_either_data_set_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert accuracy.main([str(tmp_path)]) == 2
    assert "neither sapimouse/ nor balabit/" in capsys.readouterr().out


def test_a_model_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "balabit").mkdir()

    assert accuracy.main([str(tmp_path), "--model", "nosuch", "--state", str(tmp_path / "state")]) == 2
    assert 'no model "nosuch"' in capsys.readouterr().out
