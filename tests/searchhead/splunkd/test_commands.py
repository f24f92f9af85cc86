"""Commands of every kind, written with splunk-sdk, driven as processes."""

from __future__ import annotations

import threading

import pytest

from searchhead.splunkd.chunking import Chunking
from searchhead.splunkd.errors import CommandError
from searchhead.table import Table
from tests.searchhead.splunkd.trial import Commands

ROWS = Table.from_columns(
    {
        "a": ["x", "y", None, "x"] * 30,
        "b": [["1", "2$"], 'q"uote', "line\nbreak", "ü"] * 30,
        "c": [str(n) for n in range(120)],
    }
)


@pytest.mark.parametrize("indexers", [1, 3])
def test_a_distributed_streaming_command_gives_the_same_rows_from_any_number_of_indexers(
    commands: Commands, indexers: int
) -> None:
    table = commands.run("upper", "field=b", ROWS, indexers=indexers, chunking=Chunking.fixed(17))

    assert table.column("b") == [["1", "2$"], 'Q"UOTE', "LINE\nBREAK", "Ü"] * 30
    assert table.column("c") == ROWS.column("c")


def test_required_fields_alone_are_sent_and_the_others_merged_back(commands: Commands) -> None:
    table = commands.run("narrow", "", ROWS, chunking=Chunking.fixed(50))

    assert set(table.column("seen")) == {"_chunked_idx,a"}
    assert table.fields == ["a", "b", "c", "seen", "length"]
    assert table.column("b") == ROWS.column("b")
    assert table.column("length") == ["1", "1", "0", "1"] * 30


def test_rows_that_a_command_drops_or_doubles_keep_their_other_fields(commands: Commands) -> None:
    dropped = commands.run("narrow", "mode=drop", ROWS)
    doubled = commands.run("narrow", "mode=double", ROWS.slice(0, 3))

    assert dropped.column("c") == [c for c, a in zip(ROWS.column("c"), ROWS.column("a")) if a]
    assert doubled.column("c") == ["0", "0", "1", "1", "2", "2"]


def test_a_reply_without_chunked_idx_loses_the_other_fields_and_the_log_says_so(commands: Commands) -> None:
    table = commands.run("narrow", "mode=lost", ROWS, chunking=Chunking.fixed(120))

    assert set(table.column("c")) == {None}
    assert "120 rows of narrow have no valid _chunked_idx" in commands.search_log


@pytest.mark.parametrize("indexers", [1, 3])
def test_a_reporting_command_maps_on_the_indexers_and_reduces_on_the_search_head(
    commands: Commands, indexers: int
) -> None:
    table = commands.run("tally", "by=a", ROWS.select(["a"]), indexers=indexers, chunking=Chunking.fixed(20))

    assert list(table.rows()) == [
        {"count": "30", "workers": str(indexers)},
        {"a": "x", "count": "60", "workers": str(indexers)},
        {"a": "y", "count": "30", "workers": str(indexers)},
    ]


def test_a_reporting_command_behind_another_one_has_one_map_process(commands: Commands) -> None:
    table = commands.run("tally", "by=a", ROWS, indexers=3, distributable=False)

    assert set(table.column("workers")) == {"1"}


def test_a_map_phase_that_does_not_stream_is_left_out(commands: Commands) -> None:
    assert list(commands.run("collect", "", ROWS, indexers=3).rows()) == [{"rows": "120"}]
    assert "No map phase: collect does not stream" in commands.search_log


def test_a_reporting_command_without_input_rows_still_answers(commands: Commands) -> None:
    assert list(commands.run("collect", "", Table.empty(["a"])).rows()) == [{"rows": "0"}]


def test_an_eventing_command_answers_after_its_last_chunk(commands: Commands) -> None:
    table = commands.run("lastfirst", "", ROWS, chunking=Chunking.fixed(50))

    assert table.column("c") == list(reversed(ROWS.column("c")))


def test_a_generating_command_opens_the_search(commands: Commands) -> None:
    assert commands.run("count", "to=3").column("n") == ["0", "1", "2"]


def test_generating_goes_on_until_the_command_has_finished(commands: Commands) -> None:
    assert len(commands.run("count", "to=50001")) == 50_001


def test_a_generating_command_in_the_middle_and_a_streaming_one_in_front_are_refused(commands: Commands) -> None:
    with pytest.raises(CommandError, match="must be the first command"):
        commands.run("count", "to=3", ROWS, parse_launches=1)
    with pytest.raises(CommandError, match="needs input"):
        commands.run("upper", "field=a")


def test_a_wrong_option_is_told_before_the_search_runs(commands: Commands) -> None:
    with pytest.raises(CommandError, match="error code 1"):
        commands.run("count", "to=many", parse_launches=1)

    assert ("ERROR", "Illegal value: to=many") in commands.messages


def test_a_reduce_process_that_dies_ends_the_map_phase(commands: Commands) -> None:
    with pytest.raises(CommandError, match="non-zero error code 1"):
        commands.run("dying", "", ROWS, indexers=3, chunking=Chunking.fixed(2))

    assert not [thread for thread in threading.enumerate() if thread.name.startswith("indexer")]


def test_previews_show_what_has_arrived_so_far(commands: Commands) -> None:
    previews: list[tuple[str, list[object]]] = []

    commands.run(
        "tally", "by=a", ROWS, indexers=3, chunking=Chunking.fixed(10),
        on_preview=lambda name, table: previews.append((name, table.column("count"))),
    )  # fmt: skip

    assert previews
    assert all(name == "tally" and sum(map(int, counts)) < 120 for name, counts in previews)


def test_a_command_that_must_not_run_in_preview_does_not(commands: Commands) -> None:
    previews: list[str] = []

    commands.run("collect", "", ROWS, chunking=Chunking.fixed(10), on_preview=lambda name, _: previews.append(name))

    assert previews == []


def test_a_missing_first_chunk_is_no_reason_to_lose_the_schema(commands: Commands) -> None:
    table = commands.run("narrow", "", Table.empty(["a", "b"]))

    assert len(table) == 0
