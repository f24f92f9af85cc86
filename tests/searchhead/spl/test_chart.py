"""chart, timechart's options, and the commands that turn tables round."""

from __future__ import annotations

import pytest

NOW = 1_700_000_000
# score 3 10 7 - of users alice bob alice carl in sessions s1…s4
SESSIONS = "| inputlookup sessions.csv"
GRID = (
    '| makeresults format=csv data="day,kind,n\n1,a,1\n1,b,2\n2,a,4\n2,,8\n10,c,16"'
    " | eval _time=1700000000+day*3600 | fields - _raw"
)


def test_chart_has_a_row_per_value_and_a_column_per_value_of_another_field(rows):
    assert rows(f"{GRID} | chart sum(n) over day by kind") == [
        {"day": "1", "a": "1", "b": "2"},
        {"day": "2", "a": "4", "NULL": "8"},
        {"day": "10", "c": "16"},
    ]
    assert rows(f"{GRID} | chart count by day, kind usenull=f") == [
        {"day": "1", "a": "1", "b": "1", "c": "0"},
        {"day": "2", "a": "1", "b": "0", "c": "0"},
        {"day": "10", "a": "0", "b": "0", "c": "1"},
    ]
    assert rows(f"{GRID} | chart count max(n) AS most BY kind") == [
        {"kind": "a", "count": "2", "most": "4"},
        {"kind": "b", "count": "1", "most": "2"},
        {"kind": "c", "count": "1", "most": "16"},
    ]


def test_chart_keeps_the_largest_series(rows, table):
    assert table(f"{GRID} | chart limit=1 sum(n) over day by kind").fields == ["day", "c", "OTHER", "NULL"]
    assert table(f"{GRID} | chart limit=bottom1 useother=f usenull=f sum(n) over day by kind").fields == ["day", "b"]
    assert table(f"{GRID} | chart limit=top2 useother=f usenull=f sum(n) over day by kind").fields == ["day", "a", "c"]


def test_several_aggregates_name_their_series(table):
    assert table(f"{GRID} | chart count sum(n) AS s over day by kind usenull=f").fields == [
        "day", "count: a", "count: b", "count: c", "s: a", "s: b", "s: c",
    ]  # fmt: skip
    search = 'chart format="$VAL$/$AGG$" count sum(n) AS s over day by kind usenull=f limit=1 useother=f'
    assert table(f"{GRID} | {search}").fields == ["day", "a/count", "a/s"]


def test_the_rows_of_a_chart_may_be_buckets(rows):
    assert rows(f"{GRID} | chart count by n span=5") == [
        {"n": "0-5", "count": "3"},
        {"n": "5-10", "count": "1"},
        {"n": "15-20", "count": "1"},
    ]
    assert rows(f"{GRID} | chart count over n bins=2 by kind usenull=f limit=1 useother=f") == [
        {"n": "0-10", "a": "2"},
        {"n": "10-20", "a": "0"},
    ]
    assert [row["_time"] for row in rows(f"{GRID} | chart count over _time span=1d")] == ["1699920000", "1700006400"]


def test_charts_compute_with_aggregates(rows):
    assert rows(f"{GRID} | chart eval(round(sum(n)/count(n), 1)) AS mean, dc(kind) by day") == [
        {"day": "1", "mean": "1.5", "dc(kind)": "2"},
        {"day": "2", "mean": "6.0", "dc(kind)": "1"},
        {"day": "10", "mean": "16.0", "dc(kind)": "1"},
    ]
    assert rows(f"{GRID} | timechart span=1d eval(max(n)-min(n)) AS width count(eval(n>1)) AS many") == [
        {"_time": "1699920000", "width": "1", "many": "1"},
        {"_time": "1700006400", "width": "12", "many": "3"},
    ]
    assert rows(f"{GRID} | timechart span=1d eval(perc95(n)*2) by kind usenull=f")[0] == {
        "_time": "1699920000", "a": "2", "b": "4",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ("chart count", "The rows need one field"),
        ("chart count over day by kind, n", "The rows need one field"),
        ("chart count by day span=x", "Invalid value 'x' for the option 'span'"),
        ("chart count by day limit=some", "Invalid value 'some' for the option 'limit'"),
        ("stats count over day", "The argument 'OVER' is invalid."),
        ("stats eval(sum(n)) AS s", "The argument 'eval' is invalid."),
        ("timechart count over day", "timechart splits by one field"),
        ("timechart minspan=2 x", "The function 'x' is unsupported"),
        ("chart eval(nosuch(n)) AS s by day", "The 'nosuch' function is unsupported"),
        ("xyseries day kind", "It takes a field for the rows"),
        ("untable day", "It takes three fields"),
    ],
)
def test_wrong_charts_are_refused(error, search: str, message: str):
    assert message in error(f"{GRID} | {search}")


def test_timechart_leaves_out_buckets_that_the_times_cut(found, indexes):
    for time in (NOW - 7200, NOW - 3600, NOW - 60):
        indexes.put(time, "x")

    assert len(found("x earliest=-150m latest=now | timechart span=1h count")) == 4
    assert [row["count"] for row in found("x earliest=-150m latest=now | timechart span=1h partial=f count")] == [
        "1",
        "1",
    ]
    assert [row["_time"] for row in found("x | timechart minspan=1d count")] == ["1699920000"]
    assert len(found("x | timechart span=1h cont=f count")) == 3


def test_xyseries_and_untable_undo_each_other(rows):
    wide = f"{GRID} | fillnull value=none kind | xyseries day kind n"

    assert rows(wide) == [
        {"day": "1", "a": "1", "b": "2"},
        {"day": "2", "a": "4", "none": "8"},
        {"day": "10", "c": "16"},
    ]
    assert rows(f"{wide} | untable day kind n | where day<3") == [
        {"day": "1", "kind": "a", "n": "1"},
        {"day": "1", "kind": "b", "n": "2"},
        {"day": "2", "kind": "a", "n": "4"},
        {"day": "2", "kind": "none", "n": "8"},
    ]


def test_xyseries_of_several_values_names_both(table):
    assert table(f"{GRID} | eval m=n | where day=1 | xyseries day kind n m").fields == [
        "day",
        "n: a",
        "n: b",
        "m: a",
        "m: b",
    ]
    assert table(f'{GRID} | eval m=n | where day=1 | xyseries format="$VAL$-$AGG$" day kind n m').fields == [
        "day", "a-n", "b-n", "a-m", "b-m",
    ]  # fmt: skip


def test_makecontinuous_fills_the_gaps(rows):
    assert rows(f"{GRID} | where day>1 | dedup day | table day n | makecontinuous day span=4") == [
        {"day": "0", "n": "4"},
        {"day": "4"},
        {"day": "8", "n": "16"},
    ]
    assert len(rows(f"{GRID} | makecontinuous span=1h | where isnull(n)")) == 7
    assert rows("| makeresults | eval _time=null() | makecontinuous | table a") == [{}]


def test_totals_run_along_rows_and_columns(rows):
    text = f"{SESSIONS} | table user score | eval extra=score*2"

    assert [row["Total"] for row in rows(f"{text} | addtotals")] == ["9", "30", "21", "0"]
    assert rows(f"{text} | addtotals row=f col=t labelfield=user label=All score")[-1] == {"user": "All", "score": "20"}
    assert rows(f"{text} | addtotals col=t fieldname=Sum s* extra")[-1] == {"score": "20", "extra": "40", "Sum": "60"}


def test_values_are_carried_down(rows):
    assert [row["score"] for row in rows(f"{SESSIONS} | filldown score")] == ["3", "10", "7", "7"]
    assert [row.get("city") for row in rows(f"{SESSIONS} | filldown nosuch s*")][3] is None
    assert [row.get("m") for row in rows(f'{SESSIONS} | eval m=if(score=10, split("a b", " "), null()) | filldown')][
        -1
    ] == ["a", "b"]
    assert [row.get("sum") for row in rows(f"{SESSIONS} | accum score AS sum")] == ["3", "13", "20", None]
    assert [row.get("delta(score)") for row in rows(f"{SESSIONS} | delta score")] == [None, "7", "-3", None]
    assert [row.get("d") for row in rows(f"{SESSIONS} | delta score AS d p=2")] == [None, None, "4", None]


@pytest.mark.parametrize(
    ("conversion", "value", "made"),
    [
        ("ctime(x)", "1700000000", "11/14/2023 22:13:20"),
        ('timeformat="%H:%M" ctime(x)', "1700000000", "22:13"),
        ('timeformat="%Y-%m-%d" mktime(x)', "2023-11-14", "1699920000"),
        ("num(x)", "1,200", "1200"),
        ("num(x)", "many", None),
        ("auto(x)", "many", "many"),
        ("auto(x)", "007", "7"),
        ("rmcomma(x)", "1,2,3", "123"),
        ("rmunit(x)", "12.5 ms", "12.5"),
        ("dur2sec(x)", "01:02:03", "3723"),
        ("dur2sec(x)", "1+00:00:01", "86401"),
        ("dur2sec(x)", "5:07", "307"),
        ("mstime(x)", "2:03.5", "123.5"),
        ("none(x)", "a", "a"),
    ],
)
def test_convert(rows, conversion: str, value: str, made: str | None):
    assert rows(f'| makeresults | eval x="{value}" | convert {conversion} | table x') == [{"x": made} if made else {}]


def test_convert_takes_wildcards_and_new_names(rows):
    text = '| makeresults | eval a1="1 s", a2="2 s"'

    assert rows(f"{text} | convert none(a2) rmunit(a*) | table a1 a2") == [{"a1": "1", "a2": "2 s"}]
    assert rows(f"{text} | convert rmunit(a1) AS n | table a1 n") == [{"a1": "1 s", "n": "1"}]


def test_ranges_and_replacements(rows):
    assert [row["range"] for row in rows(f"{SESSIONS} | rangemap field=score low=0-5 mid=5-9 default=high")] == [
        "low", "high", "mid", "high",
    ]  # fmt: skip
    assert [row["user"] for row in rows(f'{SESSIONS} | replace al* WITH "*!" b*b WITH x IN user')] == [
        "ice!", "x", "ice!", "carl",
    ]  # fmt: skip


def test_fieldformat_keeps_the_value(rows):
    assert rows('| makeresults | eval x=1 | fieldformat x=tostring(x, "duration") | table x') == [{"x": "1"}]
