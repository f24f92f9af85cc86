"""Batches exactly as the browser collector writes them: the arrays of many events are read at once, without json.

    {"v":1,"session":"s-81f3", … ,"start":1763822400123
        the head: read by json
    ,"points":{"dt":[0,16.7],"x":[512,514.5],"y":[300,301],"kind":[0,1],"button":[0,1]}}
        the sections: the numbers of many events in one piece, array by array, read by numpy

Read are events that end like this byte for byte, with numbers of up to four digits before and after the dot. All others
(spaces, minus signs, exponents, other arrays, arrays of unequal length …) are told apart and left to formats.events, which
finds the same in these here, only slower.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mousematch.formats.batch import EXACT_MS, VERSION, exact_us, times_us
from mousematch.formats.records import Records, pack
from mousematch.telemetry import OTHER, SCROLL

# So long may a head be: json cannot nest so deep in it that how deep it may nest elsewhere would matter.
HEAD_BYTES = 1_000
DIGITS = 4

_END = b"]}}"
_BORDERS = tuple(f'],"{name}":['.encode() for name in ("x", "y", "kind", "button"))
_POINTS = b',"points":{"dt":['
# The same where quotes stand twice, as in CSV.
_BORDERS_DOUBLED = tuple(border.replace(b'"', b'""') for border in _BORDERS)
_POINTS_DOUBLED = _POINTS.replace(b'"', b'""')

_TENS = 10 ** np.arange(DIGITS + 1, dtype=np.uint16)
# The number in the first so many of four digits is floor(four * _SHARE[count] + _HALF_STEP), far from float32's rounding.
_SHARE = np.array([0, 1e-3, 1e-2, 1e-1, 1], np.float32)
_HALF_STEP = np.float32(5e-4)
_NUL = "\0"
_NUMBERS = b"0123456789.,"

_decoder = json.JSONDecoder()


class Sections(NamedTuple):
    """The bytes of an event, taken apart but not looked at: what stands before "points", and within each of its arrays."""

    head: bytes
    dt: bytes
    x: bytes
    y: bytes
    kind: bytes
    button: bytes


@dataclass(frozen=True)
class Collected:
    """Events that were read. heads: each without its points. records: of all, behind each other. lengths: intp, of each."""

    heads: list[dict[str, Any]]
    records: Records
    lengths: NDArray[np.intp]


@dataclass(frozen=True)
class _Decimals:
    """Numbers ``whole + fraction / tens``, uint16 (n,) each; fraction None if all are whole. lengths: intp, by section."""

    whole: NDArray[np.uint16]
    fraction: NDArray[np.uint16] | None
    tens: NDArray[np.uint16] | None
    lengths: NDArray[np.intp]


def all_sections(cells: Sequence[bytes], *, doubled: bool) -> list[Sections | None]:
    """The parts of each event that looks like the collector's; None for others. doubled: whether quotes stand twice."""
    points = _POINTS_DOUBLED if doubled else _POINTS
    return [sections(cell, doubled=doubled) if points in cell else None for cell in cells]


def sections(cell: bytes, *, doubled: bool) -> Sections | None:
    """The same of one event."""
    points = _POINTS_DOUBLED if doubled else _POINTS
    at = cell.find(points, 0, HEAD_BYTES + len(points))
    if at < 0 or not cell.endswith(_END):
        return None
    to_x, to_y, to_kind, to_button = _BORDERS_DOUBLED if doubled else _BORDERS
    dt, _, rest = cell[at + len(points) : -len(_END)].partition(to_x)
    x, _, rest = rest.partition(to_y)
    y, _, rest = rest.partition(to_kind)
    kind, _, button = rest.partition(to_button)
    return Sections(cell[:at], dt, x, y, kind, button)


def read_collected(events: Sequence[Sections], *, doubled: bool) -> Collected | None:
    """The points of some events, the same as ``read_batch`` gives for each; None if one of them needs another reader."""
    _, *columns = zip(*events)
    found_heads, codes = _heads(events, doubled=doubled), _codes(columns[3], columns[4])
    dt, x, y = map(_decimals, columns[:3])
    if found_heads is None or codes is None or dt is None or x is None or y is None:
        return None
    lengths = dt.lengths
    if any(not np.array_equal(other.lengths, lengths) for other in (x, y)) or len(codes[0]) != len(dt.whole):
        return None
    if not np.array_equal((np.fromiter(map(len, columns[3]), np.intp, len(events)) + 1) // 2, lengths):
        return None
    steps_us = _steps_us(dt)
    starts_ms = np.array([head["start"] for head in found_heads], np.int64)
    if steps_us is None or (dt.fraction is not None and not exact_us(starts_ms, steps_us, lengths)):
        return None
    time_us = times_us(starts_ms * 1000, steps_us, lengths)
    return Collected(found_heads, pack(time_us, _values(x), _values(y), *codes), lengths)


def may_be_collected(event: Sections, *, doubled: bool) -> bool:
    """Whether an event is one that read_collected reads, but for the length and the order of what numbers are made of."""
    _, *arrays = event
    alike = len({array.count(b",") for array in arrays}) == 1
    return alike and not any(array.translate(None, _NUMBERS) for array in arrays) and bool(_heads([event], doubled=doubled))


def _heads(events: Sequence[Sections], *, doubled: bool) -> list[dict[str, Any]] | None:
    """The events without their points; None if one is damaged or nothing that read_batch reads."""
    # "points" follows a comma: so if what is before it is an object once it is closed, "points" is the last key in it.
    together = b"}\0".join([event.head for event in events]) + b"}"
    text = together.decode("utf-8", "replace")
    texts = (text.replace('""', '"') if doubled else text).split(_NUL)
    if len(texts) != len(events):
        return None
    found = []
    for one in texts:
        try:
            head, end = _decoder.raw_decode(one)
        except (ValueError, RecursionError):
            return None
        if end != len(one) or not _is_head(head):
            return None
        found.append(head)
    return found


def _is_head(head: Mapping[str, Any]) -> bool:
    """Whether an event without its points has a start that numpy can count from, and is none that wraps others."""
    start = head.get("start")
    known = isinstance(start, int) and 0 <= start <= EXACT_MS
    return known and head.get("v", VERSION) == VERSION and not isinstance(head.get("events"), list)


def _codes(kinds: Sequence[bytes], buttons: Sequence[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
    """Kinds and buttons of all points: uint8 (n,) each; None if they are not alike in length, or one is unknown."""
    kind, button = _single_digits(b",".join(kinds)), _single_digits(b",".join(buttons))
    if kind is None or button is None or list(map(len, kinds)) != list(map(len, buttons)) or kind.max() > SCROLL:
        return None
    return kind, np.minimum(button, np.uint8(OTHER))


def _single_digits(text: bytes) -> NDArray[np.uint8] | None:
    """The digits in a text such as 0,0,1: uint8 (n,); None if it is another one."""
    characters = np.frombuffer(text, np.uint8)
    digits = characters[::2] - np.uint8(ord("0"))
    if len(text) % 2 == 0 or digits.max() > 9 or not (characters[1::2] == ord(",")).all():
        return None
    return digits


def _decimals(texts: Sequence[bytes]) -> _Decimals | None:
    """The numbers in texts such as 16,7.5,0; None if one is longer than DIGITS, or none at all as JSON writes it."""
    sizes = np.fromiter(map(len, texts), np.intp, len(texts))
    # A number's first four digits are looked at together, so four bytes follow the last one.
    characters = np.frombuffer(b",".join((*texts, b"0000")), np.uint8)
    size = int(sizes.sum()) + len(texts)
    digits = characters - np.uint8(ord("0"))
    others = digits > 9
    stops = np.flatnonzero(others[:size])
    starts = np.empty_like(stops)
    starts[:1] = 0
    np.add(stops[:-1], 1, out=starts[1:])
    count = stops - starts
    if count.min() < 1 or count.max() > DIGITS:
        return None
    digits *= ~others
    tens = digits[:-1] * np.uint8(10)
    tens += digits[1:]
    fours = tens[:-2] * np.uint16(100)
    fours += tens[2:]
    four = fours.take(starts)
    share = four * _SHARE.take(count)
    share += _HALF_STEP
    numbers = share.astype(np.uint16)
    leading_zero = (four < 1000) & (count > 1)
    ends = np.cumsum(sizes + 1) - 1
    commas = characters[:size] == ord(",")
    if np.count_nonzero(commas) == len(stops):
        if leading_zero.any():
            return None
        lengths = np.diff(np.searchsorted(stops, ends), prepend=-1)
        return _Decimals(numbers, None, None, lengths)
    dots = np.flatnonzero(characters[stops] == ord("."))
    if len(dots) + np.count_nonzero(commas) != len(stops):
        return None
    after = np.zeros(len(stops) + 1, np.bool_)
    after[dots + 1] = True
    # Two dots in one number, or a zero too many in front.
    if after[dots].any() or (leading_zero & ~after[:-1]).any():
        return None
    return _with_fractions(numbers, count, dots, after[:-1], np.searchsorted(stops, ends))


def _with_fractions(
    numbers: NDArray[np.uint16],
    count: NDArray[np.intp],
    dots: NDArray[np.intp],
    after: NDArray[np.bool_],
    last: NDArray[np.intp],
) -> _Decimals:
    """Puts together what dots part. after: which numbers stand after a dot. last: each text's last one."""
    whole = numbers[~after]
    place = dots - np.arange(len(dots))
    fraction, tens = np.zeros_like(whole), np.ones_like(whole)
    fraction[place] = numbers[dots + 1]
    tens[place] = _TENS[count[dots + 1]]
    lengths = np.diff((np.cumsum(~after) - 1)[last], prepend=-1)
    return _Decimals(whole, fraction, tens, lengths)


def _values(numbers: _Decimals) -> NDArray[Any]:
    """As numbers, those with fractions as ``float`` reads them: uint16 or float64 (n,)."""
    if numbers.fraction is None or numbers.tens is None:
        return numbers.whole
    tens = numbers.tens.astype(np.float64)
    return (numbers.whole * tens + numbers.fraction) / tens


def _steps_us(milliseconds: _Decimals) -> NDArray[np.int64] | None:
    """As whole microseconds: int64 (n,); None if one has parts of a microsecond."""
    steps = milliseconds.whole.astype(np.int64) * 1000
    if milliseconds.fraction is None or milliseconds.tens is None:
        return steps
    if milliseconds.tens.max() > 1000:
        return None
    return steps + milliseconds.fraction.astype(np.int64) * 1000 // milliseconds.tens
