"""Roles, permissions and what a search may touch, on the app's own configuration and on a small one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import splunklib.client
from splunklib.binding import AuthenticationError, HTTPError

from searchhead.indexes import Event
from searchhead.spl.errors import SplError
from searchhead.splunkd.head import Options, SearchHead

META = """\
[]
access = read : [ * ], write : [ admin ]
[commands/mousetrain]
access = read : [ admin ], write : [ admin ]
[views/for%5Fstaff]
access = read : [ staff, admin ], write : [ admin ]
[collections/secrets]
access = read : [ staff, admin ], write : [ staff, admin ]
[transforms/secrets]
access = read : [ staff, admin ], write : [ admin ]
[lookups/pay.csv]
access = read : [ staff, admin ], write : [ staff, admin ]
"""
FILES = {
    "default/app.conf": "[package]\nid = shop\n",
    "default/authorize.conf": "[role_staff]\nimportRoles = user\nsrchIndexesAllowed = sales*\nsrchIndexesDefault = sales\n"
    "schedule_search = enabled\n[role_guest]\nsrchIndexesAllowed = main\nsearch = enabled\n",
    "default/collections.conf": "[secrets]\n[open]\n",
    "default/transforms.conf": "[secrets]\nexternal_type = kvstore\ncollection = secrets\nfields_list = _key, n\n",
    "default/indexes.conf": "[sales]\n[sales_old]\n[hidden]\n[off]\ndisabled = 1\n",
    "default/commands.conf": "[mousetrain]\nfilename = mousetrain.py\nchunked = true\n",
    "default/data/ui/views/for_staff.xml": '<dashboard version="2"><label>Staff</label></dashboard>',
    "default/data/ui/views/front.xml": '<dashboard version="2"><label>Front</label></dashboard>',
    "bin/mousetrain.py": "",
    "lookups/pay.csv": "name,pay\nada,1\n",
    "lookups/open.csv": "name\nada\n",
    "metadata/default.meta": META,
}


@pytest.fixture
def head(tmp_path: Path) -> Iterator[SearchHead]:
    for name, text in FILES.items():
        path = tmp_path / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with SearchHead(tmp_path / "shop", tmp_path / "state") as head:
        head.access.add_user("sam", ["staff"])
        head.access.add_user("gil", ["guest"])
        head.events.add(
            [Event(1.7e9, f"sold in {index}", index, "t", "s", "h") for index in ("main", "sales", "hidden")]
        )
        yield head


def found(head: SearchHead, search: str, user: str) -> list[object]:
    return head.search(search, Options(user=user, parse_launches=0)).run().column("_raw")


def rest(head: SearchHead, user: str) -> httpx.Client:
    headers = {"Authorization": f"Splunk {head.access.session(user)}"}
    return httpx.Client(
        base_url=f"{head.server.uri}/servicesNS/nobody/shop/", headers=headers, params={"output_mode": "json"}
    )


def test_roles_bring_what_they_import(head: SearchHead) -> None:
    sam, gil = head.access.principal("sam"), head.access.principal("gil")

    assert sam.roles == ("staff", "user")
    assert {"search", "schedule_search"} <= sam.capabilities
    assert gil.capabilities == {"search"}
    assert head.access.principal("unknown").capabilities == frozenset()


def test_searches_meet_the_indexes_of_the_role_only(head: SearchHead) -> None:
    assert found(head, "search index=*", "gil") == ["sold in main"]
    assert found(head, "search index=hidden", "gil") == []
    assert found(head, "search sold", "gil") == []  # no default index
    assert sorted(map(str, found(head, "search sold", "sam"))) == ["sold in main", "sold in sales"]
    assert len(found(head, "search index=*", "admin")) == 3


def test_collect_writes_where_the_index_exists_and_the_role_allows(head: SearchHead) -> None:
    head.search('| makeresults | eval n=7 | collect index=sales source="sums"', Options(user="sam")).run()
    assert len(found(head, "search index=sales source=sums n=7", "sam")) == 1
    for user, index in (("sam", "nowhere"), ("sam", "off"), ("gil", "main")):
        with pytest.raises(SplError, match="collect"):
            head.search(f"| makeresults | collect index={index}", Options(user=user)).run()


def test_a_command_that_the_role_may_not_read_is_unknown(head: SearchHead) -> None:
    with pytest.raises(SplError, match="Unknown search command 'mousetrain'"):
        head.search("| makeresults | mousetrain", Options(user="sam")).prepare()
    head.search("| makeresults | mousetrain", Options(user="admin")).prepare()
    with pytest.raises(SplError, match="mousetrain"):
        head.search("| makeresults | append [ makeresults | mousetrain ]", Options(user="sam")).prepare()


@pytest.mark.parametrize(
    ("user", "search", "allowed"),
    [
        ("sam", "| inputlookup pay.csv", True),
        ("gil", "| inputlookup pay.csv", False),
        ("gil", "| makeresults | lookup local=true pay.csv name", False),
        ("gil", "| inputlookup append=t open.csv", True),
        ("gil", "| makeresults | append [ | inputlookup secrets ]", False),
        ("sam", "| inputlookup secrets", True),
        ("sam", "| makeresults | outputlookup append=t secrets", True),
        ("sam", "| makeresults | outputlookup open.csv", False),
        ("admin", "| makeresults | outputlookup open.csv", True),
    ],
)
def test_lookups_follow_their_permissions(head: SearchHead, user: str, search: str, allowed: bool) -> None:
    prepared = head.search(search, Options(user=user))
    if allowed:
        prepared.prepare()
        return
    with pytest.raises(SplError, match="does not exist or is not available|insufficient privileges"):
        prepared.prepare()


def test_collections_answer_403_to_those_who_may_not(head: SearchHead) -> None:
    with rest(head, "gil") as gil, rest(head, "sam") as sam:
        refused = gil.get("storage/collections/data/secrets")
        assert (refused.status_code, "cannot read" in refused.json()["messages"][0]["text"]) == (403, True)
        assert gil.get("storage/collections/data/open").status_code == 200
        assert gil.post("storage/collections/data/open", json={"n": 1}).status_code == 403
        assert sam.post("storage/collections/data/secrets", json={"n": 1}).status_code == 201
        assert [entry["name"] for entry in gil.get("storage/collections/config").json()["entry"]] == ["open"]


def test_views_are_listed_for_those_who_may_read_them(head: SearchHead) -> None:
    with rest(head, "gil") as gil, rest(head, "sam") as sam:
        assert [entry["name"] for entry in gil.get("data/ui/views").json()["entry"]] == ["front"]
        assert gil.get("data/ui/views/for_staff").status_code == 404
        assert sam.get("data/ui/views/for_staff").json()["entry"][0]["content"]["label"] == "Staff"


def test_configuration_is_written_by_those_who_may(head: SearchHead) -> None:
    with rest(head, "gil") as gil, rest(head, "admin") as admin:
        assert gil.post("configs/conf-macros", data={"name": "x", "definition": "y"}).status_code == 403
        assert admin.post("configs/conf-macros", data={"name": "x", "definition": "y"}).status_code == 201
        assert gil.get("configs/conf-macros/x").json()["entry"][0]["content"]["definition"] == "y"
        admin.post("configs/conf-inputs", data={"name": "http://t", "token": "secret"})
        assert gil.get("configs/conf-inputs").json()["entry"] == []
        assert gil.get("properties/inputs/http:%2F%2Ft/token").status_code == 404


def test_users_and_roles_over_splunklib(head: SearchHead) -> None:
    uri = urlsplit(head.server.uri)
    head.access.set_password("sam", "open sesame")
    place = {"scheme": uri.scheme, "host": uri.hostname, "port": uri.port, "app": "shop"}
    sam = splunklib.client.connect(username="sam", password="open sesame", **place)

    assert sam.users["sam"].role_entities[0].name == "staff"
    assert [user.name for user in sam.users] == ["sam"]
    assert "search" in sam.capabilities
    assert sam.roles["staff"].content["imported_roles"] == ["user"]
    assert sorted(index.name for index in sam.indexes) == ["hidden", "main", "off", "sales", "sales_old", "summary"]
    assert sam.indexes["sales"]["totalEventCount"] == "1"
    with pytest.raises(AuthenticationError):
        splunklib.client.connect(username="sam", password="wrong", **place)
    with pytest.raises(AuthenticationError):
        splunklib.client.connect(username="admin", password="", **place)
    with pytest.raises(HTTPError, match="indexes_edit"):
        sam.indexes.create("mine")
    admin = splunklib.client.connect(splunkToken=head.access.session("admin"), **place)
    admin.indexes.create("fresh")
    admin.indexes["fresh"].submit("one event & more=1", sourcetype="notes", host="desk")
    assert found(head, "search index=fresh sourcetype=notes host=desk", "admin") == ["one event & more=1"]
    with pytest.raises(HTTPError, match="edit_tcp"):
        sam.indexes["sales"].submit("x")
    with pytest.raises(HTTPError, match="missing"):
        admin.post("receivers/simple", index="nowhere", body="x")
    assert "authorize" in [conf.name for conf in admin.confs]
    assert [kind.name for kind in admin.event_types] == []
    assert "fresh" in [index.name for index in admin.indexes]


def test_a_role_without_search_starts_none(head: SearchHead) -> None:
    head.access.add_user("eve", ["nothing"])
    (head.state / "local").mkdir(exist_ok=True)
    (head.state / "local" / "authorize.conf").write_text("[role_nothing]\n")
    with rest(head, "eve") as eve:
        refused = eve.post("search/jobs", data={"search": "| makeresults"})
    assert (refused.status_code, "capability: search" in refused.json()["messages"][0]["text"]) == (403, True)


def test_the_rest_command_shows_what_the_user_may_see(head: SearchHead) -> None:
    assert head.rest_rows("/services/data/ui/views", {}, "gil").column("label") == ["Front"]
    assert len(head.rest_rows("/services/data/ui/views", {"count": "1"}, "sam")) == 1
    with pytest.raises(SplError, match="'rest' command: /services/nosuch: Not Found"):
        head.rest_rows("/services/nosuch", {}, "gil")


def test_permissions_written_over_the_state_survive(head: SearchHead) -> None:
    head.access.set_grant("views", "front", read=["staff"], owner="sam")
    head.access.set_grant("views", "for_staff", write=["staff"])

    gil, sam = head.access.principal("gil"), head.access.principal("sam")
    assert not head.access.may(gil, "read", "views", "front")
    assert head.access.may(sam, "write", "views", "front")  # its owner
    assert head.access.grant("views", "for_staff").read == ("staff", "admin")
