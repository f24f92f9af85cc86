"""What becomes of batches: endpoints that fail, pages that are left, bounds."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from mousematch.formats.batch import read_batch
from mousematch.formats.records import points_of as points_of_records
from tests.browser.collector.conftest import Visit
from tests.browser.collector.endpoint import NO_ANSWER, Site

KEEPALIVE_BYTES = 64 * 1024


def test_batches_go_by_themselves_after_their_time(site: Site, visit: Visit):
    site.tag += ' data-batch-ms="200"'
    visit.page.goto(site.url)

    first = visit.move(5)
    visit.until(lambda: len(site.places) == 5, seconds=2)
    second = visit.move(5, start=5)
    visit.until(lambda: len(site.places) == 10, seconds=2)

    assert site.places == first + second
    assert [batch["seq"] for batch in site.taken] == list(range(len(site.taken)))
    assert len(site.taken) >= 2


def test_a_mouse_at_rest_sends_nothing(site: Site, visit: Visit):
    site.tag += ' data-batch-ms="50"'
    visit.page.goto(site.url)

    visit.page.wait_for_timeout(500)

    assert site.requests == []


def test_nothing_is_lost_or_sent_twice_while_the_endpoint_is_down(site: Site, visit: Visit):
    site.tag += ' data-batch-ms="100"'
    visit.page.goto(site.url)
    places = visit.move(10)
    visit.until(lambda: visit.counters["delivered"] == 10)

    site.stop()
    for start in range(10, 40, 10):
        places += visit.move(10, start=start)
        visit.page.wait_for_timeout(150)
    assert visit.counters["queued"] == 30
    site.start()
    visit.until(lambda: visit.counters["queued"] == 0)

    assert site.places == places
    assert [batch["seq"] for batch in site.taken] == list(range(len(site.taken)))
    assert visit.counters["dropped"] == 0


@pytest.mark.parametrize("status", [408, 429, 503])
def test_an_endpoint_that_is_busy_is_asked_again_later(site: Site, visit: Visit, status: int):
    visit.page.goto(site.url)
    site.answers = [(status, {})]

    places = visit.move(5)
    visit.flush()
    visit.until(lambda: visit.counters["delivered"] == 5)

    refused, taken = site.requests
    assert (refused.status, taken.status) == (status, 200)
    assert 0.45 < taken.at - refused.at < 5
    assert site.places == places


def test_retry_after_is_respected(site: Site, visit: Visit):
    visit.page.goto(site.url)
    site.answers = [(503, {"Retry-After": "2"})]

    visit.move(5)
    visit.flush()
    visit.until(lambda: visit.counters["delivered"] == 5)

    assert site.requests[1].at - site.requests[0].at > 1.9


def test_pauses_grow_while_an_endpoint_stays_down(site: Site, visit: Visit):
    visit.page.goto(site.url)
    site.answers = [(503, {})] * 3

    visit.move(5)
    visit.flush()
    visit.until(lambda: visit.counters["delivered"] == 5, seconds=15)

    pauses = [after.at - before.at for before, after in pairwise(site.requests)]
    assert len(pauses) == 3
    assert all(0.45 * 2**n < pause < 2**n + 3 for n, pause in enumerate(pauses))


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_refusal_ends_the_collecting_with_one_warning(site: Site, visit: Visit, status: int):
    site.status = status
    visit.page.goto(site.url)

    visit.move(5)
    visit.flush()
    visit.until(lambda: visit.said)
    visit.move(5, start=5)
    visit.flush()
    visit.page.wait_for_timeout(300)

    assert len(site.requests) == 1
    assert visit.counters == {"recorded": 5, "resumed": 0, "queued": 0, "delivered": 0, "dropped": 5, "requests": 1}
    assert visit.said == [
        f"MouseMatch: /events answered {status}; check the address and the token. Nothing more is collected on this page."
    ]
    visit.said.clear()


def test_a_redirect_to_a_login_page_is_no_success(site: Site, visit: Visit):
    visit.page.goto(site.url)
    site.answers = [(302, {"Location": "/login"})]

    places = visit.move(5)
    visit.flush()
    visit.until(lambda: visit.counters["delivered"] == 5)

    assert [request.status for request in site.requests] == [302, 200]
    assert site.places == places


def test_a_lost_answer_sends_the_same_points_again_which_count_once(site: Site, visit: Visit):
    visit.page.goto(site.url)
    site.answers = [(NO_ANSWER, {})]

    visit.move(20)
    visit.flush()
    visit.until(lambda: visit.counters["delivered"] == 20)

    (first,), (second,) = (request.events for request in site.requests)
    assert first["event"].pop("sent") < second["event"].pop("sent")
    assert first == second
    records = np.concatenate([read_batch(each["event"]).records for each in (first, second)])
    assert len(points_of_records(records.tobytes())) == 20


def test_beyond_its_bound_the_queue_drops_the_oldest_and_says_how_many(site: Site, visit: Visit):
    site.tag += ' data-batch-points="10" data-queue-points="50"'
    site.status = 503
    visit.page.goto(site.url)

    places = visit.move(100)
    visit.flush()
    assert visit.counters == {**visit.counters, "queued": 50, "dropped": 50, "recorded": 100}
    site.status = 200
    visit.move(1, start=100)
    visit.flush()
    visit.until(lambda: visit.counters["queued"] == 0)

    taken = site.taken
    assert sum(batch.get("dropped", 0) for batch in taken) == visit.counters["dropped"]
    assert visit.counters["delivered"] + visit.counters["dropped"] == visit.counters["recorded"] == 101
    assert places[-1] in site.places


def test_points_of_a_page_that_is_left_arrive(site: Site, visit: Visit):
    visit.page.goto(site.url + "/first")
    visit.flush()

    places = visit.move(10)
    visit.page.goto(site.url + "/second")
    visit.until(lambda: len(site.places) == 10)
    places += visit.move(10, start=10)
    visit.flush()

    assert site.places == places
    first, second = site.taken
    assert (first["page"], second["page"]) == ("/first", "/second")
    assert (first["session"], first["tab"]) == (second["session"], second["tab"])
    assert first["page_id"] != second["page_id"]


def test_points_of_a_tab_that_is_closed_arrive(site: Site, visit: Visit):
    visit.page.goto(site.url)

    places = visit.move(10)
    page, visit.page = visit.page, visit.tab()
    page.close(run_before_unload=True)

    visit.until(lambda: len(site.places) == 10)
    assert site.places == places


def test_a_page_that_is_hidden_sends_beside_a_request_that_is_under_way(site: Site, visit: Visit):
    """A hidden page may be ended without another word, on a telephone for one."""
    visit.page.goto(site.url)
    site.delay_s = 1.0
    places = visit.move(5)
    visit.page.evaluate("void MouseMatch.flush()")
    visit.until(lambda: len(site.requests) == 1)
    places += visit.move(5, start=5)

    visit.page.evaluate(
        """() => { Object.defineProperty(document, "visibilityState", { value: "hidden" });
        document.dispatchEvent(new Event("visibilitychange")) }"""
    )
    visit.until(lambda: len(site.requests) == 2)
    assert site.requests[1].at - site.requests[0].at < 1.0
    visit.until(lambda: visit.counters["delivered"] == 10)

    assert site.places == places
    assert len(site.taken) == 2


def test_points_wait_for_the_endpoint_through_navigation(site: Site, visit: Visit):
    site.tag += ' data-batch-ms="50"'
    site.status = 503
    visit.page.goto(site.url + "/first")
    places = visit.move(10)
    visit.until(lambda: site.requests)

    visit.page.goto(site.url + "/second")
    places += visit.move(10, start=10)
    visit.until(lambda: visit.counters["recorded"] == 10)
    visit.page.goto(site.url + "/third")
    places += visit.move(10, start=20)
    site.status = 200
    visit.flush()
    visit.until(lambda: visit.counters["queued"] == 0)

    assert [(batch["page"], len(batch["points"]["x"])) for batch in _merged(site.taken)] == [
        ("/first", 10),
        ("/second", 10),
        ("/third", 10),
    ]
    assert visit.counters == {**visit.counters, "recorded": 10, "resumed": 20, "delivered": 30, "dropped": 0}
    assert site.places == places


def test_a_page_that_is_shown_again_goes_on(site: Site, visit: Visit):
    """From the browser's cache of pages that were left: nothing is loaded anew, and nothing sent twice."""
    visit.page.goto(site.url + "/first")
    visit.page.evaluate("window.kept = true")
    places = visit.move(10)

    visit.page.goto(site.url + "/second")
    places += visit.move(10, start=10)
    visit.page.evaluate("history.back()")
    visit.page.wait_for_url("**/first", wait_until="commit")
    assert visit.page.evaluate("window.kept"), "Chromium loaded the page anew"
    places += visit.move(10, start=20)
    visit.flush()
    visit.until(lambda: len(site.places) == 30)

    assert sorted(site.places) == sorted(places)
    assert len(site.taken) == len({(batch["page_id"], batch["seq"]) for batch in site.taken}) == 3
    assert len({batch["tab"] for batch in site.taken}) == 1


def test_no_request_is_larger_than_what_may_outlive_a_page(site: Site, visit: Visit):
    site.tag += f' data-batch-points="1" data-page="/{"x" * 3000}"'
    site.status = 503
    visit.page.goto(site.url + "/first")
    places = visit.move(60)
    visit.flush()
    visit.until(lambda: visit.counters["queued"] == 60)

    visit.page.goto(site.url + "/second")
    site.status = 200
    visit.flush()
    visit.until(lambda: visit.counters["delivered"] == 60)

    assert site.places == places
    assert sum(len(request.body) for request in site.requests if request.status == 200) > 2 * KEEPALIVE_BYTES
    assert max(len(request.body) for request in site.requests) < KEEPALIVE_BYTES


def test_more_than_may_outlive_a_page_is_left_to_the_next_one(site: Site, visit: Visit):
    site.tag += f' data-batch-points="1" data-page="/{"x" * 3000}"'
    visit.page.goto(site.url + "/first")
    site.delay_s = 1.0  # the first request is under way while the others wait
    places = visit.move(60)

    visit.page.goto(site.url + "/second")
    visit.until(lambda: len(site.places) == 60)

    assert sorted(site.places) == sorted(places)
    assert len(site.taken) == 60
    assert 0 < visit.counters["resumed"] < 59
    assert max(len(request.body) for request in site.requests) < KEEPALIVE_BYTES


def test_a_browser_without_keepalive_sends_a_beacon(site: Site, visit: Visit):
    site.tag += ' data-token="t 1"'
    visit.context.add_init_script("delete Request.prototype.keepalive")
    visit.page.goto(site.url + "/first")

    places = visit.move(10)
    visit.page.goto(site.url + "/second")
    visit.until(lambda: len(site.places) == 10)

    (request,) = site.requests
    assert request.path == "/events?token=t%201"
    assert site.places == places


def test_many_collectors_in_one_page_keep_apart(site: Site, visit: Visit):
    visit.page.goto(site.url)
    visit.page.evaluate("window.other = MouseMatch.collect({ endpoint: '/events', session: 'other' })")

    visit.move(5)
    visit.flush()
    visit.page.evaluate("other.stop()")

    assert {(batch["session"] == "other", len(batch["points"]["x"])) for batch in site.taken} == {(True, 5), (False, 5)}
    assert len({batch["page_id"] for batch in site.taken}) == 2


def _merged(batches: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Batches of one page as one."""
    pages: dict[str, dict[str, Any]] = {}
    for batch in json.loads(json.dumps(batches)):
        into = pages.setdefault(batch["page_id"], batch)
        if into is not batch:
            into["points"]["x"] += batch["points"]["x"]
    return list(pages.values())
