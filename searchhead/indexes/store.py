"""The events of all indexes, in one SQLite file.

<folder>/events.sqlite      events: the raw text with its index and time; origins: each sourcetype, source and host once

What ``add`` has returned for is on disk: it survives kill -9 and a power cut. Threads and processes read while one writes.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import sqlite3
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..table import Table
from . import reading, retention
from .batch import Batch
from .columns import Columns
from .events import Event, StoreError
from .wildcards import chosen

if TYPE_CHECKING:
    from ..spl.context import EventQuery

_BUSY_S = 30.0
_ROWS_A_STATEMENT = (500, 50, 5, 1)  # few statements, so that SQLite compiles each once
_KNOWN_ORIGINS = 10_000  # kept in memory

_SCHEMA = """
CREATE TABLE IF NOT EXISTS origins (
    number INTEGER PRIMARY KEY,
    sourcetype TEXT NOT NULL, source TEXT NOT NULL, host TEXT NOT NULL,
    UNIQUE (sourcetype, source, host)
);
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY,
    "index" TEXT NOT NULL,
    time INTEGER NOT NULL,       -- microseconds since 1970
    indextime INTEGER NOT NULL,  -- seconds since 1970
    origin INTEGER NOT NULL REFERENCES origins,
    fields TEXT,                 -- JSON object of indexed fields, or NULL
    raw TEXT NOT NULL            -- last: a row that a search skips by the columns before is not read to its end
);
CREATE INDEX IF NOT EXISTS by_time ON events ("index", time);
CREATE TABLE IF NOT EXISTS totals ("index" TEXT PRIMARY KEY, events INTEGER NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class IndexSummary:
    """What an index holds: events, bytes of raw text (UTF-8), and the times of the first and last event, epoch seconds."""

    events: int = 0
    bytes: int = 0
    first: float | None = None
    last: float | None = None


class EventStore:
    """The event store of one state folder; safe to use from several threads and processes."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        """Opens or creates the store; ``clock`` gives the index time. Raises StoreError when that fails."""
        self._file = folder / "events.sqlite"
        self._clock = clock
        self._writing = threading.Lock()
        self._waiting: deque[Batch] = deque()
        self._known: dict[tuple[str, str, str], int] = {}
        self._readers: list[sqlite3.Connection] = []
        self._closed = False
        with self._errors():
            folder.mkdir(parents=True, exist_ok=True)
            self._db = self._connected()
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Closes the store; calls that still run end first or fail."""
        with self._writing:
            self._closed = True
            self._db.close()
            while self._readers:
                self._readers.pop().close()

    def add(self, events: Sequence[Event]) -> None:
        """Stores the events, all or none; they are on disk when this returns.

        Callers that come while another writes share one transaction, and its wait for the disk. Raises StoreError.
        """
        if not events:
            return
        batch = Batch(events, int(self._clock()))
        self._waiting.append(batch)
        with self._writing:
            if not batch.done:
                self._write([self._waiting.popleft() for _ in range(len(self._waiting))])
        if batch.error is not None:
            raise batch.error

    def find(self, query: EventQuery, *, indexes: Collection[str]) -> Table:
        """The events that the query can meet, newest first, with their own fields and then the indexed ones.

        ``indexes``: the names that the reader may see; the query's are matched among them. A query without any means all
        of them. Raises StoreError.
        """
        columns = Columns()
        with self._errors(), self._reader() as db:
            for index in chosen(query.indexes, indexes):
                for chunk in reading.chunks(db, query, index):
                    columns.extend(index, chunk)
            return columns.table(self._origins(db, columns.origins))

    def summaries(self) -> dict[str, IndexSummary]:
        """What each index with events holds. Raises StoreError."""
        with self._errors(), self._reader() as db:
            found = {}
            for index, events, size in db.execute('SELECT "index", events, bytes FROM totals ORDER BY 1').fetchall():
                first, last = (
                    db.execute(f'SELECT {extreme}(time) FROM events WHERE "index" = ?', [index]).fetchone()[0]
                    for extreme in ("min", "max")
                )
                if first is not None:
                    found[index] = IndexSummary(events, size, first / 1_000_000, last / 1_000_000)
            return found

    def trim(self, index: str, *, before: float, largest_bytes: int) -> int:
        """Removes the events whose time and arrival are before (epoch seconds), and the oldest above so many bytes of text.

        How many were removed. The file keeps its size; its free pages are used again. Raises StoreError.
        """
        removed = 0
        while True:
            with self._writing, self._errors(), self._transaction():
                count = retention.remove_oldest(self._db, index, before=before, most=retention.CHUNK)
                if not count:
                    most = min(retention.excess(self._db, index, largest_bytes), retention.CHUNK)
                    count = retention.remove_oldest(self._db, index, before=math.inf, most=most)
            if not count:
                return removed
            removed += count

    def _write(self, batches: Sequence[Batch]) -> None:
        """One transaction for all batches; each learns how it went."""
        error: StoreError | None = StoreError("The thread that wrote the events was ended; send them again.")
        try:
            with self._errors(), self._transaction():
                self._insert([row for batch in batches for row in batch.rows(self._origin)])
                self._count([event for batch in batches for event in batch.events])
            error = None
        except StoreError as exc:
            error = exc
        finally:
            if error is not None:
                self._known.clear()  # an origin may have been rolled back with the rest
            for batch in batches:
                batch.done, batch.error = True, error

    def _insert(self, rows: list[tuple[Any, ...]]) -> None:
        """Many rows a statement: each statement gives up the interpreter lock, and may wait for it (see reading.py)."""
        start = 0
        for size in _ROWS_A_STATEMENT:
            statement = (
                'INSERT INTO events ("index", time, indextime, origin, fields, raw) VALUES '
                + ", ".join(["(?, ?, ?, ?, ?, ?)"] * size)
            )  # fmt: skip
            while len(rows) - start >= size:
                self._db.execute(statement, list(itertools.chain.from_iterable(rows[start : start + size])))
                start += size

    def _count(self, events: Sequence[Event]) -> None:
        counts: Counter[str] = Counter(event.index for event in events)
        sizes: Counter[str] = Counter()
        for event in events:
            sizes[event.index] += len(event.raw) if event.raw.isascii() else len(event.raw.encode())
        for index, count in counts.items():
            self._db.execute(
                "INSERT INTO totals VALUES (?, ?, ?) "
                "ON CONFLICT DO UPDATE SET events = events + excluded.events, bytes = bytes + excluded.bytes",
                [index, count, sizes[index]],
            )

    def _origin(self, event: Event) -> int:
        key = (event.sourcetype, event.source, event.host)
        number = self._known.get(key)
        if number is None:
            self._db.execute("INSERT OR IGNORE INTO origins (sourcetype, source, host) VALUES (?, ?, ?)", key)
            found = self._db.execute(
                "SELECT number FROM origins WHERE sourcetype = ? AND source = ? AND host = ?", key
            ).fetchone()
            if len(self._known) >= _KNOWN_ORIGINS:
                self._known.clear()
            number = self._known[key] = found[0]
        return number

    @staticmethod
    def _origins(db: sqlite3.Connection, numbers: Collection[int]) -> dict[int, tuple[str, str, str]]:
        asked = f"[{','.join(map(str, numbers))}]"
        rows = db.execute(
            "SELECT number, sourcetype, source, host FROM origins WHERE number IN (SELECT value FROM json_each(?))",
            [asked],
        ).fetchall()
        return {number: (sourcetype, source, host) for number, sourcetype, source, host in rows}

    def _connected(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._file, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        db.create_function("folded", 1, str.lower, deterministic=True)
        return db

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @contextlib.contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        """A connection for one reader, in one view of the store."""
        try:
            db = self._readers.pop()
        except IndexError:
            db = self._connected()
        try:
            db.execute("BEGIN")
            yield db
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")
            if self._closed:
                db.close()
            else:
                self._readers.append(db)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as exc:
            raise StoreError(
                f"The event store {self._file} cannot be used ({exc}); check that its folder is writable and has room."
            ) from exc
