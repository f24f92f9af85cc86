"""Search jobs as splunklib and Dashboard Studio drive them, over the REST port."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import splunklib.client
import splunklib.results
from splunklib.binding import HTTPError

from searchhead.splunkd.head import SearchHead
from tests.searchhead.splunkd.trial import TRIAL_APP

NUMBERS = '| makeresults count=5 | streamstats count as n | eval parity=if(n%2==0, "even", "odd") | table n parity'


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchHead]:
    with SearchHead(TRIAL_APP, tmp_path_factory.mktemp("state")) as head:
        yield head


@pytest.fixture
def service(head: SearchHead) -> splunklib.client.Service:
    return connect(head, "admin")


@pytest.fixture
def browser(head: SearchHead) -> Iterator[httpx.Client]:
    """What a dashboard has: JSON calls with the session of a user."""
    headers = {"Authorization": f"Splunk {head.access.session('analyst')}"}
    with httpx.Client(base_url=head.server.uri, headers=headers) as client:
        yield client


def connect(head: SearchHead, user: str) -> splunklib.client.Service:
    uri = urlsplit(head.server.uri)
    return splunklib.client.connect(
        scheme=uri.scheme, host=uri.hostname, port=uri.port, app="trial", owner=user,
        splunkToken=head.access.session(user), autologin=False,
    )  # fmt: skip


def rows(stream: Any) -> list[dict[str, Any]]:
    return [row for row in splunklib.results.JSONResultsReader(stream) if isinstance(row, dict)]


def test_a_job_is_created_awaited_and_read(service: splunklib.client.Service) -> None:
    job = service.jobs.create(NUMBERS, exec_mode="normal", label="numbers")
    while not job.is_done():
        time.sleep(0.02)

    assert job["resultCount"] == "5"
    assert job["dispatchState"] == "DONE"
    assert job.content.messages == {}
    assert [row["n"] for row in rows(job.results(output_mode="json", count=2, offset=1))] == ["2", "3"]
    reader = splunklib.results.ResultsReader(job.results())
    assert [row["parity"] for row in reader if isinstance(row, dict)] == ["odd", "even", "odd", "even", "odd"]
    assert job.sid in [one.sid for one in service.jobs.list()]
    job.cancel()
    assert job.sid not in [one.sid for one in service.jobs]


def test_oneshot_blocking_and_export_give_the_results_in_one_call(service: splunklib.client.Service) -> None:
    assert [row["n"] for row in rows(service.jobs.oneshot(NUMBERS, output_mode="json"))] == list("12345")
    exported = service.jobs.export(NUMBERS, output_mode="json")
    assert [row["n"] for row in rows(exported)] == list("12345")
    job = service.jobs.create(NUMBERS, exec_mode="blocking")
    assert job["isDone"] == "1"
    text = service.jobs.oneshot(NUMBERS + " | head 1", output_mode="csv").read().decode()
    assert text == "n,parity\n1,odd\n"


def test_a_wrong_search_is_refused_before_there_is_a_job(
    service: splunklib.client.Service, browser: httpx.Client
) -> None:
    with pytest.raises(HTTPError, match="Unknown search command 'nosuch'"):
        service.jobs.create("| nosuch")
    answer = browser.post("/servicesNS/-/trial/search/jobs", data={"output_mode": "json", "search": "| nosuch"})
    assert answer.status_code == 400
    assert answer.json()["messages"][0]["type"] == "FATAL"
    for times in (
        {"earliest_time": "soon"},
        {"earliest_time": "-1h", "latest_time": "-2h"},
        {"earliest_time": "rt-5m"},
    ):
        answer = browser.post("/services/search/jobs", data={"output_mode": "json", "search": NUMBERS, **times})
        assert (answer.status_code, "Invalid" in answer.json()["messages"][0]["text"]) == (400, True), times


def test_a_search_that_fails_while_it_runs_is_a_failed_job_with_the_reason(service: splunklib.client.Service) -> None:
    job = service.jobs.create("| makeresults | misbehave how=error_key", exec_mode="blocking")

    assert (job["isFailed"], job["dispatchState"]) == ("1", "FAILED")
    assert job.content.messages["fatal"] == job.content.messages["error"][-1:]
    assert "misbehave" in job.content.messages["fatal"][0]
    with pytest.raises(HTTPError, match="misbehave") as caught:
        job.results(output_mode="json")
    assert caught.value.status == 400
    once = json.loads(service.jobs.oneshot("| makeresults | misbehave how=error_key", output_mode="json").read())
    assert [message["type"] for message in once["messages"]] == ["WARN", "FATAL"]
    assert list(once) == ["messages"]
    assert b"misbehave" in job.searchlog().read()


def test_what_a_studio_search_asks(browser: httpx.Client) -> None:
    made = browser.post(
        "/servicesNS/-/trial/search/jobs",
        data={
            "output_mode": "json",
            "search": NUMBERS,
            "earliest_time": "-24h@h",
            "latest_time": "now",
            "preview": "true",
        },
    )
    assert made.status_code == 201
    sid = made.json()["sid"]
    entry = _done(browser, sid)
    assert entry["content"]["sid"] == sid
    assert entry["content"]["dispatchState"] == "DONE"
    assert entry["content"]["request"]["earliest_time"] == "-24h@h"
    assert (entry["content"]["resultCount"], entry["content"]["messages"]) == (5, [])

    asked = {"output_mode": "json_cols", "count": 0, "offset": 0, "show_metadata": "true"}
    cols = browser.get(f"/services/search/v2/jobs/{sid}/results_preview", params=asked).json()
    assert cols["fields"] == [{"name": "n"}, {"name": "parity"}]
    assert cols["columns"][0] == list("12345")
    assert (cols["preview"], cols["init_offset"]) == (False, 0)
    chain = {**asked, "search": "stats count by parity | sort 0 - count"}
    chained = browser.post(f"/services/search/v2/jobs/{sid}/results_preview", data=chain).json()
    assert chained["columns"] == [["odd", "even"], ["3", "2"]]
    wrong = browser.post(f"/services/search/v2/jobs/{sid}/results_preview", data={**asked, "search": "| nosuch"})
    assert wrong.status_code == 400
    ended = browser.post(f"/services/search/jobs/{sid}/control", data={"output_mode": "json", "action": "cancel"})
    assert ended.json()["messages"] == [{"type": "INFO", "text": "Search job cancelled."}]
    gone = browser.get(f"/services/search/jobs/{sid}", params={"output_mode": "json"})
    assert (gone.status_code, gone.json()["messages"][0]["text"]) == (404, "Unknown sid.")


def test_several_jobs_are_asked_for_at_once(browser: httpx.Client) -> None:
    sids = [
        browser.post("/services/search/jobs", data={"output_mode": "json", "search": NUMBERS}).json()["sid"]
        for _ in "ab"
    ]
    feed = browser.get(
        "/services/search/jobs", params={"output_mode": "json", "id": [*sids, "unknown"], "count": 2}
    ).json()
    assert {entry["content"]["sid"] for entry in feed["entry"]} == set(sids)


def test_output_modes_agree_and_unknown_ones_are_refused(browser: httpx.Client) -> None:
    mv = '| makeresults | eval _time=1700000000.5, a=split("x,y", ","), b="<&" | table _time a b c'

    def ask(mode: str, **more: Any) -> httpx.Response:
        data = {"output_mode": mode, "search": mv, "exec_mode": "oneshot", **more}
        return browser.post("/services/search/v2/jobs", data=data)

    assert ask("json").json()["results"] == [{"_time": "2023-11-14T22:13:20.500+00:00", "a": ["x", "y"], "b": "<&"}]
    assert ask("json_rows").json()["rows"] == [["2023-11-14T22:13:20.500+00:00", ["x", "y"], "<&", None]]
    assert ask("json_cols").json()["fields"] == ["_time", "a", "b", "c"]
    assert ask("csv").text == '_time,a,b,c\n2023-11-14T22:13:20.500+0000,"x\ny",<&,\n'
    assert "<text>&lt;&amp;</text>" in ask("xml").text
    assert ask("csv", field_list="b").text == "b\n<&\n"
    assert ask("yaml").status_code == 400


def test_a_user_sees_own_jobs_only_and_an_administrator_all(head: SearchHead, browser: httpx.Client) -> None:
    sid = browser.post("/services/search/jobs", data={"output_mode": "json", "search": NUMBERS}).json()["sid"]

    with pytest.raises(HTTPError, match="Unknown sid"):
        connect(head, "viewer").job(sid).refresh()
    assert sid in [job.sid for job in connect(head, "admin").jobs]
    assert sid not in [job.sid for job in connect(head, "viewer").jobs]


def _done(browser: httpx.Client, sid: str) -> dict[str, Any]:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        (entry,) = browser.get("/services/search/jobs", params={"output_mode": "json", "id": sid}).json()["entry"]
        if entry["content"]["isDone"]:
            return entry
        time.sleep(0.02)
    raise AssertionError(json.dumps(entry))


def test_time_pickers_get_their_presets(browser: httpx.Client) -> None:
    feed = browser.get("/servicesNS/analyst/trial/data/ui/times", params={"output_mode": "json", "count": 0}).json()
    presets = {entry["name"]: entry["content"] for entry in feed["entry"]}
    assert presets["last_24_hours"]["earliest_time"] == "-24h@h"
    assert presets["all_time"]["label"] == "All time"


def test_what_splunkd_says_of_results_that_are_none(browser: httpx.Client) -> None:
    asked = {"search": "| makeresults | where 1=2", "exec_mode": "oneshot", "output_mode": "json"}
    empty = browser.post("/services/search/jobs", data=asked).json()
    assert empty == {"preview": False, "init_offset": 0, "messages": [], "post_process_count": 0, "results": []}


def test_export_writes_a_line_for_each_row(browser: httpx.Client) -> None:
    asked = {"search": "| makeresults count=2 | eval _time=1700000000 | table _time", "output_mode": "json"}
    lines = [json.loads(line) for line in browser.post("/services/search/v2/jobs/export", data=asked).text.splitlines()]
    row = {"_time": "2023-11-14 22:13:20.000 UTC"}
    assert lines == [
        {"preview": False, "offset": 0, "result": row},
        {"preview": False, "offset": 1, "lastrow": True, "result": row},
    ]
    none = browser.post("/services/search/jobs/export", data={**asked, "search": "| makeresults | head 0"})
    assert json.loads(none.text) == {"preview": False, "lastrow": True}


def test_fields_and_times_of_a_job(browser: httpx.Client) -> None:
    search = '| makeresults count=4 | streamstats count as n | eval _time=1700000000+n*60, a=if(n>1, "x", null())'
    asked = {"search": search, "exec_mode": "blocking", "output_mode": "json", "status_buckets": 300}
    sid = browser.post("/services/search/jobs", data=asked).json()["sid"]

    fields = browser.get(f"/services/search/jobs/{sid}/summary", params={"output_mode": "json"}).json()["fields"]
    assert (fields["a"]["count"], fields["a"]["modes"]) == (3, [{"value": "x", "count": 3, "is_exact": True}])
    assert (fields["n"]["min"], fields["n"]["max"], fields["n"]["mean"]) == ("1", "4", 2.5)
    timeline = browser.get(f"/services/search/jobs/{sid}/timeline", params={"output_mode": "json"}).json()
    assert (timeline["event_count"], sum(bucket["total_count"] for bucket in timeline["buckets"])) == (4, 4)
    for part in ("summary", "timeline"):
        assert browser.get(f"/services/search/jobs/{sid}/{part}").text.startswith("<?xml")
    parsed = browser.post("/services/search/v2/parser", data={"q": search, "output_mode": "json"}).json()
    assert [command["command"] for command in parsed["commands"]] == ["makeresults", "streamstats", "eval"]
    assert browser.post("/services/search/parser", data={"q": "| nosuch"}).status_code == 400
