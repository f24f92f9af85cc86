"""The browser's collector, played: a session's points as the batched JSON events that it sends (docs/telemetry.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

from mousematch.telemetry import Points
from samples.devices import Device

# The collector sends what it has every so often.
FLUSH_S = 10.0


def events(
    points: Points, *, session: str, user: str, page: str, device: Device, start_ms: int
) -> Iterator[tuple[int, str]]:
    """(time in milliseconds since 1970, JSON text) of each event, in order. points: times from 0."""
    if len(points) == 0:
        return
    time_ms = points.time_us // 1000
    batch = (points.time_us / 1e6 // FLUSH_S).astype(np.int64)
    for number in np.unique(batch):
        rows = np.flatnonzero(batch == number)
        first_ms = start_ms + int(time_ms[rows[0]])
        event = {
            "v": 1,
            "session": session,
            "user": user,
            "page": page,
            "viewport": list(device.viewport_px),
            "dpr": _short(device.dpr),
            "pointer": device.pointer,
            "start": first_ms,
            "points": {
                "dt": np.diff(time_ms[rows], prepend=time_ms[rows[0]]).tolist(),
                "x": [_short(value) for value in points.x[rows].tolist()],
                "y": [_short(value) for value in points.y[rows].tolist()],
                "kind": points.kind[rows].tolist(),
                "button": points.button[rows].tolist(),
            },
        }
        yield first_ms, json.dumps(event, separators=(",", ":"))


def _short(value: float) -> float | int:
    """A number without the digits that a float32 or a whole number does not need."""
    rounded = round(value, 2)
    return int(rounded) if rounded == int(rounded) else rounded
