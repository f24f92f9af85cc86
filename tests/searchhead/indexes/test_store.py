"""The event store: what is added is found again, in order, by other threads and processes, and after kill -9."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchhead.indexes import Event, EventStore, IndexSummary, StoreError
from searchhead.spl.context import EventQuery


@pytest.fixture
def store(tmp_path):
    store = EventStore(tmp_path / "indexes", clock=lambda: 2_000.9)
    yield store
    store.close()


def event(time=1.0, raw="one", index="main", sourcetype="st", source="so", host="ho", **fields):
    return Event(time, raw, index, sourcetype, source, host, fields)


def found(store, *, indexes=("main", "other", "_internal"), **query):
    return store.find(EventQuery(**query), indexes=indexes)


def raws(store, **query):
    return found(store, **query).column("_raw")


def test_an_event_comes_back_with_all_its_fields(store):
    store.add([event(12.25, "text", colour="red", tags=["a", "b"])])
    assert list(found(store).rows()) == [
        {
            "_time": "12.25", "_indextime": "2000", "_raw": "text", "index": "main", "sourcetype": "st", "source": "so",
            "host": "ho", "colour": "red", "tags": ["a", "b"],
        }
    ]  # fmt: skip


def test_an_empty_store_still_gives_the_fields(store):
    table = found(store)
    assert (len(table), table.fields[:3]) == (0, ["_time", "_indextime", "_raw"])


def test_newest_come_first_across_indexes_and_later_stored_ones_first_at_equal_times(store):
    store.add([event(5, "a"), event(7, "b", index="other"), event(6, "c"), event(6, "d", index="other"), event(6, "e")])
    assert raws(store) == ["b", "e", "d", "c", "a"]


TIMES = {
    0: "0", 1763822400: "1763822400", 1763822400.123: "1763822400.123", 1.0000004: "1", -1.5: "-1.5", 2e-6: "0.000002",
}  # fmt: skip


@pytest.mark.parametrize(("time", "text"), TIMES.items())
def test_time_is_text_with_the_decimals_it_needs(store, time, text):
    store.add([event(time)])
    assert found(store).column("_time") == [text]


def test_earliest_is_included_and_latest_is_not(store):
    store.add([event(number, str(number)) for number in (1, 2, 3)])
    assert raws(store, earliest=2, latest=3) == ["2"]
    assert raws(store, earliest=1.5) == ["3", "2"]


def test_names_match_with_wildcards_in_any_case(store):
    store.add([event(host=host, raw=raw) for host, raw in (("Web-1", "a"), ("db[1]", "b"), ("ÄRGER", "c"), ("db?", "d"))])
    assert raws(store, hosts=("web*",)) == ["a"]
    assert raws(store, hosts=("DB[1]", "ärg*")) == ["c", "b"]
    assert raws(store, hosts=("db?",)) == ["d"]
    assert raws(store, hosts=("*",), sourcetypes=("st",), sources=("no",)) == []
    assert raws(store, hosts=()) == []


def test_indexes_are_those_that_the_reader_may_see(store):
    store.add([event(raw="a"), event(raw="b", index="other"), event(raw="c", index="_internal")])
    assert raws(store, indexes=["other"]) == ["b"]
    assert raws(store, indexes=[]) == []
    assert raws(store, indexes=("main", "other")) == ["b", "a"]
    assert found(store, indexes=["main"]).column("_raw") == ["a"]
    assert store.find(EventQuery(indexes=("other",)), indexes=["main"]).column("_raw") == []


def test_a_star_stands_for_no_internal_index(store):
    store.add([event(raw="a"), event(raw="c", index="_internal")])
    everything = ["main", "other", "_internal"]
    assert store.find(EventQuery(indexes=("*",)), indexes=everything).column("_raw") == ["a"]
    assert store.find(EventQuery(indexes=("_*",)), indexes=everything).column("_raw") == ["c"]
    assert store.find(EventQuery(indexes=("MAI*",)), indexes=everything).column("_raw") == ["a"]


def test_contains_never_passes_over_an_event_that_has_the_text(store):
    store.add([event(raw="user=ALICE ok"), event(raw="straße KÄSE"), event(raw="100%_[x]")])
    assert raws(store, contains=("alice", "OK")) == ["user=ALICE ok"]
    assert "straße KÄSE" in raws(store, contains=("käse",))  # only its ASCII pieces are looked for
    assert raws(store, contains=("%_[",)) == ["100%_[x]"]
    assert raws(store, contains=("bob",)) == []


def test_more_events_than_one_step_gives_are_all_found_once(store):
    count = 5_003
    store.add([event(number // 3, str(number)) for number in range(count)])
    assert raws(store) == [str(number) for number in reversed(range(count))]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.text(), st.dictionaries(st.text(min_size=1), st.text(), max_size=2)), min_size=1, max_size=5))
def test_any_text_comes_back_as_it_was(tmp_path_factory, events):
    store = EventStore(tmp_path_factory.mktemp("any"))
    store.add([event(number, raw) for number, (raw, _) in enumerate(events)])
    assert raws(store) == [raw for raw, _ in reversed(events)]
    store.close()


def test_an_event_that_cannot_be_stored_is_refused_with_its_batch(store):
    times = (event(float("nan")), event(float("inf")), event(1e30))
    for bad in (*times, event(raw="\ud800"), event(host="\udfff"), event(f="\ud800")):
        with pytest.raises(StoreError):
            store.add([event(raw="good"), bad])
    assert raws(store) == []
    store.add([event(raw="next")])
    assert raws(store) == ["next"]


def test_indexed_fields_do_not_replace_an_events_own(store):
    store.add([Event(1, "mine", "main", "st", "so", "ho", {"_raw": "other", "index": "x", "more": "y"})])
    assert list(found(store).select(["_raw", "index", "more"]).rows()) == [{"_raw": "mine", "index": "main", "more": "y"}]


def test_a_summary_counts_events_bytes_and_times(store):
    store.add([event(3.5, "äb"), event(1, "c"), event(9, "d", index="other")])
    store.add([event(2, "eee")])
    assert store.summaries() == {"main": IndexSummary(3, 7, 1.0, 3.5), "other": IndexSummary(1, 1, 9.0, 9.0)}


def test_callers_at_once_share_commits_and_lose_nothing(store, tmp_path):
    def write(name):
        for number in range(20):
            store.add([event(number, f"{name}-{number}", host=name)])

    threads = [threading.Thread(target=write, args=(f"h{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(raws(store)) == sorted(f"h{n}-{number}" for n in range(8) for number in range(20))
    assert store.summaries()["main"].events == 160


def test_a_failed_write_tells_every_caller_and_the_next_one_works(store, tmp_path):
    other = sqlite3.connect(tmp_path / "indexes" / "events.sqlite", isolation_level=None)
    other.execute("CREATE TRIGGER broken BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
    with pytest.raises(StoreError, match="the disk is full"):
        store.add([event(host="new")])
    other.execute("DROP TRIGGER broken")
    store.add([event(raw="next", host="new")])
    assert list(found(store).select(["_raw", "host"]).rows()) == [{"_raw": "next", "host": "new"}]
    other.close()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        EventStore(tmp_path / "file")


def test_searches_stay_quick_beside_a_busy_thread(store):
    store.add([event(number, "x" * 1000) for number in range(5_000)])
    stop = threading.Event()

    def burn():
        while not stop.is_set():
            sum(range(1000))

    busy = threading.Thread(target=burn)
    busy.start()
    try:
        started = time.monotonic()
        assert len(found(store)) == 5_000
        # Beside one busy thread a step an event waits 5 ms for each: 25 s.
        assert time.monotonic() - started < 5
    finally:
        stop.set()
        busy.join()


WRITER = """
import sys
from pathlib import Path
from searchhead.indexes import Event, EventStore
store = EventStore(Path(sys.argv[1]))
for number in range(1_000_000):
    store.add([Event(number, f"{number}-{part}", "main", "st", "so", "ho") for part in range(3)])
    print(number, flush=True)
"""


def test_what_was_acknowledged_survives_kill_9(tmp_path):
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    acknowledged = [int(writer.stdout.readline()) for _ in range(30)]
    writer.send_signal(signal.SIGKILL)
    acknowledged += [int(line) for line in writer.stdout.read().split()]
    writer.wait()
    store = EventStore(tmp_path)
    there = raws(store)
    assert {f"{number}-{part}" for number in acknowledged for part in range(3)} <= set(there)
    assert len(there) % 3 == 0  # a batch is there as a whole or not at all
    store.close()


def test_another_process_reads_while_this_one_writes(tmp_path):
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        for _ in range(5):
            number = int(writer.stdout.readline())
        store = EventStore(tmp_path)
        assert f"{number}-2" in raws(store)
        store.add([event(raw="mine")])
        assert "mine" in raws(store, hosts=("ho",))
        store.close()
    finally:
        writer.kill()
        writer.wait()
