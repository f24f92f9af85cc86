"""The program: measures rows once, goes on where it was, and says what it cannot run."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mousematch.windows import WindowSpec
from study import results
from study.__main__ import main
from study.measurement import EVIDENCE
from study.rows import LINEAR, ROWS, TABLES, USUAL, Row, row_named

DEEP = Row("tiny", "a tiny network", encoding="strokes", width=1 / 16)
PLAIN = Row("plain", "linear", network=LINEAR, encoding="strokes", budget=2)


@pytest.fixture
def known(monkeypatch):
    """Two small rows beside the study's own."""
    for row in (DEEP, PLAIN):
        monkeypatch.setitem(ROWS, row.name, row)


def test_a_row_is_measured_once_and_another_run_goes_on_with_the_rest(known, sapimouse, tmp_path, capsys):
    path = tmp_path / "results.json"
    command = ["--sapimouse", str(sapimouse), "--steps", "2", "--results", str(path)]

    assert main(["tiny", *command]) == 0
    first = results.read(path)
    said = capsys.readouterr().out
    assert main(["tiny", "plain", *command]) == 0

    assert "tiny: step 2 of 2" in said
    assert "tiny: measured already" in capsys.readouterr().out
    entries = results.read(path)
    assert set(entries) == {"tiny", "plain"}
    assert entries["tiny"] == first["tiny"]
    assert (entries["tiny"]["steps"], entries["plain"]["steps"]) == (2, 4)
    for entry in entries.values():
        assert set(entry["figures"]) == set(EVIDENCE)
        for one in entry["figures"].values():
            assert 0 <= one["auc_low"] <= one["auc"] <= one["auc_high"] <= 1
            assert one["genuine"] > 0 and one["impostor"] >= one["genuine"]


def test_other_steps_or_another_row_of_the_name_are_measured_anew(known, tmp_path):
    path = tmp_path / "results.json"
    results.add(path, PLAIN, {"steps": 2})

    entries = results.read(path)

    assert results.finished(entries, PLAIN, 2)
    assert results.finished(entries, replace(PLAIN, about="in other words"), 2)
    assert not results.finished(entries, PLAIN, 3)
    assert not results.finished(entries, Row("plain", "linear", network=LINEAR, encoding="motion"), 2)


def test_a_row_that_cannot_be_run_leaves_the_others_and_no_entry(known, sapimouse, tmp_path, capsys):
    path = tmp_path / "results.json"

    code = main(
        ["imagenet", "further-balabit", "plain", "--sapimouse", str(sapimouse), "--steps", "2", "--results", str(path)]
    )

    assert code == 1
    said = capsys.readouterr().out
    assert "imagenet: not run. The row imagenet begins with ImageNet's weights; give VGG16's file" in said
    assert "further-balabit: not run." in said
    assert set(results.read(path)) == {"plain"}


def test_who_asks_for_everything_gets_what_their_data_allow(monkeypatch, sapimouse, tmp_path, capsys):
    path = tmp_path / "results.json"
    monkeypatch.setattr("study.__main__.ROWS", {row.name: row for row in (ROWS["imagenet"], PLAIN)})

    assert main(["--sapimouse", str(sapimouse), "--steps", "2", "--results", str(path)]) == 0
    assert "imagenet: not run." in capsys.readouterr().out
    assert set(results.read(path)) == {"plain"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no-such-row", "--sapimouse", "."], 'There is no row "no-such-row"'),
        (["portrait"], "--sapimouse"),
        (["portrait", "--sapimouse", "."], "session_3min.csv"),
        (["portrait", "--sapimouse", ".", "--steps", "0"], "--steps 0"),
    ],
)
def test_a_wrong_question_is_answered_with_one_line(arguments, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert main([*arguments, "--results", str(tmp_path / "results.json")]) == 2
    assert message in capsys.readouterr().err


def test_damaged_results_are_not_overwritten(known, sapimouse, tmp_path, capsys):
    path = tmp_path / "results.json"
    path.write_text('{"plain": ')

    assert main(["plain", "--sapimouse", str(sapimouse), "--steps", "2", "--results", str(path)]) == 2
    assert "is no JSON" in capsys.readouterr().err
    assert path.read_text() == '{"plain": '


def test_the_list_names_every_row(capsys):
    assert main(["--list"]) == 0
    said = capsys.readouterr().out
    assert all(f"  {name} " in said for name in ROWS)


def test_rows_are_named_once_and_can_be_read():
    rows = [row for table in TABLES for row in table.rows]

    assert len({row.name for row in rows}) == len(rows)
    assert row_named("portrait") is rows[0]
    for row in rows:
        for text in (row.window, *row.lengths):
            assert text == USUAL or isinstance(WindowSpec.parse(text), WindowSpec)
    for table in TABLES:
        assert set(table.beside) <= set(ROWS)


def test_results_hold_figures_and_no_movement():
    """What is committed is small: names, settings and numbers."""
    text = results.RESULTS.read_text()

    assert len(text) < 100_000
    for name, entry in json.loads(text).items():
        assert set(entry) == {"row", "steps", "numbers", "seconds", "version", "window", "figures"}, name
