"""How many jobs run at once, who waits, and how long results are kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from searchhead.jobs import Job, Jobs, State
from searchhead.jobs.job import Request
from searchhead.spl.errors import SplError
from searchhead.splunkd.errors import RestError
from searchhead.splunkd.head import SearchHead
from searchhead.splunkd.search import Search
from tests.searchhead.splunkd.trial import TRIAL_APP

ONE = "| makeresults"


@pytest.fixture
def head(tmp_path: Path) -> Iterator[SearchHead]:
    with SearchHead(TRIAL_APP, tmp_path / "state") as head:
        yield head


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Searches wait for it before they run."""
    gate = threading.Event()
    run = Search.run

    def waiting(search: Search) -> object:
        while not gate.wait(0.01):
            search.dispatch.check_cancelled()
        return run(search)

    monkeypatch.setattr(Search, "run", waiting)
    yield gate
    gate.set()


@pytest.fixture
def registry(head: SearchHead) -> Iterator[Callable[..., Jobs]]:
    made: list[Jobs] = []

    def make(**limits: int) -> Jobs:
        made.append(Jobs(head, **limits))
        return made[-1]

    yield make
    for jobs in made:
        jobs.close()


def running(jobs: list[Job]) -> int:
    return sum(job.state is State.RUNNING for job in jobs)


def settle(jobs: list[Job], expected: int) -> None:
    deadline = time.monotonic() + 10
    while running(jobs) != expected and time.monotonic() < deadline:
        time.sleep(0.01)
    assert running(jobs) == expected


def test_searches_beyond_the_limits_wait_in_the_queue(registry: Callable[..., Jobs], gate: threading.Event) -> None:
    jobs = registry(max_searches=4)
    of_viewer = [jobs.create(ONE, user="viewer") for _ in range(4)]  # whose role may run three
    of_admin = [jobs.create(ONE, user="admin") for _ in range(2)]

    settle([*of_viewer, *of_admin], 4)
    assert (running(of_viewer), running(of_admin)) == (3, 1)
    assert of_viewer[3].state is State.QUEUED
    gate.set()
    assert all(job.wait(20) for job in [*of_viewer, *of_admin])
    assert {job.state for job in [*of_viewer, *of_admin]} == {State.DONE}


def test_a_queued_search_may_be_paused_and_cancelled(registry: Callable[..., Jobs], gate: threading.Event) -> None:
    jobs = registry(max_searches=1)
    first, second, third = (jobs.create(ONE, user="admin") for _ in "abc")
    second.is_paused = True
    jobs.remove(third)
    assert (third.state, third.error) == (State.FAILED, "The search was cancelled.")
    gate.set()
    assert first.wait(20)
    assert not second.wait(0.2)
    jobs.unpause(second)
    assert second.wait(20)


def test_a_cancelled_search_fails_and_a_finalized_one_is_done(
    registry: Callable[..., Jobs], gate: threading.Event
) -> None:
    jobs = registry()
    cancelled, finalized = jobs.create(ONE, user="admin"), jobs.create(ONE, user="admin")
    settle([cancelled, finalized], 2)
    cancelled.cancel()
    finalized.finalize()

    assert cancelled.wait(20)
    assert finalized.wait(20)
    assert (cancelled.is_failed, finalized.is_failed, finalized.is_finalized) == (True, False, True)


def test_results_go_when_their_time_is_over_unless_they_are_asked_for(registry: Callable[..., Jobs]) -> None:
    jobs = registry()
    short, long, saved = (
        jobs.create(ONE, user="admin", request=Request("trial", "admin", ttl_s=ttl)) for ttl in (60, 600, 60)
    )
    saved.is_saved = True
    assert all(job.wait(20) for job in (short, long, saved))

    jobs.expire(time.time() + 59)
    assert len(jobs.all()) == 3
    jobs.expire(time.time() + 61)
    assert jobs.get(short.sid) is None
    jobs.expire(time.time() + 601)
    assert [job.sid for job in jobs.all()] == [saved.sid]
    jobs.expire(time.time() + 604_802)
    assert jobs.all() == []


def test_jobs_end_at_their_limits(registry: Callable[..., Jobs], gate: threading.Event) -> None:
    jobs = registry()
    forgotten = jobs.create(ONE, user="admin", request=Request("trial", "admin", auto_cancel_s=5))
    slow = jobs.create(ONE, user="admin", request=Request("trial", "admin", max_time_s=5))
    settle([forgotten, slow], 2)
    jobs.expire(time.time() + 4)
    assert running([forgotten, slow]) == 2
    jobs.expire(time.time() + 6)

    assert slow.wait(20)
    assert slow.is_finalized
    assert forgotten.wait(20)
    assert [job.sid for job in jobs.all()] == [slow.sid]


def test_the_results_asked_for_longest_ago_make_room(registry: Callable[..., Jobs]) -> None:
    jobs = registry(kept_bytes=300_000)
    made = []
    for _ in range(4):
        made.append(jobs.create('| makeresults count=1000 | eval a="0123456789"', user="admin"))
        assert made[-1].wait(20)
        time.sleep(0.02)
        jobs.get(made[0].sid)  # somebody looks at the first one all the time

    kept = {job.sid for job in jobs.all()}
    assert made[0].sid in kept
    assert made[-1].sid in kept
    assert made[1].sid not in kept


@pytest.mark.parametrize("sid", ["../x", "a b", "", "x" * 201])
def test_a_sid_that_is_none_is_refused(registry: Callable[..., Jobs], sid: str) -> None:
    with pytest.raises(RestError, match="Invalid search id"):
        registry().create(ONE, user="admin", sid=sid)


def test_a_sid_is_taken_once(registry: Callable[..., Jobs]) -> None:
    jobs = registry()
    jobs.create(ONE, user="admin", sid="mine")
    with pytest.raises(RestError, match="exists"):
        jobs.create(ONE, user="admin", sid="mine")


def test_loadjob_gives_the_results_of_a_job_that_may_be_read(head: SearchHead) -> None:
    job = head.jobs.create("| makeresults | eval a=7", user="viewer")
    assert job.wait(20)

    assert head.search(f"| loadjob {job.sid} | where a=7 | table a").run().column("a") == ["7"]
    with pytest.raises(SplError, match="Cannot find artifacts"):
        head.jobs.load(job.sid, "analyst")
    with pytest.raises(SplError, match="Cannot find artifacts"):
        head.search("| loadjob nosuch").run()


def test_nothing_is_left_of_a_job_that_is_gone(head: SearchHead) -> None:
    dispatch = head.home / "var" / "run" / "splunk" / "dispatch"
    job = head.jobs.create("| makeresults | eval a=7", user="admin")
    assert job.wait(20)
    assert head.jobs.post_process(job, "stats count", user="admin").column("count") == ["1"]

    assert [folder.name for folder in dispatch.iterdir()] == [job.sid]
    head.jobs.remove(job)
    assert list(dispatch.iterdir()) == []
