"""What props.conf, transforms.conf, eventtypes.conf and tags.conf make of events."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchhead.spl.knowledge import key_values
from searchhead.spl.knowledge.stanzas import Props


@pytest.fixture
def conf(app: Path) -> Callable[..., None]:
    """Write .conf files of the app: name → text."""

    def write(**texts: str) -> None:
        for name, text in texts.items():
            (app / "default" / f"{name}.conf").write_text(text)

    return write


def row_of(found, text: str = "*") -> dict[str, object]:
    """The fields of the one event that search time added."""
    (row,) = found(text)
    given = ("_time", "_indextime", "_raw", "index", "sourcetype", "source", "host")
    return {field: value for field, value in row.items() if field not in given}


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        ('a=1 b="two words", c=three;d=4', {"a": "1", "b": "two words", "c": "three", "d": "4"}),
        ("status=200 status=404", {"status": "200"}),
        ("url=/x?user=bob&next=1", {"url": "/x?user=bob", "next": "1"}),
        ("_a=1 2b=2 c-d=3 e.f:g=4", {"a": "1", "b": "2", "c_d": "3", "e.f:g": "4"}),
        ("a= b=1 =2 c", {"b": "1"}),
        ('{"a":1,"b":{"c":[1,"x"]},"d":null,"e":true}', {"a": "1", "b.c{}": ["1", "x"], "e": "true"}),
        ('{"a":1', {}),
        ("host=other source=x _raw=y sourcetype=z index=q", {"raw": "y"}),
        ('a="<script>alert(1)</script>" b="\n\0"', {"a": "<script>alert(1)</script>", "b": "\n\0"}),
    ],
)
def test_fields_are_found_automatically(found, indexes, raw: str, fields: dict[str, object]):
    indexes.put(1, raw)

    assert row_of(found) == fields


@pytest.mark.parametrize(
    ("mode", "raw", "fields"),
    [
        ("none", '{"a":1} b=2', {}),
        ("json", '{"a":1}', {"a": "1"}),
        ("json", "b=2", {}),
        ("auto", '{"a":1}', {"a": "1"}),
        ("auto\nAUTO_KV_JSON = false", '{"a":1}', {}),
        ("auto_escaped", r'a="x \"y\" \\z" b=1', {"a": 'x "y" \\z', "b": "1"}),
        ("stash", r'a="x \"y\"", a=2', {"a": ['x "y"', "2"]}),
    ],
)
def test_kv_mode_says_how(found, indexes, conf, mode: str, raw: str, fields: dict[str, object]):
    conf(props=f"[text]\nKV_MODE = {mode}\n")
    indexes.put(1, raw)

    assert row_of(found) == fields


def test_extractions_work_in_the_order_of_their_names(found, indexes, conf):
    conf(
        props="[text]\nKV_MODE = none\nEXTRACT-b = (?<user>\\w+)$\nEXTRACT-a = user (?<user>\\w+)\n"
        'EXTRACT-c = ^(?<first>.) in user\nEXTRACT-d = "k"\\s*:\\s*"(?<k>[^"]*)"\n'
    )
    indexes.put(1, 'user alice, "k" : "<b>" then bob')

    assert row_of(found) == {"user": "alice", "first": "a", "k": "<b>"}


def test_transforms_extract_with_regexes_and_delimiters(found, indexes, conf):
    conf(
        props="[text]\nKV_MODE = none\nREPORT-x = pairs, named, columns, keyed, joined\n",
        transforms="[pairs]\nREGEX = (\\w+)->(\\w+)\nFORMAT = $1::$2\nMV_ADD = true\n"
        "[named]\nREGEX = to:(?<to>\\w+)\n"
        '[columns]\nSOURCE_KEY = csv\nDELIMS = ","\nFIELDS = one, "two", three\n'
        "[keyed]\nSOURCE_KEY = to\nREGEX = (?<_KEY_1>c)(?<_VAL_1>a)\n"
        "[joined]\nREGEX = (\\d)-(\\d)\nFORMAT = span::$2-$1\n",
    )
    indexes.put(1, "a->1 a->2 csv->x to:carl to:bob 3-4", csv='x,"y"')

    assert row_of(found) == {
        "csv": 'x,"y"', "a": ["1", "2"], "to": "carl", "one": "x", "two": "y", "c": "a", "span": "4-3",
    }  # fmt: skip


def test_a_transform_may_read_what_another_found(found, indexes, conf):
    conf(
        props="[text]\nKV_MODE = none\nREPORT-x = whole, half\n"
        "EXTRACT-a = <(?<inner>.*)>\nEXTRACT-b = (?<tail>.$) in inner\n",
        transforms="[whole]\nREGEX = (?<all>\\w+)\n[half]\nSOURCE_KEY = all\nREGEX = ^(?<first>.)\n",
    )
    indexes.put(1, "abc <xyz>")

    assert found("* | table first tail") == [{"first": "a", "tail": "z"}]


def test_delimiters_may_part_pairs(found, indexes, conf):
    conf(
        props="[text]\nKV_MODE = none\nREPORT-x = kv\n",
        transforms='[kv]\nDELIMS = "|;", ":"\n',
    )
    indexes.put(1, 'a: 1|b:"2";c')

    assert row_of(found) == {"a": "1", "b": "2"}


def test_aliases_calculated_fields_and_lookups_come_after(found, indexes, conf):
    conf(
        props="[text]\nFIELDALIAS-a = user AS who city AS gone\nFIELDALIAS-b = user ASNEW n\n"
        "EVAL-double = n*2\nEVAL-loud = upper(who)\nLOOKUP-t = sessions.csv user OUTPUT city AS place\n",
    )
    indexes.put(1, "user=alice n=21 gone=x")

    assert row_of(found) == {
        "user": "alice", "who": "alice", "n": "21", "double": "42", "loud": "ALICE", "place": ["Rome", 'a "quoted" place'],
    }  # fmt: skip


def test_stanzas_of_sources_and_hosts_go_before_sourcetypes(found, indexes, conf):
    conf(
        props='[text]\nEVAL-kind = "text"\nEVAL-both = "text"\n[source::...web/*.log]\nEVAL-kind = "web"\n'
        '[host::db*]\nEVAL-kind = "db"\nEVAL-place = "host"\n'
    )
    indexes.put(4, "a", source="/var/web/x.log")
    indexes.put(3, "b", source="/var/web/y/x.log")
    indexes.put(2, "c", source="/web/x.log", host="DB1")
    indexes.put(1, "d", sourcetype="other")

    assert [[row.get(f) for f in ("_raw", "kind", "both", "place")] for row in found("*")] == [
        ["a", "web", "text", None],
        ["b", "text", "text", None],
        ["c", "web", "text", "host"],
        ["d", None, None, None],
    ]


def test_settings_that_cannot_be_used_are_told_and_left_out(found, indexes, conf):
    conf(
        props="[text]\nEXTRACT-a = (?<x>(\nREPORT-b = nosuch, empty\nEVAL-c = nosuch(1)\nLOOKUP-d = nosuch.csv a OUTPUT b\n"
        "EXTRACT-e = b=(?<y>.)\n",
        transforms="[empty]\nFORMAT = a::b\n",
    )
    indexes.put(1, "b=1")
    told: list[str] = []

    (row,) = found("*", message=lambda level, text: told.append(f"{level} {text}"))

    assert row["y"] == "1"
    assert [text.split(".conf")[0] for text in told] == [
        f"warn {name}" for name in ("props", "props", "transforms", "props", "props")
    ]


def test_eventtypes_name_events_and_tags_name_values(found, indexes, conf):
    conf(
        eventtypes="[login]\nsearch = action=login\n[web_login]\nsearch = eventtype=login index=web\n"
        "[off]\nsearch = *\ndisabled = 1\n[risky]\nsearch = `risk`\n",
        macros="[risk]\ndefinition = user=bob OR user=carl\n",
        tags="[eventtype=login]\nauthentication = enabled\nold = disabled\n[host=h%31]\ndatabase = enabled\n",
    )
    indexes.put(3, "action=login user=alice", index="web")
    indexes.put(2, "action=login user=bob", host="h1")
    indexes.put(1, "action=pay user=bob")

    assert [[row.get(f) for f in ("_time", "eventtype", "tag")] for row in found("index=*")] == [
        ["3", ["login", "web_login"], "authentication"],
        ["2", ["login", "risky"], ["authentication", "database"]],
        ["1", "risky", None],
    ]
    assert [row["_time"] for row in found("eventtype=web_login")] == ["3"]
    assert indexes.asked[-1].indexes == ("web",)
    assert indexes.asked[-1].contains == ("login",)
    assert [row["_time"] for row in found("tag=auth* | fields _time")] == ["2"]
    assert [row["_time"] for row in found("index=* NOT tag=authentication")] == ["1"]
    assert found("eventtype=nosuch") == []


def test_values_that_the_text_does_not_hold_are_not_asked_of_the_indexes(found, indexes, conf):
    conf(
        props='[text]\nEVAL-kind = "made"\nFIELDALIAS-a = kind AS sort\nREPORT-x = joined\n'
        "LOOKUP-t = towns.csv town OUTPUT country AS land\n",
        transforms="[joined]\nREGEX = (\\w)-(\\w)\nFORMAT = pair::$2$1 left::$1\n",
        fields="[indexed]\nINDEXED = true\n",
    )  # fmt: skip
    indexes.put(1, "a-b", indexed="yes")

    assert len(found("kind=made pair=ba indexed=yes")) == 1
    assert indexes.asked[-1].contains == ()
    found("left=aa sort=bb land=it")
    assert indexes.asked[-1].contains == ("aa",)


def test_fields_that_nobody_reads_are_not_extracted(found, indexes, conf):
    told: list[tuple[str, str]] = []
    conf(props="[text]\nEVAL-broken = nosuch(1)\nEXTRACT-a = (?<b>(\n")
    indexes.put(1, "user=alice n=1")

    assert found("* | stats sum(n) AS s BY user", message=lambda *said: told.append(said)) == [
        {"user": "alice", "s": "1"}
    ]
    assert len(told) == 1  # a regex is only known by reading it


@pytest.mark.parametrize(
    "rest",
    [
        "stats latest(*) AS *",
        "stats latest(n*) AS x* | rename xame AS name | eval n=1, user=1",
        "table n* user",
        'eval x=n."b" | table x user name n',
        "fields - x | table user n name",
        "eventstats count BY user | stats count values(name) values(n) BY user",
        "custom | stats count BY user n name",
        "mvcombine n | stats count values(n) values(name) BY user",
    ],
)
def test_what_later_stages_read_is_there(found, indexes, rest: str):
    indexes.put(1, "user=alice n=1 name=x")

    (row,) = found(f"index=main | {rest}", custom_commands=frozenset({"custom"}), custom=lambda call, table: table)

    assert len([value for value in row.values() if value in ("alice", "1", "x", "1b")]) >= 3


@given(st.text())
def test_any_text_has_pairs_or_none(text: str):
    for escaped in (False, True):
        assert all(key == key_values.clean(key) for key in key_values.pairs(text, lambda field: True, escaped=escaped))
    key_values.leaves(text)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9_.:]{0,8}", fullmatch=True),
        st.text(st.characters(exclude_characters='"'), min_size=1),
    )
)
def test_quoted_pairs_are_found_as_they_are(fields: dict[str, str]):
    text = " ".join(f'{key}="{value}"' for key, value in fields.items())

    assert key_values.pairs(text, lambda field: True) == fields


def test_a_long_text_without_pairs_is_read_in_a_moment():
    key_values.pairs("a" * 1_000_000, lambda field: True)
    key_values.pairs('a="' + "b" * 1_000_000, lambda field: True, escaped=True)


def test_fields_with_odd_names_are_found_when_they_are_read(found, indexes):
    indexes.put(1, '{"a":[1,{"b":2}],"it\'s":3,"c\\"d":4,"e.f":{"g h":5}}')

    assert found("""* | eval x='a{}.b', y='it\\'s', z='e.f.g h' | rename "c\\"d" AS w | table w x y z""") == [
        {"w": "4", "x": "2", "y": "3", "z": "5"}
    ]


def test_half_characters_do_not_stop_a_search(found, indexes):
    indexes.put(1, r'{"a":"x\ud800","b\udc00":["\ud83d\ude00"]}')
    indexes.put(2, "b=\ud800")

    first, second = found('* | eval c=spath(_raw, "a") | table a b* c')

    assert first == {"b": "\ufffd"}
    assert second == {"a": "x\ufffd", "b\ufffd{}": "😀", "c": "x\ufffd"}


def test_deeply_nested_json_ends():
    assert key_values.leaves("[" * 100_000) == {}
    assert key_values.leaves("[" * 500 + "]" * 500) == {}


@given(st.text(max_size=12), st.text(max_size=12))
def test_any_stanza_name_is_a_pattern(name: str, value: str):
    Props({f"source::{name}": {"KV_MODE": "none"}}).settings("x", value, "h")
