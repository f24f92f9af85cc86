"""Whole searches on the trial app: language, commands, KV store and REST together."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from searchhead.spl.errors import SplError
from searchhead.splunkd.chunking import Chunking
from searchhead.splunkd.errors import CommandError, SearchCancelled
from searchhead.splunkd.head import Options, SearchHead
from searchhead.splunkd.kvstore import Namespace
from tests.searchhead.splunkd.trial import TRIAL_APP

QUICK = Options(parse_launches=0)
PEOPLE = Namespace("trial", "trial_people")


@pytest.fixture
def head(tmp_path: Path) -> Iterator[SearchHead]:
    with SearchHead(TRIAL_APP, tmp_path / "state") as head:
        yield head


def test_rows_written_to_a_kv_store_lookup_keep_their_types(head: SearchHead) -> None:
    head.search(
        '| makeresults | eval name="Ada", age="36", active="true", tags="x" | fields - _time | outputlookup trial_people'
    ).run()

    (document,) = head.store.query(PEOPLE, {}, fields="_key:0,_user:0")
    assert document == {"name": "Ada", "age": 36, "active": True, "tags": ["x"]}


def test_a_kv_store_lookup_is_read_as_rows(head: SearchHead) -> None:
    head.store.save(
        PEOPLE, [{"_key": "1", "name": "Ada", "tags": ["x", "y"], "age": 36.5}, {"_key": "2", "name": "Bob"}]
    )

    table = head.search("| inputlookup trial_people | table _key name age tags").run()

    assert list(table.rows()) == [
        {"_key": "1", "name": "Ada", "age": "36.5", "tags": ["x", "y"]},
        {"_key": "2", "name": "Bob"},
    ]


def test_outputlookup_replaces_all_documents_or_appends(head: SearchHead) -> None:
    head.store.save(PEOPLE, [{"_key": "old", "name": "Old"}])

    head.search('| makeresults | eval name="New" | table name | outputlookup append=true trial_people').run()
    appended = [document["name"] for document in head.store.query(PEOPLE, {})]
    head.search('| makeresults | eval name="Only" | table name | outputlookup trial_people').run()

    assert appended == ["Old", "New"]
    assert [document["name"] for document in head.store.query(PEOPLE, {})] == ["Only"]


def test_what_a_command_stores_a_later_search_finds(head: SearchHead) -> None:
    head.search("| ask", QUICK).run()

    assert head.search("| inputlookup trial_people | table name").run().column("name") == ["Ada"]


def test_the_split_over_indexers_and_chunks_does_not_change_results(head: SearchHead) -> None:
    search = '| makeresults count=200 | eval n=1 | eval a=if(n==1,"x","y") | upper field=a | fields a | tally by=a'

    one = head.search(search, QUICK).run()
    many = head.search(search, Options(indexers=3, chunking=Chunking.fixed(7), parse_launches=0)).run()

    assert one.column("count") == many.column("count") == ["200"]


def test_commands_in_subsearches_run_too(head: SearchHead) -> None:
    table = head.search('| makeresults | eval n="first" | table n | append [ | count to=2 ]', QUICK).run()

    assert table.column("n") == ["first", "0", "1"]


def test_a_wrong_command_further_down_fails_the_search_before_it_changes_anything(head: SearchHead) -> None:
    writes = '| makeresults | eval name="x" | table name | outputlookup trial_people '

    with pytest.raises(CommandError):
        head.search(writes + "| misbehave how=getinfo_error").run()
    with pytest.raises(SplError, match="nosuch"):
        head.search(writes + "| nosuch").run()

    assert head.store.query(PEOPLE, {}) == []


def test_searches_run_at_once_on_one_head(head: SearchHead) -> None:
    tables = []

    def run(count: int) -> None:
        tables.append(head.search(f"| count to={count}", QUICK).run())

    threads = [threading.Thread(target=run, args=(count,)) for count in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(map(len, tables)) == [1, 2, 3]


def test_a_cancelled_search_ends_before_its_next_command(head: SearchHead) -> None:
    search = head.search("| count to=1 | upper field=n", QUICK)
    search.cancel()

    with pytest.raises(SearchCancelled):
        search.run()


def test_messages_are_told_once_each(head: SearchHead) -> None:
    told: list[tuple[str, str]] = []

    with pytest.raises(CommandError):
        head.search(
            "| makeresults | misbehave how=error_key",
            Options(parse_launches=3),
            on_message=lambda level, text: told.append((level, text)),
        ).run()

    assert told == [("WARN", "Something is odd.")]


def test_old_dispatch_folders_are_removed_but_not_recent_ones(head: SearchHead) -> None:
    import os

    dispatch = head.home / "var" / "run" / "splunk" / "dispatch"
    for number in range(30):
        (dispatch / f"old{number}").mkdir()
        os.utime(dispatch / f"old{number}", (1_000_000, 1_000_000 + number))
        (dispatch / f"new{number}").mkdir()

    head.search("| makeresults")

    assert not list(dispatch.glob("old*"))
    assert len(list(dispatch.glob("new*"))) == 30
