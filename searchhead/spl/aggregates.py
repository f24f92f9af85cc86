"""The functions of stats, eventstats, streamstats, chart and timechart as SQL.

Each works on the values that rows have: missing ones do not count, each value of a multivalue does. ``{x}`` is the value as
text, ``{n}`` as number; ``rowid`` is the row's place, ``{t}`` its time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

from . import sql
from .compile import Scope
from .expressions import Expression
from .sql import Sql

# name → (kind of the result, SQL)
_NUMERIC: dict[str, str] = {
    "sum": "sum({n})",
    "avg": "avg({n})",
    "sumsq": "sum({n} * {n})",
    "stdev": "stddev_samp({n})",
    "stdevp": "stddev_pop({n})",
    "var": "var_samp({n})",
    "varp": "var_pop({n})",
    "range": "(max({n}) - min({n}))",
    "dc": "CAST(count(DISTINCT {x}) AS DOUBLE)",
    "count": "CAST(count({x}) AS DOUBLE)",
}
_TEXTUAL: dict[str, str] = {
    # Text is greater than any number; a number is given as it was written.
    "min": "coalesce(arg_min({x}, {n}), min({x}))",
    "max": "coalesce(max(CASE WHEN {n} IS NULL THEN {x} END), arg_max({x}, {n}))",
    "mode": "mode({x} ORDER BY {r})",
    "first": "arg_min({x}, {r})",
    "last": "arg_max({x}, {r})",
    "earliest": "arg_min({x}, {t})",
    "latest": "arg_max({x}, {t})",
}
_MULTI: dict[str, str] = {
    "values": "list_sort(list(DISTINCT {x}) FILTER ({x} IS NOT NULL))",
    "list": "list_slice(list({x} ORDER BY {r}) FILTER ({x} IS NOT NULL), 1, 100)",
}
_TIMES: dict[str, str] = {"earliest_time": "min({tx})", "latest_time": "max({tx})"}
ALIASES = {"c": "count", "mean": "avg", "distinct_count": "dc", "estdc": "dc"}
_PERCENTILE = re.compile(r"(?:p|perc|exactperc|upperperc)(\d{1,2}(?:\.\d+)?|100)")

FUNCTIONS = (
    *("count", "dc", "estdc", "sum", "sumsq", "avg", "min", "max", "median", "perc<N>", "exactperc<N>", "upperperc<N>"),
    *("mode", "stdev", "stdevp", "var", "varp", "range", "values", "list", "first", "last", "earliest", "latest"),
    *("earliest_time", "latest_time"),
)


@dataclass(frozen=True)
class Aggregate:
    """One function over one field (None: rows, for count) or expression; ``name`` is its output field.

    The function ``eval`` is an expression of other aggregates.
    """

    function: str
    field: str | None
    expression: Expression | None
    name: str


def is_known(function: str) -> bool:
    """Whether there is such an aggregation."""
    named = (_NUMERIC, _TEXTUAL, _MULTI, _TIMES, ("median",))
    return any(function in names for names in named) or _PERCENTILE.fullmatch(function) is not None


def column(aggregate: Aggregate, scope: Scope) -> Sql:
    """What the aggregate works on; for count(eval(condition)), 1 where the condition holds."""
    if aggregate.expression is not None:
        value = scope.value(aggregate.expression)
        if value.kind == "boolean":
            return Sql(f"(CASE WHEN {value.text} THEN CAST(1 AS DOUBLE) END)", "number")
        return value
    if aggregate.field is None:
        return Sql("CAST(1 AS DOUBLE)", "number")
    return scope.columns.get(aggregate.field, sql.NULL)


def as_sql(aggregate: Aggregate, value: Sql, *, row: str = "rowid", time: str | None = None) -> Sql:
    """The aggregate of a value as SQL, for GROUP BY. ``row`` orders rows; ``time`` is _time as number, else the row's place.

    Rows come newest first from an index, so without _time the first row counts as the latest. Of a multivalue the values are
    gathered; ``over_values`` finishes the work.
    """
    function = aggregate.function
    if function == "count" and aggregate.field is None and aggregate.expression is None:
        return Sql("CAST(count(*) AS DOUBLE)", "number")
    template, kind = _template(function)
    names = {"x": sql.text(value), "n": sql.number(value), "r": row, "t": time or f"-({row})", "tx": "NULL"}
    if time is not None:
        names["tx"] = f"CASE WHEN NOT ({sql.is_null(value)}) THEN {time} END"
    if value.kind == "multi":
        return Sql(f"flatten(list({value.text} ORDER BY {row}) FILTER ({value.text} IS NOT NULL))", "multi")
    return Sql(template.format(**names), kind)


def _template(function: str) -> tuple[str, sql.Kind]:
    if function == "median":
        return "list_extract(list_sort(list({n}) FILTER ({n} IS NOT NULL)), count({n}) // 2 + 1)", "number"
    if match := _PERCENTILE.fullmatch(function):
        return f"quantile_disc({{n}}, {float(match.group(1)) / 100!r})", "number"
    for templates, kind in ((_NUMERIC, "number"), (_TEXTUAL, "text"), (_MULTI, "multi"), (_TIMES, "number")):
        if function in templates:
            return templates[function], cast(sql.Kind, kind)
    raise AssertionError(function)


def over_values(aggregate: Aggregate, values: Sql) -> Sql:
    """The aggregate over the values that ``as_sql`` gathered from a multivalue field, for each group's row."""
    template, kind = _template(aggregate.function)
    names = {"x": "v", "n": "num(v)", "r": "i", "t": "-i", "tx": "CAST(NULL AS DOUBLE)"}
    unpacked = f"SELECT unnest({values.text}) AS v, generate_subscripts({values.text}, 1) AS i"
    return Sql(f"(SELECT {template.format(**names)} FROM ({unpacked}))", kind)
