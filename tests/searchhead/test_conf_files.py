"""The app's .conf files."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchhead import conf_files


def test_local_overrides_default_key_by_key(tmp_path: Path):
    (tmp_path / "default").mkdir()
    (tmp_path / "local").mkdir()
    (tmp_path / "default" / "mousematch.conf").write_text(
        "[scorer]\naddress = unix\ntimeout = 5\n[model]\nname = base\n"
    )
    (tmp_path / "local" / "mousematch.conf").write_text("[scorer]\ntimeout = 9\n[site]\nx = 1\n")

    stanzas = conf_files.read(tmp_path, "mousematch")

    assert stanzas == {
        "scorer": {"address": "unix", "timeout": "9"},
        "model": {"name": "base"},
        "site": {"x": "1"},
    }


def test_default_stanza_applies_where_a_stanza_is_silent(tmp_path: Path):
    (tmp_path / "default").mkdir()
    (tmp_path / "default" / "commands.conf").write_text("chunked = true\n[a]\nfilename = a.py\n[b]\nchunked = false\n")

    stanzas = conf_files.read(tmp_path, "commands")

    assert stanzas == {"a": {"chunked": "true", "filename": "a.py"}, "b": {"chunked": "false"}}


def test_an_app_without_the_file_has_no_stanzas(tmp_path: Path):
    assert conf_files.read(tmp_path, "macros") == {}


def test_a_backslash_at_the_end_of_a_line_continues_the_value():
    stanzas = conf_files.parse("[m]\ndefinition = stats count \\\n  by user \\\n# no comment\nnext = 1\n")

    assert stanzas["m"] == {"definition": "stats count \n  by user \n# no comment", "next": "1"}


def test_values_keep_hashes_equal_signs_and_brackets():
    stanzas = conf_files.parse("# comment\n[a(1)]\nx = a=b # c [d]\r\n\n  # indented\ny=\n")

    assert stanzas == {"a(1)": {"x": "a=b # c [d]", "y": ""}}


def test_a_line_that_is_no_setting_names_file_and_line():
    with pytest.raises(conf_files.ConfError, match='macros.conf, line 2: "nonsense"'):
        conf_files.parse("[a]\nnonsense\n", where="macros.conf")


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path):
    (tmp_path / "default").mkdir()
    (tmp_path / "default" / "macros.conf").write_bytes(b"[a]\nx = \xff\n")

    with pytest.raises(conf_files.ConfError, match="macros.conf cannot be read"):
        conf_files.read(tmp_path, "macros")


@pytest.mark.parametrize(
    ("text", "truth"), [("1", True), ("True", True), ("enabled", True), ("f", False), ("0", False)]
)
def test_truth_values_have_many_spellings(text: str, truth: bool):
    assert conf_files.is_true(text, default=not truth) is truth


def test_unset_and_unknown_truth_values_take_the_default():
    assert conf_files.is_true(None, default=True) is True
    assert conf_files.is_true("perhaps") is False


_NAMES = st.text(string.ascii_letters + "_:.()", min_size=1, max_size=8)
_VALUES = st.text(string.ascii_letters + " =[]#$\"'`|", max_size=20).map(str.strip)


@given(st.dictionaries(_NAMES, st.dictionaries(_NAMES, _VALUES, max_size=4), max_size=4))
def test_what_was_written_is_read(stanzas: dict[str, dict[str, str]]):
    lines = []
    for stanza, settings in stanzas.items():
        lines.append(f"[{stanza}]")
        lines += [f"{key} = {value}" for key, value in settings.items()]

    assert conf_files.parse("\n".join(lines)) == stanzas


@given(st.text())
def test_any_text_is_read_or_refused_with_its_line(text: str):
    try:
        conf_files.parse(text)
    except conf_files.ConfError as exc:
        assert "line " in str(exc)
