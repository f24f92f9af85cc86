"""The dashboards in Chromium, with Splunk's own renderer: drawn without a complaint, and they lead where they should."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from rich.console import Console

from samples import live, moved
from tests.browser.served import Served
from tests.browser.views import problems, wait_for_view

VIEWS = ("overview", "session", "user", "model", "telemetry")
HOSTILE = 'o"brien\\ <img src=x onerror="window.executed=1"> $user$ [x](javascript:window.executed=1)'
HOSTILE_SESSION = "<script>window.executed=1</script>'\"&form.user=amara"
USERS = ("amara", "freya")
pytestmark = pytest.mark.usefixtures("studio")

# What scrolls inside a panel, the page itself aside.
SCROLLING = """() => [...document.querySelectorAll('#dashboard *')].filter((element) => {
  const style = getComputedStyle(element);
  const bars = (overflow, more) => /auto|scroll/.test(overflow) && more > 1;
  return element.closest('[data-test*="viz"], [data-test*="visualization"], [data-test="grid-layout"]') &&
    (bars(style.overflowY, element.scrollHeight - element.clientHeight)
     || bars(style.overflowX, element.scrollWidth - element.clientWidth));
}).map((element) => [element.scrollWidth - element.clientWidth, element.scrollHeight - element.clientHeight,
  element.innerText.slice(0, 80)])"""

# How many colours each picture has once it is painted: an SVG around a broken PNG has at most its frame.
COLOURS = """async () => {
  const counts = [];
  for (const image of document.querySelectorAll('#dashboard img')) {
    const canvas = new OffscreenCanvas(64, 64);
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0, 64, 64);
    const { data } = context.getImageData(0, 0, 64, 64);
    counts.push([image.naturalWidth, new Set(new Uint32Array(data.buffer)).size]);
  }
  return counts;
}"""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Two users of the sample, one session of theirs under hostile names, and one session id in two browsers."""
    state = tmp_path_factory.mktemp("dashboards") / "state"
    (state / "local").mkdir(parents=True)
    # In Splunk, too, the role user may search everything unless an administrator says otherwise.
    (state / "local" / "authorize.conf").write_text("[role_user]\nsrchIndexesAllowed = main\n")
    chosen = [session for session in moved.read() if session.user in USERS]
    hostile = next(session for session in chosen if session.name == "freya-09")
    shared = next(session for session in chosen if session.name == "amara-08")
    with Served(state, "--no-schedules") as served:
        target = live.by_link(served.login_url("admin"))
        sessions = [
            *chosen,
            renamed(hostile, session=HOSTILE_SESSION, user=HOSTILE),
            renamed(shared, session="amara-05", user="amara", tab="another browser"),
        ]
        live.fill(target, Console(file=StringIO()), sessions=sessions, now_s=time.time(), hours=3)
        yield served


def renamed(recorded: moved.Session, **names: str) -> moved.Session:
    """The session under other names, which count for each of its events."""
    events = tuple((at, {**event, **names}) for at, event in recorded.events)
    return replace(recorded, name=names["session"], user=names["user"], events=events)


@pytest.fixture
def view(tab: Callable[..., Any], filled: Served) -> Callable[..., Any]:
    """Opens a view and waits until it is drawn: ``view("session", theme="dark", session="s-1")`` → its page."""

    def open_view(name: str, *, by: str = "analyst", theme: str = "light", width: int = 1440, **tokens: str) -> Any:
        page = tab(by, theme=theme, served=filled)
        page.set_viewport_size({"width": width, "height": 900})
        page.on("dialog", lambda dialog: page.problems.append(f"dialog: {dialog.message}"))
        query = urlencode({"theme": theme, **{f"form.{token}": value for token, value in tokens.items()}})
        page.goto(f"/en-US/app/mousematch/{name}?{query}")
        wait_for_view(page)
        return page

    return open_view


def tokens(page: Any) -> dict[str, str]:
    """The tokens in the address of a page."""
    query = parse_qs(urlsplit(page.url).query)
    return {key.removeprefix("form."): value[0] for key, value in query.items() if key.startswith("form.")}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_drawn_without_a_complaint_in_light_and_dark_and_nothing_scrolls_in_it(
    view: Callable[..., Any], name: str
) -> None:
    page = view(name, **({"session": "amara-08"} if name == "session" else {"user": "amara"} if name == "user" else {}))

    text = page.inner_text("#dashboard")
    assert "No search results" not in text and "N/A" not in text and "undefined" not in text
    assert page.evaluate(SCROLLING) == []
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.get_by_role("button", name="Dark").click()
    page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
    wait_for_view(page)
    assert page.evaluate(SCROLLING) == []
    assert problems(page) == []


def test_a_click_on_the_worst_session_opens_it(view: Callable[..., Any], filled: Served) -> None:
    page = view("overview")
    worst = page.get_by_role("row").filter(has=page.get_by_text("amara-09", exact=True)).first
    worst.get_by_text("amara-09", exact=True).click()
    page.wait_for_url("**/app/mousematch/session?**")
    wait_for_view(page)

    assert tokens(page)["session"] == "amara-09" and tokens(page)["user"] == "amara"
    text = page.inner_text("#dashboard")
    assert "mismatch" in text and "Somebody else seems to move the mouse" in text
    assert problems(page) == []


def test_a_click_on_a_user_opens_the_user_and_from_there_a_session(view: Callable[..., Any]) -> None:
    page = view("overview")
    page.get_by_text("Users to look at").wait_for()
    page.get_by_role("cell", name="freya", exact=True).first.click()
    page.wait_for_url("**/app/mousematch/user?**")
    wait_for_view(page)
    assert tokens(page)["user"] == "freya"

    page = view("user", user="freya")
    page.get_by_role("cell", name="freya-11", exact=True).first.click()
    page.wait_for_url("**/app/mousematch/session?**")
    wait_for_view(page)
    assert tokens(page)["session"] == "freya-11" and tokens(page)["user"] == "freya"
    assert problems(page) == []


def test_the_pictures_of_a_session_have_really_loaded(view: Callable[..., Any]) -> None:
    page = view("session", session="amara-08")
    page.get_by_text("window 7", exact=True).wait_for()
    page.wait_for_function(
        "() => [...document.querySelectorAll('#dashboard img')].filter((i) => i.complete).length === 9"
    )
    pictures = page.evaluate(COLOURS)

    assert len(pictures) == 9  # the path, and eight places for windows, of which this session fills seven
    assert all(width > 0 for width, _ in pictures)
    assert sum(colours > 20 for _, colours in pictures) == 8


def test_the_gallery_turns_its_page(view: Callable[..., Any]) -> None:
    page = view("session", session="amara-08", first_window="5")
    page.get_by_text("window 5", exact=True).wait_for()

    text = page.inner_text("#dashboard")
    assert "window 7" in text and "window 1" not in text and "window 4" not in text


def test_one_session_id_in_two_browsers_is_two_sessions(view: Callable[..., Any], filled: Served) -> None:
    rows = filled.search("`mousematch_scored` | search session=amara-05 | table tab match_verdict", earliest="-1d")
    assert {row["match_verdict"] for row in rows} == {"match", "mismatch"}

    for row in rows:
        page = view("session", session="amara-05", tab=row["tab"])
        said = "fits the account's owner" if row["match_verdict"] == "match" else "Somebody else"
        assert said in page.inner_text("#dashboard")


@pytest.mark.parametrize("name", VIEWS)
def test_hostile_names_are_text(view: Callable[..., Any], name: str) -> None:
    page = view(name, session=HOSTILE_SESSION, user=HOSTILE)

    text = page.inner_text("#dashboard")
    assert page.evaluate("window.executed") is None
    assert page.locator("#dashboard img[src='x'], #dashboard a[href^='javascript']").count() == 0
    assert problems(page) == []
    if name in ("session", "user"):
        assert HOSTILE in [box.input_value() for box in page.get_by_role("textbox").all()]
    if name == "session":
        assert HOSTILE in text and "The user is not enrolled" in text
    if name == "user":
        assert HOSTILE_SESSION[:21] + "..." in text and "None of the 1 sessions has a verdict" in text


def test_a_hostile_name_survives_the_click_that_opens_it(view: Callable[..., Any]) -> None:
    page = view("user", user=HOSTILE)
    page.get_by_role("cell", name=HOSTILE_SESSION[:21] + "...", exact=True).first.click()
    page.wait_for_url("**/app/mousematch/session?**")
    wait_for_view(page)

    assert tokens(page)["session"] == HOSTILE_SESSION and tokens(page)["user"] == HOSTILE
    assert HOSTILE in page.inner_text("#dashboard")
    assert page.evaluate("window.executed") is None


@pytest.mark.parametrize("name", ["overview", "session", "user", "telemetry"])
def test_a_viewer_without_rights_is_told_so_and_sees_nothing(view: Callable[..., Any], name: str) -> None:
    page = view(name, by="viewer", session="amara-08", user="amara")

    text = page.inner_text("#dashboard")
    assert "mousematch_analyst" in text
    assert "amara-08" not in text and "amara-09" not in text
    assert page.locator("#dashboard img[src^='data:image/png']").count() == 0
    refused = ("console: failed to create search job", "400: ", "403: ")
    assert [told for told in problems(page) if not told.startswith(refused)] == []


def test_the_session_view_without_a_session_offers_some(view: Callable[..., Any]) -> None:
    page = view("session")
    page.get_by_text("No session is chosen").wait_for()

    assert "freya-11" in page.inner_text("#dashboard")
    assert problems(page) == []
