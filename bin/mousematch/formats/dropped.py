"""What could not be read: counted by reason, with an example, in words that say what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

NOT_JSON = "not_json"
NO_MOVEMENT = "no_movement"
BAD_BATCH = "bad_batch"
NO_POSITION = "no_position"
OFF_SCREEN = "off_screen"
NO_TIME = "no_time"
BAD_TIME = "bad_time"
FAR_TIME = "far_time"
UNKNOWN_KIND = "unknown_kind"

# reason → (what is dropped, why, what to do about it)
REASONS: Mapping[str, tuple[str, str, str]] = {
    NOT_JSON: ("event", "cut off or no JSON", "set TRUNCATE = 0 for the sourcetype if its events end early"),
    NO_MOVEMENT: ("event", "no mouse movement in a known format", "name the fields with x= and y=, or search less"),
    BAD_BATCH: ("event", "a batch with missing, uneven or wrong arrays", "compare it with docs/telemetry.md"),
    NO_POSITION: ("point", "an x or y that is missing or no number", "name the fields with x= and y="),
    OFF_SCREEN: ("point", "on no screen, more than 32,000 px away", "remote-desktop captures write 65535 like this"),
    NO_TIME: ("point", "no time", "name its field with time="),
    BAD_TIME: ("point", "a time that is no number", "name the field with time="),
    FAR_TIME: ("point", "a time after the year 5138", "add timeunit=ms if times are in milliseconds"),
    UNKNOWN_KIND: ("point", "a state or type that is no pointer event", "name the field with state="),
}

EXAMPLE_LENGTH = 100


class Dropped:
    """How many points (of events that cannot be read at all: how many events) were dropped, by reason."""

    def __init__(self) -> None:
        self._reasons: dict[str, tuple[int, str]] = {}

    def add(self, reason: str, example: str, count: int = 1) -> None:
        """Counts ``count`` of a reason. Keeps the example that sorts first, whatever order they come in."""
        example = example[:EXAMPLE_LENGTH]
        known, first = self._reasons.get(reason, (0, example))
        self._reasons[reason] = (known + count, min(first, example))

    def update(self, other: Dropped) -> None:
        """Counts what another counted."""
        for reason, (count, example) in other._reasons.items():
            self.add(reason, example, count)

    @property
    def total(self) -> int:
        """How many in all."""
        return sum(count for count, _ in self._reasons.values())

    def sentences(self) -> Iterator[str]:
        """One sentence a reason: how many of what, why, the first example, the remedy."""
        for reason, (what, why, remedy) in REASONS.items():
            count, example = self._reasons.get(reason, (0, ""))
            if count:
                plural = "s" if count > 1 else ""
                yield f"dropped {count:,} {what}{plural}: {why}; {remedy}." + (f" First: {example}" if example else "")

    def to_json(self) -> str:
        """As text, to travel from the map phase to the reduce phase; empty if nothing was dropped."""
        return json.dumps(self._reasons, separators=(",", ":")) if self._reasons else ""

    @classmethod
    def from_json(cls, text: str) -> Dropped:
        """What to_json gave as text."""
        dropped = cls()
        if text:
            for reason, (count, example) in json.loads(text).items():
                dropped.add(reason, example, count)
        return dropped
