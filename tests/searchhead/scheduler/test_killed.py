"""kill -9 at every point of a run: its alert fires once, its events are summarised once."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.searchhead.scheduler.conftest import MINUTE, NOON, Make, step
from tests.searchhead.scheduler.test_scheduler import ALERT, PLAIN, TWO_USERS

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("where", ["before recording", "after recording", "after acting"])
def test_a_killed_run_is_taken_up_once(make: Make, tmp_path: Path, where: str) -> None:
    searches = f"[a]\nsearch = {TWO_USERS}\n{PLAIN}{ALERT}action.summary_index = 1\naction.summary_index._name = sums\n"
    head = make(searches)
    step(head, NOON)
    head.close()

    killed = [
        sys.executable,
        "tests/searchhead/scheduler/killed.py",
        str(tmp_path / "shop"),
        str(tmp_path / "state"),
        where,
    ]
    done = subprocess.run([*killed, str(NOON + 5 * MINUTE)], cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, timeout=60)
    assert done.returncode == -signal.SIGKILL

    again = make(searches)
    for minute in (6, 7):
        step(again, NOON + minute * MINUTE)
    assert [(alert.name, alert.results) for alert in again.scheduler.state.fired(NOON)] == [("a", 2)]
    assert len(again.search("search index=sums").run()) == 2
    assert again.scheduler.state.unfinished() == []


def test_a_run_that_kills_its_process_each_time_is_given_up(make: Make, tmp_path: Path) -> None:
    searches = f"[a]\nsearch = | makeresults\n{PLAIN}{ALERT}"
    head = make(searches)
    step(head, NOON)
    head.close()
    for _ in range(3):
        subprocess.run(
            [sys.executable, "tests/searchhead/scheduler/killed.py", str(tmp_path / "shop"), str(tmp_path / "state"),
             "before recording", str(NOON + 5 * MINUTE)],
            cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, timeout=60,
        )  # fmt: skip

    again = make(searches)
    assert step(again, NOON + 6 * MINUTE) == []
    assert again.scheduler.state.unfinished() == []
    assert step(again, NOON + 10 * MINUTE) == [NOON + 600]
