"""Numbers. Arithmetic is in double precision throughout: Splunk's rounding to significant figures is not imitated."""

from __future__ import annotations

from .. import sql
from ..compile import Scope, function
from ..sql import Sql


def _unary(name: str, template: str) -> None:
    @function(f"{name}(number)", 1)
    def _build(scope: Scope, value: Sql) -> Sql:
        return Sql(template.format(sql.number(value)), "number")


# What has no finite value is null; logarithms of what is not positive would be errors in DuckDB.
for _name, _template in {
    "abs": "abs({})", "floor": "floor({})", "ceiling": "ceil({})", "ceil": "ceil({})", "exact": "{}",
    "sqrt": "sqrt(nonnegative({}))",
    "exp": "finite(exp({}))", "ln": "finite(ln(positive({})))",
    "sin": "finite(sin(finite({})))", "cos": "finite(cos(finite({})))", "tan": "finite(tan(finite({})))",
    "asin": "asin(unit({}))", "acos": "acos(unit({}))", "atan": "atan({})",
    "sinh": "finite(sinh({}))", "cosh": "finite(cosh({}))", "tanh": "tanh({})",
    "asinh": "asinh({})", "acosh": "finite(acosh(CASE WHEN {0} >= 1 THEN {0} END))", "atanh": "finite(atanh(unit({})))",
}.items():  # fmt: skip
    _unary(_name, _template)


@function("pi()", 0)
def _pi(scope: Scope) -> Sql:
    return Sql("pi()", "number")


@function("log(number[, base])", 1, 2)
def _log(scope: Scope, value: Sql, base: Sql | None = None) -> Sql:
    if base is None:
        return Sql(f"finite(log10(positive({sql.number(value)})))", "number")
    return Sql(f"finite(ln(positive({sql.number(value)})) / nullif(ln(positive({sql.number(base)})), 0))", "number")


@function("pow(number, exponent)", 2)
def _pow(scope: Scope, value: Sql, exponent: Sql) -> Sql:
    return Sql(f"finite(pow({sql.number(value)}, {sql.number(exponent)}))", "number")


@function("atan2(y, x)", 2)
def _atan2(scope: Scope, y: Sql, x: Sql) -> Sql:
    return Sql(f"atan2({sql.number(y)}, {sql.number(x)})", "number")


@function("hypot(x, y)", 2)
def _hypot(scope: Scope, x: Sql, y: Sql) -> Sql:
    return Sql(f"finite(sqrt(pow({sql.number(x)}, 2) + pow({sql.number(y)}, 2)))", "number")


@function("sum(number, ...)", 1, -1)
def _sum(scope: Scope, *values: Sql) -> Sql:
    return Sql(f"list_sum({_numbers(values)})", "number")


@function("avg(number, ...)", 1, -1)
def _avg(scope: Scope, *values: Sql) -> Sql:
    return Sql(f"list_avg({_numbers(values)})", "number")


def _numbers(values: tuple[Sql, ...]) -> str:
    """The numbers among the values, each of a multivalue's too, as a list."""
    parts = [
        f"coalesce(list_transform({value.text}, lambda v: num(v)), [])"
        if value.kind == "multi"
        else f"[{sql.number(value)}]"
        for value in values
    ]
    return f"list_filter(flatten([{', '.join(parts)}]), lambda n: n IS NOT NULL)"


@function("round(number[, decimals])", 1, 2)
def _round(scope: Scope, value: Sql, decimals: Sql | None = None) -> Sql:
    number = sql.number(value)
    if decimals is None:
        return Sql(f"round({number})", "number")
    places = sql.reads_as(decimals.literal) if decimals.literal is not None else None
    if places is None:
        return Sql(f"round({number}, CAST(least(greatest({sql.number(decimals)}, -15), 15) AS INTEGER))", "number")
    digits = int(max(-15, min(15, places)))
    if digits <= 0:
        return Sql(f"round({number}, {digits})", "number")
    return Sql(f"printf('%.{digits}f', round({number}, {digits}))", "text")  # Splunk writes the trailing zeros


@function("sigfig(number)", 1)
def _sigfig(scope: Scope, value: Sql) -> Sql:
    return Sql(sql.number(value), "number")


@function("random()", 0)
def _random(scope: Scope) -> Sql:
    return Sql("floor(random() * 2147483648)", "number")


@function("tonumber(text[, base])", 1, 2)
def _tonumber(scope: Scope, value: Sql, base: Sql | None = None) -> Sql:
    if base is None:
        return Sql(sql.number(value), "number")
    name = scope.engine.function("in_base", _in_base, 2)
    return Sql(f"num({name}({sql.text(value)}, {sql.text(base)}))", "number")


def _in_base(text: str, base: str) -> str:
    try:
        return str(int(text, int(float(base))))
    except ValueError:
        return ""


def _extreme(name: str) -> None:
    @function(f"{name}(value, ...)", 1, -1)
    def _build(scope: Scope, *values: Sql) -> Sql:
        pick = "least" if name == "min" else "greatest"
        numbers = f"{pick}({', '.join(sql.number(value) for value in values)})"
        if all(value.kind in ("number", "null") for value in values):
            return Sql(numbers, "number")
        # Text is greater than any number, so it counts for the minimum only when there is no number.
        words = ", ".join(f"CASE WHEN {sql.number(value)} IS NULL THEN {sql.text(value)} END" for value in values)
        ranked = [f"fmt({numbers})", f"{pick}({words})"]
        return Sql(f"coalesce({', '.join(ranked if name == 'min' else reversed(ranked))})", "text")


_extreme("min")
_extreme("max")
