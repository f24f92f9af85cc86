"""Concatenated JSON objects, each one event with what is known of it.

    {"time": 1763822400.123, "host": "shop", "event": {…}} {"event": "text", "fields": {"tier": "gold"}}

An array of such objects is read as well. ``_raw`` is the text of ``event`` exactly as it was sent, or the string itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

from . import replies
from .replies import Refusal

_METADATA = ("host", "source", "sourcetype", "index")
_KNOWN = frozenset({"event", "time", "fields", *_METADATA})
_MILLISECONDS_FROM = 1e11  # in seconds the year 5138
_DIGITS = re.compile(r"\s*-?[0-9]+(\.[0-9]*)?\s*")
_BLANKS = re.compile(r"[ \t\n\r]*")

Member = tuple[Any, int, int]  # value, and where its text begins and ends


@dataclass(frozen=True)
class Envelope:
    """One event with what its sender says of it; empty text and None where it says nothing. ``time``: epoch seconds."""

    raw: str
    time: float | None = None
    host: str = ""
    source: str = ""
    sourcetype: str = ""
    index: str = ""
    fields: dict[str, str | list[str]] = field(default_factory=dict)


def parse(body: bytes, *, max_event: int) -> Iterator[Envelope]:
    """The envelopes one by one, until the end or a Refusal that says which event is the first bad one.

    ``max_event``: bytes that one event may have. Raises Refusal.
    """
    try:
        text, rest = body.decode("utf-8"), ""
    except UnicodeDecodeError as exc:
        text, rest = body[: exc.start].decode("utf-8"), f"byte {exc.start} is not UTF-8"
    number = 0
    try:
        for members in _objects(text):
            yield _envelope(text, members, max_event)
            number += 1
        if rest:
            raise ValueError(rest)
    except Refusal as refusal:
        raise Refusal(refusal.reply, event=number, detail=refusal.detail) from None
    except (ValueError, RecursionError) as exc:
        raise Refusal(replies.INVALID_DATA, event=number, detail=str(exc)) from None
    if not number:
        raise Refusal(replies.NO_DATA)


def epoch_seconds(value: Any) -> float:
    """A time as a number or its text. Raises ValueError for anything else.

    What is too large for seconds counts as milliseconds, microseconds or nanoseconds.
    """
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{value!r} is no time; give epoch seconds")
    for unit in (1, 1e3, 1e6, 1e9):
        if abs(value) < _MILLISECONDS_FROM * unit:
            return value / unit
    raise ValueError(f"{value!r} is no time; give epoch seconds")


def whole(text: str) -> str:
    """The text without half characters (``\\ud800`` alone), which no file can hold."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _objects(text: str) -> Iterator[dict[str, Member]]:
    """The members of each object in the text, one after the other. Raises ValueError."""
    at, end = _after_blanks(text, 0), len(text)
    while at < end:
        if text[at] == "[":
            at = yield from _array(text, at)
        else:
            members, at = _members(text, at)
            yield members
        at = _after_blanks(text, at)


def _array(text: str, at: int) -> Generator[dict[str, Member], None, int]:
    """The members of each object of an array; returns where it ends."""
    at = _after_blanks(text, at + 1)
    if text[at : at + 1] == "]":
        return at + 1
    while True:
        members, at = _members(text, at)
        yield members
        at = _after_blanks(text, at)
        if text[at : at + 1] == "]":
            return at + 1
        at = _after_blanks(text, _expected(",", text, at))


def _members(text: str, at: int) -> tuple[dict[str, Member], int]:
    """The members of the object at a place, with the places of their values, and where the object ends."""
    members: dict[str, Member] = {}
    at = _after_blanks(text, _expected("{", text, at))
    if text[at : at + 1] == "}":
        return members, at + 1
    while True:
        name, at = _value(text, _expected('"', text, at) - 1)
        at = _after_blanks(text, at)
        start = _after_blanks(text, _expected(":", text, at))
        value, at = _value(text, start)
        members[name] = value, start, at
        at = _after_blanks(text, at)
        if text[at : at + 1] == "}":
            return members, at + 1
        at = _after_blanks(text, _expected(",", text, at))


def _after_blanks(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    assert match is not None  # it matches nothing, too
    return match.end()


def _expected(character: str, text: str, at: int) -> int:
    if text[at : at + 1] != character:
        found = text[at : at + 1] or "the end"
        raise ValueError(f"There is {found} instead of {character} at character {at}")
    return at + 1


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_value = json.JSONDecoder(parse_constant=_no_constant).raw_decode  # (text, place) → the value there, and where it ends


def _envelope(text: str, members: dict[str, Member], max_event: int) -> Envelope:
    if any(isinstance(member[0], (dict, list)) for name, member in members.items() if name not in _KNOWN):
        raise Refusal(replies.NO_DATA, detail="An object or array beside event, where splunkd finds no data")
    value, start, end = members.get("event", (None, 0, 0))
    if value is None:
        raise Refusal(replies.EVENT_REQUIRED)
    raw = whole(value) if isinstance(value, str) else text[start:end]
    if not raw:
        raise Refusal(replies.EVENT_BLANK)
    if len(raw) * 4 > max_event and len(raw.encode()) > max_event:
        raise Refusal(replies.INVALID_DATA, detail=f"The event has more than maxEventSize={max_event} bytes")
    return Envelope(
        raw,
        time=_time(members["time"][0]) if "time" in members else None,
        fields=_fields(members["fields"][0]) if "fields" in members else {},
        **{name: _word(text, name, members[name]) for name in _METADATA if name in members},
    )


def _time(value: Any) -> float | None:
    if value is None or value == "":
        return None
    try:
        return epoch_seconds(value)
    except (ValueError, OverflowError) as exc:
        raise Refusal(replies.INDEXED_FIELDS, detail=str(exc)) from None


def _word(text: str, name: str, member: Member) -> str:
    value, start, end = member
    if isinstance(value, (dict, list)):
        raise Refusal(replies.INVALID_DATA, detail=f"{name} is an object or array; give text")
    return "" if value is None else whole(value) if isinstance(value, str) else text[start:end]


def _fields(value: Any) -> dict[str, str | list[str]]:
    """Indexed fields: name → text, or texts for an array."""
    if not isinstance(value, dict):
        raise Refusal(replies.INDEXED_FIELDS, detail="fields is no object")
    return {whole(name): _field(name, item) for name, item in value.items()}


def _field(name: str, value: Any) -> str | list[str]:
    values = value if isinstance(value, list) else [value]
    if not name or any(item is None or isinstance(item, (dict, list)) for item in values):
        raise Refusal(
            replies.INDEXED_FIELDS, detail=f"fields.{name} is not flat; give text, a number or an array of them"
        )
    texts = [whole(item) if isinstance(item, str) else json.dumps(item) for item in values]
    return texts[0] if len(texts) == 1 else texts
