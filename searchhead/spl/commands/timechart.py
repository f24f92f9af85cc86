"""timechart: aggregates per bucket of time, one column per series."""

from __future__ import annotations

from dataclasses import replace

from ...conf_files import is_true
from ...table import Table, Value
from .. import sql, timespans
from ..aggregations import Aggregations, expanded, parse
from ..engine import Frame
from ..errors import in_command
from ..registry import Planner, Run, Session, command
from ..sql import Sql
from ..syntax import Stage
from .aggregate import group
from .buckets import automatic_time_span
from .chart import SPLITTING, bad_option, limit, spread, whole

_OPTIONS = (*SPLITTING, "span", "minspan", "bins", "cont", "partial", "fixedrange")
_MOST_BUCKETS = 50_000


@command(
    "timechart [span=<span>] [minspan=<span>] [bins=<count>] [limit=<count>] [useother=<bool>] [usenull=<bool>]"
    " [cont=<bool>] [partial=<bool>] <function>[(<field>)]|eval(<expression of functions>) [AS <field>] ... [BY <field>]",
    "transforming",
)
def timechart(stage: Stage, planner: Planner) -> Run:
    """A row per bucket of _time, gaps filled; with BY a column per value, the ``limit`` (10) largest and OTHER.

    ``partial=false`` leaves out buckets that the search's times cut.
    """
    wanted = parse(stage, options=_OPTIONS, charting=True)
    options = wanted.options
    spans = {}
    for name in ("span", "minspan"):
        spans[name] = timespans.parse_span(options[name]) if name in options else None
        found = spans[name]
        if name in options and (found is None or not (found.months or found.seconds)):
            raise bad_option(stage, options, name, "it is a span of time such as 5m")
    if len(wanted.by) > 1 or wanted.over is not None:
        given = wanted.over or wanted.by[1]
        raise in_command(
            stage.name, f"The argument '{given}' is invalid: timechart splits by one field.", stage.args_position
        )
    most, bins = limit(stage, options), whole(stage, options, "bins", 100)

    def run(frame: Frame, session: Session) -> Frame:
        if "_time" not in frame.columns:
            return session.engine.load(Table.empty(["_time"]))
        time = sql.number(frame.columns["_time"])
        low, high = session.engine.rows(f"SELECT min({time}), max({time}) FROM {frame.name}")[0]
        if low is None:
            return session.engine.load(Table.empty(["_time"]))
        begin = low if session.earliest is None else min(session.earliest, low)
        end = high if session.latest is None else max(session.latest - 1e-6, high)
        width = spans["span"] or automatic_time_span(begin, end, bins, least=spans["minspan"])
        timed = session.engine.filter(frame, f"{time} IS NOT NULL")
        floor = Sql(width.floor(sql.number(timed.columns["_time"])), "number")
        bucketed = session.engine.extend(timed, {"_time": floor})
        aggregates = tuple(expanded(wanted.aggregates, frame.fields, (*wanted.by, "_time")))
        full = replace(wanted, aggregates=aggregates, by=("_time", *wanted.by))
        if is_true(options.get("cont"), default=True):
            starts = _buckets(width, begin, end, session, stage)
        else:
            column = bucketed.columns["_time"].text
            starts = session.engine.values(f"SELECT DISTINCT {column} FROM {bucketed.name} ORDER BY {column}")
        if not is_true(options.get("partial"), default=True):
            starts = [
                start
                for start in starts
                if (session.earliest is None or start >= session.earliest)
                and (session.latest is None or width.following(start) <= session.latest)
            ]
        return session.engine.load(_charted(bucketed, full, [sql.written(start) for start in starts], most, session))

    return run


def _charted(frame: Frame, wanted: Aggregations, starts: list[str], most: int, session: Session) -> Table:
    if not wanted.aggregates:
        return Table({"_time": list(starts)}, len(starts))
    if len(wanted.by) > 1:
        return spread(frame, wanted, starts, most, session, "timechart")
    made = session.engine.table(group(frame, wanted, session, "timechart"))
    places = {time: place for place, time in enumerate(made.column("_time")) if isinstance(time, str)}
    columns: dict[str, list[Value]] = {"_time": list(starts)}
    for aggregate in wanted.aggregates:
        values = made.column(aggregate.name)
        empty = "0" if aggregate.function in ("count", "dc") else None
        columns[aggregate.name] = [values[places[start]] if start in places else empty for start in starts]
    return Table(columns, len(starts))


def _buckets(width: timespans.Span, begin: float, end: float, session: Session, stage: Stage) -> list[float]:
    """The starts of all buckets from the one that holds ``begin`` to the one that holds ``end``."""
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
