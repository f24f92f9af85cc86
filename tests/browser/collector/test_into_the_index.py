"""From the browser through the real event collector to the rows of a search: all counts are equal."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from samples.bots import ghost_cursor
from tests.browser.collector.conftest import Visit
from tests.browser.collector.endpoint import Site
from tests.browser.served import Served

BATCHES = 'search index=mousematch sourcetype="mousematch:telemetry" session="{}"'
COUNTED = f"{BATCHES} | mouseencode by page tab | table session user page tab points dropped image"


@pytest.fixture
def bank(visit: Visit, served: Served) -> Visit:
    """A visitor of the example site who has signed in as alice; nothing of the way there is kept."""
    visit.page.goto(served.url + "/site/")
    visit.page.fill("[name=user]", "alice")
    with visit.page.expect_navigation(url="**/accounts.html"):
        visit.page.keyboard.press("Enter")
    return visit


def test_points_stored_are_points_sent(bank: Visit, served: Served):
    mouse = bank.page.mouse

    bank.move(40)
    mouse.click(400, 500)
    mouse.move(300, 300)
    mouse.down()
    mouse.move(320, 310)
    mouse.up()
    mouse.wheel(0, 100)
    bank.until(lambda: bank.counters["recorded"] == 48)
    bank.flush()

    session = _session(served)
    (row,) = served.search(COUNTED.format(session))
    assert bank.counters == {**bank.counters, "recorded": 48, "delivered": 48, "queued": 0, "dropped": 0}
    assert (row["user"], row["page"], row["points"], row["dropped"]) == ("alice", "/site/accounts.html", "48", "0")


def test_pages_and_tabs_of_a_session_are_told_apart(bank: Visit, served: Served):
    bank.move(20)
    bank.page.get_by_role("link", name="Transfer", exact=True).click()
    bank.page.wait_for_url("**/transfer.html")
    bank.move(30)
    bank.flush()
    other = bank.tab()
    other.goto(served.url + "/site/transfer.html")
    for step in range(10):
        other.mouse.move(10 + step, 10)
    other.evaluate("MouseMatch.flush()")

    rows = served.search(COUNTED.format(_session(served)))
    # The way to the link is a move, its press, and its release if the page lives to see it.
    counts = sorted((row["page"].rpartition("/")[2], int(row["points"])) for row in rows)
    assert [page for page, _ in counts] == ["accounts.html", "transfer.html", "transfer.html"]
    assert 20 < counts[0][1] <= 23
    assert [points for _, points in counts[1:]] == [10, 30]
    assert len({row["tab"] for row in rows}) == 2


def test_who_the_points_belong_to_is_not_the_browsers_to_say(bank: Visit, served: Served):
    bank.page.evaluate("MouseMatch.setUser('mallory')")

    bank.move(15)
    bank.flush()

    assert served.search('search index=mousematch user="mallory"') == []
    assert served.search(COUNTED.format(_session(served)))[0]["user"] == "alice"


def test_the_path_of_ghost_cursor_is_indexed_whole(bank: Visit, served: Served):
    if reason := ghost_cursor.missing():
        pytest.skip(reason)
    way = {"from": {"x": 30, "y": 40}, "to": {"x": 700, "y": 500, "width": 40, "height": 20}, "options": {}}
    (path,) = ghost_cursor.paths([way], seed=11)
    session = bank.context.new_cdp_session(bank.page)

    for place in path.tolist():
        session.send("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": place.real, "y": place.imag})
    bank.flush()

    (row,) = served.search(COUNTED.format(_session(served)))
    assert int(row["points"]) == bank.counters["recorded"] == len(path)
    assert row["image"]


def test_a_page_of_another_origin_sends_straight_to_hec(visit: Visit, site: Site, served: Served):
    stanza = {"crossOriginSharingPolicy": site.url, "crossOriginSharingHeaders": "Authorization, Content-Type"}
    served.head.post("/servicesNS/nobody/mousematch/configs/conf-inputs/http", data=stanza).raise_for_status()
    site.connect = served.url
    site.tag = (
        f'data-endpoint="{served.url}/services/collector/event" data-token="{served.hec_token}" '
        'data-user="carol" data-session="elsewhere"'
    )
    visit.page.goto(site.url + "/shop")

    visit.move(12)
    # HEC learns of the stanza within a second; until then the browser is refused, and tries again.
    visit.until(lambda: visit.counters["delivered"] == 12)
    visit.move(8, start=12)
    visit.page.goto(site.url + "/till")
    visit.until(lambda: len(served.search(BATCHES.format("elsewhere"))) == 2)

    rows = served.search(f"{BATCHES.format('elsewhere')} | mouseencode | table user points")
    assert [(row["user"], row["points"]) for row in rows] == [("carol", "20")]
    visit.said = [text for text in visit.said if "CORS policy" not in text]


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "state"


def test_a_search_head_that_is_down_for_a_while_gets_every_point_once(visit: Visit, state: Path, port: int):
    """Straight to HEC with its token, as a page of the same origin can; the page stays open all the time."""
    arguments = ("--no-schedules", "--port", str(port))
    with Served(state, *arguments) as first:
        token = first.hec_token
        visit.page.goto(first.url + "/site/index.html")
        visit.page.evaluate(
            "(token) => { MouseMatch.stop(); window.MouseMatch = MouseMatch.collect("
            "{ endpoint: '/services/collector/event', token, user: 'bob', session: 'down', batchMs: 200 }) }",
            token,
        )
        visit.move(20)
        visit.flush()
        assert visit.counters["delivered"] == 20

    visit.move(20, start=20)
    visit.flush()
    visit.move(20, start=40)
    visit.flush()
    assert visit.counters["queued"] == 40

    with Served(state, *arguments) as second:
        visit.until(lambda: visit.counters["queued"] == 0, seconds=30)
        (row,) = second.search(COUNTED.format("down"))
        stored = second.search(BATCHES.format("down") + " | stats dc(seq) AS batches, count")

    assert visit.counters == {**visit.counters, "recorded": 60, "delivered": 60, "dropped": 0}
    assert (row["user"], row["points"], row["dropped"]) == ("bob", "60", "0")
    assert stored[0]["batches"] == stored[0]["count"]


def _session(served: Served) -> str:
    """The session that has sent last."""
    (row,) = served.search("search index=mousematch | sort 1 -sent | table session")
    return row["session"]
