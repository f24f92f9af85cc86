"""stats, eventstats, streamstats, top, rare and timechart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from searchhead import spl
from searchhead.table import Table

SESSIONS = "| inputlookup sessions.csv"
# Four rows at 1700000000, +600, +1200 and +4800 seconds; v is 1, 2, 4, 8; kind is a, b, a, null.
EVENTS = (
    "| makeresults count=4 | streamstats count AS n"
    " | eval _time=_time+case(n=1, 0, n=2, 600, n=3, 1200, n=4, 4800), v=pow(2, n-1),"
    ' kind=case(n=1, "a", n=2, "b", n=3, "a")'
)


def test_stats_by_sorts_its_groups_and_drops_rows_without_a_group(rows):
    assert rows(f"{SESSIONS} | stats count, sum(score) AS total BY user") == [
        {"user": "alice", "count": "2", "total": "10"},
        {"user": "bob", "count": "1", "total": "10"},
        {"user": "carl", "count": "1"},
    ]
    assert [row["score"] for row in rows(f"{SESSIONS} | stats count BY score")] == ["3", "7", "10"]


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("count", "4"),
        ("count(score)", "3"),
        ("c(score)", "3"),
        ("dc(user)", "3"),
        ("distinct_count(user)", "3"),
        ("estdc(user)", "3"),
        ("sum(score)", "20"),
        ("sum(user)", None),
        ("sumsq(score)", "158"),
        ("mean(score)", 6.666666666666667),
        ("min(score)", "3"),
        ("max(score)", "10"),
        ("min(user)", "alice"),
        ("max(user)", "carl"),
        ("median(score)", "7"),
        ("perc50(score)", "7"),
        ("p95(score)", "10"),
        ("exactperc1(score)", "3"),
        ("upperperc99.9(score)", "10"),
        ("mode(user)", "alice"),
        ("range(score)", "7"),
        ("var(score)", 12.333333333333332),
        ("varp(score)", 8.222222222222221),
        ("stdev(score)", 3.511884584284246),
        ("stdevp(score)", 2.867441755680876),
        ("first(score)", "3"),
        ("last(score)", "7"),
        ("values(user)", ["alice", "bob", "carl"]),
        ("list(user)", ["alice", "bob", "alice", "carl"]),
        ("avg(nosuch)", None),
        ("count(nosuch)", "0"),
        ('count(eval(user="alice"))', "2"),
        ("sum(eval(score*2))", "40"),
        ('dc(eval(if(score>5, "high", "low")))', "2"),
    ],
)
def test_functions_of_stats(rows, function: str, expected):
    (row,) = rows(f"{SESSIONS} | stats {function} AS out")

    out = row.get("out")
    assert (pytest.approx(float(str(out))) if isinstance(expected, float) else out) == expected


def test_each_value_of_a_multivalue_counts(rows):
    text = '| makeresults count=2 | eval m=split("1,2,2", ",")'

    assert rows(f"{text} | stats count(m) dc(m) sum(m) values(m) list(m) max(m) perc50(m)") == [
        {
            "count(m)": "6", "dc(m)": "2", "sum(m)": "10", "values(m)": ["1", "2"],
            "list(m)": ["1", "2", "2", "1", "2", "2"],
            "max(m)": "2", "perc50(m)": "2",
        }
    ]  # fmt: skip
    assert rows(f"{text} | stats count BY m") == [{"m": "1", "count": "2"}, {"m": "2", "count": "4"}]


def test_groups_may_be_of_several_fields(rows):
    assert rows(f'{SESSIONS} | stats count BY user "session" | head 1') == [
        {"user": "alice", "session": "s1", "count": "1"}
    ]
    assert len(rows(f"{SESSIONS} | stats count BY user, session score")) == 3


def test_no_rows_give_a_count_of_zero_or_no_groups(rows, table):
    assert rows(f"{SESSIONS} | where score>99 | stats count, sum(score) AS s") == [{"count": "0"}]
    assert table(f"{SESSIONS} | where score>99 | stats count BY user").fields == ["user", "count"]
    assert rows(f"{SESSIONS} | where score>99 | stats count BY user") == []


def test_list_stops_at_a_hundred_values(rows):
    assert len(rows("| makeresults count=150 | stats list(_time) AS l")[0]["l"]) == 100


def test_output_fields_are_named_as_written(table):
    assert table(f'{SESSIONS} | stats count, avg(score), count(eval(score>3)), dc("user") AS "how many"').fields == [
        "count", "avg(score)", "count(eval(score>3))", "how many",
    ]  # fmt: skip


def test_wildcards_aggregate_each_matching_field(rows):
    assert rows(f"{SESSIONS} | head 2 | stats values(s*) AS s*_all BY user") == [
        {"user": "alice", "session_all": "s1", "score_all": "3"},
        {"user": "bob", "session_all": "s2", "score_all": "10"},
    ]


def test_earliest_and_latest_go_by_time(rows):
    assert rows(f"{EVENTS} | sort -v | stats earliest(v) AS e, latest(v) AS l, earliest_time(v) AS t") == [
        {"e": "1", "l": "8", "t": "1700000000"}
    ]


def test_eventstats_adds_the_groups_values_to_every_row(rows):
    found = rows(f"{SESSIONS} | eventstats avg(score) AS mean, count BY user | fields session mean count")

    assert found == [
        {"session": "s1", "mean": "5", "count": "2"},
        {"session": "s2", "mean": "10", "count": "1"},
        {"session": "s3", "mean": "5", "count": "2"},
        {"session": "s4", "count": "1"},
    ]
    assert [row["c"] for row in rows(f"{SESSIONS} | eventstats count AS c")] == ["4"] * 4
    assert [row.get("c") for row in rows(f"{SESSIONS} | eventstats count AS c BY score")] == ["1", "1", "1", None]


def test_streamstats_runs_over_the_rows_so_far(rows):
    found = rows(f"{SESSIONS} | streamstats sum(score) AS so_far BY user | streamstats count | fields so_far count")

    assert found == [
        {"so_far": "3", "count": "1"},
        {"so_far": "10", "count": "2"},
        {"so_far": "10", "count": "3"},
        {"count": "4"},
    ]


def test_streamstats_windows_may_leave_out_the_current_row(rows):
    found = rows(
        f"{SESSIONS} | streamstats window=2 sum(score) AS two"
        " | streamstats current=f window=1 last(score) AS before | fields two before"
    )

    assert found == [
        {"two": "3"},
        {"two": "13", "before": "3"},
        {"two": "17", "before": "10"},
        {"two": "7", "before": "7"},
    ]


def test_top_and_rare_rank_values(rows):
    assert rows(f"{SESSIONS} | top limit=1 user") == [{"user": "alice", "count": "2", "percent": "50.000000"}]
    assert [row["user"] for row in rows(f"{SESSIONS} | rare user showperc=f")] == ["bob", "carl", "alice"]
    assert rows(f"{SESSIONS} | top 1 session BY user countfield=n showperc=f")[0] == {
        "user": "alice",
        "session": "s1",
        "n": "1",
    }


def test_timechart_fills_gaps(table):
    made = table(f"{EVENTS} | timechart span=30m count, sum(v) AS s")

    assert made == Table.from_columns({
        "_time": ["1699999200", "1700001000", "1700002800", "1700004600"],
        "count": ["2", "1", "0", "1"], "s": ["3", "4", None, "8"],
    })  # fmt: skip


def test_timechart_splits_into_series_with_null_and_other(table):
    by_kind = table(f"{EVENTS} | timechart span=1h count BY kind")
    assert by_kind == Table.from_columns({
        "_time": ["1699999200", "1700002800"], "a": ["2", "0"], "b": ["1", "0"], "NULL": ["0", "1"],
    })  # fmt: skip

    largest = table(f"{EVENTS} | timechart span=1h sum(v) BY v limit=1 usenull=f")
    assert largest == Table.from_columns(
        {"_time": ["1699999200", "1700002800"], "8": [None, "8"], "OTHER": ["7", None]}
    )

    without = table(f"{EVENTS} | timechart span=1h limit=1 useother=f sum(v) BY v cont=f")
    assert without.fields == ["_time", "8"]


def test_timechart_names_several_functions_by_series(table):
    assert table(f'{EVENTS} | where kind="a" | timechart span=1d count, max(v) AS m BY kind').fields == [
        "_time",
        "count: a",
        "m: a",
    ]


def test_timechart_covers_the_searched_time(context):
    wide = replace(context, earliest=1_699_992_000.0, latest=1_700_006_400.0)

    made = spl.run("| makeresults | timechart span=1h count", wide)

    assert made.column("count") == ["0", "0", "1", "0"]


def test_timechart_chooses_a_span(table):
    times = table(f"{EVENTS} | timechart count").column("_time")

    assert times[:2] == ["1699999980", "1700000040"]
    assert len(times) == 81


def test_months_are_buckets_of_their_own_length(table):
    made = table(
        '| makeresults count=3 | streamstats count AS n | eval _time=strptime("2024-0".n."-15", "%Y-%m-%d")'
        " | timechart span=1mon count"
    )

    assert made.column("_time") == ["1704067200", "1706745600", "1709251200"]


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ("stats nosuch(score)", "Error in 'stats' command: The function 'nosuch' is unsupported or undefined."),
        ("stats sum", "Error in 'stats' command: The function 'sum' needs a field, as in sum(field)."),
        ("stats", "Error in 'stats' command: The arguments end too early."),
        ("stats count BY", "Error in 'stats' command: The arguments end too early."),
        ("stats count(score", "Error in 'stats' command: The arguments end too early."),
        ("stats count AS n, sum(score) AS n", "The output field 'n' is given twice"),
        ("stats count AS user BY user", "cannot have the same name as a group-by field"),
        ("stats span=1h count", "Error in 'stats' command: The option 'span' is invalid."),
        ("stats count(eval(score>))", "Error in 'stats' command: The argument ')"),
        ("streamstats median(score)", "Error in 'streamstats' command: The function 'median' is not supported here"),
        ("streamstats window=x count", "Invalid value 'x' for the option 'window'"),
        ("timechart span=soon count", "Error in 'timechart' command: Invalid value 'soon' for the option 'span'"),
        ("timechart count BY user session", "timechart splits by one field"),
        ("timechart limit=x count BY user", "Invalid value 'x' for the option 'limit'"),
        ("top", "Error in 'top' command: Missing field list."),
    ],
)
def test_wrong_aggregations_are_refused(error, search: str, message: str):
    assert message in error(f"{SESSIONS} | {search}")


def test_a_span_with_too_many_buckets_is_refused(error):
    assert "gives more than 50000 buckets" in error(f"{EVENTS} | eval _time=_time+n*1000000 | timechart span=1s count")
