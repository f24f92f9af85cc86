"""The built-in commands, one search each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from searchhead import spl
from searchhead.table import Table

SESSIONS = "| inputlookup sessions.csv"


def column(rows: list[dict], field: str) -> list:
    return [row.get(field) for row in rows]


# rows that stay -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "sessions"),
    [
        ("user=alice", ["s1", "s3"]),
        ("user=ALICE", ["s1", "s3"]),
        ("user=al* OR user=bob score>5", ["s2", "s3"]),  # OR binds tighter than AND
        ("user!=alice", ["s2", "s4"]),
        ("NOT user=alice", ["s2", "s4"]),
        ("score!=3", ["s2", "s3"]),  # a row without the field meets no comparison
        ("NOT score=3", ["s2", "s3", "s4"]),
        ("score=3.0", ["s1"]),
        ("score=*", ["s1", "s2", "s3"]),
        ("user IN (bob, c*) session=s*", ["s2", "s4"]),
        ("score>=7 (user=bob OR user=carl)", ["s2"]),
        ('"city"="New*"', ["s2"]),
        ("nosuch=1", []),
        ("", ["s1", "s2", "s3", "s4"]),
        ("[| inputlookup sessions.csv | where score>5 | fields session]", ["s2", "s3"]),
        ("[| inputlookup sessions.csv | where score>500 | fields session]", []),
    ],
)
def test_search_keeps_the_rows_that_meet_its_terms(rows, terms: str, sessions: list[str]):
    assert column(rows(f"{SESSIONS} | search {terms}"), "session") == sessions


@pytest.mark.parametrize(
    ("terms", "found"),
    [
        ("logged", 1),
        ("LOGGED", 1),
        ("log", 0),
        ("log*", 1),
        ('"bob logged"', 1),
        ("bob NOT out", 1),
        ("10.0.0.1", 1),
        ("20.0.0.1", 0),
    ],
)
def test_words_are_found_in_raw(rows, terms: str, found: int):
    assert len(rows(f'| makeresults | eval _raw="user=bob logged in from 10.0.0.1" | search {terms}')) == found


def test_where_drops_rows_whose_condition_is_null(rows):
    assert column(rows(f"{SESSIONS} | where score < 100"), "session") == ["s1", "s2", "s3"]


def test_regex_keeps_matches_or_the_others(rows):
    assert column(rows(f'{SESSIONS} | regex user="^[ab]" | regex session!="3"'), "session") == ["s1", "s2"]


def test_head_and_tail(rows):
    assert column(rows(f"{SESSIONS} | head 2"), "session") == ["s1", "s2"]
    assert column(rows(f"{SESSIONS} | head limit=1"), "session") == ["s1"]
    assert column(rows(f'{SESSIONS} | head (user!="carl")'), "session") == ["s1", "s2", "s3"]
    assert column(rows(f"{SESSIONS} | tail 2"), "session") == ["s4", "s3"]
    assert len(rows("| makeresults count=20 | head")) == 10


def test_dedup_keeps_the_first_and_drops_rows_without_the_field(rows):
    assert column(rows(f"{SESSIONS} | dedup user"), "session") == ["s1", "s2", "s4"]
    assert column(rows(f"{SESSIONS} | dedup 2 user"), "session") == ["s1", "s2", "s3", "s4"]
    assert column(rows(f"{SESSIONS} | dedup score"), "session") == ["s1", "s2", "s3"]
    assert column(rows(f"{SESSIONS} | dedup score keepempty=t"), "session") == ["s1", "s2", "s3", "s4"]
    assert column(rows(f"{SESSIONS} | dedup user consecutive=t"), "session") == ["s1", "s2", "s3", "s4"]
    assert column(rows(f"{SESSIONS} | dedup user keepevents=t"), "user") == ["alice", "bob", None, "carl"]
    assert column(rows(f"{SESSIONS} | dedup user sortby -session"), "session") == ["s4", "s2", "s1"]


# columns --------------------------------------------------------------------------------------------------------------


def test_fields_keeps_or_removes(table):
    assert table(f"{SESSIONS} | fields session, us*").fields == ["session", "user"]
    assert table(f"{SESSIONS} | fields + session").fields == ["session"]
    assert table(f"{SESSIONS} | fields - city s*").fields == ["user"]
    assert table("| makeresults | eval a=1, b=2 | fields b").fields == ["b", "_time"]


def test_table_orders_columns_and_adds_empty_ones(table):
    made = table(f"{SESSIONS} | table session nosuch user | head 1")

    assert made == Table.from_columns({"session": ["s1"], "nosuch": [None], "user": ["alice"]})


def test_rename_keeps_the_place_and_replaces_a_namesake(table):
    assert table(f'{SESSIONS} | rename user AS "the owner", score as "city"').fields == ["the owner", "session", "city"]
    assert table(f"{SESSIONS} | rename s* AS x_*").fields == ["user", "x_ession", "x_core", "city"]


def test_sorting_after_renaming_uses_the_renamed_column(rows):
    found = rows(f"{SESSIONS} | rename user AS session, session AS user | fields user session | sort - user")

    assert len(found) == 4


def test_fillnull_fills_all_or_some_fields(rows):
    assert rows(f"{SESSIONS} | fillnull | tail 1")[0] == {"user": "carl", "session": "s4", "score": "0", "city": "0"}
    assert rows(f"{SESSIONS} | fillnull value=none city extra | tail 1")[0] == {
        "user": "carl", "session": "s4", "city": "none", "extra": "none",
    }  # fmt: skip


def test_bin_gives_ranges_of_numbers_and_starts_of_times(rows):
    assert column(rows(f"{SESSIONS} | bin span=5 score AS range"), "range") == ["0-5", "10-15", "5-10", None]
    assert rows("| makeresults | bucket _time span=1h")[0]["_time"] == "1699999200"
    assert rows("| makeresults | bin _time span=1mon")[0]["_time"] == "1698796800"
    assert rows("| makeresults | bin _time span=1w")[0]["_time"] == "1699747200"
    assert column(rows("| makeresults count=3 | streamstats count AS n | bin bins=2 n"), "n") == [
        "0-10",
        "0-10",
        "0-10",
    ]


def test_transpose_turns_rows_into_columns(rows):
    assert rows(f"{SESSIONS} | fields user score session | transpose 2 header_field=session column_name=field") == [
        {"field": "user", "s1": "alice", "s2": "bob"}, {"field": "score", "s1": "3", "s2": "10"},
    ]  # fmt: skip


# order ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "order"),
    [
        ("score", ["s1", "s3", "s2", "s4"]),
        ("-score", ["s2", "s3", "s1", "s4"]),
        ("- score", ["s2", "s3", "s1", "s4"]),
        ("str(score)", ["s2", "s1", "s3", "s4"]),
        ("user, -num(score)", ["s3", "s1", "s2", "s4"]),
        ("2 -session", ["s4", "s3"]),
        ("limit=1 +user", ["s1"]),
        ("score desc", ["s2", "s3", "s1", "s4"]),
        ("nosuch", ["s1", "s2", "s3", "s4"]),
    ],
)
def test_sort_orders_numbers_as_numbers_and_missing_values_last(rows, keys: str, order: list[str]):
    assert column(rows(f"{SESSIONS} | sort {keys}"), "session") == order


def test_sort_puts_numbers_before_text_and_keeps_ties_in_order(rows):
    found = rows('| makeresults | eval v=split("b,10,a,9,B,9", ",") | mvexpand v | streamstats count AS n | sort v')

    assert column(found, "v") == ["9", "9", "10", "B", "a", "b"]
    assert column(found, "n") == ["4", "6", "2", "5", "3", "1"]


def test_sort_gives_ten_thousand_rows_unless_told_otherwise(rows):
    assert rows("| makeresults count=10001 | sort _time | stats count") == [{"count": "10000"}]
    assert rows("| makeresults count=10001 | sort 0 _time | stats count") == [{"count": "10001"}]


def test_addresses_sort_by_their_numbers(rows):
    found = rows('| makeresults | eval a=split("10.0.0.9,10.0.0.10,9.0.0.1", ",") | mvexpand a | sort ip(a)')

    assert column(found, "a") == ["9.0.0.1", "10.0.0.9", "10.0.0.10"]


def test_reverse(rows):
    assert column(rows(f"{SESSIONS} | reverse"), "session") == ["s4", "s3", "s2", "s1"]


# multivalues ----------------------------------------------------------------------------------------------------------


def test_makemv_splits_and_mvexpand_makes_rows(rows):
    found = rows('| makeresults | eval u="a,,b", n=1 | makemv delim="," u | mvexpand u | table u n')

    assert found == [{"u": "a", "n": "1"}, {"u": "b", "n": "1"}]


def test_makemv_by_regex_and_with_empty_values(rows):
    assert rows(r'| makeresults | eval u="a1b22" | makemv tokenizer="(\d+)" u')[0]["u"] == ["1", "22"]
    assert rows('| makeresults | eval u="a,,b" | makemv delim="," allowempty=t u')[0]["u"] == ["a", "", "b"]


def test_mvexpand_keeps_rows_without_the_field_and_obeys_its_limit(rows):
    text = f'{SESSIONS} | eval m=if(user="alice", split("x,y,z", ","), null())'

    assert column(rows(f"{text} | mvexpand m"), "m") == ["x", "y", "z", None, "x", "y", "z", None]
    assert column(rows(f"{text} | mvexpand m limit=1"), "m") == ["x", None, "x", None]


def test_mvcombine_and_nomv_join_what_belongs_together(rows):
    text = f"{SESSIONS} | fields user session"

    assert column(rows(f"{text} | mvcombine session"), "session") == [["s1", "s3"], "s2", "s4"]
    assert column(rows(f"{text} | mvcombine session | nomv session"), "session") == ["s1\ns3", "s2", "s4"]


# rows from elsewhere --------------------------------------------------------------------------------------------------


def test_makeresults_makes_rows_of_now(rows):
    assert rows("| makeresults count=2") == [{"_time": "1700000000"}] * 2
    assert "splunk_server" in rows("| makeresults annotate=t")[0]


def test_makeresults_reads_data(rows):
    assert rows('| makeresults format=csv data="a,b\n1,\n2,x"') == [{"a": "1"}, {"a": "2", "b": "x"}]
    assert rows(r'| makeresults format=json data="[{\"a\": 1, \"b\": [\"x\", \"y\"]}]"') == [
        {"a": "1", "b": ["x", "y"]}
    ]


def test_append_adds_the_rows_of_a_subsearch(rows):
    found = rows(
        f'{SESSIONS} | head 1 | fields session | append [| makeresults | eval extra=split("p,q", ",") | table extra]'
    )

    assert found == [{"session": "s1"}, {"extra": ["p", "q"]}]


def test_append_says_when_it_truncates(context):
    heard: list[tuple[str, str]] = []
    listening = replace(context, message=lambda level, text: heard.append((level, text)))

    made = spl.run("| makeresults | append maxout=2 [| makeresults count=5]", listening)

    assert len(made) == 3
    assert heard == [("warn", "[subsearch]: Subsearch produced 5 results, truncating to maxout 2.")]


def test_appendpipe_adds_what_it_makes_of_the_rows(rows):
    assert column(rows(f"{SESSIONS} | appendpipe [stats sum(score) AS score]"), "score") == ["3", "10", "7", None, "20"]


def test_join_adds_the_fields_of_equal_rows(rows):
    right = '[| makeresults format=csv data="user,team\nalice,red\nalice,blue\ncarl,green"]'

    assert [(r["session"], r.get("team")) for r in rows(f"{SESSIONS} | join user {right}")] == [
        ("s1", "red"), ("s3", "red"), ("s4", "green"),
    ]  # fmt: skip
    assert column(rows(f"{SESSIONS} | join type=left user {right}"), "team") == ["red", None, "red", "green"]
    assert column(rows(f"{SESSIONS} | join max=0 user {right}"), "team") == ["red", "blue", "red", "blue", "green"]


# fields from text -----------------------------------------------------------------------------------------------------


def test_rex_extracts_named_groups(rows):
    assert rows(r'| makeresults | eval _raw="x=12 y=7" | rex "x=(?<x>\d+) y=(?<y>\d+)" | table x y') == [
        {"x": "12", "y": "7"}
    ]
    assert rows(r'| makeresults | eval f="1 2 3" | rex field=f max_match=2 "(?<d>\d)" | table d') == [{"d": ["1", "2"]}]
    assert rows(r'| makeresults | eval f="ab" | rex field=f "(?<d>b)(?=$)" | table d') == [{"d": "b"}]
    assert rows(r'| makeresults | eval f="a-b-c" | rex field=f mode=sed "s/-(\w)/<\1>/g" | table f') == [
        {"f": "a<b><c>"}
    ]


def test_a_row_without_a_match_keeps_its_old_value(rows):
    assert column(rows(f'{SESSIONS} | rex field=city "^(?<score>R)"'), "score") == ["R", "10", "7", None]


def test_spath_reads_json(rows):
    text = r'| makeresults | eval _raw="{\"a\": {\"b\": [1, 2]}, \"c\": \"x\", \"d\": null}"'

    assert rows(f"{text} | spath | table a.b{{}} c d") == [{"a.b{}": ["1", "2"], "c": "x"}]
    assert rows(f"{text} | spath path=a.b{{1}} output=second | table second") == [{"second": "2"}]
    assert rows(f"{text} | spath c | table c") == [{"c": "x"}]


# errors ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ("| nosuchcommand x", "Unknown search command 'nosuchcommand' (at position 2)."),
        (f"{SESSIONS} | head x", "Error in 'head' command: Invalid argument: 'x'. (at position 34)"),
        (f"{SESSIONS} | head 1 span=2", "Error in 'head' command: Invalid option: 'span=2'."),
        (
            f"{SESSIONS} | makeresults",
            "Error in 'makeresults' command: This command must be the first command of a search.",
        ),
        (f"{SESSIONS} | rename user", "Error in 'rename' command: Missing AS after the field 'user'."),
        (f"{SESSIONS} | rename s* AS x", "The wildcards of 's*' and 'x' do not match."),
        (f"{SESSIONS} | table", "Error in 'table' command: Missing field list."),
        (f"{SESSIONS} | fields", "Error in 'fields' command: Missing field list."),
        (f"{SESSIONS} | dedup", "Error in 'dedup' command: Missing field list."),
        (f"{SESSIONS} | sort", "Error in 'sort' command: Missing sort fields."),
        (f"{SESSIONS} | bin span=soon score", "Error in 'bin' command: Invalid value 'soon' for the option 'span'"),
        (f"{SESSIONS} | append", "Error in 'append' command: Missing subsearch."),
        (f"{SESSIONS} | append x", "Error in 'append' command: The last argument must be a subsearch in brackets."),
        (f"{SESSIONS} | append [nosuch]", "Unknown search command 'nosuch'"),
        (f"{SESSIONS} | join type=odd user [| makeresults]", "Invalid value 'odd' for the option 'type'"),
        (f'{SESSIONS} | rex "nothing"', "should specify at least one named group"),
        (
            f'{SESSIONS} | rex "(?<a"',
            "Error in 'rex' command: Encountered the following error while compiling the regex",
        ),
        (f'{SESSIONS} | regex user="("', "while compiling the regex '('"),
        (f'{SESSIONS} | rex mode=sed "s/a"', "is not s/regex/replacement/"),
        (f"{SESSIONS} | search user=", "Error in 'search' command: Unable to parse the search"),
        (f"{SESSIONS} | search (user=a", "Error in 'search' command: Unable to parse the search"),
        (f"{SESSIONS} | mvexpand", "Error in 'mvexpand' command: Missing field name."),
        ("| makeresults count=x", "Invalid value 'x' for the option 'count'"),
        ("| makeresults count=99999999999", "above the limit"),
        ("| makeresults annotate=maybe", "Invalid value 'maybe' for the option 'annotate'"),
        ('| makeresults format=json data="{"', "The data is no JSON"),
        ("index=web", "There are no indexes here; begin with '| inputlookup <file>.csv'"),
    ],
)
def test_what_cannot_run_is_refused_with_the_commands_name(error, search: str, message: str):
    assert message in error(search)


def test_errors_show_before_anything_runs(context, app):
    with pytest.raises(spl.SplError, match="Unknown search command"):
        spl.run(f"{SESSIONS} | outputlookup written.csv | nosuch", context)

    assert context.state_lookups is not None
    assert not context.state_lookups.exists()
