"""What an index no longer keeps."""

from __future__ import annotations

import pytest

from searchhead.indexes import Event, EventStore
from searchhead.indexes.retention import CHUNK, EVERY_S, Retention
from searchhead.spl.context import EventQuery


class Confs:
    def __init__(self, stanzas):
        self.stanzas = stanzas

    def read(self, file):
        return self.stanzas


@pytest.fixture
def store(tmp_path):
    store = EventStore(tmp_path, clock=lambda: 10.0)
    yield store
    store.close()


def fill(store, times, *, index="main", size=100):
    store.add([Event(time, str(time).ljust(size), index, "st", "so", "ho") for time in times])


def kept(store, index="main"):
    return [float(time) for time in store.find(EventQuery(), indexes=[index]).column("_time")][::-1]


def test_events_older_than_the_index_keeps_are_removed(store):
    fill(store, [1, 50, 100])
    fill(store, [1], index="other")
    retention = Retention(store, Confs({"main": {"frozenTimePeriodInSecs": "950"}}), clock=lambda: 1_000.0)
    assert retention.apply() == 1
    assert (kept(store), kept(store, "other")) == ([50, 100], [1])
    assert store.summaries()["main"].events == 2


def test_an_event_of_a_late_clock_is_kept_as_long_as_the_others(store):
    fill(store, [-1e6, 5])
    for now, there in ((100.0, [-1e6, 5]), (111.0, [])):
        confs = Confs({"main": {"frozenTimePeriodInSecs": "100"}})
        Retention(store, confs, clock=lambda now=now: now).apply()
        assert kept(store) == there


def test_the_oldest_go_when_an_index_is_too_large(store):
    fill(store, range(10), size=300_000)
    retention = Retention(store, Confs({"main": {"maxTotalDataSizeMB": "2"}}), clock=lambda: 100.0)
    assert retention.apply() == 4
    assert kept(store) == [4, 5, 6, 7, 8, 9]
    assert store.summaries()["main"].bytes == 1_800_000
    assert retention.apply() == 0


def test_events_of_unequal_size_are_removed_until_the_rest_fits(store):
    fill(store, range(100), size=10)
    fill(store, [1_000, 1_001], size=900_000)
    assert store.trim("main", before=-1, largest_bytes=1_000_000) > 0
    assert kept(store) == [1_001]
    assert store.trim("main", before=-1, largest_bytes=0) == 1
    assert (kept(store), store.summaries()) == ([], {})


def test_more_than_one_transaction_holds_is_removed(store):
    fill(store, range(CHUNK + 2), size=1)
    assert store.trim("main", before=CHUNK + 1, largest_bytes=1 << 40) == CHUNK + 1
    assert kept(store) == [CHUNK + 1]


def test_it_is_due_every_ten_minutes(store):
    now = [0.0]
    retention = Retention(store, Confs({}), clock=lambda: now[0])
    assert [retention.due(), retention.due()] == [True, False]
    now[0] = EVERY_S
    assert [retention.due(), retention.due()] == [True, False]
