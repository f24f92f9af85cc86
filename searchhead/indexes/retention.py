"""Removes the events that an index no longer keeps: those too old, and the oldest of one that is too large.

Splunk freezes whole buckets; here events go one by one. An event is old when both its time and its arrival are long ago, so
that one from a clock that is a year behind is kept as long as the others.
"""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from . import definitions
from .definitions import Confs

if TYPE_CHECKING:
    from .store import EventStore

EVERY_S = 600.0
CHUNK = 5_000  # events of one transaction, so that writers wait for none of them long

_NEVER = 1 << 42  # seconds
_OLDEST = """
SELECT count(*), coalesce(sum(length(CAST(raw AS BLOB))), 0), '[' || group_concat(number) || ']'
FROM (SELECT number, raw FROM events INDEXED BY by_time WHERE "index" = ? AND time < ? AND indextime < ?
      ORDER BY time, number LIMIT ?)
"""


class Retention:
    """Applies indexes.conf to a store, at most every ten minutes; for one thread."""

    def __init__(self, store: EventStore, confs: Confs, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._confs = confs
        self._clock = clock
        self._applied = -math.inf

    def due(self) -> bool:
        """Whether ``apply`` is to be called; true once, then not again for ten minutes."""
        now = self._clock()
        if now - self._applied < EVERY_S:
            return False
        self._applied = now
        return True

    def apply(self) -> int:
        """Removes what no index keeps; how many events that were. Raises StoreError."""
        removed = 0
        for index in definitions.read(self._confs).values():
            before = self._clock() - index.kept_s
            removed += self._store.trim(index.name, before=before, largest_bytes=index.largest_bytes)
        return removed


def remove_oldest(db: sqlite3.Connection, index: str, *, before: float, most: int) -> int:
    """Removes up to ``most`` events whose time and arrival are before (epoch seconds), within a transaction; how many."""
    end = math.ceil(before) if math.isfinite(before) else _NEVER
    count, size, numbers = db.execute(_OLDEST, [index, end * 1_000_000, end, most]).fetchone()
    if count:
        db.execute("DELETE FROM events WHERE number IN (SELECT value FROM json_each(?))", [numbers])
        db.execute('UPDATE totals SET events = events - ?, bytes = bytes - ? WHERE "index" = ?', [count, size, index])
    return int(count)


def excess(db: sqlite3.Connection, index: str, largest_bytes: int) -> int:
    """About how many of the oldest events make the index larger than it may be, going by the average event; 0 for none."""
    found = db.execute('SELECT events, bytes FROM totals WHERE "index" = ?', [index]).fetchone()
    events, size = found or (0, 0)
    return math.ceil(events * (1 - largest_bytes / size)) if size > largest_bytes else 0
