"""Rows per chunk."""

from __future__ import annotations

from searchhead.splunkd.chunking import Chunking
from searchhead.table import Table


def _numbered(rows: int) -> Table:
    return Table.from_columns({"n": [str(row) for row in range(rows)]})


def test_chunks_grow_fivefold_up_to_fifty_thousand_rows() -> None:
    sizes = [len(chunk) for chunk in Chunking().cut(_numbered(120_000))]

    assert sizes == [100, 500, 2_500, 12_500, 50_000, 50_000, 4_400]


def test_chunks_of_fixed_size_hold_all_rows_in_order() -> None:
    chunks = list(Chunking.fixed(3).cut(_numbered(8)))

    assert [len(chunk) for chunk in chunks] == [3, 3, 2]
    assert Table.concat(chunks) == _numbered(8)


def test_no_rows_make_no_chunk() -> None:
    assert list(Chunking().cut(_numbered(0))) == []


def test_large_values_make_a_chunk_end_early_but_never_empty() -> None:
    table = Table.from_columns({"image": ["x" * 60, "x" * 30, "x" * 30, "x" * 200]})

    chunks = list(Chunking(max_characters=100).cut(table))

    assert [len(chunk) for chunk in chunks] == [2, 1, 1]
