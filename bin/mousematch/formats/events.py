"""JSON events of any format: detected one by one, and handed to the module that reads the format."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mousematch.errors import TelemetryError
from mousematch.formats.batch import is_batch, read_batch
from mousematch.formats.names import SPLUNK_TIME, FieldNames
from mousematch.formats.rows import RowPoints
from mousematch.formats.rrweb import is_rrweb, read_rrweb

Event = Mapping[str, Any]

# Where many events travel as one: the key of their list.
WRAPPED = "events"
# Where the place of a point may stand, besides the event itself.
NESTED = "info"


def looks_like_json(raw: str) -> bool:
    """Whether an event's text is meant as JSON."""
    return raw.lstrip()[:1] in ("{", "[")


def parse(raw: str) -> Iterator[tuple[Event, Event]]:
    """The single events in an event's text, each with the event around it: itself, unless it came wrapped in a list.

    Raises TelemetryError if the text is no JSON, or JSON of something else than events.
    """
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as exc:
        raise TelemetryError(f"not JSON: {exc}") from exc
    around: Event = {}
    if isinstance(found, dict):
        if not isinstance(found.get(WRAPPED), list):
            yield found, found
            return
        around, found = found, found[WRAPPED]
    if not isinstance(found, list):
        raise TelemetryError("not an object")
    for event in found:
        if isinstance(event, dict):
            yield event, around


def read_many(event: Event) -> RowPoints | None:
    """The points of an event that holds many, or None if it is of no such format. Raises TelemetryError if damaged."""
    if is_batch(event):
        return read_batch(event)
    if is_rrweb(event):
        return read_rrweb(event)
    return None


def value_at(event: Event, field: str) -> Any:
    """What an event holds under a name, or under a path of names with dots between; None if nothing."""
    found = event.get(field)
    if found is None and "." in field:
        found = event
        for name in field.split("."):
            found = found.get(name) if isinstance(found, dict) else None
    return found


class PointColumns:
    """Events of one point each, gathered into columns so that ``rows.read_rows`` reads them all at once.

    The columns have fixed names whatever the search calls its fields. What the search itself has extracted or evaluated
    counts before what stands in the event.
    """

    def __init__(self, names: FieldNames, given: Mapping[str, Sequence[str]]) -> None:
        self._x, self._y, self._button, self._states = (names.x,), (names.y,), (names.button,), names.states
        times = [field for field, _ in names.times if names.time is not None or field != SPLUNK_TIME]
        self._given_times = [given[field] for field in times if field in given]
        self._event_times = times
        self._splunk_time = given.get(SPLUNK_TIME) if names.time is None else None
        self.columns: dict[str, list[Any]] = {"time": [], SPLUNK_TIME: [], "x": [], "y": [], "button": [], "state": []}
        self.names = FieldNames(timeunit=names.timeunit, state="state")

    def add(self, event: Event, row: int) -> bool:
        """Takes the point of an event in; False if it has none. ``row``: the event's row in the search."""
        nested = event.get(NESTED)
        parts = (event, nested) if isinstance(nested, dict) else (event,)
        x, y = _first(parts, self._x), _first(parts, self._y)
        if x is None and y is None:
            return False
        time = None
        for given in self._given_times:
            time = time or given[row]
        columns = self.columns
        columns["time"].append(time or _first(parts, self._event_times))
        columns[SPLUNK_TIME].append(self._splunk_time[row] if self._splunk_time else None)
        columns["x"].append(x)
        columns["y"].append(y)
        columns["button"].append(_first(parts, self._button))
        columns["state"].append(_first(parts, self._states))
        return True


def _first(parts: Sequence[Event], fields: Sequence[str]) -> Any:
    """The first value that the parts of an event have under the names, text if it is no plain value; or None."""
    for field in fields:
        for part in parts:
            value = part.get(field)
            if value is None and "." in field:
                value = value_at(part, field)
            if value is not None and value != "":
                return value if isinstance(value, (str, int, float)) else str(value)
    return None
