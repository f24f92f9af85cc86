"""One event as it is stored, and the fields that every stored event has."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

OWN_FIELDS = ("_time", "_indextime", "_raw", "index", "sourcetype", "source", "host")
LATEST_TIME = 253_402_300_800  # seconds: the year 10000, where Splunk's own clock formats end


class StoreError(Exception):
    """The store cannot do what it is asked for; the message names the file or value and the remedy."""


@dataclass(frozen=True)
class Event:
    """One event; ``time`` in epoch seconds, kept to the microsecond. ``fields`` are indexed: they need no extraction."""

    time: float
    raw: str
    index: str
    sourcetype: str
    source: str
    host: str
    fields: Mapping[str, str | list[str]] = field(default_factory=dict)


def microseconds(time: float) -> int:
    """Epoch seconds in whole microseconds. Raises StoreError for what is no time between the years 0 and 10000."""
    if not math.isfinite(time) or not abs(time) < LATEST_TIME:
        raise StoreError(f"{time} is no time of an event; give epoch seconds, less than {LATEST_TIME}.")
    return round(time * 1_000_000)


def time_text(micros: int) -> str:
    """Microseconds as Splunk writes ``_time``: whole seconds, or with as many decimals as needed."""
    seconds, rest = divmod(abs(micros), 1_000_000)
    text = f"{seconds}.{rest:06d}".rstrip("0") if rest else str(seconds)
    return f"-{text}" if micros < 0 else text


def packed(fields: Mapping[str, str | list[str]]) -> str | None:
    """Indexed fields as one JSON text, None for none; names that an event has anyway are left out."""
    own = {name: value for name, value in fields.items() if name not in OWN_FIELDS}
    return json.dumps(own, ensure_ascii=False, separators=(",", ":")) if own else None
