"""Simulated indexers: placement, order of results, failures."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchhead.splunkd.dispatch import Dispatch
from searchhead.splunkd.mapreduce import on_indexers, placement, together
from searchhead.splunkd.streaming import Streamed
from searchhead.table import Table


@given(st.integers(0, 500), st.integers(1, 7))
def test_every_row_lies_on_one_indexer_in_order(rows: int, indexers: int) -> None:
    placed = placement(rows, indexers)

    assert len(placed) == indexers
    assert sorted(row for rows_ in placed for row in rows_) == list(range(rows))
    assert all(rows_ == sorted(rows_) for rows_ in placed)


def test_neighbouring_rows_are_scattered_evenly() -> None:
    sizes = [len(rows) for rows in placement(3_000, 3)]

    assert min(sizes) > 900
    assert all(rows != list(range(rows[0], rows[0] + len(rows))) for rows in placement(3_000, 3))


def _table(rows: int) -> Table:
    return Table.from_columns({"n": [str(row) for row in range(rows)]})


def test_rows_with_known_origins_come_back_in_their_order(tmp_path: Path) -> None:
    def work(indexer: int, table: Table, rows: list[int]) -> Iterator[Streamed]:
        time.sleep(0.02 * (3 - indexer))
        for at, row in enumerate(rows):
            yield Streamed(table.slice(at, at + 1), [row])

    pieces = list(on_indexers(work, _table(40), 3, Dispatch(tmp_path)))

    assert together(pieces) == _table(40)


def test_results_are_taken_from_the_indexers_in_turn_whoever_is_faster(tmp_path: Path) -> None:
    def work(indexer: int, table: Table, rows: list[int]) -> Iterator[Streamed]:
        for number in range(3):
            time.sleep(0.01 * (3 - indexer))
            yield Streamed(Table.from_columns({"n": [f"{indexer}.{number}"]}), None)

    table = together(list(on_indexers(work, _table(9), 3, Dispatch(tmp_path))))

    assert table.column("n") == ["0.0", "1.0", "2.0", "0.1", "1.1", "2.1", "0.2", "1.2", "2.2"]


def test_one_failing_indexer_fails_the_search_and_leaves_no_thread(tmp_path: Path) -> None:
    closed = []

    def work(indexer: int, table: Table, rows: list[int]) -> Iterator[Streamed]:
        try:
            if indexer == 1:
                raise ValueError("broken disk")
            while True:
                yield Streamed(table, None)
        finally:
            closed.append(indexer)

    with pytest.raises(ValueError, match="broken disk"):
        list(on_indexers(work, _table(9), 3, Dispatch(tmp_path)))

    assert sorted(closed) == [0, 1, 2]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("indexer")]
