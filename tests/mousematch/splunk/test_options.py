"""Options of commands that stand for settings."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from mousematch.errors import OptionError
from mousematch.settings import EnrollmentSettings, PolicySettings, ScorerSettings
from mousematch.splunk.options import SCORER, check_fields, check_policy, check_url, given


def test_given_options_have_the_types_of_their_settings_and_others_are_left_out() -> None:
    command = SimpleNamespace(scorer="http://host:8501", timeout=None, threshold="0.7", min_windows="3")

    assert given(command, ScorerSettings, SCORER) == {"address": "http://host:8501"}
    assert given(command, PolicySettings, {"threshold": "threshold"}) == {"threshold": 0.7}
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


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("strict", {"threshold": 0.5}, "policy=strict and threshold=0.5 both choose the threshold"),
        ("strict", {"alerts_per_day": 5.0, "sessions_per_day": 50.0}, "policy=strict and alerts_per_day=5 both"),
        (None, {"threshold": 0.5, "target_far": 0.1}, "threshold=0.5 target_far=0.1.* sets both"),
        (None, {"alerts_per_day": 5.0}, "takes both"),
        (None, {"sessions_per_day": 5.0}, "sets no threshold"),
        ("strict", {"sessions_per_day": 5.0}, "sets no threshold"),
    ],
)
def test_options_that_choose_more_or_less_than_one_threshold_are_refused(
    name: str | None, options: dict[str, float], words: str
) -> None:
    with pytest.raises(OptionError, match=words):
        check_policy(name, options)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        (None, {}),
        ("strict", {"min_evidence_s": 5.0}),
        (None, {"target_far": 0.1, "min_evidence_s": 5.0}),
        (None, {"alerts_per_day": 1.0, "sessions_per_day": 50.0}),
    ],
)
def test_options_with_one_threshold_at_most_pass(name: str | None, options: dict[str, float]) -> None:
    check_policy(name, options)
