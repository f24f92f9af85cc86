"""Macros of macros.conf."""

from __future__ import annotations

import pytest

from searchhead import spl


def test_a_macro_is_replaced_by_its_definition_with_arguments(rows):
    assert [row["session"] for row in rows("| inputlookup sessions.csv | `high(7)`")] == ["s2", "s3"]


def test_macros_use_macros(rows):
    assert [row["session"] for row in rows("| inputlookup sessions.csv | `high_and_low(4, 8)`")] == ["s3"]


def test_arguments_may_be_named_and_quoted(rows):
    assert [row["session"] for row in rows('| inputlookup sessions.csv | `high_and_low(most="8", least=4)`')] == ["s3"]


def test_an_eval_macro_gives_the_value_of_its_definition(rows):
    found = rows("""| inputlookup sessions.csv | where `wanted("alice")`""")

    assert [row["session"] for row in found] == ["s1", "s3"]


def test_macros_in_quotes_stay_text(rows):
    assert rows('| makeresults | eval x="`high(1)`"')[0]["x"] == "`high(1)`"


def test_validation_refuses_an_argument_with_the_apps_own_words(error, rows):
    assert "n must be a number" in error("| inputlookup sessions.csv | `positive(null())`")
    assert len(rows("| inputlookup sessions.csv | `positive(5)`")) == 2


@pytest.mark.parametrize("call", ["nosuch", "high", "high(1,2)"])
def test_an_unknown_macro_or_number_of_arguments_is_named(error, call: str):
    message = error(f"| inputlookup sessions.csv | `{call}`")

    assert "cannot be found" in message
    assert call.partition("(")[0] in message


def test_a_macro_that_never_ends_is_refused(error):
    assert "maximum recursion depth" in error("| makeresults | `endless`")


def test_a_macros_file_that_cannot_be_read_is_an_error_of_the_search(app, context):
    (app / "default" / "macros.conf").write_text("nonsense")

    with pytest.raises(spl.SplError, match="macros.conf, line 1"):
        spl.run("| makeresults", context)
