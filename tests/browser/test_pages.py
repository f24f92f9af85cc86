"""The pages of a search head in a browser: navigation, login, theme, search, alerts, what comes from strangers."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from tests.browser.served import ROOT, Served
from tests.browser.views import problems, wait_for_view

OWN = "/en-US/app/mousematch"
HOSTILE = "<img src=x onerror=window.hacked=1><script>window.hacked=1</script>' onload=window.hacked=1 &lt;"
ROWS = '| makeresults count=3 | streamstats count AS n | eval user="u $user$ ".n | table user n'
TRIAL = {
    "title": "Trial",
    "dataSources": {
        "rows": {"type": "ds.search", "options": {"query": ROWS}},
        "sum": {"type": "ds.chain", "options": {"extend": "rows", "query": "| stats sum(n) AS total"}},
    },
    "visualizations": {
        "table": {
            "type": "splunk.table", "title": "People", "dataSources": {"primary": "rows"},
            "eventHandlers": [{"type": "drilldown.customUrl",
                               "options": {"url": "/app/mousematch/trial?form.user=$row.user.value|u$"}}],
        },
        "total": {"type": "splunk.singlevalue", "title": "Total", "dataSources": {"primary": "sum"}},
        "go": {
            "type": "splunk.singlevalue", "title": "Go", "dataSources": {"primary": "sum"},
            "eventHandlers": [{"type": "drilldown.linkToDashboard", "options": {
                "dashboard": "trial", "tokens": [{"token": "user", "value": "there & back"}]}}],
        },
    },
    "inputs": {"who": {"type": "input.text", "title": "User", "options": {"token": "user", "defaultValue": "nobody"}}},
    "layout": {"type": "grid", "globalInputs": ["who"], "structure": [
        {"item": "table", "type": "block", "position": {"x": 0, "y": 0, "w": 800, "h": 300}},
        {"item": "total", "type": "block", "position": {"x": 800, "y": 0, "w": 200, "h": 300}},
        {"item": "go", "type": "block", "position": {"x": 1000, "y": 0, "w": 200, "h": 300}},
    ]},
}  # fmt: skip


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A search head whose app is this one with a view more; its files are links."""
    app = tmp_path_factory.mktemp("app") / "mousematch"
    app.mkdir()
    for name in ("default", "bin", "lookups", "metadata", "static", "appserver", "lib", "models"):
        if (ROOT / name).exists():
            (app / name).symlink_to(ROOT / name)
    views = app / "local/data/ui/views"
    views.mkdir(parents=True)
    parts = f"<label>{escape('Trial ' + HOSTILE)}</label><definition>{escape(json.dumps(TRIAL))}</definition>"
    (views / "trial.xml").write_text(f'<dashboard version="2">{parts}</dashboard>')
    with Served(tmp_path_factory.mktemp("trial") / "state", "--no-schedules", app=app) as served:
        yield served


# -- getting in -----------------------------------------------------------------------------------------------------------


def test_a_link_opens_the_app_and_its_bar_names_the_user(tab: Callable[..., Any], served: Served) -> None:
    page = tab(None)

    page.goto(served.login_url("analyst"))

    assert "/en-US/app/mousematch/" in page.url
    assert page.text_content(".appbar .user") == "analyst"
    assert {"Search", "Alerts", "Playground"} <= set(page.locator(".appbar nav a").all_text_contents())


def test_without_a_session_a_page_says_how_to_get_one(tab: Callable[..., Any]) -> None:
    page = tab(None)

    page.goto(f"{OWN}/search")

    assert page.text_content("h1") == "You are not logged in"
    assert "make serve" in page.text_content(".note")
    assert page.locator(".appbar nav").count() == 0


def test_logging_out_ends_the_session(tab: Callable[..., Any], served: Served) -> None:
    page = tab(None)
    page.goto(served.login_url("operator"))

    page.click("#logout")

    page.wait_for_selector("h1:text-is('You are not logged in')")


def test_a_page_of_another_origin_changes_nothing(tab: Callable[..., Any], served: Served) -> None:
    page = tab()
    page.goto(f"{OWN}/search")
    address = f"http://localhost:{served.port}/en-US/splunkd/__raw/services/search/jobs"

    refused = page.evaluate(
        """address => fetch(address, {method: 'POST', mode: 'no-cors', credentials: 'include', body: 'search=|makeresults'})
             .then(() => 'sent', () => 'refused')""",
        address,
    )
    forged = page.evaluate(
        """() => fetch('/en-US/splunkd/__raw/services/search/jobs', {method: 'POST', body: 'search=|makeresults'})
             .then((response) => response.status)"""
    )

    assert refused == "refused"
    assert forged == 403


# -- theme ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_browser_s_preference_is_the_theme(tab: Callable[..., Any], theme: str) -> None:
    page = tab(theme=theme)

    page.goto(f"{OWN}/search")

    assert page.get_attribute("html", "data-theme") == theme


def test_the_theme_button_holds_for_the_next_pages_and_the_address_goes_first(page: Any) -> None:
    page.goto(f"{OWN}/search?theme=dark")
    assert page.get_attribute("html", "data-theme") == "dark"

    page.click("#theme")
    assert page.get_attribute("html", "data-theme") == "light"
    assert "theme" not in page.url

    page.click("#theme")
    page.goto(f"{OWN}/alerts")
    assert page.get_attribute("html", "data-theme") == "dark"
    page.goto(f"{OWN}/alerts?theme=light")
    assert page.get_attribute("html", "data-theme") == "light"


# -- search ---------------------------------------------------------------------------------------------------------------


def search(page: Any, text: str) -> None:
    page.goto(f"{OWN}/search")
    page.fill("#spl", text)
    page.press("#spl", "Control+Enter")
    page.locator("#state", has_text=re.compile("^Done")).or_(page.locator("#state.failed")).wait_for(timeout=60_000)


def test_a_search_shows_its_rows_and_its_state(page: Any) -> None:
    search(page, "| makeresults count=3 | streamstats count AS n | table n")
    page.wait_for_selector("#results tbody tr")

    assert page.locator("#results th").all_text_contents() == ["n"]
    assert page.locator("#results td").all_text_contents() == ["1", "2", "3"]
    assert page.text_content("#state").startswith("Done: 3 rows")


def test_many_rows_come_page_by_page(page: Any) -> None:
    search(page, "| makeresults count=120 | streamstats count AS n | table n")
    page.wait_for_selector("#pager:not([hidden])")

    page.click("#after")
    page.wait_for_selector("#place:text-is('51–100 of 120')")

    assert page.locator("#results td").first.text_content() == "51"


def test_a_wrong_search_says_what_is_wrong(tab: Callable[..., Any]) -> None:
    page = tab()

    search(page, "| nosuchcommand")

    assert "nosuchcommand" in page.text_content("#state")
    assert "failed" in page.get_attribute("#state", "class")


def test_a_search_of_the_address_waits_for_the_reader(page: Any) -> None:
    page.goto(f"{OWN}/search?q=%7C%20makeresults%20%7C%20eval%20a%3D1&earliest=-1h")

    assert page.input_value("#spl") == "| makeresults | eval a=1"
    assert page.input_value("#earliest") == "-1h"
    page.wait_for_timeout(300)
    assert page.text_content("#state") == ""


def test_images_are_shown_as_images(page: Any) -> None:
    search(page, "| inputlookup mousematch_sample.csv | head 2000 | mouseencode | head 1 | table session image")
    page.wait_for_selector("#results img")

    decoded = "images => Promise.all(images.map((image) => image.decode().then(() => image.naturalWidth)))"
    widths = page.eval_on_selector_all("#results img", decoded)

    assert widths and min(widths) > 8
    assert page.locator("#results td").first.locator("img").count() == 0


def test_hostile_values_are_text(page: Any, served: Served) -> None:
    sent = served.send({"time": time.time(), "event": {"v": 1, "session": "hostile", "user": HOSTILE}})
    assert sent.status_code == 200

    search(page, "search index=mousematch session=hostile | head 1 | table user _raw")
    page.wait_for_selector("#results tbody tr")

    assert page.locator("#results td").first.text_content() == HOSTILE
    assert page.locator("#results img").count() == 0
    assert page.evaluate("window.hacked") is None


# -- alerts ---------------------------------------------------------------------------------------------------------------


def test_without_alerts_the_page_says_so(page: Any) -> None:
    page.goto(f"{OWN}/alerts")

    page.wait_for_selector("#message:text('No alert has fired.')")


def test_an_alert_that_fires_is_listed_and_its_name_is_text(tab: Callable[..., Any], tmp_path: Path) -> None:
    name = "Alarm <b>now</b>"
    with Served(tmp_path / "state") as served:
        settings = {
            "name": name, "search": "| makeresults count=2", "is_scheduled": "1", "cron_schedule": "* * * * *",
            "alert_type": "number of events", "alert_comparator": "greater than", "alert_threshold": "0",
            "alert.track": "1", "alert.severity": "5",
        }  # fmt: skip
        made = served.head.post("/servicesNS/nobody/mousematch/saved/searches", data=settings)
        assert made.status_code == 201, made.text
        dispatch = f"/servicesNS/nobody/mousematch/saved/searches/{name.replace('/', '%2F')}/dispatch"
        assert served.head.post(dispatch, data={"trigger_actions": "1"}).status_code == 201
        page = tab(served=served)

        page.goto(f"{OWN}/alerts")
        page.wait_for_selector("#alerts tbody tr", timeout=90_000)

        cells = page.locator("#alerts tbody tr").first.locator("td").all_text_contents()
        assert cells[1:3] == [name, "severe"]
        page.click("#alerts tbody a")
        page.wait_for_selector("#state:text('Done: 2 rows')")
        assert problems(page) == []


# -- dashboards -----------------------------------------------------------------------------------------------------------


def opened(tab: Callable[..., Any], trial: Served, query: str = "", **options: Any) -> Any:
    page = tab(served=trial, **options)
    page.goto(f"{OWN}/trial{query}")
    wait_for_view(page)
    return page


def test_a_view_is_drawn_with_its_data(studio: None, tab: Callable[..., Any], trial: Served) -> None:
    page = opened(tab, trial)

    assert "u nobody 1" in page.text_content("#dashboard")
    page.wait_for_selector("#dashboard :text-is('6')")
    assert problems(page) == []


def test_a_hostile_label_is_text(studio: None, tab: Callable[..., Any], trial: Served) -> None:
    page = opened(tab, trial)

    assert page.text_content(".viewhead h1") == f"Trial {HOSTILE}"
    assert HOSTILE in page.title()
    assert page.evaluate("window.hacked") is None


def test_tokens_of_the_address_fill_inputs_and_searches(studio: None, tab: Callable[..., Any], trial: Served) -> None:
    page = opened(tab, trial, "?form.user=a%26b%20%3Cb%3E")

    assert page.input_value("#dashboard input[type=text]") == "a&b <b>"
    assert "u a&b <b> 1" in page.text_content("#dashboard")


def test_an_input_s_value_stands_in_the_address(studio: None, tab: Callable[..., Any], trial: Served) -> None:
    page = opened(tab, trial)

    page.fill("#dashboard input[type=text]", "carol")
    page.press("#dashboard input[type=text]", "Enter")

    page.wait_for_function("location.search.includes('form.user=carol')")
    page.wait_for_selector("#dashboard :text('u carol 1')")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_renderer_follows_the_theme(studio: None, tab: Callable[..., Any], trial: Served, theme: str) -> None:
    page = opened(tab, trial, f"?theme={theme}")
    ink = "getComputedStyle([...document.querySelectorAll('#dashboard *')].find((e) => e.textContent === 'People')).color"

    before = page.evaluate(ink)
    page.click("#theme")
    page.wait_for_function(f"before => {ink} !== before", arg=before)

    assert (sum(int(part) for part in before[4:-1].split(",")[:3]) > 380) == (theme == "dark")


def test_a_click_leads_to_the_view_with_its_token(studio: None, tab: Callable[..., Any], trial: Served) -> None:
    page = opened(tab, trial)

    with page.expect_navigation(url="**/en-US/app/mousematch/trial?form.user=*"):
        page.click("#dashboard :text('u nobody 2')")
    wait_for_view(page)

    assert page.input_value("#dashboard input[type=text]") == "u nobody 2"


def test_a_link_to_a_dashboard_carries_its_tokens(studio: None, tab: Callable[..., Any], trial: Served) -> None:
    page = opened(tab, trial)

    with page.expect_navigation(url="**/en-US/app/mousematch/trial?form.user=there*"):
        page.locator("#dashboard :text-is('6')").nth(1).click()
    wait_for_view(page)

    assert page.input_value("#dashboard input[type=text]") == "there & back"


def test_a_search_that_fails_says_so_in_its_panel(studio: None, tab: Callable[..., Any], trial: Served) -> None:
    page = opened(tab, trial, "?form.user=%22")  # breaks the panel's SPL

    page.wait_for_selector("#dashboard [data-test*=error], #dashboard [data-test*=message]")
    assert page.evaluate("window.__errors") == []


