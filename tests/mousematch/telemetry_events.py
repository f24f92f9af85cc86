"""Events for the tests of the telemetry formats, and what was read of them."""

from __future__ import annotations

import json

from mousematch.formats.names import FieldNames
from mousematch.formats.reader import read_into
from mousematch.sessions import Sessions

BATCH = {
    "v": 1,
    "session": "s-81f3",
    "user": "alice",
    "page": "/transfer",
    "viewport": [1440, 789],
    "dpr": 2,
    "pointer": "mouse",
    "start": 1_763_822_400_123,
    "points": {"dt": [0, 16, 17], "x": [512, 514, 520], "y": [300, 301, 303], "kind": [0, 0, 1], "button": [0, 0, 1]},
}
START_US = 1_763_822_400_123_000


def read(rows, **names):
    """Sessions of rows, which are dicts of fields: {key: Session}."""
    fields = list(dict.fromkeys(field for row in rows for field in row))
    sessions = Sessions()
    read_into(sessions, {field: [row.get(field, "") for row in rows] for field in fields}, FieldNames(**names))
    return {session.key: session for session in sessions.take_all()}


def one(rows, **names):
    (session,) = read(rows, **names).values()
    return session


def event(*events, **fields):
    return [{"_raw": json.dumps(event) if not isinstance(event, str) else event, **fields} for event in events]


def listed(session):
    points = session.points
    return list(zip(*(array.tolist() for array in (points.time_us, points.x, points.y, points.kind, points.button))))


def reasons(session):
    return {reason: count for reason, (count, _) in json.loads(session.dropped.to_json() or "{}").items()}
