"""scheduler.log: what the scheduler did, as events of _internal with sourcetype scheduler."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from searchhead.indexes import Event, EventStore, StoreError

from .saved import SavedSearch

_BARE = ("search_streaming", "priority", "status", "digest_mode", "durable_cursor", "scheduled_time", "window_time",
         "dispatch_time", "run_time", "result_count", "suppressed", "fired")  # fmt: skip


class SchedulerLog:
    """Writes the events; a store that cannot be written to costs the log, not the searches."""

    def __init__(self, store: Callable[[], EventStore], home: Path, host: str) -> None:
        self._store = store
        self._source = str(home / "var" / "log" / "splunk" / "scheduler.log")
        self._host = host
        self._told: set[tuple[str, str]] = set()

    def run(self, saved: SavedSearch, level: str = "INFO", **pairs: object) -> None:
        """A line about one run of a search, or about one that did not come to be."""
        known = {
            "savedsearch_id": f"{saved.owner};{saved.app};{saved.name}",
            "search_type": "scheduled",
            "search_streaming": 0,
            "user": saved.owner,
            "app": saved.app,
            "savedsearch_name": saved.name,
            "priority": saved["schedule_priority"] or "default",
        }
        self._write(level, {**known, **pairs})

    def message(self, saved: SavedSearch, level: str, text: str, *, once: bool = False) -> None:
        """A line with a message; ``once`` for each search and text."""
        if once:
            if (saved.name, text) in self._told:
                return
            self._told.add((saved.name, text))
        self._write(level, {"savedsearch_id": f"{saved.owner};{saved.app};{saved.name}", "message": text})

    def _write(self, level: str, pairs: dict[str, object]) -> None:
        now = time.time()
        stamp = time.strftime("%m-%d-%Y %H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03d} +0000"
        told = ", ".join(f"{key}={_value(key, value)}" for key, value in pairs.items())
        raw = f"{stamp} {level:<5} SavedSplunker - {told}"
        with contextlib.suppress(StoreError):
            self._store().add([Event(now, raw, "_internal", "scheduler", self._source, self._host)])


def _value(key: str, value: object) -> str:
    if isinstance(value, float):
        value = f"{value:.3f}".rstrip("0").rstrip(".") if key != "run_time" else f"{value:.3f}"
    text = str(value)
    return text if key in _BARE else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
