"""Rows as splunkd's CSV: the exact bytes, and back without loss."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from splunklib.searchcommands.search_command import SearchCommand

from searchhead.splunkd.csv_rows import decode, encode
from searchhead.table import Table

# csv before Python 3.11 refuses NUL, which search results do not hold.
_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8)
_VALUE = st.none() | _TEXT | st.lists(_TEXT, min_size=2, max_size=3)
_FIELD = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), min_size=1, max_size=5).filter(
    lambda name: not name.startswith("__mv_")
)


@st.composite
def _tables(draw: st.DrawFn) -> Table:
    rows = draw(st.integers(0, 4))
    fields = draw(st.lists(_FIELD, min_size=1, max_size=3, unique=True))
    return Table({field: draw(st.lists(_VALUE, min_size=rows, max_size=rows)) for field in fields}, rows)


@given(_tables())
def test_every_table_survives_the_way_there_and_back(table: Table) -> None:
    assert decode(encode(table)) == table


@given(_tables())
def test_the_sdk_reads_what_is_written(table: Table) -> None:
    records = list(SearchCommand._read_csv_records(SearchCommand, io.StringIO(encode(table).decode(), newline="")))

    assert [{f: v or None for f, v in record.items()} for record in records] == [
        dict(zip(table.fields, row)) for row in table.tuples()
    ]


def test_the_bytes_are_those_that_splunkd_writes() -> None:
    table = Table.from_columns(
        {"_serial": ["0", "1"], "text": ["word", 'two "words"\nand a line'], "tag": [None, ["a$b", "c"]]}
    )

    assert encode(table).decode() == (
        '"_serial",text,tag,"__mv__serial","__mv_text","__mv_tag"\n'
        "0,word,,,,\n"
        '1,"two ""words""\nand a line","a$b\nc",,,"$a$$b$;$c$"\n'
    )


def test_only_ascii_letters_and_digits_go_unquoted() -> None:
    table = Table.from_columns({"v": ["a1", "a_1", "1.5", "é", "-1", "²"]})

    assert encode(table).decode().split("\n")[1:-1] == ["a1,", '"a_1",', '"1.5",', '"é",', '"-1",', '"²",']


def test_a_reply_may_use_crlf_and_lack_multivalue_columns() -> None:
    assert decode(b"a,b\r\n1,\r\n,x\r\n") == Table.from_columns({"a": ["1", None], "b": [None, "x"]})


def test_a_multivalue_of_one_value_is_a_single_value() -> None:
    assert decode(b"a,__mv_a\nx,$x$\n").column("a") == ["x"]


def test_short_and_long_lines_are_read_as_far_as_there_are_fields() -> None:
    assert decode(b"a,b\n1\n1,2,3\n") == Table.from_columns({"a": ["1", "1"], "b": [None, "2"]})


def test_one_empty_column_keeps_its_rows() -> None:
    assert len(decode(b"a\n\n\n1\n")) == 3


def test_a_cell_of_many_megabytes_is_read() -> None:
    image = "A" * 12_000_000

    assert decode(encode(Table.from_columns({"image": [image]}))).column("image") == [image]


@pytest.mark.parametrize("body", [b"", b"a,b\n"])
def test_no_rows_are_an_empty_table(body: bytes) -> None:
    assert len(decode(body)) == 0


def test_what_python_reads_as_csv_is_the_data_columns_first() -> None:
    table = Table.from_columns({"a": [["x", "y"]], "b": ["1"]})

    assert next(csv.reader(io.StringIO(encode(table).decode()))) == ["a", "b", "__mv_a", "__mv_b"]
