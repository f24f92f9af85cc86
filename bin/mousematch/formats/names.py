"""Which fields of a search hold what: those of telemetry, as the options of mouseencode name them, and those it gives."""

from __future__ import annotations

from dataclasses import dataclass

# Where the time stands when the option time= does not say; the first that a row has. Splunk's own _time comes last: it
# is there for every event, but often as coarse as the event's timestamp text.
TIME_FIELDS = ("time", "client timestamp", "timestamp")
SPLUNK_TIME = "_time"
# Rows of recordings have "state", DOM events "type".
STATE_FIELDS = ("state", "type")
RAW = "_raw"

# What the map phase sends to the reduce phase.
PACKED_KEY = "mousematch_key"
PACKED_POINTS = "mousematch_points"
PACKED_DROPPED = "mousematch_dropped"
PACKED_FIELDS = (PACKED_KEY, PACKED_POINTS, PACKED_DROPPED)

# A row of results: whose it is (before the by-fields), its figures, one value a window, how it was drawn, how it moved.
IDENTITY = ("session", "user")
FIGURES = ("start", "end", "active_s", "points", "strokes", "clicks", "distance_px", "dropped")
PER_WINDOW = ("image", "window_start", "window_active_s", "window_distance_px")
ENCODING = "encoding"
# What mousescore tells bots by, and what replays share; multivalue.
KINEMATICS, PATH_HASH = "kinematics", "path_hash"

UNITS_US = {"s": 1e6, "ms": 1e3}


@dataclass(frozen=True)
class FieldNames:
    """Names of the fields, and the unit of the time field. ``time`` and ``state`` None: the usual names in turn.

    by: further fields that belong to a session's identity and are carried through to the results.
    """

    session: str = "session"
    user: str = "user"
    time: str | None = None
    timeunit: str | None = None
    x: str = "x"
    y: str = "y"
    button: str = "button"
    state: str | None = None
    by: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, ...]:
        """The fields that tell one session from another."""
        return (self.session, self.user, *self.by)

    @property
    def times(self) -> tuple[tuple[str, float], ...]:
        """The fields that may hold the time, in turn, with their units in microseconds."""
        unit_us = UNITS_US[self.timeunit or "s"]
        if self.time is not None:
            # _time is in seconds whatever the command says of other fields, unless it is said of _time itself.
            return ((self.time, unit_us),)
        return (*((field, unit_us) for field in TIME_FIELDS), (SPLUNK_TIME, UNITS_US["s"]))

    @property
    def states(self) -> tuple[str, ...]:
        """The fields that may hold the kind of event, in turn."""
        return STATE_FIELDS if self.state is None else (self.state,)

    @property
    def all(self) -> list[str]:
        """Every field that is read."""
        times = [field for field, _ in self.times]
        return [RAW, SPLUNK_TIME, *self.key, *times, self.x, self.y, self.button, *self.states]
