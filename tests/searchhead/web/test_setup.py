"""What serve configures at its first start, and leaves alone afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from searchhead.indexes import definitions
from searchhead.splunkd.conf_store import ConfStore
from searchhead.web import setup

SCORE = "Mouse Match - Score recent sessions"
SAVED = f"""
[{SCORE}]
search = | makeresults
cron_schedule = */15 * * * *
disabled = 1
enableSched = 0

[Mouse Match - Drift report]
search = | makeresults
cron_schedule = 0 6 * * 1
disabled = 1

[Only by hand]
search = | makeresults
"""


@pytest.fixture
def confs(tmp_path: Path) -> ConfStore:
    (tmp_path / "app/default").mkdir(parents=True)
    (tmp_path / "app/default/savedsearches.conf").write_text(SAVED)
    return ConfStore(tmp_path / "app", tmp_path / "state")


def test_the_indexes_are_there(confs: ConfStore, tmp_path: Path) -> None:
    setup.prepare(confs, tmp_path / "state")

    indexes = definitions.enabled(confs)
    assert {"mousematch", "mousematch_summary", "mousematch_risk"} <= indexes.keys()
    assert indexes["mousematch"].kept_s == 30 * 86_400


def test_the_token_may_write_telemetry_and_nothing_else(confs: ConfStore, tmp_path: Path) -> None:
    setup.prepare(confs, tmp_path / "state")

    token = confs.get("inputs", setup.TOKEN_STANZA)
    assert (token["index"], token["indexes"], token["sourcetype"]) == ("mousematch", "mousematch", "mousematch:telemetry")
    assert token["token"] == setup.hec_token(confs)
    assert len(token["token"]) == 36


def test_schedules_are_switched_on_the_watched_ones_every_minute(confs: ConfStore, tmp_path: Path) -> None:
    setup.prepare(confs, tmp_path / "state")

    saved = confs.read("savedsearches")
    assert [saved[SCORE][key] for key in ("enableSched", "disabled", "cron_schedule")] == ["1", "0", "* * * * *"]
    assert saved["Mouse Match - Drift report"]["cron_schedule"] == "0 6 * * 1"
    assert "enableSched" not in saved["Only by hand"]


def test_a_second_start_changes_nothing(confs: ConfStore, tmp_path: Path) -> None:
    setup.prepare(confs, tmp_path / "state")
    token = setup.hec_token(confs)
    confs.update("savedsearches", SCORE, {"disabled": "1", "cron_schedule": "0 * * * *"})
    confs.update("indexes", "mousematch", {"disabled": "1"})

    setup.prepare(confs, tmp_path / "state")

    assert setup.hec_token(confs) == token
    assert confs.get("savedsearches", SCORE)["disabled"] == "1"
    assert confs.get("savedsearches", SCORE)["cron_schedule"] == "0 * * * *"
    assert "mousematch" not in definitions.enabled(confs)


def test_a_token_that_was_removed_is_empty(confs: ConfStore) -> None:
    assert setup.hec_token(confs) == ""
