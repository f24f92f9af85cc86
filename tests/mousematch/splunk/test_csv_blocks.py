"""A chunk's body is read alike by numpy and by Python's csv, whatever is in it."""

from __future__ import annotations

import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mousematch.formats.cells import Cells
from mousematch.formats.table import read_table
from mousematch.splunk.csv_blocks import Limited, blocks
from tests.commands.protocol import to_csv

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12) | st.sampled_from(
    ["", " ", "1.5", 'a"b', '"', '""', "a,b", "line\nbreak", "carriage\rreturn", "\r\n", "名前", "a" * 40]
)
# CSV as programs write it, and anything that could be taken for it.
ROWS = st.lists(st.fixed_dictionaries({"a": TEXT, "b": TEXT, "c": TEXT}), min_size=1, max_size=12)
DAMAGED = st.text('ab1,,"\n\r\0é', max_size=60).map(str.encode) | st.binary(max_size=40)


def read(body: bytes, *, small: int, rows: int = 2**62, size: int = 2**62) -> tuple[list[str], list[list[str]]]:
    """Header and rows by numpy (small=0) or by csv (small=2**62)."""
    header: list[str] = []
    found: list[list[str]] = []
    for header_, columns, count in blocks(Limited(io.BytesIO(body), len(body)), rows, size, small):
        header = list(header_)
        values = [list(column) for column in columns]
        assert {len(column) for column in values} <= {count}
        found += [list(row) for row in zip(*values)]
    return header, found


@given(ROWS, st.sampled_from(["\n", "\r\n"]))
def test_both_readers_agree_on_what_programs_write(rows, end):
    body = to_csv(rows, ["a", "b", "c"]).replace(b"\r\n", b"\n") if end == "\n" else to_csv(rows, ["a", "b", "c"])

    assert read(body, small=0) == read(body, small=2**62)


@given(DAMAGED)
@example(b'a,b\n1,x"y,z"\n2,3\n')
@example(b'a,b\n"1"x,2\n')
@example(b'a,b\n1,"2')
@example(b'a,b\n1,"2\n')
@example(b"a,b\n1,2\n3\n")
@example(b"a,b\n1,2\n\n3,4\n")
@example(b"a\n1\n\n2\n")
@example(b"\na\n1\n")
@example(b"a,b\n1,2\r3,4\n")
@example(b"a,b\r\n1,2\n")
@example(b"a,b\n\xff\xc3,\xe2\x82\n")
def test_both_readers_agree_on_anything(body):
    assert read(body, small=0) == read(body, small=2**62)


@given(st.lists(DAMAGED, max_size=4), ROWS, st.integers(1, 40))
def test_what_numpy_cannot_read_is_read_by_csv_from_there_on(tail, rows, size):
    body = to_csv(rows, ["a", "b", "c"]) + b"".join(tail)

    assert read(body, small=0, rows=3, size=size) == read(body, small=2**62)


def test_a_large_body_is_read_by_numpy():
    body = to_csv([{"session": f"s-{n}", "raw": f'{{"x":{n},"y":"\n"}}'} for n in range(40_000)])
    found = list(blocks(Limited(io.BytesIO(body), len(body)), 16_384, 4_000_000))

    assert all(isinstance(column, Cells) for _, columns, _ in found for column in columns)
    assert sum(count for _, _, count in found) == 40_000
    assert found[-1][1][1][-1] == '{"x":39999,"y":"\n"}'


@pytest.mark.parametrize("body", [b'a,b\n1,x"y"\n', b"a,b\n1\n", b"a\n1\r2\n", b'a\n"1"x\n', b"no line end", b""])
def test_unusual_csv_is_not_guessed_at(body):
    assert read_table(body) is None
