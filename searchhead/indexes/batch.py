"""The events of one call on their way into the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .events import Event, StoreError, microseconds, packed


class Batch:
    """What one call of ``add`` waits for."""

    def __init__(self, events: Sequence[Event], indextime: int) -> None:
        """Raises StoreError for an event that cannot be stored, before anything is written."""
        self.events = events
        self.done = False
        self.error: StoreError | None = None
        self._indextime = indextime
        self._times = [microseconds(event.time) for event in events]
        self._fields = [packed(event.fields) if event.fields else None for event in events]
        for event, fields in zip(events, self._fields):
            try:
                "".join((event.raw, event.index, event.sourcetype, event.source, event.host, fields or "")).encode()
            except UnicodeEncodeError as exc:
                raise StoreError(f"The event {event.raw[:40]!r} has half a character ({exc}); replace it.") from exc

    def rows(self, origin: Callable[[Event], int]) -> Iterator[tuple[Any, ...]]:
        """What goes into the table of events; ``origin`` numbers the sourcetype, source and host of an event."""
        for event, micros, fields in zip(self.events, self._times, self._fields):
            yield event.index, micros, self._indextime, origin(event), fields, event.raw
