"""The times of a cron expression, in UTC."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

from cronsim import CronSim, CronSimError


class CronError(ValueError):
    """An expression that is none; the message names it."""


def after(expression: str, start: float) -> Iterator[float]:
    """Epoch seconds of the times later than ``start``, the earliest first. Raises CronError."""
    yield from _times(expression, start, reverse=False)


def next_time(expression: str, start: float) -> float | None:
    """The first time later than ``start``; None when there is none. Raises CronError."""
    return next(after(expression, start), None)


def last_time(expression: str, end: float) -> float | None:
    """The last time not later than ``end``; None when there is none. Raises CronError."""
    return next(_times(expression, end + 1, reverse=True), None)


def period_s(expression: str, now: float) -> float:
    """Seconds between the next two times. Raises CronError."""
    times = after(expression, now)
    first, second = next(times, now), next(times, now)
    return max(second - first, 60.0)


def _times(expression: str, start: float, *, reverse: bool) -> Iterator[float]:
    # cronsim counts minutes; an expression of six fields would count seconds, which splunkd does not know
    if len(expression.split()) != 5:
        raise CronError(f'Invalid cron_schedule="{expression}": it has five fields, such as */15 * * * *.')
    try:
        times = CronSim(expression, datetime.fromtimestamp(int(start), timezone.utc), reverse=reverse)
    except CronSimError as exc:
        raise CronError(f'Invalid cron_schedule="{expression}": {exc}.') from exc
    for moment in times:
        yield moment.timestamp()
