"""inputlookup, outputlookup and lookup, on files and on the KV store."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from searchhead import spl
from searchhead.table import Table


class MemoryStore:
    """Collections in a dictionary."""

    def __init__(self) -> None:
        self.collections: dict[str, Table] = {}

    def read(self, collection: str) -> Table:
        return self.collections.get(collection, Table.empty())

    def write(self, collection: str, table: Table, *, append: bool) -> None:
        kept = [self.read(collection)] if append else []
        self.collections[collection] = Table.concat([*kept, table])


def test_values_keep_newlines_quotes_and_order(table):
    made = table("| inputlookup sessions.csv")

    assert made.fields == ["user", "session", "score", "city"]
    assert made.column("city") == ["Rome", "New\nYork", 'a "quoted" place', None]


def test_inputlookup_filters_and_cuts(rows):
    assert [r["session"] for r in rows("| inputlookup sessions.csv where user=alice score>5")] == ["s3"]
    assert [r["session"] for r in rows("| inputlookup start=1 max=2 sessions.csv")] == ["s2", "s3"]
    assert len(rows("| makeresults | inputlookup append=t sessions.csv")) == 5


def test_a_lookup_may_be_named_by_its_definition_or_without_its_ending(rows):
    assert len(rows("| inputlookup towns")) == 3
    assert len(rows("| inputlookup sessions")) == 4


def test_further_folders_are_searched_after_the_apps_own(context, tmp_path: Path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "sessions.csv").write_text("x\n1\n")
    (tmp_path / "more" / "extra.csv.gz").write_bytes(gzip.compress(b"x,y\n1,2\n"))
    (tmp_path / "more" / "session_0041905381").write_text("client timestamp,x\n0.5,1\n")
    wider = replace(context, lookup_dirs=(tmp_path / "more",))

    assert spl.run("| inputlookup sessions.csv", wider).fields == ["user", "session", "score", "city"]
    assert list(spl.run("| inputlookup extra.csv.gz", wider).rows()) == [{"x": "1", "y": "2"}]
    assert list(spl.run("| inputlookup session_0041905381", wider).rows()) == [{"client timestamp": "0.5", "x": "1"}]


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        (
            b"a,b\n1,2\n3\n4,5,6\n\n7,8\n",
            {"a": ["1", "3", "4", "7"], "b": ["2", None, "5", "8"]},
        ),  # ragged, an empty line
        (b"\xef\xbb\xbfa,b\r\n1,2\r\n", {"a": ["1"], "b": ["2"]}),  # byte order mark, CRLF
        (b"a,b\n\xff,2\n", {"a": ["\ufffd"], "b": ["2"]}),  # not UTF-8
        (b"a,a,b\n1,2,3\n", {"a": ["2"], "b": ["3"]}),  # a name twice
        (b"a,A\n1,2\n", {"a": ["1"], "A": ["2"]}),  # names that differ in case only
        (b"a\n", {"a": []}),  # no rows
        (b'a\n"x\ny"\n""\nz', {"a": ["x\ny", None, "z"]}),  # no last line end
        ("größe,名前\n1,はい\n".encode(), {"größe": ["1"], "名前": ["はい"]}),
    ],
)
def test_odd_files_are_read(context, content: bytes, columns: dict):
    (context.app / "lookups" / "odd.csv").write_bytes(content)

    assert spl.run("| inputlookup odd.csv", context) == Table.from_columns(columns)


def test_outputlookup_writes_into_the_state_only_and_gives_its_rows_on(context, app: Path):
    before = sorted((app / "lookups").iterdir())

    made = spl.run(
        '| inputlookup sessions.csv | eval m=split("p,q", ",") | outputlookup new.csv | stats count', context
    )

    assert made.column("count") == ["4"]
    assert sorted((app / "lookups").iterdir()) == before
    assert spl.run("| inputlookup new.csv | head 1", context).column("m") == ["p\nq"]


def test_a_written_lookup_comes_before_the_apps_own_and_may_be_appended_to(context):
    spl.run('| makeresults | eval user="dora" | table user | outputlookup append=t sessions.csv', context)
    assert spl.run("| inputlookup sessions.csv", context).column("user") == ["alice", "bob", "alice", "carl", "dora"]

    spl.run('| makeresults | eval user="eve" | table user | outputlookup sessions.csv', context)
    assert spl.run("| inputlookup sessions.csv", context).column("user") == ["eve"]

    spl.run("| makeresults | where 1=2 | outputlookup override_if_empty=f sessions.csv", context)
    assert len(spl.run("| inputlookup sessions.csv", context)) == 1


def test_internal_fields_stay_out_of_lookups_but_not_events(context):
    spl.run('| makeresults | eval _raw="e", _hidden=1, a=2 | outputlookup events.csv', context)

    assert spl.run("| inputlookup events.csv", context) == Table.from_columns(
        {"_time": ["1700000000"], "_raw": ["e"], "a": ["2"]}
    )


def test_gzipped_lookups_are_written(context):
    spl.run('| makeresults | eval a="x" | fields - _time | outputlookup packed.csv.gz', context)

    assert spl.run("| inputlookup packed.csv.gz", context) == Table.from_columns({"a": ["x"]})


def test_lookup_adds_the_fields_of_equal_keys(context, rows):
    (context.app / "lookups" / "teams.csv").write_text("name,team,boss\nalice,red,zoe\nbob,blue,\nbob,green,yan\n")

    found = rows(
        "| inputlookup sessions.csv | lookup teams.csv name AS user OUTPUT team AS group boss | fields user group boss"
    )

    assert found == [
        {"user": "alice", "group": "red", "boss": "zoe"},
        {"user": "bob", "group": ["blue", "green"], "boss": "yan"},
        {"user": "alice", "group": "red", "boss": "zoe"},
        {"user": "carl"},
    ]


def test_lookup_without_output_adds_all_other_fields(context, rows):
    (context.app / "lookups" / "teams.csv").write_text("user,team\nalice,red\n")

    assert [row.get("team") for row in rows("| inputlookup sessions.csv | lookup teams.csv user")] == [
        "red",
        None,
        "red",
        None,
    ]


def test_outputnew_leaves_what_is_there(context, rows):
    (context.app / "lookups" / "cities.csv").write_text("user,city\nalice,Oslo\ncarl,Bern\n")

    kept = rows("| inputlookup sessions.csv | lookup cities.csv user OUTPUTNEW city")
    replaced = rows("| inputlookup sessions.csv | lookup cities.csv user OUTPUT city")

    assert [row.get("city") for row in kept] == ["Rome", "New\nYork", 'a "quoted" place', "Bern"]
    assert [row.get("city") for row in replaced] == ["Oslo", None, "Oslo", "Bern"]


def test_definitions_set_case_defaults_and_wildcards(rows):
    assert rows('| makeresults | eval town="Rome" | lookup towns town OUTPUT country | table country') == [
        {"country": ["IT", "US"]}
    ]
    assert rows('| makeresults | eval town="Bern" | lookup towns town OUTPUT country | table country') == [
        {"country": "nowhere"}
    ]
    assert rows('| makeresults | eval session="s1" | lookup patterns session | table kind') == [
        {"kind": ["any", "first"]}
    ]
    assert rows('| makeresults | eval session="s9" | lookup patterns session | table kind') == [{"kind": "any"}]


def test_any_value_of_a_multivalue_may_match(rows):
    found = rows(
        '| makeresults | eval user=split("bob,carl", ",") | lookup sessions.csv user OUTPUT session | table session'
    )

    assert found == [{"session": ["s2", "s4"]}]


def test_lookups_on_the_kv_store_read_and_write_documents(context):
    store = MemoryStore()
    with_store = replace(context, kvstore=store)

    spl.run('| makeresults | eval _key="alice", user="alice", windows=12, extra=1 | outputlookup templates', with_store)
    spl.run('| makeresults | eval user="bob", windows=3 | outputlookup append=t templates', with_store)

    assert store.collections["mousematch_templates"].fields == ["_key", "user", "windows"]
    assert spl.run("| inputlookup templates where windows>5", with_store).column("user") == ["alice"]
    assert spl.run('| makeresults | eval user="bob" | lookup templates user', with_store).column("windows") == ["3"]


@pytest.mark.parametrize(
    ("search", "message"),
    [
        (
            "| inputlookup nosuch",
            "Error in 'inputlookup' command: The lookup table 'nosuch' requires a .csv or KV store lookup definition.",
        ),
        ("| inputlookup nosuch.csv", "The lookup table 'nosuch.csv' is invalid: there is no file 'nosuch.csv'"),
        ("| inputlookup odd", "The lookup table 'odd' is of an unknown kind"),
        ("| inputlookup templates", "needs the KV store, which does not run here"),
        ("| inputlookup ../secret.csv", "it names a file, not a path"),
        ("| inputlookup", "Error in 'inputlookup' command: Missing lookup name."),
        ("| inputlookup empty.csv", "its first line must name the fields"),
        ("| makeresults | outputlookup nosuch", "requires a .csv or KV store lookup definition"),
        ("| makeresults | outputlookup templates", "needs the KV store"),
        ("| makeresults | lookup many town", "has max_matches = many in transforms.conf; it is a whole number"),
        ("| makeresults | lookup towns", "Must specify one or more lookup fields."),
        ("| makeresults | lookup towns nosuch", "Could not find the field 'nosuch' in the lookup table 'towns'."),
    ],
)
def test_lookups_that_cannot_be_used_are_named(context, error, search: str, message: str):
    (context.app / "lookups" / "empty.csv").write_text("")

    assert message in error(search)


def test_a_search_without_state_writes_no_lookup(context):
    with pytest.raises(spl.LookupFileError, match="no folder for its state"):
        spl.run("| makeresults | outputlookup x.csv", replace(context, state_lookups=None))


def test_a_full_or_forbidden_disk_is_an_error_of_the_search(context, tmp_path: Path):
    (tmp_path / "file").write_text("")

    with pytest.raises(spl.LookupFileError, match="cannot be written"):
        spl.run("| makeresults | outputlookup x.csv", replace(context, state_lookups=tmp_path / "file" / "lookups"))


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=6)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=5))
def test_what_was_written_is_read(context, cells: list[list[str]]):
    columns = {f"f{i}": [row[i] or None for row in cells] for i in range(3)}
    columns["line"] = [str(i) for i in range(len(cells))]
    source = Table.from_columns(columns)
    passing = replace(context, custom_commands=frozenset({"given"}), custom=lambda call, table: source)

    spl.run("| given | outputlookup copy.csv", passing)

    assert spl.run("| inputlookup copy.csv", passing) == source
