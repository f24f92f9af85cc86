"""The playground: from a name to the alert, driven by a real pointer; and what it says when something is wrong.

Two people of the sample have the mouse, one after the other. The owner's device reports 30 times a second, the other
one's, as over a poor remote desktop, 5 times: so the story ends in the same way on a machine that is busy with other
things. How well people are told apart is no matter of this test (docs/model-card.md).
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from samples.people import Person, person
from samples.player import Player
from tests.browser.conftest import CHROMIUM
from tests.browser.served import Served
from tests.browser.views import problems, wait_for_view

PATH = "/en-US/app/mousematch/playground"
NAME = 'Ada "the first" <b>'
VIEWPORT = {"width": 1400, "height": 900}
ENROLLMENT = "[enrollment]\nmin_active_s = 15\nmin_windows = 1\n"

_SESSIONS = """() => playground.sessions.map(({ id, who, verdict, scorings, windows }) =>
    ({ id, who, verdict, scorings, windows }))"""
# The live picture of the session's first window beside the latest one of mouseencode: how many levels differ.
_DIFFERENT = """async () => {
    const { Portrait, WINDOW_POINTS } = await import("/en-US/app/mousematch/playground/portrait.js");
    const live = new Portrait();
    const session = playground.sessions.at(-1);
    const seen = Math.min(Number(session.row.points), WINDOW_POINTS);
    const image = new Image();
    image.src = "data:image/png;base64," + session.windows[0].image;
    for (const point of playground.movement.points.slice(0, seen)) live.add(point);
    await image.decode();
    const pen = Object.assign(document.createElement("canvas"), { width: 64, height: 64 }).getContext("2d");
    pen.drawImage(image, 0, 0);
    const [drawn, shown] = [live.pixels(), pen.getImageData(0, 0, 64, 64).data];
    return drawn.filter((level, i) => level !== shown[i]).length;
}"""

# Of the pictures on a dashboard, the colours of that which has most: a frame around a broken one has few.
_MOST_COLOURS = """() => Math.max(0, ...[...document.querySelectorAll("#dashboard img")].map((image) => {
    const pen = new OffscreenCanvas(64, 64).getContext("2d");
    pen.drawImage(image, 0, 0, 64, 64);
    return new Set(new Uint32Array(pen.getImageData(0, 0, 64, 64).data.buffer)).size;
}))"""


@dataclass
class Story:
    """What happened. mine, theirs: the sessions before and after the mouse changed hands, as the page has them."""

    served: Served
    enrolled: str = ""
    mine: dict[str, Any] = field(default_factory=dict)
    theirs: dict[str, Any] = field(default_factory=dict)
    different: int = -1
    alerts: str = ""
    link: str = ""
    wrong: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def lenient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A search head that enrolls from 15 active seconds, which is too little for anything but a test."""
    state = tmp_path_factory.mktemp("playground")
    (state / "local").mkdir()
    (state / "local" / "mousematch.conf").write_text(ENROLLMENT)
    with Served(state, "--no-schedules") as served:
        yield served


@pytest.fixture(scope="module")
def story(chromium: str, lenient: Served) -> Story:
    """The whole path, once. Playwright's asynchronous side, which the player needs, has a thread of its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _play(Story(lenient))).result()


async def _play(story: Story) -> Story:
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, headless=True)
        context = await browser.new_context(base_url=story.served.url, viewport=VIEWPORT)
        cookies = story.served.cookies().items()
        await context.add_cookies([{"name": name, "value": value, "url": story.served.url} for name, value in cookies])
        page = await context.new_page()
        page.on("console", lambda said: story.wrong.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: story.wrong.append(str(error)))
        await page.goto(PATH)
        await page.wait_for_selector("html[data-ready]")

        await page.fill("#name", NAME)
        await page.click("#begin-enroll")
        owner = Player(page, _at(person(11), report_hz=30.0))
        await _until_so(page, owner, lambda: page.evaluate("() => playground.sessions.length > 0"))
        story.enrolled = await page.evaluate("() => playground.template.status")
        await _until_so(page, owner, lambda: _decided(page))
        await page.click("#somebody-else")
        other = Player(page, _at(person(501), report_hz=5.0))
        await _until_so(page, other, lambda: _decided(page))
        story.mine, story.theirs = await page.evaluate(_SESSIONS)
        story.different = await page.evaluate(_DIFFERENT)

        await page.click("#run-schedules")
        await page.wait_for_selector("#run-schedules:enabled", timeout=60_000)
        story.alerts = await page.inner_text("#alerts")
        for link in await page.query_selector_all("#alerts-list .alert a"):
            story.link = await link.get_attribute("href")
        await browser.close()
    return story


async def _until_so(page: Any, player: Player, done: Callable[[], Any]) -> None:
    """Lets the player play until that is so, or for very long on a machine that has much else to do."""
    so = await player.play(150, until=done)
    assert so, f"{await page.inner_text('#problem')} {await page.inner_text('#going-on')}"


async def _decided(page: Any) -> bool:
    """Whether there was enough movement in the latest session for a verdict."""
    session = (await page.evaluate(_SESSIONS))[-1]
    return session["verdict"] in ("match", "mismatch")


def _at(who: Person, *, report_hz: float) -> Person:
    size = (VIEWPORT["width"], VIEWPORT["height"])
    return who.at(replace(who.device, pointer="mouse", report_hz=report_hz, viewport_px=size, swipe_px=2400.0))


def test_whoever_moves_the_mouse_long_enough_is_enrolled(story: Story) -> None:
    [template] = story.served.search("| inputlookup mousematch_templates")

    assert template["user"] == NAME
    assert float(template["active_s"]) >= 15
    assert story.enrolled == "enrolled"


def test_the_owner_matches_and_the_score_falls_when_somebody_else_takes_the_mouse(story: Story) -> None:
    assert (story.mine["who"], story.mine["verdict"]) == ("you", "match")
    assert (story.theirs["who"], story.theirs["verdict"]) == ("somebody else", "mismatch")
    assert story.theirs["scorings"][-1]["score"] < 0.5 < story.mine["scorings"][-1]["score"]
    assert story.theirs["windows"][-1]["llr"] < 0 < story.mine["windows"][-1]["llr"]


def test_the_score_is_shown_while_a_window_fills(story: Story) -> None:
    assert len(story.mine["scorings"]) > 1
    assert all(before["end"] <= after["end"] for before, after in _pairs(story.mine["scorings"]))


def test_the_live_picture_is_that_of_mouseencode(story: Story) -> None:
    assert story.different == 0


def test_the_page_knows_of_every_point_that_the_collector_sent(story: Story) -> None:
    rows = story.served.search(
        f'search `mousematch_telemetry` session="{story.theirs["id"]}" | `mousematch_names` | mouseencode'
    )

    assert float(rows[0]["dropped"]) == 0
    assert rows[0]["user"] == NAME


def test_the_scheduled_searches_raise_one_alert_and_it_leads_to_the_session(story: Story) -> None:
    assert "Triggered: Mouse Match - Alert - Somebody else moves the mouse" in story.alerts
    assert story.alerts.count("Open the session") == 1
    assert f"form.session={story.theirs['id']}" in story.link
    [alert] = story.served.search("search `mousematch_alerts`")
    assert (alert["user"], alert["session"], alert["match_verdict"]) == (NAME, story.theirs["id"], "mismatch")


def test_the_console_stays_silent(story: Story) -> None:
    assert story.wrong == []


@pytest.mark.usefixtures("studio")
def test_the_session_is_in_overview_and_opens(story: Story, tab: Callable[..., Any]) -> None:
    page = tab(served=story.served)

    page.goto("/en-US/app/mousematch/overview")
    wait_for_view(page)
    assert page.get_by_text(NAME).count() >= 1
    page.goto(story.link)
    wait_for_view(page)
    _until(lambda: page.evaluate(_MOST_COLOURS) > 30, 60)
    assert page.locator("#dashboard").get_by_text("mismatch", exact=True).count() >= 1
    assert problems(page) == []


def test_a_refused_enrollment_says_why(lenient: Served, tab: Callable[..., Any]) -> None:
    page = _open(tab, lenient)
    _configure(lenient, min_active_s=2, min_sessions=2)
    page.reload()
    _begin(page, "bo")

    _until(lambda: _stir(page) or page.is_visible("#problem"), 40)

    _configure(lenient, min_active_s=15, min_sessions=1)
    assert re.search(r"Not enrolled: Too little: 1 sessions?, at least 2", page.inner_text("#problem"))
    assert "after 10 more seconds" in page.inner_text("#problem")
    assert not page.is_visible("#actions")


def test_movement_that_hec_does_not_take_is_told_and_sent_later(lenient: Served, tab: Callable[..., Any]) -> None:
    page = _open(tab, lenient)
    page.route("**/services/collector/**", lambda route: route.abort())
    _begin(page, "cy")
    _until(lambda: _stir(page) or "HTTP Event Collector does not take" in page.inner_text("#problem"), 20)

    page.unroute("**/services/collector/**")

    _until(lambda: not page.is_visible("#problem"), 30)
    session = page.evaluate("() => playground.session.id")
    recorded = page.evaluate("() => playground.movement.length")
    rows = lenient.search(f'search `mousematch_telemetry` session="{session}" | mouseencode')
    assert float(rows[0]["points"]) == recorded


def test_a_role_that_may_not_enroll_is_told_so(lenient: Served, tab: Callable[..., Any]) -> None:
    page = _open(tab, lenient, user="viewer")
    page.fill("#name", "di")
    page.click("#begin-enroll")

    _until(lambda: _stir(page) or page.is_visible("#problem"), 40)

    assert re.search(r"role|permission|not allowed|may not|Unknown search command", page.inner_text("#problem"), re.I)


def test_an_ended_session_of_the_browser_is_told(lenient: Served, tab: Callable[..., Any]) -> None:
    page = _open(tab, lenient)
    page.context.clear_cookies()
    page.fill("#name", "ed")
    page.click("#begin-enroll")

    page.wait_for_selector("#problem:visible")

    assert "not signed in" in page.inner_text("#problem")


def test_the_page_can_be_used_without_a_mouse(lenient: Served, tab: Callable[..., Any]) -> None:
    page = _open(tab, lenient)
    page.focus("#name")
    page.keyboard.type("fay")
    page.keyboard.press("Enter")
    page.wait_for_selector(".disc.next")

    for number in range(1, 8):
        page.focus(f".disc:text-is('{number}')")
        page.keyboard.press("Enter")

    page.wait_for_selector(".piece")
    for piece in page.query_selector_all(".piece"):
        piece.focus()
        page.keyboard.press("Enter")
    page.wait_for_selector(".sheet")
    assert problems(page) == []


def _open(tab: Callable[..., Any], served: Served, user: str = "admin") -> Any:
    page = tab(user, served=served)
    page.goto(PATH)
    page.wait_for_selector("html[data-ready]")
    return page


def _begin(page: Any, name: str) -> None:
    page.wait_for_selector("html[data-ready]")
    page.fill("#name", name)
    page.click("#begin-enroll")
    page.wait_for_selector(".disc.next")


def _stir(page: Any) -> None:
    """Moves the pointer about a little."""
    for step in range(8):
        page.mouse.move(300 + 40 * step, 400 + 30 * (step % 3) + (time.monotonic() * 100) % 50)


def _configure(served: Served, **enrollment: int) -> None:
    response = served.head.post("/servicesNS/nobody/mousematch/configs/conf-mousematch/enrollment", data=enrollment)
    assert response.status_code == 200, response.text


def _pairs(items: list[Any]) -> Iterator[tuple[Any, Any]]:
    return zip(items, items[1:])


def _until(done: Callable[[], Any], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)
