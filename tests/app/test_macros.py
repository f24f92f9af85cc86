"""The app's macros, in searches on the embedded search head."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from mousematch.telemetry import DOWN, DRAG, UP, Points
from samples.bots.replay_jitter import Disguise, disguised
from samples.people import person
from samples.sessions import session
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
