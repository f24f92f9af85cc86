"""Results as text."""

from __future__ import annotations

import io
import json

from hypothesis import given
from hypothesis import strategies as st

from searchhead.output import shown, write
from searchhead.table import Table

TABLE = Table.from_columns({"name": ["Ada", "日本"], "n": ["1", "22"], "tags": [["x", "y"], None]})


def _text(table: Table, output: str) -> str:
    stream = io.StringIO()
    write(table, output, stream)
    return stream.getvalue()


def test_the_table_aligns_columns_numbers_to_the_right() -> None:
    assert _text(TABLE, "table").splitlines() == [
        "name   n  tags",
        "────  ──  ────",
        "Ada    1  x, y",
        "日本  22",
    ]


def test_csv_has_multivalues_on_lines_of_their_own() -> None:
    assert _text(TABLE, "csv") == 'name,n,tags\nAda,1,"x\ny"\n日本,22,\n'


def test_json_is_whole() -> None:
    image = "A" * 10_000
    table = Table.from_columns({"image": [[image, "B"], image]})

    assert json.loads(_text(table, "json")) == [{"image": [image, "B"]}, {"image": image}]


def test_no_results_are_said_in_the_table_and_empty_elsewhere() -> None:
    assert "No results." in _text(Table.empty(["a"]), "table")
    assert _text(Table.empty(["a"]), "csv") == "a\n"
    assert json.loads(_text(Table.empty(), "json")) == []


def test_long_values_are_shortened_with_their_size() -> None:
    assert shown("iVBORw0KGgo" * 300) == "iVBORw0… (3.3 kB)"
    assert shown(["iVBORw0KGgo" * 300] * 12) == "iVBORw0… (3.3 kB) × 12"
    assert shown("many words " * 20).endswith("…")


def test_line_breaks_and_control_characters_do_not_break_the_table() -> None:
    assert shown("a\nb\x1b[31m") == "a b [31m"


@given(st.lists(st.text(max_size=60), min_size=1, max_size=5))
def test_any_text_makes_one_line_a_row(values: list[str]) -> None:
    table = Table.from_columns({"v": values})

    assert _text(table, "table").count("\n") == len(values) + 2
