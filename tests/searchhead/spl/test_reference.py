"""docs/searchhead.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from searchhead.spl.reference import reference
from searchhead.spl.registry import BUILTINS

PAGE = Path(__file__).parents[3] / "docs" / "searchhead.md"


def test_the_pages_reference_is_that_of_the_code():
    text = PAGE.read_text(encoding="utf-8")

    assert text.endswith(reference()), (
        "run: python -m searchhead.spl.reference, and put its output at the end of the page"
    )


def test_every_command_is_described():
    assert [name for name, builtin in BUILTINS.items() if not builtin.parse.__doc__] == []


def test_the_pages_errors_are_worded_as_the_code_words_them(error):
    quoted = re.findall(r"^(?:Unknown|Error) .*$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    searches = ["geostats count", "eval x=sha512(1)", "stats rate(x)"]

    said = [error(f"| makeresults | {search}") for search in searches]

    assert quoted == said
