"""Multivalues: fields that hold several values in one row."""

from __future__ import annotations

from .. import patterns, sql
from ..compile import Scope, function, syntactic
from ..expressions import Call, references
from ..sql import Sql


@function("split(text, delimiter)", 2)
def _split(scope: Scope, value: Sql, delimiter: Sql) -> Sql:
    if value.kind == "multi":
        return Sql(
            f"flatten(list_transform({value.text}, lambda v: string_split(v, {sql.text(delimiter)})))",
            "multi",
        )
    return Sql(f"string_split({sql.text(value)}, {sql.text(delimiter)})", "multi")


@function("mvcount(field)", 1)
def _mvcount(scope: Scope, value: Sql) -> Sql:
    if value.kind == "multi":
        return Sql(f"CAST(nullif(len({value.text}), 0) AS DOUBLE)", "number")
    return Sql(f"(CASE WHEN {value.text} IS NOT NULL THEN CAST(1 AS DOUBLE) END)", "number")


@function("mvindex(field, start[, end])", 2, 3)
def _mvindex(scope: Scope, value: Sql, start: Sql, end: Sql | None = None) -> Sql:
    listed = sql.multi(value)
    if end is None:
        return Sql(f"list_extract({listed}, {_index(start)})", "text")
    return Sql(f"list_slice({listed}, {_index(start, slice_of=listed)}, {_index(end, slice_of=listed)})", "multi")


def _index(value: Sql, *, slice_of: str | None = None) -> str:
    """A place counted from 0, or from -1 backwards, as DuckDB counts: from 1. A slice needs places from the front."""
    literal = sql.reads_as(value.literal) if value.literal is not None else None
    if literal is not None:
        place = int(literal) + 1 if literal >= 0 else int(literal)
        return (
            str(place)
            if place > 0 or slice_of is None
            else f"greatest(len({slice_of}) + 1 + {place}, 1)"
            if place > -(2**31)
            else "1"
        )
    number = f"CAST({sql.number(value)} AS BIGINT)"
    behind = number if slice_of is None else f"greatest(len({slice_of}) + 1 + {number}, 1)"
    return f"(CASE WHEN {number} >= 0 THEN {number} + 1 ELSE {behind} END)"


@function("mvjoin(field, delimiter)", 2)
def _mvjoin(scope: Scope, value: Sql, delimiter: Sql) -> Sql:
    if value.kind != "multi":
        return Sql(sql.text(value), "text")
    return Sql(
        f"(CASE WHEN len({value.text}) > 0 THEN array_to_string({value.text}, {sql.text(delimiter)}) END)",
        "text",
    )


@function("mvappend(value, ...)", 1, -1)
def _mvappend(scope: Scope, *values: Sql) -> Sql:
    lists = ", ".join(sql.multi(value) for value in values)
    return Sql(f"flatten(list_filter([{lists}], lambda l: l IS NOT NULL))", "multi")


@function("mvdedup(field)", 1)
def _mvdedup(scope: Scope, value: Sql) -> Sql:
    listed = sql.multi(value)
    return Sql(f"list_filter({listed}, lambda v, i: list_position({listed}, v) = i)", "multi")


@function("mvsort(field)", 1)
def _mvsort(scope: Scope, value: Sql) -> Sql:
    return Sql(f"list_sort({sql.multi(value)})", "multi")


@function("mvreverse(field)", 1)
def _mvreverse(scope: Scope, value: Sql) -> Sql:
    return Sql(f"list_reverse({sql.multi(value)})", "multi")


@function("mvfind(field, regex)", 2)
def _mvfind(scope: Scope, value: Sql, pattern: Sql) -> Sql:
    found = f"list_transform({sql.multi(value)}, lambda v: {patterns.search(scope.engine, 'v', pattern)})"
    return Sql(f"CAST(nullif(list_position({found}, TRUE), 0) - 1 AS DOUBLE)", "number")


@function("mvzip(field, other[, delimiter])", 2, 3)
def _mvzip(scope: Scope, left: Sql, right: Sql, delimiter: Sql | None = None) -> Sql:
    a, b = sql.multi(left), sql.multi(right)
    between = "','" if delimiter is None else sql.text(delimiter)
    pairs = f"list_zip({a}, {b}, TRUE)"  # TRUE: as long as the shorter one
    return Sql(
        f"(CASE WHEN {a} IS NOT NULL AND {b} IS NOT NULL"
        f" THEN list_transform({pairs}, lambda p: p[1] || {between} || p[2]) END)",
        "multi",
    )


@function("mvrange(start, end[, step])", 2, 3)
def _mvrange(scope: Scope, start: Sql, end: Sql, step: Sql | None = None) -> Sql:
    by = "1" if step is None else f"nullif(CAST({sql.number(step)} AS BIGINT), 0)"
    numbers = f"range(CAST({sql.number(start)} AS BIGINT), CAST({sql.number(end)} AS BIGINT), {by})"
    return Sql(f"list_transform({numbers}, lambda v: CAST(v AS VARCHAR))", "multi")


@syntactic("mvfilter(condition)", 1)
def _mvfilter(scope: Scope, call: Call) -> Sql:
    field = _only_field(scope, call, set(references(call.arguments[0])))
    inner = scope.binding({field: Sql("v", "text", plain=True)})
    listed = sql.multi(scope.columns.get(field, sql.NULL))
    return Sql(f"list_filter({listed}, lambda v: {inner.condition(call.arguments[0])})", "multi")


@syntactic("mvmap(field, expression)", 2)
def _mvmap(scope: Scope, call: Call) -> Sql:
    field = _only_field(scope, call, set(references(call.arguments[0])))
    inner = scope.binding({field: Sql("v", "text", plain=True)})
    listed = sql.multi(scope.columns.get(field, sql.NULL))
    mapped = f"list_transform({listed}, lambda v: {sql.first(inner.value(call.arguments[1]))})"
    return Sql(f"list_filter({mapped}, lambda v: v IS NOT NULL)", "multi")


def _only_field(scope: Scope, call: Call, fields: set[str]) -> str:
    if len(fields) != 1:
        raise scope.error(
            f"The arguments to the '{call.function}' function are invalid: it works on exactly one field.",
            call.position,
        )
    return fields.pop()
