"""Arguments of custom commands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchhead.splunkd.command_line import split, split_pipeline, unquote


@pytest.mark.parametrize(
    ("raw", "raw_args", "args"),
    [
        (
            r'fieldname=n pattern="\w+" text',
            ["fieldname=n", r'pattern="\w+"', "text"],
            ["fieldname=n", r"pattern=\w+", "text"],
        ),
        ('a="two words"  b', ['a="two words"', "b"], ["a=two words", "b"]),
        (r'a="say \"x\"" b="c:\\d"', [r'a="say \"x\""', r'b="c:\\d"'], ['a=say "x"', r"b=c:\d"]),
        ("", [], []),
        ('a=""', ['a=""'], ["a="]),
        ('x="a|b"', ['x="a|b"'], ["x=a|b"]),
    ],
)
def test_blanks_separate_and_quotes_hold_together(raw: str, raw_args: list[str], args: list[str]) -> None:
    assert split(raw) == raw_args
    assert [unquote(argument) for argument in split(raw)] == args


def test_an_open_quote_is_an_error() -> None:
    with pytest.raises(ValueError, match="Unbalanced quotes"):
        split('a="b c')


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=10), max_size=4))
def test_quoted_values_come_back_as_they_were(values: list[str]) -> None:
    raw = " ".join('x="' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)

    assert [unquote(argument) for argument in split(raw)] == ["x=" + value for value in values]


def test_a_preop_is_cut_at_pipes_outside_quotes() -> None:
    assert split_pipeline(r'a x="1|2\"|" | b y=3 |c') == [r'a x="1|2\"|"', "b y=3", "c"]
