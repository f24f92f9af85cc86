"""Cells read as bytes are what Python reads as text."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mousematch.formats.cells import Cells, run_starts
from mousematch.formats.rows import numbers
from mousematch.formats.table import read_table

# What numbers look like in searches, what looks nearly like one, and anything.
NUMBER = (
    st.decimals(allow_nan=False, allow_infinity=False).map(str)
    | st.integers(-(10**18), 10**18).map(str)
    | st.from_regex(r"-?[0-9]{0,12}\.[0-9]{0,9}", fullmatch=True)
    | st.text("0123456789.-+eE_ naif", max_size=20)
    | st.sampled_from(
        ["", "-", ".", "-.", "5.", ".5", "-0", "1_000", "٣", "inf", "nan", "1e400", "0x10", "1.2.3", "--1"]
    )
)
PLAIN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters='\0\r\n",'), max_size=20)


def cells(texts: list[str]) -> Cells:
    table = read_table("".join(f'"{text}",\n' for text in texts).encode())
    assert table is not None
    return table.columns[0]


def floats(texts: list[str]) -> list[float]:
    def number(text: str) -> float:
        try:
            return float(text)
        except ValueError:
            return math.nan

    return [number(text) for text in texts]


@given(st.lists(NUMBER, min_size=1, max_size=20))
@example(["1763822400.123", "-0.000001", "999999999999999", "0.1", "123456789012345678", "1.7976931348623157e308"])
def test_numbers_are_those_that_float_reads_bit_for_bit(texts):
    values = numbers(cells(texts))

    assert values.tobytes() == np.array(floats(texts)).tobytes()


@given(st.data(), st.integers(0, 9))
def test_columns_of_numbers_with_as_many_places_are_read_without_python(data, places):
    one = st.from_regex(rf"[0-9]{{1,{15 - places}}}" + (rf"\.[0-9]{{{places}}}" if places else ""), fullmatch=True)
    texts = data.draw(st.lists(one, min_size=1, max_size=20))

    values, read = cells(texts).decimals()

    assert read.all() and values.tobytes() == np.array(floats(texts)).tobytes()


@given(st.lists(st.from_regex(r"[0-9]{1,3}[.0-9:/-][0-9:/]{2}", fullmatch=True), min_size=1, max_size=20))
def test_what_lies_beside_the_digits_is_no_digit(texts):
    values, read = cells(texts).decimals()
    plain = [re.fullmatch(r"-?\d*\.?\d+|-?\d+\.", text) is not None for text in texts]

    assert list(read) == plain
    assert list(values[read]) == [float(text) for text, known in zip(texts, plain) if known]


@pytest.mark.parametrize("digits", range(1, 18))
def test_plain_numbers_are_read_without_python(digits):
    text = "123456789012345678"[:digits]

    values, read = cells([text, "-" + text, text[:1] + "." + text[1:]]).decimals()

    assert list(read) == [digits <= 15] * 3
    assert digits > 15 or list(values) == [float(text), -float(text), float(text[:1] + "." + text[1:])]


@given(st.lists(PLAIN | st.sampled_from(["a" * 8, "a" * 9, "a" * 16, "a" * 8 + "b"]), min_size=1, max_size=20))
def test_a_run_begins_where_the_text_is_another_one(texts):
    column = cells(texts)

    assert list(column.changed()) == [row == 0 or texts[row] != texts[row - 1] for row in range(len(texts))]
    assert list(run_starts([], len(texts))) == [0]
    assert list(run_starts([column, column], len(texts))) == list(np.flatnonzero(column.changed()))


@given(st.lists(PLAIN, min_size=1, max_size=20), st.sampled_from(["", "none", "a", "日本", "12345678", "123456789"]))
def test_cells_are_a_sequence_of_their_texts(texts, text):
    column = cells([*texts, text])

    assert list(column) == column.texts() == [column[row] for row in range(len(column))] == [*texts, text]
    assert list(column[1:]) == [*texts, text][1:]
    assert list(column.take(np.array([0, len(texts)]))) == [texts[0], text]
    assert list(column.equal(text)) == [cell == text for cell in [*texts, text]]
    assert text in column and "x" * 30 not in column and 1 not in column


def test_quotes_that_stand_twice_are_one_in_the_text():
    table = read_table(b'"say ""yes""",b\n"""",d\n')

    assert [list(column) for column in table.columns] == [['say "yes"', '"'], ["b", "d"]]
    assert list(table.columns[0].equal('"')) == [False, True]
