"""Events of summary indexes, as collect writes them and as searches read them back.

    11/14/2023 22:13:20 +0000, search_name="Score", info_min_time=1699913600.000, user="al \\"x\\" ice", n=2, tag=a, tag=b

A pair is ``name=value``; what is more than letters, digits and ``_`` stands in quotes, with a backslash before quotes and
backslashes. A multivalue is its pairs one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timezone

from ..table import Table, Value

_PLAIN = re.compile(r"[A-Za-z0-9_]+", re.ASCII)
_PAIR = re.compile(
    r'(?:^|,\s*)([^\s=,"][^=,"]*)=(?:"([^"\\]*(?:\\.[^"\\]*)*)"|\s*([^\s,"](?:[^,]*[^\s,])?))', re.DOTALL
)  # name, value in quotes, value without
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_OF_THE_EVENT = frozenset({"index", "source", "sourcetype", "host"})  # a summary event has its own
_NOT_IN_NAMES = re.compile(r'[=,"\\\x00-\x1f]')


def pairs(text: str, wants: Callable[[str], bool] = lambda field: True) -> dict[str, Value]:
    """The fields of such an event that are wanted; empty values are missing fields. Any text is read as far as it fits."""
    matches = [match for match in _PAIR.findall(text) if wants(match[0])]
    found: dict[str, Value] = {name: held or plain for name, held, plain in matches if held or plain}
    if len(found) == len(matches) and "\\" not in text:
        return found
    found.clear()
    for name, held, plain in matches:
        value = _ESCAPED.sub(r"\1", held) if "\\" in held else held or plain
        before = found.get(name)
        if value and before is None:
            found[name] = value
        elif value and before is not None:
            found[name] = [*before, value] if isinstance(before, list) else [before, value]
    return found


def written(fields: Iterable[tuple[str, Value]]) -> str:
    """The pairs of an event; what no name may hold becomes ``_``."""
    parts: list[str] = []
    for name, value in fields:
        name = _NOT_IN_NAMES.sub("_", name).strip() or "_"
        for item in value if isinstance(value, list) else [value]:
            if item:
                parts.append(f"{name}={quoted(item)}")
    return ", ".join(parts)


def quoted(value: str) -> str:
    """The value as it stands after ``=``."""
    if _PLAIN.fullmatch(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def stamp(time: float) -> str:
    """``MM/DD/YYYY HH:MM:SS +0000``."""
    return datetime.fromtimestamp(time, timezone.utc).strftime("%m/%d/%Y %H:%M:%S +0000")


def events(
    table: Table, *, info: dict[str, str], default_time: float, add_time: bool = True, marker: str = ""
) -> Table:
    """Results as the _time and _raw of summary events.

    ``info`` is written in front of every event's fields as it is (numbers) or in quotes. A row's _raw is its text already;
    ``add_time`` puts the time before it. Other fields that begin with ``_`` are left out. Times are whole seconds, because
    that is what the text says; a row without one gets ``default_time``. ``marker`` is pairs to add at the end. Fields named
    as those that every event has get ``orig_`` in front.
    """
    fields = [field for field in table.fields if not field.startswith("_")]
    columns = [table.column(field) for field in fields]
    fields = [f"orig_{field}" if field in _OF_THE_EVENT else field for field in fields]
    raws, times = table.column("_raw"), table.column("_time")
    head = ", ".join(f"{name}={value if _number(value) else _in_quotes(value)}" for name, value in info.items())
    made_times: list[Value] = []
    texts: list[Value] = []
    for index, (time, raw) in enumerate(zip(times, raws, strict=True)):
        at = _seconds(time, default_time)
        if isinstance(raw, str) and raw:
            parts = [raw]
        else:
            parts = [head, written((field, column[index]) for field, column in zip(fields, columns, strict=True))]
        if add_time:
            parts.insert(0, stamp(at))
        texts.append(", ".join(part for part in [*parts, marker] if part))
        made_times.append(str(int(at)))
    return Table({"_time": made_times, "_raw": texts}, len(texts))


def _seconds(time: Value, default: float) -> float:
    try:
        seconds = float(time) if isinstance(time, str) else default
        datetime.fromtimestamp(seconds, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return float(int(default))
    return float(seconds // 1)


def _number(value: str) -> bool:
    return re.fullmatch(r"[+-]?(\d+(\.\d+)?|Infinity)", value, re.ASCII) is not None


def _in_quotes(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
