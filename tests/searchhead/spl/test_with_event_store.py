"""Searches of the real event store: what is collected there is found again, whatever it holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from searchhead import spl
from searchhead.indexes import Event
from searchhead.indexes.store import EventStore
from searchhead.spl import EventQuery
from searchhead.table import Table

NOW = 1_700_000_000
HOSTILE = [
    '<script>alert("1")</script>',
    "a\\",
    "two\nlines",
    "nul\0inside",
    'x", user="root',
    "größe 😀",
    "'; DROP TABLE t1; --",
]


class Stored:
    """The store's indexes, all readable."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    def find(self, query: EventQuery) -> Table:
        return self._store.find(query, indexes=["main", "summary"])

    def add(self, rows: Table, *, index: str, sourcetype: str, source: str, host: str) -> None:
        pairs = zip(rows.column("_time"), rows.column("_raw"), strict=True)
        self._store.add([Event(float(str(time)), str(raw), index, sourcetype, source, host) for time, raw in pairs])


@pytest.fixture
def context(app: Path, tmp_path: Path) -> Iterator[spl.Context]:
    store = EventStore(tmp_path / "indexes")
    given = Table.from_rows([{"n": str(n), "user": value, "m": [value, "x"]} for n, value in enumerate(HOSTILE)])
    yield spl.Context(
        app=app, now=NOW, indexes=Stored(store), custom_commands=frozenset({"given"}), custom=lambda call, table: given
    )
    store.close()


def test_hostile_values_come_back_from_a_summary_index(context):
    spl.run("| given | collect index=summary source=scores", context)

    rows = list(spl.run("index=summary source=scores | sort n | table user m", context).rows())

    assert rows == [{"user": value, "m": [value, "x"]} for value in HOSTILE]


@pytest.mark.parametrize("value", [value for value in HOSTILE if "\0" not in value])
def test_a_hostile_value_finds_its_own_event(context, value: str):
    spl.run("| given | collect index=summary", context)
    quoted = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

    assert list(spl.run(f"index=summary user={quoted} | table user", context).rows()) == [{"user": value}]
