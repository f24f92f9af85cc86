"""timechart: aggregates per bucket of time, one column per series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...conf_files import is_true
from ...table import Table, Value
from .. import sql, timespans
from ..aggregates import Aggregations, expanded, parse
from ..engine import Frame
from ..errors import in_command
from ..registry import Planner, Run, Session, command
from ..sql import Sql
from ..syntax import Stage
from .aggregate import group
from .shape import automatic_time_span

_OPTIONS = (
    "span",
    "bins",
    "limit",
    "useother",
    "otherstr",
    "usenull",
    "nullstr",
    "cont",
    "partial",
    "fixedrange",
    "sep",
    "format",
)
_MOST_BUCKETS = 50_000


@command(
    "timechart [span=<span>] [limit=<count>] [useother=<bool>] [usenull=<bool>] [cont=<bool>]"
    " <function>[(<field>)] [AS <field>] ... [BY <field>]",
    "transforming",
)
def timechart(stage: Stage, planner: Planner) -> Run:
    """A row per bucket of _time, gaps filled; with BY a column per value, the ``limit`` (10) largest and OTHER."""
    wanted = parse(stage, options=_OPTIONS)
    options = wanted.options
    span = timespans.parse_span(options["span"]) if "span" in options else None
    if "span" in options and (span is None or not (span.months or span.seconds)):
        raise in_command(
            stage.name,
            f"Invalid value '{options['span']}' for the option 'span': it is a span of time such as 5m.",
            stage.args_position,
        )
    if len(wanted.by) > 1:
        raise in_command(
            stage.name,
            f"The argument '{wanted.by[1]}' is invalid: timechart splits by one field.",
            stage.args_position,
        )
    limit, bins = _whole(stage, options, "limit", 10), _whole(stage, options, "bins", 100)

    def run(frame: Frame, session: Session) -> Frame:
        if "_time" not in frame.columns:
            return session.engine.load(Table.empty(["_time"]))
        time = sql.number(frame.columns["_time"])
        low, high = session.engine.rows(f"SELECT min({time}), max({time}) FROM {frame.name}")[0]
        if low is None:
            return session.engine.load(Table.empty(["_time"]))
        begin = low if session.earliest is None else min(session.earliest, low)
        end = high if session.latest is None else max(session.latest - 1e-6, high)
        width = span or automatic_time_span(begin, end, bins)
        timed = session.engine.filter(frame, f"{time} IS NOT NULL")
        bucketed = session.engine.extend(
            timed, {"\0bucket": Sql(width.floor(sql.number(timed.columns["_time"])), "number")}
        )
        starts = _buckets(width, begin, end, session, stage) if is_true(options.get("cont"), default=True) else []
        aggregates = expanded(wanted.aggregates, frame.fields, (*wanted.by, "_time"))
        if not aggregates:
            return session.engine.load(Table({"_time": [sql.written(start) for start in starts]}, len(starts)))
        return session.engine.load(
            _charted(bucketed, replace(wanted, aggregates=tuple(aggregates)), starts, limit, session)
        )

    return run


def _whole(stage: Stage, options: Mapping[str, str], name: str, default: int) -> int:
    value = options.get(name, str(default))
    if not (value.isdecimal() and value.isascii()):
        raise in_command(
            stage.name,
            f"Invalid value '{value}' for the option '{name}': it is a whole number.",
            stage.args_position,
        )
    return min(int(value), 10**9)


def _buckets(width: timespans.Span, begin: float, end: float, session: Session, stage: Stage) -> list[float]:
    """The starts of all buckets from that of ``begin`` to that of ``end``."""
    start = session.engine.rows(f"SELECT {width.floor(f'CAST({begin!r} AS DOUBLE)')}")[0][0]
    seconds = width.seconds or width.months * 2_419_200
    if (end - start) / seconds > _MOST_BUCKETS:
        raise in_command(
            stage.name,
            f"The span '{width.text}' gives more than {_MOST_BUCKETS} buckets; use a wider one.",
            stage.args_position,
        )
    starts = [start]
    while (following := width.following(starts[-1])) <= end:
        starts.append(following)
    return starts


def _charted(frame: Frame, wanted: Aggregations, starts: list[float], limit: int, session: Session) -> Table:
    options = wanted.options
    names = [aggregate.name for aggregate in wanted.aggregates]
    if not wanted.by:
        made = session.engine.table(group(frame, replace(wanted, by=("\0bucket",)), session, "timechart"))
        cells = {
            (bucket, name): value
            for name in made.fields[1:]
            for bucket, value in zip(made.column("\0bucket"), made.column(name), strict=True)
        }
        series = made.fields[1:]
    else:
        frame, kept = _series(frame, wanted, limit, session)
        made = session.engine.table(group(frame, replace(wanted, by=("\0bucket", "\0series")), session, "timechart"))
        label = (
            (lambda name, value: value)
            if len(names) == 1
            else (lambda name, value: f"{name}{options.get('sep', ': ')}{value}")
        )
        cells = {
            (bucket, label(name, value)): cell
            for name in names
            for bucket, value, cell in zip(
                made.column("\0bucket"), made.column("\0series"), made.column(name), strict=True
            )
        }
        series = [label(name, value) for name in names for value in kept]
    buckets = [sql.written(start) for start in starts] or sorted({str(b) for b in made.column("\0bucket")}, key=float)
    counted = {
        name for name, aggregate in zip(names, wanted.aggregates, strict=True) if aggregate.function in ("count", "dc")
    }
    columns: dict[str, list[Value]] = {"_time": list(buckets)}
    for index, name in enumerate(series):
        of = name if not wanted.by else names[index // max(1, len(series) // len(names))]
        empty = "0" if of in counted else None
        columns[name] = [cells.get((bucket, name), empty) for bucket in buckets]
    return Table(columns, len(buckets))


def _series(frame: Frame, wanted: Aggregations, limit: int, session: Session) -> tuple[Frame, list[str]]:
    """The frame with each row's series, and the series: the largest by the sum of the first aggregate, OTHER, NULL."""
    options = wanted.options
    other, null = options.get("otherstr", "OTHER"), options.get("nullstr", "NULL")
    key = sql.first(frame.get(wanted.by[0]))
    frame = session.engine.extend(frame, {"\0series": Sql(key, "text")})
    one = replace(wanted, by=("\0bucket", "\0series"), aggregates=wanted.aggregates[:1])
    ranked = group(frame, one, session, "timechart")
    value = sql.number(ranked.columns[wanted.aggregates[0].name])
    name = ranked.columns["\0series"].text
    rows = session.engine.rows(
        f"SELECT {name}, sum({value}) AS s FROM {ranked.name} GROUP BY {name} ORDER BY s DESC NULLS LAST, {name}"
    )
    kept = [row[0] for row in rows][: limit or None]
    use_other = is_true(options.get("useother"), default=True) and len(rows) > len(kept)
    use_null = is_true(options.get("usenull"), default=True)
    has_null = (
        use_null
        and session.engine.rows(
            f"SELECT count(*) FROM {frame.name} WHERE {frame.columns[chr(0) + 'series'].text} IS NULL"
        )[0][0]
        > 0
    )
    column = frame.columns["\0series"].text
    listed = ", ".join(sql.quoted(text) for text in kept) or "NULL"
    rest = sql.quoted(other) if use_other else "NULL"
    missing = sql.quoted(null) if has_null else "NULL"
    mapped = f"(CASE WHEN {column} IS NULL THEN {missing} WHEN {column} IN ({listed}) THEN {column} ELSE {rest} END)"
    frame = session.engine.extend(frame, {"\0series": Sql(mapped, "text")})
    return frame, sorted(kept) + [other] * use_other + [null] * has_null
