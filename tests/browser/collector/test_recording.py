"""What the collector records of real pointer input in Chromium."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from mousematch.formats.batch import read_batch
from samples.bots import ghost_cursor
from tests.browser.collector.conftest import CHROMIUM, Visit
from tests.browser.collector.endpoint import Site, points_of

MOVE, PRESS, RELEASE, DRAG, SCROLL = range(5)
LEFT, RIGHT, MIDDLE = 1, 2, 3


def test_movement_arrives_point_for_point(site: Site, visit: Visit):
    visit.page.goto(site.url + "/first")

    places = visit.move(40)
    visit.flush()

    assert site.places == places
    assert {(point["kind"], point["button"]) for point in site.points} == {(MOVE, 0)}
    assert visit.counters == {"recorded": 40, "resumed": 0, "queued": 0, "delivered": 40, "dropped": 0, "requests": 1}


def test_a_batch_says_where_it_comes_from(site: Site, visit: Visit):
    site.tag += ' data-user="alice" data-session="s-1"'
    visit.page.goto(site.url + "/first?token=private#part")
    before = time.time() * 1000

    visit.move(3)
    visit.flush()

    (envelope,) = site.requests[0].events
    batch = envelope["event"]
    assert set(envelope) == {"time", "event"} and envelope["time"] == batch["start"] / 1000
    assert {name: batch[name] for name in ("v", "session", "user", "page", "viewport", "dpr", "pointer", "seq")} == {
        "v": 1,
        "session": "s-1",
        "user": "alice",
        "page": "/first",
        "viewport": [1000, 700],
        "dpr": 1,
        "pointer": "mouse",
        "seq": 0,
    }
    assert before - 1 <= batch["start"] <= batch["sent"] <= time.time() * 1000 + 1
    assert len(batch["tab"]) > 12 and len(batch["page_id"]) > 12
    assert isinstance(batch["start"], int)
    assert site.requests[0].headers.get("Authorization") is None


def test_presses_drags_and_the_wheel_are_told_apart(site: Site, visit: Visit):
    visit.page.goto(site.url)
    mouse = visit.page.mouse

    mouse.move(100, 200)
    mouse.down()
    mouse.move(120, 210)
    mouse.up()
    mouse.click(120, 210, button="middle")
    mouse.down(button="right")
    mouse.up(button="right")
    mouse.wheel(0, 120)
    # Wheel input is handed over without waiting for the page.
    visit.until(lambda: visit.counters["recorded"] == 10)
    visit.flush()

    assert [(point["kind"], point["button"]) for point in site.points] == [
        (MOVE, 0),
        (PRESS, LEFT),
        (DRAG, LEFT),
        (RELEASE, LEFT),
        (MOVE, 0),
        (PRESS, MIDDLE),
        (RELEASE, MIDDLE),
        (PRESS, RIGHT),
        (RELEASE, RIGHT),
        (SCROLL, 0),
    ]


def test_a_button_that_is_pressed_while_another_is_held_is_a_press(site: Site, visit: Visit):
    visit.page.goto(site.url)

    visit.page.mouse.move(100, 200)
    for step, button in (("down", "left"), ("down", "right"), ("up", "right"), ("up", "left")):
        getattr(visit.page.mouse, step)(button=button)
    visit.flush()

    kinds = [(point["kind"], point["button"]) for point in site.points]
    assert kinds[1:] == [(PRESS, LEFT), (PRESS, RIGHT), (RELEASE, RIGHT), (RELEASE, LEFT)]


def test_times_are_the_browsers_own_to_a_tenth_of_a_millisecond(site: Site, visit: Visit):
    visit.page.goto(site.url)
    visit.page.evaluate(
        """() => { window.seen = [];
        addEventListener("pointermove", (event) => {
          for (const report of event.getCoalescedEvents()) seen.push(performance.timeOrigin + report.timeStamp);
        }) }"""
    )

    visit.move(60)
    visit.flush()

    times = [point["time"] for point in site.points]
    assert times == pytest.approx(visit.page.evaluate("seen"), abs=0.11)
    assert times == sorted(times)


def test_after_a_sleep_times_are_those_of_the_clock_again(site: Site, visit: Visit):
    """A page's own clock stands still while the computer sleeps. To the page that looks like a clock set forward."""
    visit.page.goto(site.url)
    hour_ms = 3_600_000

    visit.move(3)
    visit.flush()
    visit.page.evaluate("(hour) => { const now = Date.now; Date.now = () => now() + hour }", hour_ms)
    visit.move(3, start=3)
    visit.flush()

    before, after = site.taken
    assert hour_ms < after["start"] - before["start"] < hour_ms + 20_000


def test_a_clock_that_is_set_back_does_not_reorder_points(site: Site, visit: Visit):
    visit.page.goto(site.url)

    visit.move(3)
    visit.flush()
    visit.page.evaluate("() => { const now = Date.now; Date.now = () => now() - 3_600_000 }")
    visit.move(3, start=3)
    visit.flush()

    before, after = site.taken
    assert before["start"] < after["start"] < before["start"] + 20_000


def test_no_point_shares_its_time_with_one_of_another_batch(site: Site, visit: Visit):
    site.tag += ' data-batch-points="5"'
    visit.page.goto(site.url)

    visit.move(40)
    visit.flush()

    assert [len(batch["points"]["x"]) for batch in site.taken] == [5] * 8
    assert [batch["seq"] for batch in site.taken] == list(range(8))
    spans = [[round(point["time"], 1) for point in points_of(batch)] for batch in site.taken]
    assert all(before[-1] < after[0] for before, after in zip(spans, spans[1:]))


def test_the_command_reads_what_the_browser_saw(site: Site, visit: Visit):
    site.tag += ' data-batch-points="7"'
    visit.page.goto(site.url)

    visit.move(50)
    visit.page.mouse.click(60, 60)
    visit.flush()

    read = [read_batch(batch) for batch in site.taken]
    assert sum(len(points.records) for points in read) == visit.counters["recorded"] == 53
    assert not any(points.bad for points in read)


def test_a_page_that_lags_behind_the_mouse_loses_no_report(site: Site):
    """Reports that come within a frame are coalesced: the page gets one event, with all of them inside."""
    handlers: list[int] = []

    async def hurry() -> None:
        from playwright.async_api import async_playwright

        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, headless=True)
            page = await browser.new_page()
            await page.goto(site.url)
            await page.evaluate("() => { window.events = 0; addEventListener('pointermove', () => events++) }")
            session = await page.context.new_cdp_session(page)
            busy = asyncio.create_task(page.evaluate("() => { const end = Date.now() + 400; while (Date.now() < end); }"))
            await asyncio.sleep(0.1)
            moves = [
                session.send("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": 10 + n, "y": 20}) for n in range(100)
            ]
            await asyncio.gather(busy, *moves)
            await page.evaluate("MouseMatch.flush()")
            handlers.append(await page.evaluate("events"))
            await browser.close()

    _apart(hurry)

    assert site.places == [(10 + n, 20) for n in range(100)]
    assert handlers[0] < 50


def test_the_path_of_ghost_cursor_arrives_whole(site: Site, visit: Visit):
    if reason := ghost_cursor.missing():
        pytest.skip(reason)
    way = {"from": {"x": 30, "y": 40}, "to": {"x": 700, "y": 500, "width": 40, "height": 20}, "options": {}}
    (path,) = ghost_cursor.paths([way], seed=7)
    visit.page.goto(site.url)
    session = visit.context.new_cdp_session(visit.page)

    for place in path.tolist():
        session.send("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": place.real, "y": place.imag})
    visit.flush()

    assert len(site.points) == len(path) > 20
    flat = [value for place in site.places for value in place]
    assert flat == pytest.approx([value for place in path.tolist() for value in (place.real, place.imag)], abs=0.06)


def test_a_finger_is_no_mouse(site: Site, browser: Any):
    context = browser.new_context(has_touch=True)
    page = context.new_page()
    page.goto(site.url)

    page.mouse.move(10, 10)
    page.touchscreen.tap(40, 60)
    page.evaluate("MouseMatch.flush()")
    context.close()

    assert [batch["pointer"] for batch in site.taken][:2] == ["mouse", "touch"]
    touched = list(points_of(site.taken[1]))
    assert [(point["kind"], point["button"]) for point in touched] == [(PRESS, LEFT), (RELEASE, LEFT)]


def test_a_window_of_another_size_begins_another_batch(site: Site, visit: Visit):
    visit.page.goto(site.url)

    visit.move(3)
    visit.page.set_viewport_size({"width": 800, "height": 600})
    visit.page.wait_for_function("innerWidth === 800")
    visit.move(3, start=3)
    visit.flush()

    assert [batch["viewport"] for batch in site.taken] == [[1000, 700], [800, 600]]


def test_the_module_takes_functions_and_another_user(site: Site, visit: Visit):
    visit.page.goto(site.url + "/module/4711")
    visit.page.wait_for_function("window.MouseMatch")

    visit.move(3)
    visit.page.evaluate("MouseMatch.setUser('bob')")
    visit.move(4, start=3)
    visit.page.evaluate("MouseMatch.setUser()")
    visit.move(5, start=7)
    visit.flush()

    assert [(batch.get("user"), len(batch["points"]["x"])) for batch in site.taken] == [("alice", 3), ("bob", 4), (None, 5)]
    assert {batch["page"] for batch in site.taken} == {"/module/:id"}
    assert {request.headers["Authorization"] for request in site.requests} == {"Splunk t-1"}


def test_events_that_a_script_made_up_are_no_movement(site: Site, visit: Visit):
    visit.page.goto(site.url)

    visit.page.evaluate(
        """() => { const options = { isPrimary: true, bubbles: true };
        for (let n = 0; n < 9; n++) document.body.dispatchEvent(new PointerEvent("pointermove", options)) }"""
    )
    visit.flush()

    assert visit.counters["recorded"] == 0
    assert site.requests == []


def _apart(work: Any) -> None:
    """Runs a coroutine function in a thread of its own: two event loops do not share one."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(work())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
