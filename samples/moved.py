"""The sample's telemetry at other times, as the browser collector would have sent it: for a search head that is served.

enrollment sessions    the days before, several a day
test sessions          the last hours; the last of them has just ended
"""

from __future__ import annotations

import csv
import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOOKUP = Path(__file__).resolve().parent.parent / "lookups" / "mousematch_sample.csv"
ENROLL, TEST = "enroll", "test"

_DAY_S = 86_400.0
_ENROLL_DAYS = (9.0, 2.0)  # ago: the first and the last enrollment session
_NAMES = uuid.UUID("6f1c6f6e-6d6f-7573-652d-6d6174636821")


@dataclass(frozen=True)
class Session:
    """One session of the sample: events are (seconds since 1970, the event's JSON), in order."""

    name: str
    user: str
    purpose: str
    events: tuple[tuple[float, dict[str, Any]], ...]

    @property
    def seconds(self) -> float:
        """From the first event to the last point."""
        return _ended_ms(self.events[-1][1]) / 1000 - self.events[0][0]

    def at(self, start_s: float, *, sent_s: float) -> Session:
        """The same session, begun at another time and sent at a third, with what the collector writes into each batch.

        ``tab`` and ``page_id`` depend on nothing but the session, so that sending it twice shows as a repetition.
        """
        shift_s = start_s - self.events[0][0]
        pages: dict[str, int] = {}
        moved = []
        for time_s, event in self.events:
            number = pages[event["page"]] = pages.get(event["page"], -1) + 1
            start_ms = event["start"] + round(shift_s * 1000)
            batch = {
                **event,
                "tab": event.get("tab", _name(self.name, "tab")),
                "page_id": _name(self.name, event["page"]),
                "start": start_ms,
                "sent": round(sent_s * 1000),
                "seq": number,
            }
            moved.append((time_s + shift_s, batch))
        return Session(self.name, self.user, self.purpose, tuple(moved))


def read(path: Path = LOOKUP) -> list[Session]:
    """The sample's sessions, in the order in which they began."""
    csv.field_size_limit(1 << 30)
    sessions: dict[str, Session] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            name = row["session"]
            before = sessions.get(name, Session(name, row["user"], row["purpose"], ()))
            event = (float(row["_time"]), json.loads(row["_raw"]))
            sessions[name] = Session(
                name, before.user, before.purpose, tuple(sorted((*before.events, event), key=_time))
            )
    return sorted(sessions.values(), key=lambda session: session.events[0][0])


def move(sessions: Sequence[Session], *, now_s: float, hours: float) -> list[Session]:
    """The sessions at new times: test sessions within the last ``hours`` before ``now_s``, enrollment days before."""
    moved = []
    for purpose in (ENROLL, TEST):
        group = [session for session in sessions if session.purpose == purpose]
        first, last = (days * _DAY_S for days in _ENROLL_DAYS) if purpose == ENROLL else (hours * 3600, 0.0)
        for number, session in enumerate(group):
            ago_s = first + (last - first) * number / max(1, len(group) - 1)
            moved.append(session.at(now_s - ago_s - session.seconds - 1, sent_s=now_s))
    return moved


def hec_bodies(sessions: Sequence[Session], *, largest: int = 500_000) -> Iterator[tuple[int, str]]:
    """(events, body) of each request to HEC: concatenated JSON, about ``largest`` characters, one event at least."""
    texts: list[str] = []
    size = 0
    for session in sessions:
        for time_s, event in session.events:
            text = json.dumps({"time": round(time_s, 3), "event": event}, separators=(",", ":"))
            if texts and size + len(text) > largest:
                yield len(texts), "".join(texts)
                texts, size = [], 0
            texts.append(text)
            size += len(text)
    if texts:
        yield len(texts), "".join(texts)


def _time(event: tuple[float, dict[str, Any]]) -> float:
    return event[0]


def _ended_ms(event: dict[str, Any]) -> float:
    return float(event["start"] + sum(event["points"]["dt"]))


def _name(session: str, part: str) -> str:
    return uuid.uuid5(_NAMES, f"{session}/{part}").hex[:16]
