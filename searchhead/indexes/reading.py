"""Reads the events of one index from SQLite, many to a step.

Python gives up its interpreter lock at each step of a query, and waits up to 5 ms for it while another thread computes. A
step an event made a search of 10,000 events take 16 s beside one busy thread. So one step gives the columns of a whole
chunk of events: numbers as text with commas, and the raw texts end to end with their lengths.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .events import microseconds
from .wildcards import glob

if TYPE_CHECKING:
    from ..spl.context import EventQuery

CHUNK = 2_000  # events; a step's memory is twice their size
_EARLIEST, _LATEST = -(1 << 62), 1 << 62

_STEP = """
SELECT count(*), group_concat(number), group_concat(time), group_concat(indextime), group_concat(origin),
       group_concat(length(CAST(raw AS BLOB))), CAST(group_concat(raw, '') AS BLOB), group_concat(coalesce(fields, 'null'))
FROM (SELECT number, time, indextime, origin, raw, fields FROM events INDEXED BY by_time WHERE {where}
      ORDER BY time DESC, number DESC LIMIT ?)
"""


@dataclass(frozen=True)
class Chunk:
    """Some events as columns, newest first. ``numbers`` count up in the order of storing; ``times`` are microseconds."""

    numbers: list[int]
    times: list[int]
    index_times: list[str]
    origins: list[int]
    raws: list[str]
    fields: list[dict[str, Any] | None]


def chunks(db: sqlite3.Connection, query: EventQuery, index: str) -> Iterator[Chunk]:
    """The events of one index that the query can meet, newest first."""
    conditions, values = _conditions(query)
    low = _EARLIEST if query.earliest is None else microseconds(query.earliest)
    high = _LATEST if query.latest is None else microseconds(query.latest)
    where = " AND ".join(['"index" = ?', "time >= ?", "(time, number) < (?, ?)", *conditions])
    step, size, last = _STEP.format(where=where), CHUNK, (high, _EARLIEST)
    while True:
        try:
            row = db.execute(step, [index, low, *last, *values, size]).fetchone()
        except sqlite3.DataError:  # the raw texts together are above SQLite's limit for one value, 1 GB
            if size == 1:
                raise
            size = max(1, size // 10)
            continue
        if not row[0]:
            return
        chunk = _chunk(row)
        yield chunk
        if row[0] < size:
            return
        last = (chunk.times[-1], chunk.numbers[-1])


def _conditions(query: EventQuery) -> tuple[list[str], list[str]]:
    """SQL that holds for every event the query means (and maybe for more), and its values."""
    conditions, values = [], []
    origin = []
    for column, patterns in (("sourcetype", query.sourcetypes), ("source", query.sources), ("host", query.hosts)):
        if patterns is not None:
            origin.append("(" + (" OR ".join([f"folded({column}) GLOB ?"] * len(patterns)) or "0") + ")")
            values += [glob(pattern) for pattern in patterns]
    if origin:
        conditions.append(f"origin IN (SELECT number FROM origins WHERE {' AND '.join(origin)})")
    for text in query.contains:
        # SQLite's lower() knows ASCII only: of other letters, the pieces between them are looked for.
        for piece in "".join(character if character.isascii() else "\n" for character in text.lower()).split("\n"):
            if piece:
                conditions.append("instr(lower(raw), ?) > 0")
                values.append(piece)
    return conditions, values


def _chunk(row: tuple[Any, ...]) -> Chunk:
    _, numbers, times, index_times, origins, lengths, raw, fields = row
    raws, start = [], 0
    for length in map(int, lengths.split(",")):
        raws.append(raw[start : start + length].decode("utf-8"))
        start += length
    count = len(raws)
    return Chunk(
        numbers=list(map(int, numbers.split(","))),
        times=list(map(int, times.split(","))),
        index_times=index_times.split(","),
        origins=list(map(int, origins.split(","))),
        raws=raws,
        fields=[None] * count if len(fields) == 5 * count - 1 else json.loads(f"[{fields}]"),
    )
