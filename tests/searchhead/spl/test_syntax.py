"""Text as pipelines, and the errors for what is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchhead import spl


def names(text: str) -> list[str]:
    return [stage.name for stage in spl.parse(text).stages]


def test_pipes_in_quotes_and_subsearches_do_not_end_a_command():
    pipeline = spl.parse('| inputlookup a.csv | where x="a|b" | append [| inputlookup b.csv | head 5] | table x')

    assert [stage.name for stage in pipeline.stages] == ["inputlookup", "where", "append", "table"]
    assert [stage.name for stage in pipeline.stages[2].subsearches[0].pipeline.stages] == [
        "inputlookup",
        "head",
    ]


def test_a_search_without_a_leading_pipe_begins_with_the_search_command():
    assert names("index=web user=bob | stats count") == ["search", "stats"]
    assert names("search user=bob") == ["search"]
    assert spl.parse("index=web user=bob").stages[0].raw_args == "index=web user=bob"


def test_arguments_stay_exactly_as_typed():
    stage = spl.parse('| mouseencode  by="a  b" \n window="5s"  | head').stages[0]

    assert stage.raw_args == 'by="a  b" \n window="5s"'


def test_positions_count_from_the_start_of_the_search():
    text = "| makeresults |  eval x=1"
    stage = spl.parse(text).stages[1]

    assert text[stage.position :].startswith("eval")
    assert text[stage.args_position :].startswith("x=1")


def test_comments_are_left_out_but_not_in_quotes():
    pipeline = spl.parse('| makeresults ```why | this``` | eval x="```kept```"')

    assert [stage.name for stage in pipeline.stages] == ["makeresults", "eval"]
    assert pipeline.stages[1].raw_args == 'x="```kept```"'


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        ('| eval x="a', "Unbalanced quotes", 9),
        ("| head || tail", "Missing a search command before '|'", 8),
        ("| head |", "Missing a search command", 8),
        ("| append [| head", "a closing ']'", 16),
        ("| head ]", "Mismatched ']'", 7),
        ("", "The search is empty", 0),
        ('| "head"', "Missing a search command name", 1),
        ("| head ```x", "comment", 7),
        ("| head `x", "macro", 7),
    ],
)
def test_malformed_searches_are_refused_with_their_position(text: str, message: str, position: int):
    with pytest.raises(spl.SplSyntaxError, match=message.replace("|", r"\|").replace("]", r"\]")) as caught:
        spl.parse(text)

    assert caught.value.position == position


def test_deep_nesting_is_refused_not_a_crash():
    with pytest.raises(spl.SplError):
        spl.run("| makeresults | eval x=" + "abs(" * 3000 + "1" + ")" * 3000, spl.Context(app=Path("nowhere")))
    with pytest.raises(spl.SplError):
        spl.run("| head " + "[ head " * 3000 + "]" * 3000, spl.Context(app=Path("nowhere")))


# Pieces of SPL in any order come nearer to what the grammar reads than random characters do.
PIECES = st.sampled_from(
    [
        "|",
        "[",
        "]",
        "(",
        ")",
        '"',
        "'",
        "`",
        "```",
        "\\",
        ",",
        "=",
        "!=",
        "<",
        "*",
        "-",
        "+",
        ".",
        " ",
        "\n",
        "\0",
        "a",
        "1",
        "0.5",
        "é",
    ]
    + [
        "eval ",
        "where ",
        "stats ",
        "search ",
        "sort ",
        "head ",
        "rename ",
        "lookup ",
        "append ",
        "table ",
        "rex ",
        "bin ",
        "timechart ",
    ]
    + [
        " as ",
        " by ",
        " AND ",
        " OR ",
        "NOT ",
        " IN ",
        "if(",
        "count",
        "sum(",
        "eval(",
        "span=1h",
        '"x"',
        "'y'",
        "user",
    ]
)


@given(st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=40))
def test_any_text_is_planned_or_refused(text: str):
    context = spl.Context(app=Path("nowhere"))
    try:
        spl.check(spl.parse(text, context), context)
    except spl.SplError as exc:
        assert str(exc)
        assert "\n" not in str(exc)


@given(
    st.lists(
        st.sampled_from(["head 1", "table a b", 'where x="|]"', "append [| makeresults | head 2]", "eval a=b.c"]),
        min_size=1,
        max_size=6,
    )
)
def test_a_pipeline_has_its_stages_in_order(stages: list[str]):
    pipeline = spl.parse("| " + " | ".join(stages))

    assert [f"{stage.name} {stage.raw_args}" for stage in pipeline.stages] == stages
