"""A block of search results, in any mixture of formats → sessions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import compress
from typing import Any

import numpy as np

from mousematch.errors import TelemetryError
from mousematch.formats import dropped, events
from mousematch.formats.batch import is_batch, read_batches
from mousematch.formats.cells import Cells, run_starts
from mousematch.formats.collected import Sections, all_sections, may_be_collected, read_collected
from mousematch.formats.events import Event, PointColumns
from mousematch.formats.names import RAW, FieldNames
from mousematch.formats.rows import RowPoints, read_rows
from mousematch.sessions import Key, Sessions

Columns = Mapping[str, Sequence[str]]

# So many batches of points are read at once: with a hundred points each, numpy's calls then take no more than its work.
BATCHES = 64
# The same of events that are read without json.
COLLECTED = 128


def read_into(sessions: Sessions, columns: Columns, names: FieldNames) -> None:
    """Adds the points of a block of rows to the sessions. Whatever a row holds, the others are read."""
    count = len(next(iter(columns.values()))) if columns else 0
    x, y = columns.get(names.x), columns.get(names.y)
    if x is not None and y is not None and "" not in x and "" not in y:
        _read_fields(sessions, columns, range(count), names)
        return
    columns = {field: column if field == RAW else list(column) for field, column in columns.items()}
    x, y = columns.get(names.x), columns.get(names.y)
    in_fields = [row for row in range(count) if x and y and x[row] and y[row]]
    if in_fields:
        part = {field: [column[row] for row in in_fields] for field, column in columns.items()}
        _read_fields(sessions, part, in_fields, names)
    skip = set(in_fields)
    _EventReader(sessions, columns, names).read([row for row in range(count) if row not in skip])


def _read_fields(sessions: Sessions, columns: Columns, rows: Sequence[int], names: FieldNames) -> None:
    """Rows whose point stands in fields. rows: their numbers in the block."""
    count = len(rows)
    points = read_rows(columns, count, names)
    known = {field: columns[field] for field in names.key if field in columns}
    cells = {field: column for field, column in known.items() if isinstance(column, Cells)}
    if points.bad or len(cells) < len(known):
        _add(sessions, points, _keys(known, count, names), rows, columns, names)
        return
    # Events of a session often follow one another: only the first key of each run is made.
    starts = run_starts(list(cells.values()), count)
    keys = _keys({field: column.take(starts) for field, column in cells.items()}, len(starts), names)
    sessions.add_runs(points.records, keys, np.diff(starts, append=count), [rows[start] for start in starts.tolist()])


def _keys(columns: Columns, count: int, names: FieldNames) -> list[Key]:
    """The keys of ``count`` rows."""
    blank = [""] * count
    return list(zip(*(columns.get(field, blank) for field in names.key)))


def _add(
    sessions: Sessions,
    points: RowPoints,
    keys: Sequence[Key],
    rows: Sequence[int],
    columns: Mapping[str, Sequence[Any]],
    names: FieldNames,
) -> None:
    """Adds points of one row each, and counts the rows that hold none. keys, rows: of every row."""
    if not points.bad:
        sessions.add_rows(points.records, keys, rows)
        return
    usable = points.rows.tolist()
    sessions.add_rows(points.records, [keys[row] for row in usable], [rows[row] for row in usable])
    shown = (names.x, names.y, *(time for time, _ in names.times), *names.states)
    fields = [field for field in shown if field in columns]
    for row, reason in points.bad:
        values = ((field, columns[field][row]) for field in fields)
        example = " ".join(f'{field}="{value}"' for field, value in values if value not in ("", None))
        sessions.drop(keys[row], reason, example, rows[row])


def _chosen(raws: Cells, rows: Sequence[int], chosen: Sequence[bool]) -> tuple[Cells, Sequence[int]]:
    """Those of some events that are chosen."""
    return raws.take(np.array(chosen)), list(compress(rows, chosen))


class _EventReader:
    """Rows whose points stand in the event's text."""

    def __init__(self, sessions: Sessions, columns: Columns, names: FieldNames) -> None:
        self._sessions = sessions
        self._columns = columns
        self._names = names
        self._key_columns = [(field, columns.get(field)) for field in names.key]
        self._points = PointColumns(names, columns)
        self._point_keys: list[Key] = []
        self._point_rows: list[int] = []
        self._batches: list[tuple[Key, Event, str, int]] = []
        # A by-field may be a path into the points.
        self._without_points = not any(field.split(".")[0] == "points" for field in names.key)

    def read(self, rows: Sequence[int]) -> None:
        """Adds the points of these rows."""
        raws = self._columns.get(RAW)
        if isinstance(raws, Cells):
            for first in range(0, len(rows), COLLECTED):
                part = rows[first : first + COLLECTED]
                self._read_cells(raws.take(np.array(part)), part)
        else:
            for row in rows:
                self._read_text(raws[row] if raws is not None else "", row)
        self._add_batches()
        self._add_points()

    def _read_text(self, raw: str, row: int) -> None:
        if events.looks_like_json(raw):
            self._read_json(raw, row)
        else:
            self._read_neither(raw, row)

    def _read_cells(self, raws: Cells, rows: Sequence[int]) -> None:
        """Rows of which those that the collector has sent are read together. raws: their events."""
        if self._without_points:
            parts = all_sections(raws.encoded(), doubled=raws.doubled)
            if any(parts):
                alike = [part is not None for part in parts]
                self._read_collected([part for part in parts if part is not None], *_chosen(raws, rows, alike))
                raws, rows = _chosen(raws, rows, [not one for one in alike])
        for raw, row in zip(raws.texts(), rows):
            self._read_text(raw, row)

    def _read_collected(self, parts: Sequence[Sections], raws: Cells, rows: Sequence[int]) -> None:
        """Events that look like the collector's. Those that are not keep no others from being read together, mostly."""
        found = read_collected(parts, doubled=raws.doubled)
        if found is None:
            alike = [may_be_collected(part, doubled=raws.doubled) for part in parts]
            if any(alike) and not all(alike):
                self._read_collected(list(compress(parts, alike)), *_chosen(raws, rows, alike))
                raws, rows = _chosen(raws, rows, [not one for one in alike])
            for raw, row in zip(raws.texts(), rows):
                self._read_text(raw, row)
            return
        # Not add_runs, which sorts the records: of runs as long as these that takes a tenth to a fifth of the whole.
        stop = 0
        for head, length, row in zip(found.heads, found.lengths.tolist(), rows):
            self._sessions.add(self._key(head, head, row), found.records[stop : stop + length], row)
            stop += length

    def _read_json(self, raw: str, row: int) -> None:
        try:
            for event, around in events.parse(raw):
                self._read_event(event, around, raw, row)
        except TelemetryError:
            self._sessions.drop(self._salvaged_key(raw, row), dropped.NOT_JSON, raw, row)

    def _read_event(self, event: Event, around: Event, raw: str, row: int) -> None:
        key = self._key(event, around, row)
        if is_batch(event):
            self._batches.append((key, event, raw, row))
            if len(self._batches) == BATCHES:
                self._add_batches()
            return
        self._read_alone(key, event, raw, row)

    def _add_batches(self) -> None:
        """Adds the batches that were gathered: all at once, or one by one if one of them is unusual."""
        gathered, self._batches = self._batches, []
        together = read_batches([event for _, event, _, _ in gathered]) if gathered else None
        if together is None or together[0].bad:
            for batch in gathered:
                self._read_alone(*batch)
            return
        points, lengths = together
        keys, rows = [key for key, _, _, _ in gathered], [row for _, _, _, row in gathered]
        self._sessions.add_runs(points.records, keys, lengths, rows)

    def _read_alone(self, key: Key, event: Event, raw: str, row: int) -> None:
        try:
            points = events.read_many(event)
        except TelemetryError as exc:
            self._sessions.drop(key, dropped.BAD_BATCH, f"{exc}: {raw}", row)
            return
        if points is not None:
            self._sessions.add(key, points.records, row)
            for _, reason in points.bad:
                self._sessions.drop(key, reason, raw, row)
        elif self._points.add(event, row):
            self._point_keys.append(key)
            self._point_rows.append(row)
        else:
            self._sessions.drop(key, dropped.NO_MOVEMENT, raw, row)

    def _add_points(self) -> None:
        if not self._point_keys:
            return
        columns = self._points.columns
        points = read_rows(columns, len(self._point_keys), self._points.names)
        _add(self._sessions, points, self._point_keys, self._point_rows, columns, self._points.names)

    def _read_neither(self, raw: str, row: int) -> None:
        """A row without JSON that lacks x or y, or both."""
        place = {field: self._columns[field][row] for field in (self._names.x, self._names.y) if field in self._columns}
        reason = dropped.NO_POSITION if any(place.values()) else dropped.NO_MOVEMENT
        example = " ".join(f'{field}="{value}"' for field, value in place.items()) if any(place.values()) else raw
        key = tuple(column[row] if column else "" for _, column in self._key_columns)
        self._sessions.drop(key, reason, example, row)

    def _key(self, event: Event, around: Event, row: int) -> Key:
        """What the search has in the key's fields, else the event, else the event around it."""
        return tuple([
            column[row] if column and column[row] else _text(events.value_at(event, field), around, field)
            for field, column in self._key_columns
        ])  # fmt: skip

    def _salvaged_key(self, raw: str, row: int) -> Key:
        """The key of an event that is cut off: what can be found of it by its names."""
        return tuple(
            column[row] if column and column[row] else _salvaged(raw, field) for field, column in self._key_columns
        )


def _text(value: object, around: Event, field: str) -> str:
    """A name as text; half surrogates, which no CSV can carry, are replaced as CSV output would."""
    if value is None:
        value = events.value_at(around, field)
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value)
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _salvaged(raw: str, field: str) -> str:
    match = re.search(rf'"{re.escape(field)}"\s*:\s*("(?:[^"\\]|\\.)*"|-?\d+)', raw)
    if match is None:
        return ""
    try:
        return _text(json.loads(match[1], strict=False), {}, field)
    except ValueError:
        return ""
