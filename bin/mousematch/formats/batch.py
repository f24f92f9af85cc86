"""The project's own telemetry: one JSON event with many points, as the browser collector sends it.

    {"v":1, "session":"s-81f3", "user":"alice", "page":"/transfer", "viewport":[1440,789], "dpr":2, "pointer":"mouse",
     "start":1763822400123,
     "points":{"dt":[0,16,17], "x":[512,514,520], "y":[300,301,303], "kind":[0,0,1], "button":[0,0,1]}}

``start`` is milliseconds since 1970, ``dt`` milliseconds since the point before. ``kind`` and ``button`` are numbers as
in telemetry.py (MOVE 0 …, NONE 0 …); without them all points are moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mousematch.errors import TelemetryError
from mousematch.formats.kinds import UNKNOWN
from mousematch.formats.records import MAX_TIME_US, rising_us
from mousematch.formats.rows import RowPoints, numbers, read_points
from mousematch.telemetry import OTHER, SCROLL

VERSION = 1


def is_batch(event: Mapping[str, Any]) -> bool:
    """Whether a JSON event is one of these."""
    return "points" in event and "start" in event


def read_batch(event: Mapping[str, Any]) -> RowPoints:
    """The points of a batch. Raises TelemetryError if its arrays are missing, uneven or not of numbers."""
    points = event["points"]
    if event.get("v", VERSION) != VERSION:
        raise TelemetryError(f"v={event['v']!r} is no version that is known")
    if not isinstance(points, dict) or not all(isinstance(points.get(name), list) for name in ("dt", "x", "y")):
        raise TelemetryError("points needs the arrays dt, x and y")
    dt, x, y = (numbers(points[name]) for name in ("dt", "x", "y"))
    kind, button = (numbers(points.get(name) or [0] * len(x)) for name in ("kind", "button"))
    lengths = [len(array) for array in (dt, x, y, kind, button)]
    if len(set(lengths)) > 1:
        raise TelemetryError(f"dt, x, y, kind and button have {', '.join(map(str, lengths))} values")
    start = numbers([event["start"]])[0]
    return read_points(time_us=_times_us(start, dt), x=x, y=y, codes=_codes(kind, button))


def _times_us(start_ms: float, dt_ms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Microseconds of the points, rising: NaN or infinite where dt is no number or no time that passes in a session.

    A step back is no step: the clock was set while the points came in, and their order is known better than their time.
    """
    overflow = np.abs(dt_ms) * 1e3 > MAX_TIME_US
    steps = np.where(np.isnan(dt_ms) | overflow, 0.0, np.maximum(dt_ms, 0.0))
    time_us = rising_us((start_ms + np.cumsum(steps)) * 1e3)
    time_us[overflow] = np.inf
    time_us[np.isnan(dt_ms)] = np.nan
    return time_us


def _codes(kind: NDArray[np.float64], button: NDArray[np.float64]) -> NDArray[np.uint8]:
    known = (kind >= 0) & (kind <= SCROLL) & (kind == np.floor(kind))
    known_button = (button >= 0) & (button <= OTHER) & (button == np.floor(button))
    codes = np.where(known_button, button, OTHER) + 8 * np.where(known, kind, 0)
    codes[~known] = UNKNOWN
    numbered: NDArray[np.uint8] = codes.astype(np.uint8)
    return numbered
