"""mousematch.conf: its values, its ranges, its documentation."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousematch.errors import OptionError
from mousematch.settings import EnrollmentSettings, MatchingSettings, ScorerSettings, Settings, parse
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
    assert Settings.from_stanzas({"matching": {"threshold": " ", "model": ""}}) == Settings()


def test_unknown_stanzas_and_keys_of_a_later_version_do_no_harm() -> None:
    assert Settings.from_stanzas({"later": {"a": "b"}, "scorer": {"gpus": "2"}}) == Settings()


@pytest.mark.parametrize(
    ("stanza", "key", "value"),
    [
        ("scorer", "executor", "cuda"),
        ("scorer", "idle_s", "soon"),
        ("scorer", "timeout_s", "0"),
        ("scorer", "idle_s", "inf"),
        ("matching", "threshold", "nan"),
        ("matching", "threshold", "1.5"),
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
        value = parse(MatchingSettings, "threshold", text)
    except OptionError:
        return
    assert 0 <= value <= 1


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
