"""The app's macros, in searches on the embedded search head."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

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

    assert rows == [{"user": "amara", "session": "amara-05", "match_verdict": "not_enrolled", "match_model": "base/1"}]
