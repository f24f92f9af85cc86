"""Saved searches and fired alerts as splunklib drives them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import splunklib.client
import splunklib.results
from splunklib.binding import HTTPError

from searchhead.splunkd.head import SearchHead
from tests.searchhead.scheduler.conftest import write
from tests.searchhead.scheduler.test_scheduler import ALERT, TWO_USERS

SEARCHES = f"""\
[Two users]
search = {TWO_USERS}
description = Both of them
{ALERT}
[Hidden / from viewers]
search = | makeresults
"""
META = """\
[]
access = read : [ * ], write : [ admin, power ]
[savedsearches/Hidden%20%2F%20from%20viewers]
access = read : [ admin ], write : [ admin ]
"""


@pytest.fixture
def head(tmp_path: Path) -> Iterator[SearchHead]:
    write(tmp_path / "shop", SEARCHES)
    (tmp_path / "shop" / "metadata").mkdir()
    (tmp_path / "shop" / "metadata" / "default.meta").write_text(META)
    with SearchHead(tmp_path / "shop", tmp_path / "state") as head:
        head.access.add_user("pat", ["power"])
        yield head


def connect(head: SearchHead, user: str) -> splunklib.client.Service:
    uri = urlsplit(head.server.uri)
    return splunklib.client.connect(
        scheme=uri.scheme, host=uri.hostname, port=uri.port, app="shop", owner="nobody",
        splunkToken=head.access.session(user),
    )  # fmt: skip


def test_they_are_listed_with_splunkds_settings(head: SearchHead) -> None:
    service = connect(head, "admin")

    assert [saved.name for saved in service.saved_searches] == ["Two users", "Hidden / from viewers"]
    saved = service.saved_searches["Two users"]
    assert saved["alert_type"] == "number of events"
    assert (saved["is_scheduled"], saved["alert.severity"], saved["alert.track"]) == ("0", "3", "1")
    assert saved.content.description == "Both of them"
    assert saved.alert_count == 0
    assert service.saved_searches["Hidden / from viewers"].access.perms == {"read": ["admin"], "write": ["admin"]}
    assert [one.name for one in connect(head, "viewer").saved_searches] == ["Two users"]
    with pytest.raises(KeyError):
        connect(head, "viewer").saved_searches["Hidden / from viewers"]


def test_one_is_created_changed_scheduled_and_deleted(head: SearchHead) -> None:
    service = connect(head, "pat")

    made = service.saved_searches.create("mine", "| makeresults", cron_schedule="*/10 * * * *", is_scheduled=1)
    made.update(description="new", alert_type="number of events", alert_comparator="greater than", alert_threshold="3")
    made.refresh()
    assert (made["search"], made["description"], made["alert_threshold"]) == ("| makeresults", "new", "3")
    assert made.access.owner == "pat"
    assert made["next_scheduled_time"].endswith("UTC")
    times = made.scheduled_times("now", "+1h")
    assert len(times) in (5, 6)
    stanza = head.confs.get("savedsearches", "mine")
    assert (stanza["enableSched"], stanza["counttype"], stanza["quantity"]) == ("1", "number of events", "3")
    made.disable()
    assert head.confs.get("savedsearches", "mine")["disabled"] == "1"
    service.saved_searches.delete("mine")
    assert "mine" not in [one.name for one in service.saved_searches]
    with pytest.raises(HTTPError, match="part of the app"):
        service.saved_searches.delete("Two users")


@pytest.mark.parametrize(
    ("user", "settings", "status"),
    [
        ("viewer", {"name": "x", "search": "| makeresults"}, 403),
        ("pat", {"name": "x", "search": "| makeresults", "is_scheduled": "1", "cron_schedule": "daily"}, 400),
        ("pat", {"name": "x", "search": " "}, 400),
        ("pat", {"name": "", "search": "| makeresults"}, 400),
        ("pat", {"name": "Two users", "search": "| makeresults"}, 409),
    ],
)
def test_what_cannot_be_created(head: SearchHead, user: str, settings: dict[str, str], status: int) -> None:
    headers = {"Authorization": f"Splunk {head.access.session(user)}"}
    answer = httpx.post(f"{head.server.uri}/servicesNS/{user}/shop/saved/searches", data=settings, headers=headers)
    assert answer.status_code == status
    assert "x" not in head.scheduler.saved()


def test_scheduling_needs_its_capability(head: SearchHead) -> None:
    head.access.set_grant("savedsearches", "Two users", write=["user"])
    saved = connect(head, "viewer").saved_searches["Two users"]

    saved.update(description="by a viewer")
    with pytest.raises(HTTPError, match="schedule_search"):
        saved.update(is_scheduled=1, cron_schedule="* * * * *")


def test_dispatch_gives_a_job_of_the_caller_and_history_lists_it(head: SearchHead) -> None:
    saved = connect(head, "viewer").saved_searches["Two users"]
    job = saved.dispatch(**{"dispatch.earliest_time": "-1h"})
    while not job.is_done():
        time.sleep(0.02)

    rows = list(splunklib.results.JSONResultsReader(job.results(output_mode="json")))
    assert [row["user"] for row in rows] == ["ada", "bob"]
    assert (job["isSavedSearch"], job["label"]) == ("1", "Two users")
    assert [one.sid for one in saved.history()] == [job.sid]
    loaded = head.search('| loadjob savedsearch="viewer:shop:Two users" | stats count').run()
    assert loaded.column("count") == ["2"]
    assert head.scheduler.state.fired(0) == []


def test_an_alert_fires_and_is_listed_suppressed_and_deleted(head: SearchHead) -> None:
    service = connect(head, "admin")
    saved = service.saved_searches["Two users"]
    saved.update(is_scheduled=1, cron_schedule="* * * * *")
    job = saved.dispatch(trigger_actions=1)
    assert head.scheduler.wait(30)

    assert service.saved_searches["Two users"].alert_count == 1
    groups = {group.name: group for group in service.fired_alerts}
    assert {name: group.count for name, group in groups.items()} == {"-": 1, "Two users": 1}
    (alert,) = groups["Two users"].alerts
    assert (alert["sid"], alert["savedsearch_name"], alert["severity"]) == (job.sid, "Two users", "3")
    saved.suppress(120)
    assert 110 < saved.suppressed <= 120
    saved.dispatch(trigger_actions=1)
    assert head.scheduler.wait(30)
    assert service.saved_searches["Two users"].alert_count == 1
    saved.unsuppress()
    assert saved.suppressed == 0
    service.delete(f"alerts/fired_alerts/{alert.name}")
    assert service.saved_searches["Two users"].alert_count == 0


def test_permissions_are_changed_over_rest(head: SearchHead) -> None:
    address = f"{head.server.uri}/servicesNS/nobody/shop/saved/searches/Two users/acl"
    changes = {"perms.read": "admin,power", "perms.write": "power", "sharing": "app", "owner": "pat"}
    for user, status in (("viewer", 403), ("pat", 403), ("admin", 200)):
        headers = {"Authorization": f"Splunk {head.access.session(user)}"}
        assert httpx.post(address, data=changes, headers=headers).status_code == status

    assert [one.name for one in connect(head, "viewer").saved_searches] == []
    assert connect(head, "pat").saved_searches["Two users"].access.owner == "pat"
