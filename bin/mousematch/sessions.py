"""Sessions: points gathered by session and user, in any order and from any number of places.

    map phase     block of events → Sessions → packed rows (base64 of 18-byte records) ─┐
    reduce phase  packed rows, or events → Sessions ◀───────────────────────────────────┘ → Session, ordered, one by one

Nothing here depends on the order in which points arrive: records are appended as they come, and sorted at the end.
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from mousematch.formats.dropped import Dropped
from mousematch.formats.names import PACKED_DROPPED, PACKED_FIELDS, PACKED_KEY, PACKED_POINTS
from mousematch.formats.records import Records, points_of
from mousematch.telemetry import Points

# session, user, and the values of the by-fields
Key = tuple[str, ...]

_AS_JSON = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True)
class Session:
    """One session: its key, its ordered points, and what of it could not be read."""

    key: Key
    points: Points
    dropped: Dropped


class _Gathered:
    """What has arrived of a session. row: the first input row that it came in."""

    def __init__(self, row: int) -> None:
        self.row = row
        self.records = bytearray()
        self.dropped = Dropped()


class Sessions:
    """Sessions while their points come in."""

    def __init__(self) -> None:
        self._sessions: dict[Key, _Gathered] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def at(self, key: Key, row: int = 0) -> _Gathered:
        """The session of that key, begun if it is new."""
        found = self._sessions.get(key)
        if found is None:
            found = self._sessions[key] = _Gathered(row)
        return found

    def add(self, key: Key, records: Records, row: int = 0) -> None:
        """Adds the records of one session."""
        self.at(key, row).records.extend(records.tobytes())

    def add_rows(self, records: Records, keys: Sequence[Key], rows: Sequence[int]) -> None:
        """Adds records of many sessions: ``keys[i]`` is the key of the i-th one, ``rows[i]`` the input row it is in."""
        runs = [(key, sum(1 for _ in run)) for key, run in groupby(keys)]
        lengths = np.array([length for _, length in runs], np.intp)
        starts = (np.cumsum(lengths) - lengths).tolist()
        self.add_runs(records, [key for key, _ in runs], lengths, [rows[start] for start in starts])

    def add_runs(self, records: Records, keys: Sequence[Key], lengths: NDArray[np.intp], rows: Sequence[int]) -> None:
        """Adds records that come in runs: ``lengths[i]`` of the session ``keys[i]``, from the input row ``rows[i]`` on."""
        first: dict[Key, int] = {}
        ids = [first.setdefault(key, number) for number, key in enumerate(keys)]
        if len(first) < len(keys):
            order = np.argsort(np.repeat(np.array(ids), lengths), kind="stable")
            records = records[order]
            lengths = np.bincount(ids, lengths, len(keys)).astype(np.intp)[list(first.values())]
        stop = 0
        for (key, number), length in zip(first.items(), lengths.tolist()):
            self.add(key, records[stop : stop + length], rows[number])
            stop += length

    def drop(self, key: Key, reason: str, example: str, row: int = 0) -> None:
        """Counts one point or event of a session that cannot be used."""
        self.at(key, row).dropped.add(reason, example)

    # Between the phases ------------------------------------------------------------------------------------------

    def packed(self) -> tuple[dict[str, list[str]], list[int]]:
        """The sessions as rows of text, and the input row in which each began; by that row."""
        sessions = sorted(self._sessions.items(), key=lambda item: item[1].row)
        # Keys travel in base64 too: without commas and quotes in them the columns are written and read as they are.
        columns = {
            PACKED_KEY: [_packed(_AS_JSON(key).encode()) for key, _ in sessions],
            PACKED_POINTS: [_packed(found.records) for _, found in sessions],
            PACKED_DROPPED: [found.dropped.to_json() for _, found in sessions],
        }
        return columns, [found.row for _, found in sessions]

    def merge_packed(self, columns: Mapping[str, Sequence[str]]) -> list[int]:
        """Adds the rows that ``packed`` made; gives the numbers of the rows that are none."""
        others = []
        rows = zip(*(columns[field] for field in PACKED_FIELDS))
        for row, (key, records, dropped) in enumerate(rows):
            if not key:
                others.append(row)
                continue
            found = self.at(tuple(json.loads(binascii.a2b_base64(key))), row)
            found.records += binascii.a2b_base64(records)
            if dropped:
                found.dropped.update(Dropped.from_json(dropped))
        return others

    # At the end --------------------------------------------------------------------------------------------------

    def adopt_strays(self) -> Dropped:
        """Counts what could not be read of events whose key is incomplete where it belongs.

        An event that is cut off may still say its session but not its by-fields or its user: it counts in a session
        that it agrees with, if there is one with points. What belongs to no session and no user at all is given back.
        """
        whole: dict[str, list[Key]] = {}
        for key, found in self._sessions.items():
            if found.records:
                whole.setdefault(key[0], []).append(key)
        nobodys = Dropped()
        for key, found in list(self._sessions.items()):
            if found.records:
                continue
            matches = [home for home in whole.get(key[0], []) if all(mine in ("", its) for mine, its in zip(key, home))]
            if matches and key[0]:
                self._sessions[min(matches)].dropped.update(found.dropped)
                del self._sessions[key]
            elif not any(key):
                nobodys.update(found.dropped)
                del self._sessions[key]
        return nobodys

    def take_all(self) -> Iterator[Session]:
        """All sessions by key, each one let go of as it is given."""
        for key in sorted(self._sessions):
            found = self._sessions.pop(key)
            yield Session(key, points_of(found.records), found.dropped)


def _packed(data: bytes | bytearray) -> str:
    return binascii.b2a_base64(data, newline=False).decode("ascii")
