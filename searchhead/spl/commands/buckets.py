"""bin, and the widths of buckets that nobody gave."""

from __future__ import annotations

from .. import sql, timespans
from ..arguments import Arguments
from ..engine import Frame
from ..registry import Planner, Run, Session, command
from ..sql import Sql
from ..syntax import Stage


@command("bin [span=<span>] [bins=<count>] <field> [AS <field>]", "streaming", "bucket")
def bin_(stage: Stage, planner: Planner) -> Run:
    """The field's values as the start of their bucket (_time, spans of time), else as ``start-end``."""
    arguments = Arguments(stage)
    written = arguments.option("span")
    bins = arguments.integer("bins", 100, least=2)
    field = arguments.name()
    target = arguments.name("new field name") if arguments.sign("as") else field
    arguments.end()
    span = timespans.parse_span(written) if written is not None else None
    if written is not None and span is None:
        raise arguments.error(
            f"Invalid value '{written}' for the option 'span': it is a number, or one with a unit of time such as 5m."
        )

    return lambda frame, session: binned(frame, field, target, span, bins, session)


def binned(frame: Frame, field: str, target: str, span: timespans.Span | None, bins: int, session: Session) -> Frame:
    """The frame with the buckets of a field's values in ``target``; without a span, of a width that gives so many bins."""
    column = frame.get(field)
    number = sql.number(column)
    width = span or _automatic(
        session.engine.rows(f"SELECT min({number}), max({number}) FROM {frame.name}")[0], bins, field
    )
    start = width.floor(number)
    if field == "_time" or not width.unitless:
        return session.engine.extend(frame, {target: Sql(start, "number")})
    label = f"fmt({start}) || '-' || fmt({start} + {width.seconds!r})"
    return session.engine.extend(frame, {target: Sql(f"coalesce({label}, {sql.first(column)})", "text")})


_TIME_SPANS = ("1s", "5s", "10s", "30s", "1m", "5m", "10m", "30m", "1h", "1d", "1mon", "1y")


def _automatic(
    extent: tuple[float | None, float | None], bins: int, field: str, least: timespans.Span | None = None
) -> timespans.Span:
    """The narrowest usual span, of times not below the least, that needs no more buckets than allowed."""
    low, high = extent
    low, high = low or 0.0, high or 0.0
    width = high - low
    if field == "_time":
        spans = [span for text in _TIME_SPANS if (span := timespans.parse_span(text))]
        narrowest = 0.0 if least is None else _seconds(least)
        fitting = (span for span in spans if width <= bins * _seconds(span) and _seconds(span) >= narrowest)
        return next(fitting, spans[-1])
    size = 10.0**-6
    while high // size - low // size + 1 > bins and size < 1e12:
        size *= 10
    return timespans.Span(str(size), seconds=size, unitless=True)


def _seconds(span: timespans.Span) -> float:
    return span.seconds or span.months * 2_592_000


def automatic_time_span(
    low: float, high: float, bins: int = 100, least: timespans.Span | None = None
) -> timespans.Span:
    """The span of timechart when none is given."""
    return _automatic((low, high), bins, "_time", least)
