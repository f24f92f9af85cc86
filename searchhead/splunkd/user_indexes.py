"""The indexes as one user's searches see them: role permissions in front of the event store."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from searchhead.indexes import Event, StoreError, definitions
from searchhead.indexes.store import EventStore
from searchhead.spl.context import EventQuery
from searchhead.spl.errors import SplError
from searchhead.table import Table, Value

from ..access import Access
from .conf_store import ConfStore

_OWN = ("_time", "_raw", "_indextime", "index", "sourcetype", "source", "host")


class UserIndexes:
    """What a search of this user may read and write; ``scanned`` counts the events that it has read."""

    def __init__(
        self,
        store: EventStore,
        confs: ConfStore,
        access: Access,
        user: str,
        *,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """``check`` raises when the search was cancelled."""
        self._store = store
        self._confs = confs
        self._access = access
        self._user = user
        self._check = check
        self.scanned = 0

    def find(self, query: EventQuery) -> Table:
        """The events, newest first; those of indexes that the user's roles do not allow are not there. Raises SplError."""
        self._check()
        allowed, default = self._access.indexes(self._user, definitions.enabled(self._confs))
        if query.indexes is None:
            query = replace(query, indexes=tuple(sorted(default)))
        if not query.indexes:  # a role without default indexes; the store reads no names as all of them
            return Table.empty()
        try:
            found = self._store.find(query, indexes=allowed)
        except StoreError as exc:
            raise SplError(str(exc)) from exc
        self.scanned += len(found)
        return found

    def add(self, rows: Table, *, index: str, sourcetype: str, source: str, host: str) -> None:
        """Stores rows of _time and _raw, on disk when this returns. Raises SplError for an unknown or disabled index."""
        self._check()
        if index not in definitions.enabled(self._confs):
            raise SplError(f"Error in 'collect' command: The index '{index}' does not exist; add it to indexes.conf.")
        if "run_collect" not in self._access.principal(self._user).capabilities:
            raise SplError("Error in 'collect' command: You have insufficient privileges to run this command.")
        times, texts = rows.column("_time"), rows.column("_raw")
        others = [field for field in rows.fields if field not in _OWN]
        indexed = [rows.column(field) for field in others]
        host = host or socket.gethostname()
        events = [
            Event(
                _seconds(times[row]), _text(texts[row]), index, sourcetype, source, host,
                {field: value for field, column in zip(others, indexed) if (value := column[row]) is not None},
            )
            for row in range(len(rows))
        ]  # fmt: skip
        try:
            self._store.add(events)
        except StoreError as exc:
            raise SplError(f"Error in 'collect' command: {exc}") from exc


def _seconds(value: Value) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return time.time()


def _text(value: Value) -> str:
    return "\n".join(value) if isinstance(value, list) else value or ""


def lookup_name(raw_args: str, flags: Sequence[str]) -> str:
    """The lookup that a command's arguments name: the first that is no option such as ``append=true``."""
    for argument in re.findall(r'"[^"]*"|[^\s,]+', raw_args):
        option, equals, _ = argument.partition("=")
        if not (equals and option.lower() in flags):
            return argument.strip('"')
    return ""
