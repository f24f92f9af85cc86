"""Search results as columns."""

from __future__ import annotations

import pytest

from searchhead.table import Table


def test_lists_of_one_value_are_that_value_and_empty_lists_are_missing():
    table = Table.from_columns({"a": [["x"], [], ["x", "y"], 3, None]})

    assert table.column("a") == ["x", None, ["x", "y"], "3", None]


def test_a_field_the_table_lacks_is_missing_in_every_row():
    table = Table.from_columns({"a": ["1", "2"]})

    assert table.column("b") == [None, None]
    assert "b" not in table


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="one length"):
        Table.from_columns({"a": ["1"], "b": []})


def test_slices_keep_fields_and_rows_in_order():
    table = Table.from_columns({"a": ["1", "2", "3"], "b": ["x", None, ["y", "z"]]})

    assert list(table.slice(1, 99).rows()) == [{"a": "2"}, {"a": "3", "b": ["y", "z"]}]
    assert len(table.slice(3, 5)) == 0


def test_concatenation_keeps_fields_in_the_order_of_appearance():
    first, second = Table.from_columns({"a": ["1"]}), Table.from_columns({"b": ["2"], "a": ["3"]})

    joined = Table.concat([first, second])

    assert joined == Table.from_columns({"a": ["1", "3"], "b": [None, "2"]})


def test_rows_are_counted_without_columns():
    table = Table({}, 3)

    assert len(table) == 3
    assert list(table.rows()) == [{}, {}, {}]
    assert len(table.slice(0, 2)) == 2
