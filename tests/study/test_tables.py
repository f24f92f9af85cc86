"""The tables of docs/study.md are those of results.json, whatever else the page says."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from mousematch.errors import OptionError
from study import results, tables
from study.__main__ import main
from study.rows import ROWS, TABLES

RATES = {"genuine": 18, "impostor": 306, "auc": 0.9876, "auc_low": 0.95, "auc_high": 0.999}
FIGURES = {**RATES, "eer": 0.0512, "eer_low": 0.01, "eer_high": 0.09}


def entry_of(row):
    figures = dict.fromkeys(("128 events", "640 events", "session"), FIGURES)
    plain = json.loads(json.dumps(asdict(row)))
    plain = {key: value for key, value in plain.items() if key not in ("name", "about")}
    return {"row": plain, "steps": 150, "numbers": 1_000_000, "seconds": 90.0, "figures": figures}


def test_a_measured_row_shows_rates_with_their_intervals():
    sizes = next(table for table in TABLES if table.name == "sizes")
    row = sizes.rows[0]

    text = tables.table(sizes, {row.name: entry_of(row)})

    lines = text.splitlines()
    assert lines[0].startswith("| `ROW` | Image size | 128 events: AUC, EER % |")
    # The row to compare with comes first, and is not measured here.
    assert lines[2].startswith("| `portrait` | ") and lines[2].count("not run") == 3
    cells = [cell.strip() for cell in lines[3].strip("|").split("|")]
    assert cells[0] == "`portrait-32px`"
    assert cells[2:] == ["**0.988** (0.950–0.999), 5.1 (1–9)"] * 3 + ["150", "1.0 M", "1.5"]


def test_a_row_that_has_changed_since_it_was_measured_is_not_shown():
    sizes = next(table for table in TABLES if table.name == "sizes")
    row = sizes.rows[0]
    entry = entry_of(row)
    entry["row"]["size"] = 16

    assert "0.988" not in tables.table(sizes, {row.name: entry})


def test_what_stands_between_tables_is_kept_and_a_second_time_changes_nothing():
    text = "# Page\n<!-- table sizes -->\nold\n<!-- end -->\nA sentence.\n<!-- table widths -->\n<!-- end -->\n"

    once = tables.page(text, {})

    assert "old" not in once and "\nA sentence.\n" in once
    assert "`portrait-32px`" in once and "`width-full`" in once
    assert tables.page(once, {}) == once


def test_a_table_that_there_is_not_is_refused():
    with pytest.raises(OptionError, match='table "feelings"'):
        tables.page("<!-- table feelings -->\n<!-- end -->\n", {})


def test_the_program_writes_the_page(tmp_path):
    page = tmp_path / "study.md"
    page.write_text("<!-- table widths -->\n<!-- end -->\n")

    assert main(["--tables", "--page", str(page), "--results", str(tmp_path / "none.json")]) == 0
    assert "not run" in page.read_text()


def test_the_page_shows_what_was_measured():
    """After measuring: python -m study --tables."""
    text = tables.PAGE.read_text()

    assert tables.page(text, results.read(results.RESULTS)) == text
    for table in TABLES:
        assert f"<!-- table {table.name} -->" in text


def test_every_measured_row_is_one_of_the_study():
    assert set(results.read(results.RESULTS)) <= set(ROWS)
