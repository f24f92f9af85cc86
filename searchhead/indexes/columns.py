"""Events on their way from the store into a table."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ..table import Table, Value
from .events import time_text
from .reading import Chunk


class Columns:
    """Gathers chunks of one index after the other; each index's events come newest first."""

    def __init__(self) -> None:
        self._times: list[int] = []
        self._numbers: list[int] = []
        self._origins: list[int] = []
        self._index_times: list[Value] = []
        self._raws: list[Value] = []
        self._indexes: list[Value] = []
        self._fields: dict[str, dict[int, Value]] = {}  # name → row → value

    @property
    def origins(self) -> Collection[int]:
        """The numbers of all origins so far."""
        return set(self._origins)

    def extend(self, index: str, chunk: Chunk) -> None:
        """Appends a chunk of this index."""
        first = len(self._times)
        self._times += chunk.times
        self._numbers += chunk.numbers
        self._origins += chunk.origins
        self._index_times += chunk.index_times
        self._raws += chunk.raws
        self._indexes += [index] * len(chunk.times)
        for row, fields in enumerate(chunk.fields, start=first):
            for name, value in (fields or {}).items():
                self._fields.setdefault(name, {})[row] = value

    def table(self, origins: Mapping[int, tuple[str, str, str]]) -> Table:
        """All events, newest first; ``origins``: sourcetype, source and host by number."""
        named = [origins[number] for number in self._origins]
        rows = range(len(self._times))
        table = Table.from_columns(
            {
                "_time": [time_text(time) for time in self._times],
                "_indextime": self._index_times,
                "_raw": self._raws,
                "index": self._indexes,
                "sourcetype": [origin[0] for origin in named],
                "source": [origin[1] for origin in named],
                "host": [origin[2] for origin in named],
                **{name: [values.get(row) for row in rows] for name, values in self._fields.items()},
            }
        )
        if len(set(self._indexes)) < 2:
            return table
        return table.take(sorted(rows, key=lambda row: (self._times[row], self._numbers[row]), reverse=True))
