"""Options of commands that stand for settings."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from mousematch.errors import OptionError
from mousematch.settings import EnrollmentSettings, MatchingSettings, ScorerSettings
from mousematch.splunk.options import SCORER, check_fields, check_url, given


def test_given_options_have_the_types_of_their_settings_and_others_are_left_out() -> None:
    command = SimpleNamespace(scorer="http://host:8501", timeout=None, threshold="0.7", min_windows="3")

    assert given(command, ScorerSettings, SCORER) == {"address": "http://host:8501"}
    assert given(command, MatchingSettings, {"threshold": "threshold"}) == {"threshold": 0.7}
    assert given(command, EnrollmentSettings, {"min_windows": "min_windows"}) == {"min_windows": 3}


@pytest.mark.parametrize(("option", "text"), [("timeout", "0"), ("timeout", "soon"), ("scorer", "host:8501")])
def test_an_option_that_cannot_be_used_is_called_by_its_own_name(option: str, text: str) -> None:
    command = SimpleNamespace(**{"scorer": None, "timeout": None, option: text})

    with pytest.raises(OptionError, match=f'^{option}="{text}"'):
        given(command, ScorerSettings, SCORER)


@pytest.mark.parametrize("url", ["http://h", "https://h:1/prefix", "http://[::1]:8501"])
def test_urls_of_hosts_are_addresses(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize("url", ["", "h:8501", "ftp://h", "http://", "http://h:port", "http://[bad", "unix:/tmp/x"])
def test_anything_else_is_none(url: str) -> None:
    with pytest.raises(OptionError, match="is no URL"):
        check_url(url)


def test_stray_words_and_empty_field_names_are_refused() -> None:
    command = SimpleNamespace(name="mousescore", fieldnames=[], user="user", image="")

    check_fields(command, "user")
    with pytest.raises(OptionError, match="image is empty"):
        check_fields(command, "user", "image")
    command.fieldnames = ["stray"]
    with pytest.raises(OptionError, match='mousescore cannot use the words "stray"'):
        check_fields(command)
