"""Indexes in memory, for searches of events; and the app whose knowledge the events meet."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from searchhead.spl import EventQuery, SplError
from searchhead.table import Table, Value

FIELDS = ("_time", "_indextime", "_raw", "index", "sourcetype", "source", "host")


class MemoryIndexes:
    """Events as dicts; ``asked`` keeps every query. A search that names none of ``names`` is one of ``defaults``."""

    def __init__(self, names: Sequence[str] = ("main", "summary", "web"), defaults: Sequence[str] = ("main",)) -> None:
        self.names, self.defaults = tuple(names), tuple(defaults)
        self.events: list[dict[str, str | list[str]]] = []
        self.asked: list[EventQuery] = []

    def put(self, time: float, raw: str, **fields: str) -> None:
        """One event; by default of main, sourcetype text, source s, host h."""
        given = {"index": "main", "sourcetype": "text", "source": "s", "host": "h", **fields}
        self.events.append({"_time": str(time), "_indextime": str(time + 1), "_raw": raw, **given})

    def find(self, query: EventQuery) -> Table:
        self.asked.append(query)
        found = [event for event in self.events if self._meets(event, query)]
        found.sort(key=lambda event: -float(str(event["_time"])))
        fields = list(dict.fromkeys([*FIELDS, *(field for event in found for field in event)]))
        return Table.from_rows(found, [field for field in fields if query.raw or field != "_raw"])

    def add(self, rows: Table, *, index: str, sourcetype: str, source: str, host: str) -> None:
        if index not in self.names:
            raise SplError(f"Error in 'collect' command: There is no index '{index}'.")
        for row in rows.rows():
            self.put(
                float(str(row["_time"])), str(row["_raw"]), index=index, sourcetype=sourcetype, source=source, host=host
            )

    def _meets(self, event: dict[str, str | list[str]], query: EventQuery) -> bool:
        time = float(str(event["_time"]))
        wanted = {
            "index": query.indexes or self.defaults, "sourcetype": query.sourcetypes,
            "source": query.sources, "host": query.hosts,
        }  # fmt: skip
        return (
            all(names is None or _named(event[field], names) for field, names in wanted.items())
            and (query.earliest is None or query.earliest <= time)
            and (query.latest is None or time < query.latest)
            and all(text.lower() in str(event["_raw"]).lower() for text in query.contains)
        )


def _named(value: Value, names: Sequence[str]) -> bool:
    return any(fnmatchcase(str(value).lower(), name.lower()) for name in names)
