"""The app's macros, in searches on the embedded search head."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

import numpy as np
import pytest

from mousematch.telemetry import DOWN, DRAG, UP, Points
from samples.bots.replay_jitter import Disguise, disguised
from samples.people import person
from samples.sessions import session
from tests.app.site import Site, site
from tests.commands.serving import write_model

APP = Path(__file__).resolve().parents[2]


def search(state: Path, spl: str) -> list[dict[str, Any]]:
    """The results of a search, run as a user runs it."""
    command = [sys.executable, "-m", "searchhead", "run", "--output", "json", "--state", str(state), spl]
    finished = subprocess.run(command, cwd=APP, capture_output=True, text=True, timeout=60)
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)  # type: ignore[no-any-return]


def test_claimed_owners_become_rows_and_the_recorded_one_is_kept(tmp_path: Path) -> None:
    rows = search(tmp_path, '| makeresults | eval user="alice" | `mousematch_against("bob,carol")` | table owner user')

    assert rows == [{"owner": "alice", "user": "bob"}, {"owner": "alice", "user": "carol"}]


def test_scored_rows_become_risk_events(tmp_path: Path) -> None:
    rows = search(
        tmp_path,
        '| makeresults | eval user="alice", session="s1", match_verdict="mismatch", match_score="0.02"'
        " | `mousematch_risk` | table risk_object risk_object_type risk_score risk_message",
    )

    assert rows == [
        {
            "risk_object": "alice",
            "risk_object_type": "user",
            "risk_score": "60",
            "risk_message": 'Mouse movement in session s1 is "mismatch" for alice (match score 0.02)',
        }
    ]


def test_the_main_pipeline_is_a_macro(tmp_path: Path) -> None:
    """Without a template the session has its reason; without the model or an encoding the search would fail."""
    write_model(tmp_path, name="base")

    rows = search(
        tmp_path,
        "| inputlookup mousematch_sample.csv | search session=amara-05 | `mousematch_score`"
        " | table user session match_verdict match_model",
    )

    assert rows == [{"user": "amara", "session": "amara-05", "match_verdict": "not_enrolled", "match_model": "base/2"}]


def write_events(path: Path, sessions: dict[str, Points]) -> None:
    """A lookup with a row for each point of these sessions."""
    states = {DOWN: "down", UP: "up", DRAG: "drag"}
    lines = ["session,user,time,x,y,button,state"]
    for number, (name, points) in enumerate(sessions.items()):
        start_s = 1_763_800_000 + 3600 * number
        lines += [
            f"{name},{name.partition('-')[0]},{start_s + time_us / 1e6:.3f},{x:.0f},{y:.0f},Left,{states.get(kind, 'move')}"
            for time_us, x, y, kind in zip(
                points.time_us.tolist(), points.x.tolist(), points.y.tolist(), points.kind.tolist()
            )
        ]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def test_replayed_sessions_are_found_also_in_disguise(tmp_path: Path) -> None:
    """Six people's sessions; one is played again as it was, one with jitter, in another size, speed and place."""
    sessions = {f"user{number}-own": session(person(number), seconds=60, seed=1) for number in range(6)}
    rng = np.random.default_rng(4)
    sessions["user2-replay"] = sessions["user1-own"]
    sessions["user4-jitter"] = disguised(sessions["user3-own"], Disguise(1.0, 1.0, 1.06, 1.05, 90.0), rng)
    write_events(tmp_path / "played.csv", sessions)

    command = [sys.executable, "-m", "searchhead", "run", "--output", "json", "--indexers", "2"]
    spl = "| inputlookup played.csv | mouseencode | `mousematch_replays` | table session user shares_with shared_paths"
    finished = subprocess.run(
        [*command, "--lookups", str(tmp_path), "--state", str(tmp_path / "state"), spl],
        cwd=APP,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert finished.returncode == 0, finished.stderr
    rows = json.loads(finished.stdout)
    assert [(row["session"], row["user"], row["shares_with"]) for row in rows] == [
        ("user1-own", "user1", "user2-replay"),
        ("user3-own", "user3", "user4-jitter"),
        ("user2-replay", "user2", "user1-own"),
        ("user4-jitter", "user4", "user3-own"),
    ]
    assert all(int(row["shared_paths"]) >= 2 for row in rows)


@pytest.fixture(scope="module")
def telemetry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with four events: two batches, one of them cut off, a recorder's event, and text."""
    with site(tmp_path_factory.mktemp("telemetry")) as running:
        at = running.now - 600
        browser = {"tab": "t1", "viewport": [1440, 789], "dpr": 2, "pointer": "pen"}
        batch = {"v": 1, "session": "s-1", "user": "CORP\\alice", **browser}
        points = {"dt": [0, 16.5, 17], "x": [1, 2, 3], "y": [3, 4, 5]}
        whole = json.dumps({**batch, "start": at * 1000, "sent": int(at * 1000) + 3_600_000, "seq": 7, "points": points})
        running.arrive(whole, at=at, indexed=at + 30)
        running.arrive(whole[:-20], at=at + 1, indexed=at + 30)
        running.arrive('{"type":3,"session":"s-2","data":{"positions":[]}}', at=at + 2, indexed=at + 30)
        running.arrive("session=s-3 x=1 y=2", at=at + 3, indexed=at + 30)
        yield running


def test_telemetry_quality_tells_format_damage_lag_and_clock(telemetry: Site) -> None:
    rows = telemetry.search(
        "`mousematch_telemetry` | `mousematch_telemetry_quality` | sort 0 _time"
        " | table format malformed lag_s skew_s points device"
    )

    assert [(row["format"], row["malformed"]) for row in rows] == [
        ("batch", "0"),
        ("batch", "1"),
        ("recorder", "0"),
        ("other", "0"),
    ]
    assert float(rows[0]["lag_s"]) == pytest.approx(30, abs=1.1)
    assert float(rows[0]["skew_s"]) == pytest.approx(3570, abs=1.1)
    assert (rows[0]["points"], rows[0]["device"]) == ("3", "pen 1440x789 @2")
    assert "skew_s" not in rows[2] and rows[2]["device"] == "? ? @?"


def test_names_are_what_the_json_says_and_are_decoded_once(telemetry: Site) -> None:
    (row, *_) = telemetry.search('`mousematch_session("s-1")` | `mousematch_names` | table user tab page')

    assert row == {"user": "CORP\\alice", "tab": "t1"}


@pytest.mark.parametrize("name", ["a b", "100%", "x&y=z", "#", "1+1?", "'\"<>", "C:\\new", "two\nlines", "Þórður 🐭"])
def test_an_address_gives_a_name_back(telemetry: Site, name: str) -> None:
    made = f'| makeresults | eval name=urldecode("{quote(name)}") | eval made="n=".`mousematch_url(name)`'

    (row,) = telemetry.search(made)

    assert parse_qs(row["made"]) == {"n": [name]}
