"""Spans of time as SPL writes them: ``5m`` as a width of buckets, ``-1d@d`` as a way from a time to another. In UTC."""

from __future__ import annotations

import calendar
import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

_UNITS = {
    "second": ("s", "sec", "secs", "second", "seconds"),
    "minute": ("m", "min", "mins", "minute", "minutes"),
    "hour": ("h", "hr", "hrs", "hour", "hours"),
    "day": ("d", "day", "days"),
    "week": ("w", "week", "weeks"),
    "month": ("mon", "month", "months"),
    "quarter": ("q", "qtr", "qtrs", "quarter", "quarters"),
    "year": ("y", "yr", "yrs", "year", "years"),
}
_FRACTIONS = {"us": 1e-6, "ms": 1e-3, "cs": 1e-2, "ds": 1e-1}
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words}
_STEP = re.compile(r"([+-])(\d*)([a-z]+)|@([a-z]+)([0-7]?)", re.IGNORECASE)
_LONGEST = 10_000_000


@dataclass(frozen=True)
class Span:
    """The width of buckets: ``seconds``, or whole ``months``; ``text`` as written. ``unitless``: a plain number."""

    text: str
    seconds: float = 0.0
    months: int = 0
    unitless: bool = False

    def floor(self, time: str) -> str:
        """The start of the bucket that holds a time (SQL of DOUBLE epoch seconds), as SQL."""
        if self.months:
            stamp = timestamp(time)
            months = f"((year({stamp}) * 12 + month({stamp}) - 1) // {self.months} * {self.months})"
            return epoch(f"make_timestamp({months} // 12, {months} % 12 + 1, 1, 0, 0, 0)")
        if self.seconds >= 604800 and self.seconds % 604800 == 0:  # weeks begin on Sundays; 1970-01-04 was one
            return f"(floor(({time} - 259200) / {self.seconds!r}) * {self.seconds!r} + 259200)"
        return f"(floor({time} / {self.seconds!r}) * {self.seconds!r})"

    def following(self, time: float) -> float:
        """The start of the bucket after the one that starts at ``time``."""
        if not self.months:
            return time + self.seconds
        date = datetime.fromtimestamp(time, timezone.utc)
        months = date.year * 12 + date.month - 1 + self.months
        return datetime(months // 12, months % 12 + 1, 1, tzinfo=timezone.utc).timestamp()


def parse_span(text: str) -> Span | None:
    """A span such as ``10``, ``0.5``, ``5m``, ``1mon``; None when it is none, or not above 0."""
    match = re.fullmatch(r"(\d*\.?\d*)([a-z]*)", text.strip().lower())
    if match is None or match.group(1) == ".":
        return None
    amount, word = float(match.group(1) or 1), match.group(2)
    if not text.strip() or not 0 < amount <= 1e15:
        return None
    if not word:
        return Span(text, seconds=amount, unitless=True)
    if word in _FRACTIONS:
        return Span(text, seconds=amount * _FRACTIONS[word])
    unit = _UNIT_OF.get(word)
    if unit in _SECONDS:
        return Span(text, seconds=amount * _SECONDS[unit])
    if unit in _MONTHS and amount == int(amount) and amount < 12_000:
        return Span(text, months=int(amount) * _MONTHS[unit])
    return None


def relative(specifier: str, time: str) -> str | None:
    """SQL of the epoch seconds that ``-1d@d+2h`` leads to from a time (SQL of DOUBLE); None when it is no such text."""
    text = specifier.strip()
    if text.lower() == "now" or not text:
        return time if text else None
    stamp, at = timestamp(time), 0
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            return None
        at = match.end()
        unit = _UNIT_OF.get((match.group(3) or match.group(4)).lower())
        if match.group(4):
            day = match.group(4).lower() in ("w", "week", "weeks") or match.group(5)
            if unit is None or (match.group(5) and unit != "week"):
                return None
            stamp = _last_weekday(stamp, int(match.group(5) or 0) % 7) if day else f"date_trunc('{unit}', {stamp})"
        else:
            amount = int(match.group(2) or 1)
            if unit is None or amount > _LONGEST:
                return None
            months = amount * _MONTHS.get(unit, 0)
            interval = f"to_months({months})" if months else f"to_seconds({amount * _SECONDS[unit]})"
            stamp = f"({stamp} {match.group(1)} {interval})"
    return epoch(stamp)


def moved(specifier: str, time: float) -> float | None:
    """Epoch seconds to which ``-1d@d+2h`` leads from a time; None when it is no such text, or leads out of the calendar."""
    text, at = specifier.strip(), 0
    if not text or text.lower() == "now":
        return time if text else None
    try:
        date = datetime.fromtimestamp(time, timezone.utc)
        while at < len(text):
            match = _STEP.match(text, at)
            if match is None:
                return None
            at = match.end()
            unit = _UNIT_OF.get((match.group(3) or match.group(4)).lower())
            if unit is None or (match.group(5) and unit != "week"):
                return None
            if match.group(4):
                date = _snapped(date, unit, int(match.group(5) or 0) % 7)
                continue
            amount = int(match.group(2) or 1) * (-1 if match.group(1) == "-" else 1)
            if unit in _MONTHS:
                date = _months_later(date, amount * _MONTHS[unit])
            else:
                date += timedelta(seconds=amount * _SECONDS[unit])
    except (ValueError, OverflowError, OSError):
        return None
    return date.timestamp()


def moment(text: str, now: float) -> float | None:
    """Epoch seconds that a time term means, as in ``earliest=``; None when it is none.

    ``now``, ``-24h@h``, ``@w1``, ``1700000000``, ``-90`` (seconds), ``11/14/2023:22:13:20``, ISO 8601; UTC without a zone.
    """
    text = text.strip()
    if re.fullmatch(r"\d+(\.\d*)?", text, re.ASCII):
        number = float(text)
        return number if math.isfinite(number) else None
    if text.lower() == "now()":
        return now
    if re.fullmatch(r"[+-]\d{1,12}", text, re.ASCII):
        return now + int(text)
    led = moved(text, now)
    if led is not None:
        return led
    for pattern in ("%m/%d/%Y:%H:%M:%S.%f", "%m/%d/%Y:%H:%M:%S", "%m/%d/%Y"):
        try:
            return datetime.strptime(text, pattern).replace(tzinfo=timezone.utc).timestamp()
        except ValueError:
            continue
    try:
        date = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return (date if date.tzinfo else date.replace(tzinfo=timezone.utc)).timestamp()


def _snapped(date: datetime, unit: str, weekday: int) -> datetime:
    """The start of the unit that holds the date; of a week the given day begins it, 0 Sunday to 6 Saturday."""
    if unit == "week":
        midnight = date.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight - timedelta(days=(date.isoweekday() - weekday) % 7)
    if unit in _MONTHS:
        month = {"month": date.month, "quarter": (date.month - 1) // 3 * 3 + 1, "year": 1}[unit]
        return date.replace(month=month, day=1, hour=0, minute=0, second=0, microsecond=0)
    date = date.replace(microsecond=0)
    if unit in ("minute", "hour", "day"):
        date = date.replace(second=0)
    if unit in ("hour", "day"):
        date = date.replace(minute=0)
    return date.replace(hour=0) if unit == "day" else date


def _months_later(date: datetime, months: int) -> datetime:
    """The same day some months later, or the last one of a shorter month."""
    count = date.year * 12 + date.month - 1 + months
    year, month = count // 12, count % 12 + 1
    return date.replace(year=year, month=month, day=min(date.day, calendar.monthrange(year, month)[1]))


def timestamp(time: str) -> str:
    """Epoch seconds (SQL of DOUBLE) as SQL's TIMESTAMP; what no calendar holds is null."""
    return f"make_timestamp(CAST(round(within({time}) * 1000000) AS BIGINT))"


def epoch(stamp: str) -> str:
    """A TIMESTAMP as epoch seconds, DOUBLE."""
    return f"(epoch_us({stamp}) / 1000000.0::DOUBLE)"


def _last_weekday(stamp: str, weekday: int) -> str:
    """Midnight of the last such day, 0 Sunday to 6 Saturday, today among them."""
    return f"(date_trunc('day', {stamp}) - to_days(CAST((dayofweek({stamp}) - {weekday} + 7) % 7 AS INTEGER)))"
