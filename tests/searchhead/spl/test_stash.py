"""Summary events: what collect writes, and how it is read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchhead import spl
from searchhead.spl import stash
from searchhead.table import Table

NOW = 1_700_000_000
HOSTILE = '<script>alert("x")</script>\\", n="2'

TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.:{} -]{0,8}", fullmatch=True).map(str.strip)
FIELDS = st.dictionaries(NAMES, TEXTS | st.lists(TEXTS, min_size=2, max_size=3), max_size=6)


@given(FIELDS)
def test_what_is_written_is_read_back(fields):
    assert stash.pairs("11/14/2023 22:13:20 +0000, info_min_time=0.000, " + stash.written(fields.items())) == {
        "info_min_time": "0.000",
        **fields,
    }


@given(st.text() | st.from_regex(r'([\w ]*[=,"\\]){0,8}'))
def test_any_text_is_read_without_an_error(text: str):
    assert all(stash.pairs(text).values())


@given(st.dictionaries(TEXTS, TEXTS))
def test_no_name_can_put_in_a_field_of_its_own(fields):
    held = stash.pairs(stash.written([*fields.items(), ("last", "1")]))

    assert set(held) <= {stash._NOT_IN_NAMES.sub("_", name).strip() or "_" for name in fields} | {"last"}


def test_collect_writes_events_as_splunkd_does(found, indexes):
    rows = found(
        '| makeresults | eval _time=_time+0.5, user="al\\"ice", n=2, score="0.25", tags=split("a b,c", ","), empty=""'
        ' | collect index=summary source=scores marker="run=\\"first\\""',
        search_name='My "search"',
        earliest=100.0,
        latest=200.0,
    )

    assert [event["_raw"] for event in indexes.events] == [
        '11/14/2023 22:13:20 +0000, search_name="My \\"search\\"", search_now=1700000000.000, info_min_time=100.000,'
        ' info_max_time=200.000, info_search_time=1700000000.000, user="al\\"ice", n=2, score="0.25", tags="a b", tags=c,'
        ' run="first"'
    ]
    assert indexes.events[0] | {"_raw": ""} == {
        "_time": "1700000000.0", "_indextime": "1700000001.0", "_raw": "",
        "index": "summary", "sourcetype": "stash", "source": "scores", "host": "searchhead",
    }  # fmt: skip
    assert rows[0]["user"] == 'al"ice'


def test_what_was_collected_is_found_again(found, indexes):
    found(f'| makeresults | eval user={spl_text(HOSTILE)}, host="web1", m=split("1 2", " ") | collect')

    assert found("index=summary | table user host orig_host m sourcetype source n info_max_time") == [
        {"user": HOSTILE, "host": "searchhead", "orig_host": "web1", "m": ["1", "2"], "sourcetype": "stash",
         "source": "collect", "info_max_time": "+Infinity"}
    ]  # fmt: skip


def spl_text(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def test_a_row_without_a_time_gets_the_start_of_the_searchs(found, indexes):
    found("| makeresults | eval n=1 | fields - _time | collect", earliest=86_400.0)
    found('| makeresults | eval n=1, _time="soon" | collect')

    assert [event["_time"] for event in indexes.events] == ["86400.0", "1700000000.0"]


def test_events_are_collected_as_they_are(found, indexes):
    indexes.put(10, "a user=alice")

    found("a | collect")
    found("a | collect addtime=true addinfo=false")

    assert [event["_raw"] for event in indexes.events[1:]] == [
        "a user=alice",
        "01/01/1970 00:00:10 +0000, a user=alice",
    ]


def test_testmode_stores_nothing(found, indexes):
    (row,) = found("| makeresults | eval n=1 | collect testmode=true addinfo=false")

    assert row["_raw"] == "11/14/2023 22:13:20 +0000, n=1"
    assert indexes.events == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("index=nosuch", "no index 'nosuch'"),
        ("output_format=hec", "Invalid value 'hec' for the option 'output_format'"),
        ("timeformat=x", "Invalid option: 'timeformat=x'"),
        ("index=", "A value is missing"),
        ("summary", "Invalid argument: 'summary'"),
    ],
)
def test_collect_refuses(found, indexes, arguments: str, message: str):
    with pytest.raises(spl.SplError, match=message):
        found(f"| makeresults | collect {arguments}")
    assert indexes.events == []


def test_no_rows_store_nothing(found, indexes):
    assert found("| makeresults | where false() | collect") == []
    assert indexes.events == []


def test_addinfo_tells_the_times_of_the_search(found, indexes):
    indexes.put(10, "a")

    (row,) = found("a earliest=5 | addinfo", latest=20.0, sid="1.2")
    assert {name: text for name, text in row.items() if name.startswith("info_")} == {
        "info_min_time": "5.000", "info_max_time": "20.000", "info_sid": "1.2", "info_search_time": "1700000000.000",
    }  # fmt: skip
    assert found("| makeresults | addinfo | fields info_min_time info_max_time | fields - _time") == [
        {"info_min_time": "0.000", "info_max_time": "+Infinity"}
    ]


def test_times_that_no_calendar_holds_are_replaced():
    table = Table.from_rows([{"_time": text, "n": "1"} for text in ("inf", "nan", "1e300", "-5", "7.9")])

    made = stash.events(table, info={}, default_time=50.5)

    assert made.column("_time") == ["50", "50", "50", "-5", "7"]
