"""Commands that aggregate rows: stats, eventstats, streamstats."""

from __future__ import annotations

from dataclasses import replace

from .. import sql
from ..aggregates import Aggregate, as_sql, column, over_values
from ..aggregations import Aggregations, expanded, parse, split
from ..compile import Scope
from ..engine import Frame
from ..errors import in_command
from ..registry import Planner, Run, Session, command
from ..sql import Sql
from ..syntax import Stage
from .order import by_values

_OPTIONS = ("allnum", "delim", "partitions", "dedup_splitvals")


@command("stats <function>[(<field>|eval(<expression>))] [AS <field>] ... [BY <field> ...]", "transforming")
def stats(stage: Stage, planner: Planner) -> Run:
    """One row per combination of the BY fields, or one in all; rows that lack a BY field are left out."""
    wanted = parse(stage, options=_OPTIONS)

    def run(frame: Frame, session: Session) -> Frame:
        grouped = group(frame, wanted, session, stage.name)
        return by_values(grouped, list(wanted.by), session) if wanted.by else grouped

    return run


def group(frame: Frame, wanted: Aggregations, session: Session, name: str) -> Frame:
    """One row per group, in no order: the BY fields, then the aggregates."""
    plain, computed = split(wanted.aggregates)
    if not computed:
        return _grouped(frame, wanted, session, name)
    grouped = _grouped(frame, replace(wanted, aggregates=tuple(plain)), session, name)
    scope = Scope.of(grouped, session.engine, session.context, name)
    full = session.engine.extend(grouped, {output: scope.value(expression) for output, expression in computed})
    kept = [field for field in full.fields if not field.startswith("\0of")]
    made = [aggregate.name for aggregate in wanted.aggregates]
    order = [*(field for field in kept if field not in made), *(field for field in made if field in kept)]
    return full.with_columns({field: full.columns[field] for field in order})


def _grouped(frame: Frame, wanted: Aggregations, session: Session, name: str) -> Frame:
    frame = unfolded(frame, list(wanted.by), session)
    frame, aggregates = materialised(frame, wanted, session, name)
    time = frame.columns.get("_time")
    keys = {field: frame.get(field) for field in wanted.by}
    outputs = {field: Sql(sql.text(key), "text", plain=True) for field, key in keys.items()}
    for aggregate, value in aggregates:
        outputs[aggregate.name] = as_sql(aggregate, value, time=sql.number(time) if time else None)
    present = [f"NOT ({sql.is_null(key)})" for key in keys.values()]
    tail = f"WHERE {' AND '.join(present)} GROUP BY {', '.join(sql.text(key) for key in keys.values())}" if keys else ""
    grouped = session.engine.select(outputs, frame.name, tail)
    gathered = {a.name: over_values(a, grouped.columns[a.name]) for a, value in aggregates if value.kind == "multi"}
    return session.engine.extend(grouped, gathered) if gathered else grouped


def unfolded(frame: Frame, fields: list[str], session: Session) -> Frame:
    """A row for each value of these fields, where they are multivalues."""
    for field in fields:
        value = frame.get(field)
        if value.kind == "multi":
            source = f"(SELECT *, unnest({value.text}) AS one FROM {frame.name})"
            frame = session.engine.select({**frame.columns, field: Sql("one", "text", plain=True)}, source)
    return frame


def materialised(
    frame: Frame, wanted: Aggregations, session: Session, name: str
) -> tuple[Frame, list[tuple[Aggregate, Sql]]]:
    """The frame with a column for each expression that is aggregated, and each aggregate with its column."""
    aggregates = expanded(wanted.aggregates, frame.fields, wanted.by)
    scope = Scope.of(frame, session.engine, session.context, name)
    made = {
        f"\0{index}": column(aggregate, scope)
        for index, aggregate in enumerate(aggregates)
        if aggregate.expression is not None
    }
    full = session.engine.extend(frame, made) if made else frame
    scope = Scope.of(full, session.engine, session.context, name)
    return full, [
        (
            aggregate,
            full.columns[f"\0{index}"] if aggregate.expression is not None else column(aggregate, scope),
        )
        for index, aggregate in enumerate(aggregates)
    ]


@command("eventstats <function>[(<field>|eval(<expression>))] [AS <field>] ... [BY <field> ...]", "transforming")
def eventstats(stage: Stage, planner: Planner) -> Run:
    """The aggregates of its group in every row; rows that lack a BY field stay as they are."""
    wanted = parse(stage, options=_OPTIONS)

    def run(frame: Frame, session: Session) -> Frame:
        for field in wanted.by:
            if frame.get(field).kind == "multi":
                raise in_command(
                    stage.name,
                    f"The BY field '{field}' is a multivalue; expand it with mvexpand first.",
                    stage.args_position,
                )
        groups = group(frame, wanted, session, stage.name)
        added = {
            field: Sql(f"g.{value.text}", value.kind, plain=True)
            for field, value in groups.columns.items()
            if field not in wanted.by
        }
        outputs = {field: Sql(f"e.{value.text}", value.kind, plain=True) for field, value in frame.columns.items()}
        same = [
            f"{sql.text(Sql(f'e.{v.text}', v.kind))} = g.{groups.columns[field].text}"
            for field, v in _by(frame, wanted)
        ]
        source = f"{frame.name} AS e LEFT JOIN {groups.name} AS g ON {' AND '.join(same) or 'TRUE'}"
        return session.engine.select({**outputs, **added}, source, "ORDER BY e.rowid")

    return run


def _by(frame: Frame, wanted: Aggregations) -> list[tuple[str, Sql]]:
    return [
        (field, frame.get(field) if frame.get(field).kind != "null" else Sql("rowid", "number")) for field in wanted.by
    ]


_RUNNING = (
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "dc",
    "first",
    "last",
    "range",
    "stdev",
    "stdevp",
    "var",
    "varp",
    "values",
    "list",
)


@command(
    "streamstats [window=<count>] [current=<bool>]"
    " <function>[(<field>|eval(<expression>))] [AS <field>] ... [BY <field> ...]",
    "transforming",
)
def streamstats(stage: Stage, planner: Planner) -> Run:
    """The aggregates over the rows so far, or the last ``window`` of them, of the row's group."""
    wanted = parse(stage, options=("window", "current", "allnum", "global"))
    window = wanted.options.get("window", "0")
    current = wanted.options.get("current", "true").lower() in ("true", "t", "1")
    if not (window.isdecimal() and len(window) < 10):
        raise in_command(stage.name, f"Invalid value '{window}' for the option 'window'.", stage.args_position)
    for aggregate in wanted.aggregates:
        if aggregate.function not in _RUNNING:
            raise in_command(
                stage.name,
                f"The function '{aggregate.function}' is not supported here; use {', '.join(_RUNNING)}.",
                stage.args_position,
            )
    rows = int(window)
    start = f"{rows - 1 if current else rows} PRECEDING" if rows else "UNBOUNDED PRECEDING"
    stop = "CURRENT ROW" if current else "1 PRECEDING"

    def run(frame: Frame, session: Session) -> Frame:
        full, aggregates = materialised(frame, wanted, session, stage.name)
        keys = [sql.first(full.get(field)) for field in wanted.by]
        over = f"({'PARTITION BY ' + ', '.join(keys) if keys else ''} ORDER BY rowid ROWS BETWEEN {start} AND {stop})"
        added: dict[str, Sql] = {}
        for aggregate, value in aggregates:
            if value.kind == "multi":
                value = Sql(f"({value.text})[1]", "text")
            added[aggregate.name] = _windowed(aggregate, value, over)
        if keys:
            present = " AND ".join(f"{key} IS NOT NULL" for key in keys)
            added = {
                field: Sql(f"(CASE WHEN {present} THEN {value.text} END)", value.kind) for field, value in added.items()
            }
        kept = {field: full.columns[field] for field in frame.fields}
        return session.engine.select({**kept, **added}, full.name, "ORDER BY rowid")

    return run


def _windowed(aggregate: Aggregate, value: Sql, over: str) -> Sql:
    """The aggregate over a window of rows."""
    x, n = sql.text(value), sql.number(value)
    function = aggregate.function
    if function in ("first", "last"):
        return Sql(f"{function}_value({x} IGNORE NULLS) OVER {over}", "text")
    if function in ("min", "max"):
        return Sql(f"coalesce(fmt({function}({n}) OVER {over}), {function}({x}) OVER {over})", "text")
    if function in ("values", "list"):
        collected = f"list({x}) FILTER ({x} IS NOT NULL) OVER {over}"
        return Sql(f"list_sort(list_distinct({collected}))" if function == "values" else collected, "multi")
    calls = {
        "count": "CAST(count({x}) OVER {o} AS DOUBLE)",
        "dc": "CAST(count(DISTINCT {x}) OVER {o} AS DOUBLE)",
        "range": "(max({n}) OVER {o} - min({n}) OVER {o})",
        "sum": "sum({n}) OVER {o}", "avg": "avg({n}) OVER {o}",
        "stdev": "stddev_samp({n}) OVER {o}", "stdevp": "stddev_pop({n}) OVER {o}",
        "var": "var_samp({n}) OVER {o}", "varp": "var_pop({n}) OVER {o}",
    }  # fmt: skip
    return Sql(calls[function].format(x=x, n=n, o=over), "number")
