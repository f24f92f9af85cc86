"""Commands about subsearches, and those that open no event."""

from __future__ import annotations

import pytest

from searchhead import spl
from searchhead.table import Table

SESSIONS = "| inputlookup sessions.csv"


def test_format_and_return_make_terms(rows):
    assert rows(f"{SESSIONS} | head 2 | table user score | format") == [
        {"search": '( ( user="alice" AND score="3" ) OR ( user="bob" AND score="10" ) )'}
    ]
    assert rows(f"{SESSIONS} | where false() | format") == [{"search": "NOT ( )"}]
    assert rows(f"{SESSIONS} | return user") == [{"search": 'user="alice"'}]
    assert rows(f"{SESSIONS} | return 2 who=user score") == [
        {"search": '(who="alice" score="3") OR (who="bob" score="10")'}
    ]
    assert rows(f"{SESSIONS} | return 2 $session") == [{"search": "(s1) OR (s2)"}]


def test_what_a_subsearch_returns_is_part_of_the_search(rows):
    assert len(rows(f"{SESSIONS} | search [{SESSIONS} | head 1 | return user]")) == 2
    assert len(rows(f"{SESSIONS} | search [{SESSIONS} | head 2 | fields session | format]")) == 2
    above = f"{SESSIONS} | where score>[{SESSIONS} | stats avg(score) AS a | return $a]"
    assert [row["session"] for row in rows(above)] == ["s2", "s3"]
    assert rows(f"| makeresults | eval x=1+[{SESSIONS} | stats max(score) AS m | return $m] | table x") == [{"x": "11"}]


def test_foreach_works_on_each_matching_field(rows):
    assert rows(
        "| makeresults | eval a_x=1, a_y=2 | foreach a_* [eval <<FIELD>>=<<FIELD>>*10, n_<<MATCHSTR>>=1] | table a* n*"
    ) == [{"a_x": "10", "a_y": "20", "n_x": "1", "n_y": "1"}]
    assert rows("| makeresults | eval t=0 | foreach a b [eval t=t+1] | table t") == [{"t": "2"}]
    assert rows("| makeresults | eval \"a-b\"=2, t=0 | foreach a* [eval t=t+'<<FIELD>>'] | table t") == [{"t": "2"}]


def test_foreach_works_on_each_value(rows):
    text = f'{SESSIONS} | eval m=case(user="alice", split("1 2 3", " "), user="bob", "5"), t=0'

    assert [row["t"] for row in rows(f"{text} | foreach mode=multivalue m [eval t=t+<<ITEM>>]")] == ["6", "5", "6", "0"]


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ("foreach a*", "It takes one subsearch in brackets"),
        ("foreach [eval a=1]", "Missing field list"),
        ("foreach a [nosuch <<FIELD>>]", "The subsearch cannot run: Unknown search command 'nosuch'"),
        ("foreach mode=json a [eval b=1]", "Invalid value 'json' for the option 'mode'"),
        ("return", "Missing field list"),
        ("union", "at least 1 subsearch in brackets"),
        ("multisearch [search a] [search b]", "must be the first command"),
        ("convert ctime _time", "Missing '('"),
        ("convert size(x)", "The conversion 'size' is not one of"),
        ("replace a", "Missing WITH"),
        ("rangemap low=1-2", "Missing the option 'field'"),
        ("rangemap field=x low=1", "Invalid range 'low=1'"),
        ("where a>[| inputlookup", "closing ']'"),
    ],
)
def test_wrong_arguments_are_refused(error, search: str, message: str):
    assert message in error(f"{SESSIONS} | {search}")


def test_events_of_several_searches_are_put_in_order(found, indexes):
    indexes.put(10, "a user=x")
    indexes.put(20, "b user=y")
    indexes.put(30, "a user=z")

    assert [row["_time"] for row in found('| multisearch [search a] [search b | eval kind="b"]')] == ["30", "20", "10"]
    assert [row.get("user") for row in found("a | union [search b] | fields user")] == ["z", "y", "x"]


def test_metadata_and_tstats_open_no_events(found, indexes):
    indexes.put(10, "a", host="h1", sourcetype="x", index="web")
    indexes.put(3700, "b", host="h2", sourcetype="x", index="web")
    indexes.put(3800, "c", host="h2", sourcetype="y", user="alice")

    assert found("| metadata type=hosts index=web") == [
        {"host": "h1", "firstTime": "10", "lastTime": "10", "recentTime": "11", "totalCount": "1", "type": "hosts"},
        {
            "host": "h2",
            "firstTime": "3700",
            "lastTime": "3700",
            "recentTime": "3701",
            "totalCount": "1",
            "type": "hosts",
        },
    ]
    assert found("| tstats count where index=* by sourcetype") == [
        {"sourcetype": "x", "count": "2"},
        {"sourcetype": "y", "count": "1"},
    ]
    assert found("| tstats count AS n where index=web (host=h1 OR host=h2) by _time span=1h, host") == [
        {"_time": "0", "host": "h1", "n": "1"},
        {"_time": "3600", "host": "h2", "n": "1"},
    ]
    assert found("| tstats summariesonly=t min(_time) AS first values(user) AS u") == [{"first": "3800", "u": "alice"}]
    assert found("| tstats count where index=* earliest=3700 latest=3800") == [{"count": "1"}]
    assert not any(query.raw for query in indexes.asked)


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ("| metadata type=users", "The option 'type' is one of hosts, sources, sourcetypes"),
        ("| tstats count by _time span=x", "Invalid value 'x' for the option 'span'"),
        ("| tstats where index=*", "The arguments end too early"),
        ("| tstats count where earliest=soon", "Invalid value 'soon' for the time term 'earliest'"),
        ("| rest /services/server/info", "There are no REST endpoints here to ask for '/services/server/info'"),
        ("| rest", "Missing path of an endpoint"),
    ],
)
def test_wrong_questions_are_refused(found, search: str, message: str):
    with pytest.raises(spl.SplError, match=message):
        found(search)


def test_rest_gives_what_the_endpoint_answers(found):
    asked: list[object] = []

    def answer(path: str, arguments: object) -> Table:
        asked.append((path, arguments))
        return Table.from_rows([{"title": "a"}])

    assert found("| rest /services/data/indexes count=0 splunk_server=local", rest=answer) == [{"title": "a"}]
    assert asked == [("/services/data/indexes", {"count": "0"})]


def test_commands_about_how_to_run_a_search_change_nothing(rows):
    assert len(rows(f"{SESSIONS} | noop search_optimization=f | localop | redistribute num_of_reducers=2")) == 4
