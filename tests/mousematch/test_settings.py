"""mousematch.conf: its values, its ranges, its documentation."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousematch.errors import OptionError
from mousematch.settings import EnrollmentSettings, MatchingSettings, PolicySettings, ScorerSettings, Settings, parse
from mousematch.splunk.conf import stanzas_on_disk

APP = Path(__file__).resolve().parents[2]
KINDS = {"scorer": ScorerSettings, "matching": MatchingSettings, "enrollment": EnrollmentSettings}


def test_settings_without_a_file_are_the_shipped_file() -> None:
    shipped = Settings.from_stanzas(stanzas_on_disk(APP))

    assert shipped == Settings()


@pytest.mark.parametrize("stanza", KINDS)
def test_every_setting_is_shipped_and_documented_with_its_default(stanza: str) -> None:
    shipped = stanzas_on_disk(APP)[stanza]
    documented = _spec()[stanza]

    expected = {item.name for item in fields(KINDS[stanza])}
    assert set(shipped) == expected
    assert set(documented) == expected
    for item in fields(KINDS[stanza]):
        default = str(item.default).removesuffix(".0") or "empty"
        assert f"* Default: {default}" in documented[item.name], item.name


def test_values_have_the_types_of_their_defaults() -> None:
    settings = Settings.from_stanzas({"scorer": {"idle_s": "60"}, "enrollment": {"min_windows": "3", "mode": "keep"}})

    assert settings.scorer.idle_s == 60.0
    assert settings.enrollment.min_windows == 3 and isinstance(settings.enrollment.min_windows, int)
    assert settings.enrollment.mode == "keep"


def test_an_empty_value_is_the_default() -> None:
    assert Settings.from_stanzas({"matching": {"prior": " ", "model": ""}}) == Settings()


def test_unknown_stanzas_and_keys_of_a_later_version_do_no_harm() -> None:
    assert Settings.from_stanzas({"later": {"a": "b"}, "scorer": {"gpus": "2"}}) == Settings()


@pytest.mark.parametrize(
    ("stanza", "key", "value"),
    [
        ("scorer", "executor", "cuda"),
        ("scorer", "idle_s", "soon"),
        ("scorer", "timeout_s", "0"),
        ("scorer", "idle_s", "inf"),
        ("policy:default", "threshold", "nan"),
        ("policy:mine", "threshold", "1.5"),
        ("policy:mine", "target_far", "0"),
        ("policy:mine", "alerts_per_day", "-3"),
        ("matching", "prior", "0"),
        ("enrollment", "min_windows", "2.5"),
        ("enrollment", "mode", "overwrite"),
    ],
)
def test_a_value_out_of_range_is_named_with_its_place(stanza: str, key: str, value: str) -> None:
    with pytest.raises(OptionError, match=rf'mousematch.conf \[{stanza}\] {key}="{value}"'):
        Settings.from_stanzas({stanza: {key: value}})


@given(st.text())
def test_any_text_is_a_number_in_range_or_an_option_error(text: str) -> None:
    try:
        value = parse(PolicySettings, "threshold", text)
    except OptionError:
        return
    assert 0 <= value <= 1


def test_every_policy_setting_is_documented_with_its_default() -> None:
    documented = _spec()["policy:<name>"]

    assert set(documented) == {item.name for item in fields(PolicySettings)}
    for item in fields(PolicySettings):
        default = "empty" if item.default is None else str(item.default).removesuffix(".0")
        assert f"* Default: {default}" in documented[item.name], item.name


@pytest.mark.parametrize("name", Settings().policies)
def test_shipped_policies_can_be_used(name: str) -> None:
    assert Settings().policy(name).min_evidence_s >= 10


def test_a_policy_of_ones_own_stands_beside_the_shipped_ones() -> None:
    settings = Settings.from_stanzas({"policy:vip": {"target_far": "0.001", "min_evidence_s": "60"}})

    assert settings.policy("vip") == PolicySettings(target_far=0.001, min_evidence_s=60.0)
    assert settings.policy("default") == PolicySettings(threshold=0.5)


def test_an_unknown_policy_is_named_with_those_that_there_are() -> None:
    with pytest.raises(OptionError, match='no policy "lax" .*there: default, quiet, strict'):
        Settings().policy("lax")


@pytest.mark.parametrize(
    ("stanza", "words"),
    [
        ({"threshold": "0.5", "target_far": "0.01"}, "sets both threshold and target_far"),
        ({"min_evidence_s": "10"}, "sets no threshold"),
        ({"alerts_per_day": "10"}, "takes both"),
        ({"threshold": "0.5", "sessions_per_day": "10"}, "takes both"),
        ({"alerts_per_day": "9", "sessions_per_day": "10"}, "at most half"),
    ],
)
def test_a_policy_without_one_way_to_its_threshold_is_an_error_when_it_is_used(
    stanza: dict[str, str], words: str
) -> None:
    settings = Settings.from_stanzas({"policy:mine": stanza})

    with pytest.raises(OptionError, match=rf"\[policy:mine\] .*{words}"):
        settings.policy("mine")


def test_an_alert_budget_is_a_share_of_the_sessions() -> None:
    assert PolicySettings(alerts_per_day=5.0, sessions_per_day=1000.0).alert_share == 0.005
    assert PolicySettings(threshold=0.5).alert_share is None


def test_options_of_a_search_replace_the_way_to_the_threshold_and_keep_the_evidence() -> None:
    quiet = Settings().policy("quiet")

    assert quiet.replaced({}) == quiet
    assert quiet.replaced({"min_evidence_s": 5.0}) == PolicySettings(
        alerts_per_day=10.0, sessions_per_day=1000.0, min_evidence_s=5.0
    )
    assert quiet.replaced({"target_far": 0.1}) == PolicySettings(target_far=0.1, min_evidence_s=30.0)


def test_local_settings_win_over_default_ones(tmp_path: Path) -> None:
    for layer, text in (("default", "[scorer]\nidle_s = 5\nexecutor = litert\n"), ("local", "[scorer]\nidle_s=7\n")):
        (tmp_path / layer).mkdir()
        (tmp_path / layer / "mousematch.conf").write_text(text)

    assert stanzas_on_disk(tmp_path) == {"scorer": {"idle_s": "7", "executor": "litert"}}


def _spec() -> dict[str, dict[str, str]]:
    """Stanza → setting → its description, from the spec file."""
    stanzas: dict[str, dict[str, str]] = {}
    stanza = key = ""
    for line in (APP / "README" / "mousematch.conf.spec").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            stanza, key = line.strip("[]"), ""
            stanzas[stanza] = {}
        elif line.startswith("*") and key:
            stanzas[stanza][key] += line + "\n"
        elif "=" in line and not line.startswith(("#", "*")):
            key = line.partition("=")[0].strip()
            stanzas[stanza][key] = ""
    return stanzas
