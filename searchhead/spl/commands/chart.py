"""chart, and what it shares with timechart: aggregates by two fields, the values of one as rows, of the other as columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...conf_files import is_true
from ...table import Table, Value
from .. import sql, timespans
from ..aggregations import Aggregations, expanded, parse
from ..engine import Frame
from ..errors import SplSyntaxError, in_command
from ..registry import Planner, Run, Session, command
from ..sql import Sql
from ..syntax import Stage
from .aggregate import group
from .buckets import binned
from .order import by_values

SPLITTING = ("limit", "useother", "otherstr", "usenull", "nullstr", "sep", "format")
_SERIES = "\0series"
_NUMBER = r"-?\d+(?:\.\d+)?(?:e[+-]\d+)?"
_BUCKET = rf"^({_NUMBER})-{_NUMBER}$"


@command(
    "chart [limit=<count>] [useother=<bool>] [usenull=<bool>] <function>[(<field>)] [AS <field>] ..."
    " [OVER <field> [span=<span>|bins=<count>]] [BY <field> [span=<span>|bins=<count>] [<field>]]",
    "transforming",
)
def chart(stage: Stage, planner: Planner) -> Run:
    """A row per value of the first field; with a second one a column per value, the ``limit`` (10) largest and OTHER."""
    wanted = parse(stage, options=(*SPLITTING, "span", "bins", "cont", "agg"), charting=True)
    options = wanted.options
    fields = [*([wanted.over] if wanted.over else []), *wanted.by]
    if not 1 <= len(fields) <= 2:
        raise in_command(
            stage.name, "The rows need one field after OVER or BY, and the columns at most one.", stage.args_position
        )
    span = timespans.parse_span(options["span"]) if "span" in options else None
    if "span" in options and span is None:
        raise bad_option(stage, options, "span", "it is a number, or one with a unit of time such as 5m")
    bins = whole(stage, options, "bins", 0)
    most = limit(stage, options)

    def run(frame: Frame, session: Session) -> Frame:
        row, *column = fields
        if span is not None or bins:
            frame = binned(frame, row, row, span, bins or 100, session)
        aggregates = expanded(wanted.aggregates, frame.fields, tuple(fields))
        one = replace(wanted, by=(row,), aggregates=tuple(aggregates))
        if not column or not aggregates:
            return _ordered(group(frame, one, session, stage.name), row, session)
        ordered = _ordered(group(frame, replace(one, aggregates=()), session, stage.name), row, session)
        rows = session.engine.table(ordered).column(row)
        return session.engine.load(spread(frame, replace(one, by=(row, column[0])), rows, most, session, stage.name))

    return run


def _ordered(frame: Frame, row: str, session: Session) -> Frame:
    """The rows by their first field; of buckets ``start-end`` by their start."""
    by_value = by_values(frame, [row], session)
    start = f"regexp_extract({by_value.columns[row].text}, {sql.quoted(_BUCKET)}, 1)"
    return session.engine.select(by_value.columns, by_value.name, f"ORDER BY num({start}) NULLS FIRST, rowid")


def spread(frame: Frame, wanted: Aggregations, rows: Sequence[Value], most: int, session: Session, name: str) -> Table:
    """A row for each of the ``rows``, values of the first BY field; a column per series of the second one and aggregate."""
    options = wanted.options
    row = wanted.by[0]
    frame, kept = _series(frame, wanted, most, session, name)
    made = session.engine.table(group(frame, replace(wanted, by=(row, _SERIES)), session, name))
    aggregates = wanted.aggregates
    columns: dict[str, list[Value]] = {row: list(rows)}
    for aggregate in aggregates:
        cells = {
            (at, series): cell
            for at, series, cell in zip(
                made.column(row), made.column(_SERIES), made.column(aggregate.name), strict=True
            )
        }
        for series in kept:
            label = series if len(aggregates) == 1 else _label(options, aggregate.name, series)
            empty = "0" if aggregate.function in ("count", "dc") else None
            columns[label] = [cells.get((at, series), empty) for at in rows]
    return Table(columns, len(rows))


def _label(options: Mapping[str, str], aggregate: str, series: str) -> str:
    form = options.get("format")
    if form is not None:
        return form.replace("$AGG$", aggregate).replace("$VAL$", series)
    return f"{aggregate}{options.get('sep', ': ')}{series}"


def _series(frame: Frame, wanted: Aggregations, most: int, session: Session, name: str) -> tuple[Frame, list[str]]:
    """The frame with each row's series, and the series: the largest by the sum of the first aggregate, OTHER, NULL."""
    options = wanted.options
    row, column = wanted.by
    other, null = options.get("otherstr", "OTHER"), options.get("nullstr", "NULL")
    key = sql.first(frame.get(column))
    frame = session.engine.extend(frame, {_SERIES: Sql(key, "text")})
    one = replace(wanted, by=(row, _SERIES), aggregates=wanted.aggregates[:1])
    ranked = group(frame, one, session, name)
    value = sql.number(ranked.columns[wanted.aggregates[0].name])
    label = ranked.columns[_SERIES].text
    way = "ASC" if re.match(r"\s*bottom", options.get("limit", ""), re.IGNORECASE) else "DESC"
    found = session.engine.rows(
        f"SELECT {label}, sum({value}) AS s FROM {ranked.name} GROUP BY {label} ORDER BY s {way} NULLS LAST, {label}"
    )
    kept = [values[0] for values in found][: most or None]
    use_other = is_true(options.get("useother"), default=True) and len(found) > len(kept)
    held = frame.columns[_SERIES].text
    has_null = (
        is_true(options.get("usenull"), default=True)
        and session.engine.rows(f"SELECT count(*) FROM {frame.name} WHERE {held} IS NULL")[0][0] > 0
    )
    listed = ", ".join(sql.quoted(text) for text in kept) or "NULL"
    rest = sql.quoted(other) if use_other else "NULL"
    missing = sql.quoted(null) if has_null else "NULL"
    mapped = f"(CASE WHEN {held} IS NULL THEN {missing} WHEN {held} IN ({listed}) THEN {held} ELSE {rest} END)"
    frame = session.engine.extend(frame, {_SERIES: Sql(mapped, "text")})
    ordered = sorted(kept, key=natural)
    return frame, list(dict.fromkeys([*ordered, *[other] * use_other, *[null] * has_null]))


def natural(text: str) -> tuple[bool, float, str]:
    """What texts are sorted by: numbers as numbers and before words."""
    number = sql.reads_as(text)
    return (number is None, number or 0.0, text)


def limit(stage: Stage, options: Mapping[str, str]) -> int:
    """The number of series: ``5``, ``top5`` or ``bottom 5``; 0 for all."""
    text = re.sub(r"(?i)^\s*(top|bottom)\s*", "", options.get("limit", "10"))
    return whole(stage, {**options, "limit": text}, "limit", 10)


def whole(stage: Stage, options: Mapping[str, str], name: str, default: int) -> int:
    """A whole number among the options. Raises SplSyntaxError."""
    value = options.get(name, str(default))
    if not (value.isdecimal() and value.isascii()):
        raise bad_option(stage, options, name, "it is a whole number")
    return min(int(value), 10**9)


def bad_option(stage: Stage, options: Mapping[str, str], name: str, reason: str) -> SplSyntaxError:
    """The error for an option's value."""
    return in_command(
        stage.name, f"Invalid value '{options[name]}' for the option '{name}': {reason}.", stage.args_position
    )
