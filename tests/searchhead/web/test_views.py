"""Views and navigation are read as Splunk Web reads them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest

from searchhead.web.views import Link, ViewError, Views

PAGES = {"search": "Search", "alerts": "Alerts"}
VIEW = """\
<dashboard version="2" theme="dark">
  <label>{label}</label><description>D</description><definition><![CDATA[{json}]]></definition>
</dashboard>
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    views = tmp_path / "default/data/ui/views"
    views.mkdir(parents=True)
    (tmp_path / "default/data/ui/nav").mkdir()
    (views / "first.xml").write_text(VIEW.format(label="The &lt;first&gt;", json='{"b": 1, "a": 2}'))
    (views / "second.xml").write_text(VIEW.format(label="Second", json="{}"))
    (views / "form.xml").write_text('<form version="1.1"><label>Old</label></form>')
    return tmp_path


def navigation(app: Path, nav: str, *, readable: Collection[str] = ("first", "second")) -> tuple[Link, ...]:
    (app / "default/data/ui/nav/default.xml").write_text(nav)
    return Views(app, "shop").navigation(readable.__contains__, pages=PAGES).links


def test_a_view_has_its_label_theme_and_definition_in_the_order_of_the_file(app: Path) -> None:
    view = Views(app, "shop").get("first")

    assert view is not None
    assert (view.label, view.theme, view.description) == ("The <first>", "dark", "D")
    assert list(view.definition or {}) == ["b", "a"]


def test_a_local_view_replaces_the_app_s_own(app: Path) -> None:
    (app / "local/data/ui/views").mkdir(parents=True)
    (app / "local/data/ui/views/first.xml").write_text(VIEW.format(label="Mine", json="{}"))

    view = Views(app, "shop").get("first")

    assert view is not None and view.label == "Mine"


def test_a_simple_xml_form_has_no_definition(app: Path) -> None:
    view = Views(app, "shop").get("form")

    assert view is not None and view.definition is None


@pytest.mark.parametrize("name", ["../first", "first.xml", "", "no", "a/b"])
def test_what_is_no_view_of_the_app_is_none(app: Path, name: str) -> None:
    assert Views(app, "shop").get(name) is None


def test_the_app_bar_has_the_views_in_order_and_then_the_pages(app: Path) -> None:
    links = navigation(app, '<nav><view name="second" default="true"/><view name="alerts"/><view name="first"/></nav>')

    assert [link.label for link in links] == ["Second", "Alerts", "The <first>", "Search"]
    assert links[0].href == "/en-US/app/shop/second"


def test_views_that_somebody_may_not_read_are_not_named(app: Path) -> None:
    nav = '<nav><collection label="More"><view name="first"/></collection><view name="second"/></nav>'

    links = navigation(app, nav, readable={"second"})

    assert [link.label for link in links] == ["Second", "Search", "Alerts"]


def test_a_collection_is_a_menu(app: Path) -> None:
    links = navigation(app, '<nav><collection label="More"><view name="first"/><a href="/x">X</a></collection></nav>')

    assert links[0].label == "More"
    assert [link.label for link in links[0].links] == ["The <first>", "X"]


def test_links_that_are_scripts_are_left_out(app: Path) -> None:
    links = navigation(app, '<nav><a href="javascript:alert(1)">X</a></nav>')

    assert [link.label for link in links] == ["Search", "Alerts"]


def test_a_broken_view_is_named(app: Path) -> None:
    (app / "default/data/ui/views/first.xml").write_text(VIEW.format(label="x", json="{"))

    with pytest.raises(ViewError, match=r"first\.xml is no JSON"):
        Views(app, "shop").get("first")


def test_a_navigation_that_is_no_xml_is_named(app: Path) -> None:
    with pytest.raises(ViewError, match=r"default\.xml cannot be read"):
        navigation(app, "<nav>")
