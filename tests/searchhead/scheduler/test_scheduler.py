"""The scheduler, step by step: what is due, what fires, what is suppressed, what survives a restart."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from searchhead.spl.errors import SplError
from searchhead.splunkd.head import SearchHead
from searchhead.splunkd.search import Search
from tests.searchhead.scheduler.conftest import MINUTE, NOON, Make, logged, step

PLAIN = "cron_schedule = */5 * * * *\nenableSched = 1\n"
ALERT = "counttype = number of events\nrelation = greater than\nquantity = 0\nalert.track = 1\n"
TWO_USERS = '| makeresults count=2 | streamstats count as n | eval user=if(n=1, "ada", "bob")'


def names(head: SearchHead) -> list[str]:
    return [alert.name for alert in head.scheduler.state.fired(NOON)]


def test_a_search_is_due_at_its_times_from_when_it_is_first_seen(make: Make) -> None:
    head = make(f"[a]\nsearch = | makeresults\n{PLAIN}")

    assert step(head, NOON + 10) == []
    assert step(head, NOON + 4 * MINUTE) == []
    assert step(head, NOON + 5 * MINUTE) == [NOON + 300]
    assert step(head, NOON + 6 * MINUTE) == []
    (job,) = head.jobs.all()
    assert (job.request.saved_search, job.request.user, len(job.results)) == ("a", "nobody", 1)
    assert job.sid.startswith("scheduler__nobody_c2hvcA__RMD5")
    assert job.sid.endswith(f"_at_{NOON + 300:.0f}_1")
    (line,) = logged(head, "status=success")
    assert 'savedsearch_id="nobody;shop;a"' in line
    assert f"scheduled_time={NOON + 300:.0f}" in line
    assert "result_count=1" in line


@pytest.mark.parametrize("off", ["disabled = 1", "enableSched = 0", "cron_schedule ="])
def test_what_is_switched_off_does_not_run(make: Make, off: str) -> None:
    head = make(f"[a]\nsearch = | makeresults\n{PLAIN}{off}\n")

    step(head, NOON)
    assert step(head, NOON + 10 * MINUTE) == []


def test_changes_of_the_configuration_count_at_once(make: Make) -> None:
    head = make("[a]\nsearch = | makeresults\ncron_schedule = */5 * * * *\n")
    step(head, NOON)
    head.confs.update("savedsearches", "a", {"enableSched": "1"})

    assert step(head, NOON + 60 * MINUTE) == []  # seen switched on for the first time
    assert step(head, NOON + 65 * MINUTE) == [NOON + 65 * MINUTE]
    head.confs.update("savedsearches", "a", {"cron_schedule": "*/7 * * * *"})
    assert step(head, NOON + 70 * MINUTE) == []
    assert step(head, NOON + 78 * MINUTE) == [NOON + 74 * MINUTE]
    head.confs.update("savedsearches", "a", {"enableSched": "0"})
    assert step(head, NOON + 90 * MINUTE) == []
    head.confs.update("savedsearches", "a", {"enableSched": "1"})
    assert step(head, NOON + 100 * MINUTE) == []


def test_after_downtime_one_kind_catches_up_and_the_other_runs_once(make: Make) -> None:
    head = make(
        f"[every]\nsearch = | makeresults\n{PLAIN}realtime_schedule = 0\n[last]\nsearch = | makeresults\n{PLAIN}"
    )
    step(head, NOON)
    late = NOON + 16 * MINUTE

    assert sorted(step(head, late)) == [NOON + 300, NOON + 900]
    assert [step(head, late), step(head, late), step(head, late)] == [[NOON + 600], [NOON + 900], []]


def test_the_time_range_is_seen_from_the_scheduled_time(make: Make) -> None:
    head = make(f"[a]\nsearch = | makeresults\ndispatch.earliest_time = -10m@m\ndispatch.latest_time = now\n{PLAIN}")
    step(head, NOON)
    step(head, NOON + 7 * MINUTE)

    (job,) = head.jobs.all()
    assert (job.search.earliest, job.search.latest) == (NOON - 5 * MINUTE, NOON + 5 * MINUTE)


def test_a_search_that_still_runs_is_skipped_or_waited_for(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    head = make(
        f"[every]\nsearch = | makeresults\n{PLAIN}realtime_schedule = 0\n[last]\nsearch = | makeresults\n{PLAIN}"
    )
    release = threading.Event()
    create = head.jobs.create

    def held(*args, **more):
        assert release.wait(30)
        return create(*args, **more)

    monkeypatch.setattr(head.jobs, "create", held)
    head.scheduler.run_due(NOON)
    assert len(head.scheduler.run_due(NOON + 5 * MINUTE)) == 2
    assert head.scheduler.run_due(NOON + 10 * MINUTE) == []
    assert head.scheduler.run_due(NOON + 10 * MINUTE + 1) == []
    release.set()
    assert head.scheduler.wait(30)

    assert step(head, NOON + 11 * MINUTE) == [NOON + 600]  # the continuous one
    (skipped,) = logged(head, "status=skipped")
    assert 'savedsearch_name="last"' in skipped
    assert "The maximum number of concurrent running jobs" in skipped
    assert len(logged(head, "status=continued")) == 1


@pytest.mark.parametrize(
    ("condition", "fires"),
    [
        ("counttype = number of events\nrelation = greater than\nquantity = 1", True),
        ("counttype = number of events\nrelation = greater than\nquantity = 2", False),
        ("counttype = number of events\nrelation = equal to\nquantity = 2", True),
        ("counttype = number of events\nrelation = not equal to\nquantity = 2", False),
        ("counttype = number of hosts\nrelation = less than\nquantity = 1", True),
        ('counttype = custom\nalert_condition = search user="bob"', True),
        ('counttype = custom\nalert_condition = where user="eve"', False),
        ("counttype = number of events\nrelation = around\nquantity = 2", False),
        ("counttype = number of events\nrelation = greater than\nquantity = few", False),
        ("counttype = always", True),
    ],
)
def test_conditions(make: Make, condition: str, fires: bool) -> None:
    head = make(f"[a]\nsearch = {TWO_USERS}\nalert.track = 1\n{PLAIN}{condition}\n")
    step(head, NOON)
    step(head, NOON + 5 * MINUTE)

    assert names(head) == (["a"] if fires else [])


def test_a_count_is_compared_with_that_of_the_last_run(make: Make) -> None:
    rises = "counttype = number of events\nrelation = rises by\nquantity = 50%\nalert.track = 1\n"
    head = make(f"[a]\nsearch = | inputlookup seen.csv\n{PLAIN}{rises}")
    step(head, NOON)
    step(head, NOON + 5 * MINUTE)
    assert names(head) == []
    step(head, NOON + 10 * MINUTE)
    assert names(head) == []
    head.search("| inputlookup seen.csv | append [ | inputlookup seen.csv ] | outputlookup seen.csv").run()
    step(head, NOON + 15 * MINUTE)
    assert names(head) == ["a"]


def test_suppression_of_whole_alerts_and_its_end(make: Make) -> None:
    head = make(f"[a]\nsearch = {TWO_USERS}\n{PLAIN}{ALERT}alert.suppress = 1\nalert.suppress.period = 11m\n")
    for minute in range(0, 21, 5):
        step(head, NOON + minute * MINUTE)

    alerts = head.scheduler.state.fired(NOON)
    assert [alert.time for alert in alerts] == [NOON + 20 * MINUTE, NOON + 5 * MINUTE]
    assert (alerts[0].digest, alerts[0].results, alerts[0].severity) == (True, 2, 3)
    assert len(logged(head, "suppressed=1")) == 2


def test_each_result_is_an_alert_of_its_own_suppressed_by_its_fields(make: Make) -> None:
    each = "alert.digest_mode = 0\nalert.suppress = 1\nalert.suppress.fields = user, none\nalert.suppress.period = 1h\n"
    head = make(f"[a]\nsearch = {TWO_USERS} | append [ {TWO_USERS} ]\n{PLAIN}{ALERT}{each}alert.severity = 5\n")
    step(head, NOON)
    step(head, NOON + 5 * MINUTE)
    assert [(alert.results, alert.severity) for alert in head.scheduler.state.fired(NOON)] == [(1, 5), (1, 5)]

    head.confs.update(
        "savedsearches", "a", {"search": '| makeresults count=2 | eval user=mvindex(split("ada,cy",","), 1)'}
    )
    step(head, NOON + 10 * MINUTE)
    assert len(head.scheduler.state.fired(NOON)) == 3
    step(head, NOON + 15 * MINUTE)
    assert len(head.scheduler.state.fired(NOON)) == 3


def test_searches_of_one_group_are_suppressed_together(make: Make) -> None:
    period = "alert.suppress = 1\nalert.suppress.period = 1h\nalert.suppress.group_name = g\n"
    group = f"search = | makeresults\n{PLAIN}{ALERT}{period}"
    head = make(f"[a]\n{group}[b]\n{group}cron_schedule = 7 * * * *\n")
    for minute in (0, 5, 7):
        step(head, NOON + minute * MINUTE)

    assert names(head) == ["a"]


def test_results_become_events_of_a_summary_index(make: Make) -> None:
    summary = (
        "action.summary_index = 1\naction.summary_index._name = sums\n"
        "action.summary_index.report = of $name$, first $result.user$\n"
    )
    head = make(f"[a b]\nsearch = {TWO_USERS}\n{PLAIN}{summary}")
    step(head, NOON)
    step(head, NOON + 5 * MINUTE)

    found = head.search('search index=sums source="a b" | table user report search_name search_now').run()
    assert sorted(map(str, found.column("user"))) == ["ada", "bob"]
    assert found.column("report") == ["of a b, first ada"] * 2
    assert found.column("search_name") == ["a b"] * 2
    assert {float(str(text)) for text in found.column("search_now")} == {NOON + 300}
    assert 'alert_actions="summary_index"' in logged(head, "status=success")[0]


def test_results_are_written_to_a_lookup(make: Make) -> None:
    head = make(
        f"[a]\nsearch = {TWO_USERS} | table user\n{PLAIN}"
        "action.lookup = 1\naction.lookup.filename = seen.csv\naction.lookup.append = 1\n"
    )
    step(head, NOON)
    step(head, NOON + 5 * MINUTE)

    assert head.search("| inputlookup seen.csv").run().column("user") == ["old", "ada", "bob"]


def test_other_actions_are_told_of_once(make: Make) -> None:
    head = make(f"[a]\nsearch = | makeresults\n{PLAIN}{ALERT}actions = email\naction.webhook = 1\n")
    for minute in (0, 5, 10):
        step(head, NOON + minute * MINUTE)

    told = [line for line in logged(head) if "is not played" in line]
    assert [("'email'" in line, "'webhook'" in line) for line in told] == [(True, False), (False, True)]
    assert names(head) == ["a", "a"]


def test_alerts_expire(make: Make) -> None:
    head = make(f"[a]\nsearch = | makeresults\n{PLAIN}{ALERT}alert.expires = 7m\n")
    step(head, NOON)
    step(head, NOON + 5 * MINUTE)

    assert len(head.scheduler.state.fired(NOON + 11 * MINUTE)) == 1
    assert head.scheduler.state.fired(NOON + 12 * MINUTE) == []


def test_a_search_runs_under_the_role_of_its_owner(make: Make) -> None:
    head = make(f"[a]\nsearch = index=* OR index=_* | stats count\n{PLAIN}[b]\nsearch = | makeresults\n{PLAIN}")
    head.access.add_user("pat", ["power"])
    head.access.set_grant("savedsearches", "a", owner="pat")
    head.access.set_grant("savedsearches", "b", owner="viewer")  # who may not schedule
    step(head, NOON)
    assert step(head, NOON + 5 * MINUTE) == [NOON + 300]
    (job,) = head.jobs.all()
    assert job.request.user == "pat"
    assert job.results.column("count") == ["0"]  # scheduler.log has lines, which pat may not see
    (line,) = logged(head, "schedule_search")
    assert "The owner viewer lacks the capability schedule_search" in line


@pytest.mark.parametrize("search", ["| nosuch", "| inputlookup missing.csv"])
def test_a_search_that_fails_is_logged_and_runs_at_its_next_time(make: Make, search: str) -> None:
    head = make(f"[a]\nsearch = {search}\n{PLAIN}{ALERT}")
    step(head, NOON)
    assert step(head, NOON + 5 * MINUTE) == [NOON + 300]
    assert step(head, NOON + 10 * MINUTE) == [NOON + 600]

    assert len([line for line in logged(head) if "ERROR" in line and "No actions executed" in line]) == 2
    assert head.scheduler.state.unfinished() == []


def test_a_wrong_cron_schedule_is_told_once(make: Make) -> None:
    head = make(f"[a]\nsearch = | makeresults\n{PLAIN}cron_schedule = every day\n")
    for minute in (0, 5, 10):
        assert step(head, NOON + minute * MINUTE) == []
    assert len(logged(head)) == 1


def test_only_one_process_schedules_a_state_folder(make: Make, tmp_path: Path) -> None:
    head = make(f"[a]\nsearch = | makeresults\n{PLAIN}")
    step(head, NOON)
    with SearchHead(tmp_path / "shop", tmp_path / "state") as other:
        assert step(other, NOON + 5 * MINUTE) == []
    assert step(head, NOON + 5 * MINUTE) == [NOON + 300]


def test_a_dispatched_search_may_fire_its_alert(make: Make) -> None:
    head = make(f'[a]\nsearch = | makeresults | eval user="$args.who$"\n{ALERT}')
    saved = head.scheduler.saved()["a"]

    job = head.scheduler.dispatch(saved, user="admin", changes={"args.who": "eve"}, act=True)
    assert head.scheduler.wait(30)
    assert [alert.sid for alert in head.scheduler.state.fired(NOON)] == [job.sid]
    assert job.results.column("user") == ["eve"]
    with pytest.raises(SplError, match="nosuch"):
        head.scheduler.dispatch(saved, user="admin", changes={"search": "| nosuch"}, act=False)


@pytest.mark.parametrize("end", ["jobs", "head", "head while the job is made"])
def test_a_run_that_an_orderly_end_cuts_short_is_taken_up_by_the_next_start(
    make: Make, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    searches = f"[a]\nsearch = | makeresults\n{PLAIN}{ALERT}"
    head = make(searches)
    began = threading.Event()
    create = head.jobs.create

    def slow(*args, **more):
        job = create(*args, **more)
        assert began.wait(30)
        time.sleep(0.3)
        return job

    def endless(search: Search) -> None:
        began.set()
        while True:
            search.dispatch.check_cancelled()

    with monkeypatch.context() as patched:
        patched.setattr(Search, "run", endless)
        if end.endswith("made"):
            patched.setattr(head.jobs, "create", slow)
        head.scheduler.run_due(NOON)
        head.scheduler.run_due(NOON + 5 * MINUTE)
        assert began.wait(30)
        if end == "jobs":
            head.jobs.close()
        head.close()

    again = make(searches)
    assert step(again, NOON + 6 * MINUTE) == [NOON + 300]
    assert names(again) == ["a"]
    assert not [line for line in logged(again) if "ERROR" in line]
