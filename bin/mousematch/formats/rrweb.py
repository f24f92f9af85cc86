"""rrweb events, as session-replay recorders send them: incremental snapshots (type 3) of the pointer.

    source 1 mouse move, 6 touch move, 12 drag
        {"type":3, "timestamp":1763822400123,
         "data":{"source":1, "positions":[{"x":512,"y":300,"id":7,"timeOffset":-450}, …]}}
    source 2 mouse interaction
        {"type":3, "timestamp":1763822400123, "data":{"source":2, "type":1, "id":7, "x":512, "y":300}}

``timestamp`` is milliseconds since 1970, ``timeOffset`` milliseconds relative to it. rrweb does not say which button is
pressed: presses are read as the left one. Its other events (page snapshots, scrolling, inputs …) hold no pointer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mousematch.errors import TelemetryError
from mousematch.formats.kinds import CLICK
from mousematch.formats.records import rising_us
from mousematch.formats.rows import RowPoints, numbers, read_points
from mousematch.telemetry import DOWN, DRAG, LEFT, MOVE, NONE, RIGHT, UP

INCREMENTAL_SNAPSHOT = 3
INTERACTION_SOURCE = 2
# source → kind of its positions
POSITION_SOURCES = {1: (MOVE, NONE), 6: (DRAG, LEFT), 12: (DRAG, LEFT)}
# data.type of an interaction → kind and button: mouse up, mouse down, click, context menu, touch start, touch end
INTERACTIONS = {0: (UP, LEFT), 1: (DOWN, LEFT), 2: (CLICK, LEFT), 3: (CLICK, RIGHT), 7: (DOWN, LEFT), 9: (UP, LEFT)}


def is_rrweb(event: Mapping[str, Any]) -> bool:
    """Whether a JSON event is one of rrweb's, with or without pointer positions."""
    kind = event.get("type")
    return isinstance(kind, int) and 0 <= kind <= 6 and "timestamp" in event and isinstance(event.get("data"), dict)


def read_rrweb(event: Mapping[str, Any]) -> RowPoints:
    """The points of an rrweb event; none if it is about something else. Raises TelemetryError if it is incomplete."""
    data = event["data"]
    source = data.get("source")
    if event["type"] != INCREMENTAL_SNAPSHOT:
        return _points(event, [], [], [], (MOVE, NONE))
    if source == INTERACTION_SOURCE:
        meaning = INTERACTIONS.get(data.get("type"))
        # Focus, blur and double clicks tell nothing that the presses did not.
        if meaning is None or "x" not in data:
            return _points(event, [], [], [], (MOVE, NONE))
        return _points(event, [0], [data.get("x")], [data.get("y")], meaning)
    if source not in POSITION_SOURCES:
        return _points(event, [], [], [], (MOVE, NONE))
    positions = data.get("positions")
    if not isinstance(positions, list) or not all(isinstance(position, dict) for position in positions):
        raise TelemetryError("an rrweb mouse move needs positions")
    return _points(
        event,
        [position.get("timeOffset", 0) for position in positions],
        [position.get("x") for position in positions],
        [position.get("y") for position in positions],
        POSITION_SOURCES[source],
    )


def _points(
    event: Mapping[str, Any], offsets: list[Any], xs: list[Any], ys: list[Any], code: tuple[int, int]
) -> RowPoints:
    time_us = rising_us((numbers([event["timestamp"]])[0] + numbers(offsets)) * 1e3)
    kind, button = code
    codes = np.full(len(xs), kind * 8 + button, np.uint8)
    return read_points(time_us=time_us, x=numbers(xs), y=numbers(ys), codes=codes)
