"""The dashboards: what Splunk reads is well-formed, leads somewhere, and every search of it runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

import pytest

from searchhead.spl.errors import SplError
from searchhead.table import Table
from tests.app.site import Site, site

APP = Path(__file__).resolve().parents[2]
VIEWS = {path.stem: path for path in sorted((APP / "default/data/ui/views").glob("*.xml"))}
NAVIGATION = ElementTree.parse(APP / "default/data/ui/nav/default.xml").getroot()
HOSTILE = 'o"brien\\ <script>alert(1)</script> | delete `x` $user$ ]]>'
TOKEN = re.compile(r"\$([\w.]+)(\|\w+)?\$")
WITH_HEADER = re.compile(r"splunk\.(?!markdown|image)")
TRELLIS = 8  # columns, which all edges of panels lie on


def definition(name: str) -> dict[str, Any]:
    element = ElementTree.parse(VIEWS[name]).find("definition")
    assert element is not None and element.text
    return json.loads(element.text)


DEFINITIONS = {name: definition(name) for name in VIEWS}
each_view = pytest.mark.parametrize("name", VIEWS)


def inputs(name: str) -> dict[str, dict[str, Any]]:
    """Token → options of the input that sets it."""
    return {item["options"]["token"]: item["options"] for item in DEFINITIONS[name]["inputs"].values()}


def handlers(name: str) -> Iterator[tuple[str, str]]:
    """(panel, URL) of each link to another view."""
    for panel, item in DEFINITIONS[name]["visualizations"].items():
        for handler in item.get("eventHandlers", []):
            assert handler["type"] == "drilldown.customUrl"
            yield panel, handler["options"]["url"]


def quoted(value: str) -> str:
    """A value as Dashboard Studio's filter |s puts it into a search."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def with_tokens(query: str, values: Mapping[str, str]) -> str:
    return TOKEN.sub(lambda token: quoted(values[token[1]]) if token[2] == "|s" else values[token[1]], query)


# -- the files ---------------------------------------------------------------------------------------------------------


def test_the_navigation_names_every_view_and_begins_with_the_overview() -> None:
    named = [view.get("name") for view in NAVIGATION.iter("view")]

    assert set(VIEWS) <= set(named)
    assert [view.get("name") for view in NAVIGATION.iter("view") if view.get("default") == "true"] == ["overview"]
    assert re.fullmatch("#[0-9A-F]{6}", NAVIGATION.get("color", ""))


@each_view
def test_a_view_is_a_dashboard_studio_one_with_a_label_and_a_description(name: str) -> None:
    root = ElementTree.parse(VIEWS[name]).getroot()

    assert (root.tag, root.get("version")) == ("dashboard", "2")
    assert root.findtext("label") == DEFINITIONS[name]["title"]
    assert root.findtext("description") == DEFINITIONS[name]["description"]
    hidden = json.loads(root.findtext("meta") or "")
    assert not any(hidden.values())


@each_view
def test_every_panel_says_what_it_shows(name: str) -> None:
    for panel, item in DEFINITIONS[name]["visualizations"].items():
        if panel.startswith("caption_"):
            continue
        assert item["title"] and item["description"], panel
        assert len(item["description"]) <= 100, panel
        if item["type"] == "splunk.image":
            assert item["options"]["title"], f"{panel} has no text for those who cannot see it"


@each_view
def test_every_search_is_used_by_a_panel_or_another_search(name: str) -> None:
    view = DEFINITIONS[name]
    used = {source for item in view["visualizations"].values() for source in item.get("dataSources", {}).values()}
    used |= {source for item in view["inputs"].values() for source in item.get("dataSources", {}).values()}
    used |= {source["options"].get("extend") for source in view["dataSources"].values()} - {None}

    assert used == set(view["dataSources"])
    names = [source["name"] for source in view["dataSources"].values()]
    assert len(names) == len(set(names))


@each_view
def test_panels_fill_the_canvas_without_overlap_on_common_columns(name: str) -> None:
    layout = DEFINITIONS[name]["layout"]
    (canvas,) = layout["layoutDefinitions"].values()
    width = canvas["options"]["width"]
    places = {item["item"]: item["position"] for item in canvas["structure"]}

    assert set(places) == set(DEFINITIONS[name]["visualizations"])
    assert set(layout["globalInputs"]) == set(DEFINITIONS[name]["inputs"])
    assert all(place["x"] * TRELLIS % width == 0 and place["w"] * TRELLIS % width == 0 for place in places.values())
    for top in {place["y"] for place in places.values()}:
        row = sorted((place["x"], place["w"]) for place in places.values() if place["y"] == top)
        assert sum(w for _, w in row) == width, f"the row at {top}"
        assert [x for x, _ in row] == [sum(w for _, w in row[:count]) for count in range(len(row))]


@each_view
def test_no_background_is_fixed_so_that_light_and_dark_both_work(name: str) -> None:
    colours = re.findall(r'"backgroundColor": "([^"]*)"', VIEWS[name].read_text(encoding="utf-8"))

    assert set(colours) <= {"transparent"}


# -- tokens and links --------------------------------------------------------------------------------------------------


@each_view
def test_whatever_a_token_holds_stays_a_value_of_the_search(name: str) -> None:
    for source in DEFINITIONS[name]["dataSources"].values():
        for token, quoting in TOKEN.findall(source["options"]["query"]):
            assert token in inputs(name), token
            assert quoting == "|s", f"${token}$ stands in {source['name']} as it is"


@each_view
def test_every_token_has_a_value_from_the_start(name: str) -> None:
    assert all("defaultValue" in options for options in inputs(name).values())


@each_view
def test_links_lead_to_views_and_set_tokens_that_these_have(name: str) -> None:
    columns = {
        panel: DEFINITIONS[name]["dataSources"][item["dataSources"]["primary"]]["options"]["query"]
        for panel, item in DEFINITIONS[name]["visualizations"].items()
        if item.get("dataSources")
    }
    for panel, url in handlers(name):
        parts = urlsplit(url)
        assert parts.path.startswith("/app/mousematch/") and parts.path.rpartition("/")[2] in VIEWS
        for key, value in parse_qsl(parts.query):
            assert key.removeprefix("form.") in inputs(parts.path.rpartition("/")[2]), key
            (token,) = TOKEN.findall(value)
            assert token[1] == "|u", f"{value} is not encoded for an address"
            if token[0].startswith("row."):
                assert token[0].split(".")[1] in columns[panel].rpartition("| table ")[2].split()


def test_one_can_get_from_the_overview_to_the_session_and_the_user() -> None:
    targets = {urlsplit(url).path.rpartition("/")[2] for _, url in handlers("overview")}

    assert targets == {"session", "user"}
    assert "user" in {urlsplit(url).path.rpartition("/")[2] for _, url in handlers("session")}


# -- the searches ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two people enrolled; today one of their accounts was used by somebody else, another has a hostile name."""
    with site(tmp_path_factory.mktemp("filled")) as running:
        for number in (1, 2, 3, 4):
            running.visit(f"freya-0{number}", days_ago=10 - number, user=HOSTILE, tab="t0")
            running.visit(f"amara-0{number}", days_ago=10 - number, user="amara", tab="t0")
        running.search("`mousematch_telemetry` | `mousematch_names` | mouseencode by tab | mouseenroll")
        running.visit("freya-09", days_ago=0.003, user=HOSTILE, session=HOSTILE, tab="t1")
        running.visit("amara-05", days_ago=0.002, user="amara", tab="t2")
        running.visit("amara-08", days_ago=0.002, user="amara", tab="t3")
        running.visit("elias-05", days_ago=0.002, user="elias", tab="t4")
        assert len(running.saved("Score recent sessions")) == 4
        assert len(running.saved("Alert - Somebody else moves the mouse")) == 1
        running.arrive('{"v":1,"session":"cut","user":"amara","points":{"dt":[0,1', at=running.now - 60)
        yield running


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site to which nothing has come yet."""
    with site(tmp_path_factory.mktemp("empty")) as running:
        yield running


def results(
    running: Site, name: str, tokens: Mapping[str, str], *, user: str = "analyst", may_fail: bool = False
) -> dict[str, Table]:
    """What each search of a view gives, chained ones from the results of what they extend, as the renderer asks.

    With ``may_fail`` those are left out that the user may not run.
    """
    values = {token: str(options["defaultValue"]) for token, options in inputs(name).items()} | tokens
    sources = DEFINITIONS[name]["dataSources"]
    jobs: dict[str, Any] = {}
    found: dict[str, Table] = {}
    for key, source in sources.items():
        query = with_tokens(source["options"]["query"], values)
        if source["type"] == "ds.chain":
            base = sources[base_key := source["options"]["extend"]]
            while base["type"] == "ds.chain":
                query = f"{with_tokens(base['options']['query'], values)} {query}"
                base = sources[base_key := base["options"]["extend"]]
            if base_key in jobs:
                found[key] = running.head.jobs.post_process(jobs[base_key], query, user=user)
            continue
        text = query if query.startswith("|") else f"search {query}"
        try:
            job = running.head.jobs.create(text, user=user, earliest="-7d", latest="+1d")
        except SplError:
            assert may_fail
            continue
        assert job.wait(120)
        assert may_fail or not job.is_failed, f"{name}, {key}: {job.error}"
        if not job.is_failed:
            jobs[key], found[key] = job, job.results
    return found


def rows(table: Table) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if value is not None} for row in table.rows()]


@each_view
def test_every_search_runs_where_nothing_is_there_yet(empty: Site, name: str) -> None:
    found = results(empty, name, {})

    for panel, item in DEFINITIONS[name]["visualizations"].items():
        if item["type"] == "splunk.markdown" and "dataSources" in item:
            (row,) = rows(found[item["dataSources"]["primary"]])
            assert len(row["text"]) > 20, f"{panel} has nothing to say"


def test_the_overview_leads_to_what_is_wrong(filled: Site) -> None:
    found = results(filled, "overview", {})

    (said,) = rows(found["headline"])
    assert said["text"].startswith("**1 of 4 scored sessions do not fit")
    assert [row["count"] for row in rows(found["open_alerts"])] == ["1"]
    (worst,) = rows(found["worst"])
    assert (worst["_user"], worst["_session"], worst["_tab"]) == ("amara", "amara-08", "t3")
    (undecided,) = rows(found["undecided"])
    assert (undecided["User"], undecided["Why"]) == ("elias", "the user is not enrolled")
    assert sum(int(row.get("mismatch", 0)) for row in rows(found["verdicts"])) == 1


def test_a_session_has_its_pictures_its_score_as_it_evolved_and_its_reasons(filled: Site) -> None:
    found = results(filled, "session", {"session": "amara-08", "user": "amara", "tab": "t3"})

    assert "Somebody else seems to move the mouse" in rows(found["said"])[0]["text"]
    assert "threshold **0.500**" in rows(found["sure"])[0]["text"]
    assert "Step up authentication" in rows(found["todo"])[0]["text"]
    pictures = [row["src"] for row in rows(found["gallery"])]
    windows = len(rows(found["windows"]))
    assert len(pictures) == 8 and windows == 7
    assert all("data:image/png;base64,iVBOR" in picture for picture in pictures[:windows])
    assert "png" not in pictures[7]
    evolved = rows(found["evolution"])
    assert [row["After"] for row in evolved] == sorted(
        (row["After"] for row in evolved), key=lambda text: int(text[:-2])
    )
    stored = rows(found["stored"])[0]
    assert evolved[-1]["match score"] == stored["match_score"]
    assert evolved[-1]["threshold"] == stored["match_threshold"]
    assert [row["Session"] for row in rows(found["others"])] == ["amara-05"]
    assert [row["Status"] for row in rows(found["alert_rows"])] == ["open"]


def test_a_session_and_user_of_a_hostile_name_are_found_as_they_are(filled: Site) -> None:
    found = results(filled, "session", {"session": HOSTILE, "user": HOSTILE})

    assert "The movement fits" in rows(found["said"])[0]["text"]
    assert rows(found["summary"])[0]["user"] == HOSTILE
    assert "data:image/png" in rows(found["gallery"])[0]["src"]
    assert "data:image/png" in rows(found["path"])[0]["src"]
    seen = results(filled, "user", {"user": HOSTILE})
    assert [row["_session"] for row in rows(seen["sessions"])] == [HOSTILE]
    assert rows(seen["enrolled"])[0]["enrolled"] == "enrolled"


@pytest.mark.parametrize("token", ["first_window", "session", "user", "tab"])
def test_a_token_from_an_address_cannot_add_to_the_search(filled: Site, token: str) -> None:
    found = results(filled, "session", {"session": "amara-08", token: '1") | makeresults count=50 | eval x=("1'})

    assert all(len(table) <= 20 for table in found.values())


def test_the_gallery_pages_through_a_session(filled: Site) -> None:
    found = results(filled, "session", {"session": "amara-08", "first_window": "5"})

    assert [row["Window"] for row in rows(found["windows"])] == ["5", "6", "7"]


def test_a_user_has_a_template_a_history_and_devices(filled: Site) -> None:
    found = results(filled, "user", {"user": "amara"})

    assert rows(found["enrolled"])[0]["enrolled"] == "enrolled"
    assert {row["Fact"] for row in rows(found["facts"])} >= {"Enrolled", "Material", "Consistency", "Model"}
    assert [("match" in row, "mismatch" in row) for row in rows(found["history"])] in (
        [(True, False), (False, True)],
        [(False, True), (True, False)],
    )
    assert sum(int(row["Sessions"]) for row in rows(found["devices"])) == 2
    assert {row["_user"]: row["Enrolled"] for row in rows(found["users"])} == {
        "amara": "yes",
        "elias": "no",
        HOSTILE: "yes",
    }


def test_a_user_without_a_template_is_told_how_to_get_one(filled: Site) -> None:
    found = results(filled, "user", {"user": "elias"})

    (fact,) = rows(found["facts"])
    assert fact["Fact"] == "Template" and "Enroll nightly" in fact["Value"]


def test_the_model_has_its_error_rates_and_curves(filled: Site) -> None:
    found = results(filled, "model", {})

    (numbers,) = rows(found["numbers"])
    assert 0.9 < float(numbers["auc"]) < 1 and 0 < float(numbers["far"]) < 20 and 0 < float(numbers["frr"]) < 20
    curve = [row for row in rows(found["roc_points"]) if row["curve"] == "model"]
    assert len(curve) > 50 and all(0 <= float(row["far"]) <= 1 for row in curve)
    assert len(rows(found["det_points"])) > 50
    bars = rows(found["score_bars"])
    assert sum(float(row["genuine"]) for row in bars) == pytest.approx(100, abs=1)
    assert len(rows(found["calibration_points"])) > 45
    assert [row["Active"] for row in rows(found["versions"])] == ["active"]
    assert len(rows(found["site"])) >= 2


def test_the_telemetry_view_counts_what_cannot_be_read(filled: Site) -> None:
    found = results(filled, "telemetry", {})

    (totals,) = rows(found["totals"])
    assert totals["malformed"] == "1" and int(totals["points"]) > 5_000
    assert "1 of" in rows(found["headline"])[0]["text"]
    assert {row["Format"] for row in rows(found["formats"])} == {"batch", "malformed"}
    assert sum(int(row["points"]) for row in rows(found["volume"]) if "points" in row) == int(totals["points"])


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with a scored session, whose users without a role of the app may search none of its indexes."""
    with site(tmp_path_factory.mktemp("closed"), authorize="[role_user]\nsrchIndexesAllowed = main\n") as running:
        running.visit("amara-05", days_ago=0.002, user="amara")
        running.search(
            "`mousematch_telemetry` | `mousematch_names` | mouseencode by tab"
            ' | eval match_verdict="match", match_llr=1, scored_at=now() | `mousematch_keys` | `mousematch_summarise`'
        )
        yield running


@pytest.mark.parametrize("name", sorted(set(VIEWS) - {"model"}))  # the model's own trials are nobody's data
def test_somebody_without_rights_sees_no_row_and_is_told_so(closed: Site, name: str) -> None:
    """Even who knows the session's name."""
    asked = {"session": "amara-05", "user": "amara"}
    assert len(results(closed, "session", asked)["stored"]) == 1

    found = results(closed, name, asked, user="viewer", may_fail=True)

    for key in ("scored", "stored", "headline", "said", "totals", "gallery", "path"):
        text = json.dumps(rows(found[key])) if key in found else ""
        assert "amara-05" not in text and "png" not in text, key
    said = [rows(found[key])[0]["text"] for key in ("headline", "said") if key in found]
    assert said and all("mousematch_analyst" in text for text in said)
