"""What the scheduler has run and which alerts have fired, in SQLite.

A run goes through three states, each on disk before the next step begins:

    running    claimed: the search is under way. After a crash it is run again, for the same scheduled time
    acting     its alerts are recorded, together with the results that its actions need. After a crash the actions go on
    (gone)     finished

So an alert is recorded once for each scheduled time, whenever the process ends.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..splunkd.errors import SplunkdError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS searches (
    name TEXT PRIMARY KEY, cron TEXT NOT NULL, last REAL NOT NULL, count REAL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (
    name TEXT NOT NULL, scheduled REAL NOT NULL, sid TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL,
    payload BLOB,
    PRIMARY KEY (name, scheduled)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS suppressed (what TEXT PRIMARY KEY, name TEXT NOT NULL, until REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fired (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL, sid TEXT NOT NULL, time REAL NOT NULL, expires REAL NOT NULL,
    severity INTEGER NOT NULL, actions TEXT NOT NULL, digest INTEGER NOT NULL, results INTEGER NOT NULL
);
"""


@dataclass(frozen=True)
class Run:
    """One run of a saved search for one scheduled time; ``payload`` is what its actions need."""

    name: str
    scheduled: float
    sid: str
    state: str = "running"
    attempts: int = 1
    payload: Any = None


@dataclass(frozen=True)
class Fired:
    """One alert that fired; times are epoch seconds, ``results`` those that triggered it."""

    name: str
    sid: str
    time: float
    expires: float
    severity: int
    actions: str
    digest: bool
    results: int
    number: int = 0


class State:
    """The scheduler's memory; safe to use from several threads."""

    def __init__(self, file: Path) -> None:
        """Opens or creates the file. Raises SplunkdError."""
        self._lock = threading.RLock()
        try:
            self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=30.0)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_SCHEMA)
        except sqlite3.Error as exc:
            raise SplunkdError(
                f"The scheduler's state {file} cannot be used ({exc}); give --state another folder."
            ) from exc

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._db.close()

    # -- searches -------------------------------------------------------------------------------------------------------

    def last(self, name: str, cron: str) -> float | None:
        """The last scheduled time that was dealt with; None for a search that is new or that has another schedule."""
        rows = self._rows("SELECT last FROM searches WHERE name = ? AND cron = ?", [name, cron])
        return rows[0][0] if rows else None

    def begin(self, name: str, cron: str, now: float) -> None:
        """Times later than ``now`` will be due."""
        with self._changing() as db:
            db.execute(
                "INSERT INTO searches (name, cron, last) VALUES (?, ?, ?)"
                " ON CONFLICT DO UPDATE SET cron = excluded.cron, last = excluded.last",
                [name, cron, now],
            )

    def keep(self, names: Iterable[str]) -> None:
        """Forgets the schedules of all other searches, so that nothing is caught up when they are switched on again."""
        kept = json.dumps(sorted(names))
        with self._changing() as db:
            db.execute("DELETE FROM searches WHERE name NOT IN (SELECT value FROM json_each(?))", [kept])

    def count(self, name: str) -> float | None:
        """What the last run counted."""
        rows = self._rows("SELECT count FROM searches WHERE name = ?", [name])
        return rows[0][0] if rows else None

    # -- runs -----------------------------------------------------------------------------------------------------------

    def claim(self, run: Run) -> bool:
        """Begins a run; False when that scheduled time is dealt with already, by another process too."""
        with self._changing() as db:
            moved = db.execute(
                "UPDATE searches SET last = ? WHERE name = ? AND last < ?", [run.scheduled, run.name, run.scheduled]
            )
            if not moved.rowcount:
                return False
            db.execute(
                "INSERT INTO runs VALUES (?, ?, ?, 'running', ?, NULL)",
                [run.name, run.scheduled, run.sid, run.attempts],
            )
        return True

    def open(self, run: Run) -> None:
        """Begins a run that no schedule asked for."""
        with self._changing() as db:
            db.execute("INSERT INTO runs VALUES (?, ?, ?, 'running', 1, NULL)", [run.name, run.scheduled, run.sid])

    def pass_over(self, name: str, scheduled: float) -> None:
        """That time will not be run."""
        with self._changing() as db:
            db.execute("UPDATE searches SET last = ? WHERE name = ? AND last < ?", [scheduled, name, scheduled])

    def retry(self, run: Run, sid: str) -> Run:
        """The run again, with another search id."""
        with self._changing() as db:
            db.execute(
                "UPDATE runs SET attempts = attempts + 1, sid = ? WHERE name = ? AND scheduled = ?",
                [sid, run.name, run.scheduled],
            )
        return Run(run.name, run.scheduled, sid, run.state, run.attempts + 1)

    def unfinished(self) -> list[Run]:
        """Runs that an earlier process has left."""
        rows = self._rows("SELECT name, scheduled, sid, state, attempts, payload FROM runs ORDER BY scheduled, name")
        return [Run(*row[:5], payload=None if row[5] is None else json.loads(zlib.decompress(row[5]))) for row in rows]

    def record(
        self, run: Run, *, count: float, fired: Sequence[Fired], suppressed: Mapping[str, float], payload: Any
    ) -> None:
        """All that follows from a run, at once: its alerts, what is suppressed until when, what is still to do."""
        packed = None if payload is None else zlib.compress(json.dumps(payload).encode())
        with self._changing() as db:
            db.execute("UPDATE searches SET count = ? WHERE name = ?", [count, run.name])
            db.executemany(
                "INSERT INTO fired (name, sid, time, expires, severity, actions, digest, results)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [(a.name, a.sid, a.time, a.expires, a.severity, a.actions, int(a.digest), a.results) for a in fired],
            )
            db.executemany(
                "INSERT INTO suppressed VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET until = max(until, excluded.until)",
                [(what, run.name, until) for what, until in suppressed.items()],
            )
            if packed is None:
                db.execute("DELETE FROM runs WHERE name = ? AND scheduled = ?", [run.name, run.scheduled])
            else:
                db.execute(
                    "UPDATE runs SET state = 'acting', payload = ? WHERE name = ? AND scheduled = ?",
                    [packed, run.name, run.scheduled],
                )

    def finish(self, run: Run) -> None:
        """Nothing is left to do for the run."""
        with self._changing() as db:
            db.execute("DELETE FROM runs WHERE name = ? AND scheduled = ?", [run.name, run.scheduled])

    # -- alerts ---------------------------------------------------------------------------------------------------------

    def suppressed_until(self, what: str) -> float:
        """When an alert of this kind may fire again; 0 for at once."""
        rows = self._rows("SELECT until FROM suppressed WHERE what = ?", [what])
        return rows[0][0] if rows else 0.0

    def suppressions(self, name: str, now: float) -> float:
        """The longest time until which alerts of a search are suppressed; 0 when none are."""
        rows = self._rows("SELECT max(until) FROM suppressed WHERE name = ? AND until > ?", [name, now])
        return rows[0][0] or 0.0

    def suppress(self, what: str, name: str, until: float) -> None:
        """Suppresses alerts until then; 0 ends it."""
        with self._changing() as db:
            db.execute("INSERT OR REPLACE INTO suppressed VALUES (?, ?, ?)", [what, name, until])

    def acknowledge(self, name: str) -> None:
        """Ends all suppression of a search's alerts."""
        with self._changing() as db:
            db.execute("DELETE FROM suppressed WHERE name = ?", [name])

    def fired(self, now: float, name: str | None = None) -> list[Fired]:
        """The alerts that have not expired, the newest first."""
        where, values = ("AND name = ?", [now, name]) if name is not None else ("", [now])
        rows = self._rows(
            "SELECT name, sid, time, expires, severity, actions, digest, results, number FROM fired"
            f" WHERE expires > ? {where} ORDER BY time DESC, number DESC",
            values,
        )
        return [Fired(*row[:6], bool(row[6]), row[7], row[8]) for row in rows]

    def drop_fired(self, number: int) -> None:
        """Deletes one alert."""
        with self._changing() as db:
            db.execute("DELETE FROM fired WHERE number = ?", [number])

    def expire(self, now: float) -> None:
        """Deletes what has expired."""
        with self._changing() as db:
            db.execute("DELETE FROM fired WHERE expires <= ?", [now])
            db.execute("DELETE FROM suppressed WHERE until <= ?", [now])

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._lock:
            return self._db.execute(query, values).fetchall()

    @contextlib.contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
