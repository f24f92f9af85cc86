"""Searches of the indexes: what is asked of them, and which events come back."""

from __future__ import annotations

import pytest

from searchhead import spl
from searchhead.spl import EventQuery
from searchhead.spl.timespans import moment

NOW = 1_700_000_000  # 2023-11-14 22:13:20 UTC, a Tuesday


def test_events_come_newest_first_with_their_fields(found, indexes):
    indexes.put(10, "first", host="a")
    indexes.put(20, "second", host="b")

    given = {"index": "main", "sourcetype": "text", "source": "s"}
    assert found("search *") == [
        {"_time": "20", "_indextime": "21", "_raw": "second", "host": "b", **given},
        {"_time": "10", "_indextime": "11", "_raw": "first", "host": "a", **given},
    ]


@pytest.mark.parametrize(
    ("terms", "query"),
    [
        ("error", EventQuery(contains=("error",))),
        ("index=web", EventQuery(indexes=("web",))),
        ("index=web OR index=main", EventQuery(indexes=("web", "main"))),
        ("index IN (web, m*)", EventQuery(indexes=("web", "m*"))),
        ("index=* index=web", EventQuery(indexes=("web",))),
        ("(index=web a) OR (index=main b)", EventQuery(indexes=("web", "main"))),
        ("index=web OR error", EventQuery(indexes=("*",))),
        ("index!=web NOT sourcetype=x", EventQuery()),
        ("sourcetype=x source=*y host=h1", EventQuery(sourcetypes=("x",), sources=("*y",), hosts=("h1",))),
        ('"two words" a*b', EventQuery(contains=("two words", "a", "b"))),
        ("error OR warning", EventQuery()),
        ("(user=alice error) OR (warning user=alice)", EventQuery(contains=("alice",))),
        ("NOT error", EventQuery()),
        ("user=alice", EventQuery(contains=("alice",))),
        ('user="a \\"b\\" long-name"', EventQuery(contains=("long-name",))),
        ("user=ali*ce2", EventQuery(contains=("ali", "ce2"))),
        ("user=5 user>alice user!=bob _time=alice", EventQuery()),
        ("user=1234567 n=1e5 m=0123456", EventQuery(contains=("1234567",))),
        ("größe", EventQuery()),
        ("TERM(10.0.0.1) CASE(Error)", EventQuery(contains=("10.0.0.1", "Error"))),
        ("host::h1 sourcetype::x user::alice", EventQuery(hosts=("h1",), sourcetypes=("x",))),
        ("earliest=-1h latest=now", EventQuery(earliest=NOW - 3600, latest=NOW)),
        ("earliest=@d x", EventQuery(earliest=1_699_920_000, contains=("x",))),
        ('earliest="11/14/2023:22:00:00" latest=1700000000.5', EventQuery(earliest=1_699_999_200, latest=1_700_000_000.5)),
        ("(earliest=-2h a) OR (earliest=-1h b)", EventQuery(earliest=NOW - 7200)),
        ("(earliest=-2h a) OR b", EventQuery()),
        ("_index_earliest=-1h", EventQuery()),
    ],
)  # fmt: skip
def test_terms_that_the_indexes_can_decide_are_left_to_them(found, indexes, terms: str, query: EventQuery):
    found(terms)

    assert indexes.asked == [query]


def test_times_in_the_terms_go_before_those_of_the_search(found, indexes):
    for time in (NOW - 7200, NOW - 1800, NOW - 60):
        indexes.put(time, "x")

    assert len(found("x", earliest=float(NOW - 3600))) == 2
    assert len(found("x earliest=0", earliest=float(NOW - 3600))) == 3
    assert len(found("x latest=-10m", earliest=float(NOW - 3600))) == 1
    assert len(found("x _index_latest=-1h")) == 1


def test_a_wrong_time_is_an_error_before_anything_is_read(found, indexes):
    with pytest.raises(spl.SplError, match="Invalid value 'yesterday' for the time term 'earliest'"):
        found("earliest=yesterday")
    assert indexes.asked == []


def test_words_are_whole_words_of_the_text(found, indexes):
    for raw in ("the user logs in", "the superuser", "USER=x"):
        indexes.put(1, raw)

    assert [row["_raw"] for row in found("user")] == ["the user logs in", "USER=x"]
    assert len(found("*user")) == 3
    assert len(found("NOT user")) == 1


def test_directives_say_how_a_word_is_found(found, indexes):
    for raw in ("from 10.0.0.1", "an Error", "an error"):
        indexes.put(1, raw)

    assert [row["_raw"] for row in found("TERM(10.0.0.1)")] == ["from 10.0.0.1"]
    assert [row["_raw"] for row in found("CASE(Error)")] == ["an Error"]
    assert len(found("Error")) == 2
    assert found("TERM error") == []


def test_indexed_fields_need_not_stand_in_the_text(found, indexes):
    indexes.put(1, "a", city="Rome")

    assert len(found("city::rome")) == 1
    assert found("city=rome") == []


def test_subsearches_read_the_indexes_too(found, indexes):
    indexes.put(10, "login user=alice")
    indexes.put(20, "pay user=alice amount=5")
    indexes.put(30, "pay user=bob amount=7")

    assert [row["amount"] for row in found("pay [search login | fields user]")] == ["5"]
    assert found("pay | stats count | append [search login | stats count AS logins]") == [
        {"count": "2"},
        {"logins": "1"},
    ]
    assert found("login | join user [search pay | fields user amount] | table user amount") == [
        {"user": "alice", "amount": "5"}
    ]


def test_a_search_in_appendpipe_works_on_the_rows(found, indexes):
    indexes.put(10, "a n=1")
    indexes.put(20, "a n=2")

    assert len(found("a | fields n | appendpipe [search n=2]")) == 3
    assert len(indexes.asked) == 1


def test_a_subsearch_has_the_times_of_the_search_not_those_in_its_terms(found, indexes):
    found("earliest=-1h | append [search b]", earliest=5.0)

    assert [query.earliest for query in indexes.asked] == [NOW - 3600, 5.0]


def test_the_text_is_asked_for_only_when_somebody_reads_it(found, indexes):
    indexes.put(10, "a user=alice")
    for text, raw in [
        ("index=main | stats count", False),
        ("index=main earliest=0 | timechart span=1h count by sourcetype", False),
        ("index=main | stats count by user", True),
        ("index=main a | stats count", True),
        ("index=main | stats max(eval(len(_raw)))", True),
        ("index=main", True),
    ]:
        assert found(text) != []
        assert indexes.asked[-1].raw is raw


def test_timechart_spans_the_times_of_the_terms(found, indexes):
    indexes.put(NOW - 10, "x")

    assert len(found("x earliest=-3h@h latest=@h+1h | timechart span=1h count")) == 4


def test_without_indexes_the_message_says_how_to_begin(context):
    with pytest.raises(spl.SplError, match="There are no indexes here; begin with"):
        spl.run("error", context)
    with pytest.raises(spl.SplError, match="There are no indexes here; begin with"):
        spl.run("| makeresults | append [search error]", context)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("now", NOW),
        ("now()", NOW),
        ("0", 0),
        ("1700000000.25", 1_700_000_000.25),
        ("-90", NOW - 90),
        ("-1h", NOW - 3600),
        ("-24h@h", 1_699_912_800),
        ("@d", 1_699_920_000),
        ("-1d@d+2h", 1_699_840_800),
        ("@w0", 1_699_747_200),
        ("@w1", 1_699_833_600),
        ("@w2", 1_699_920_000),
        ("@w3", 1_699_401_600),
        ("-1mon@mon", 1_696_118_400),
        ("@q", 1_696_118_400),
        ("@y", 1_672_531_200),
        ("+1s", NOW + 1),
        ("11/14/2023", 1_699_920_000),
        ("2023-11-14T22:13:20Z", NOW),
        ("2023-11-14T23:13:20+01:00", NOW),
        ("", None),
        ("yesterday", None),
        ("-1x", None),
        ("@h3", None),
        ("-99999999y", None),
        ("٣", None),
        ("nan", None),
    ],
)
def test_moments(text: str, time: float | None):
    assert moment(text, NOW) == time


def test_moments_keep_the_day_of_shorter_months():
    assert moment("-1mon", 1_711_843_200) == 1_709_164_800  # 2024-03-31 → 2024-02-29
