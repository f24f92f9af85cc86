"""Times: epoch seconds and what people write. The time zone is UTC."""

from __future__ import annotations

import re

from .. import sql, timespans
from ..compile import Scope, function
from ..sql import Sql

# Splunk's conversions that DuckDB writes otherwise; %N and %Q count digits of the second's fraction.
_CONVERSIONS = {
    "%F": "%Y-%m-%d", "%T": "%H:%M:%S", "%R": "%H:%M", "%D": "%m/%d/%y", "%e": "%-d", "%k": "%-H", "%l": "%-I",
    "%c": "%a %b %-d %H:%M:%S %Y", "%x": "%m/%d/%Y", "%X": "%H:%M:%S", "%+": "%a %b %-d %H:%M:%S UTC %Y", "%h": "%b",
    "%Z": "UTC", "%z": "+0000", "%:z": "+00:00", "%n": "\n", "%t": "\t",
    "%3N": "%g", "%6N": "%f", "%9N": "%n", "%N": "%n", "%3Q": "%g", "%6Q": "%f", "%9Q": "%n", "%Q": "%g", "%f": "%f",
}  # fmt: skip
_PARSED = {
    "%e": "%d",
    "%k": "%H",
    "%l": "%I",
    **{f"%{digits}{letter}": "%f" for digits in ("", "3", "6", "9") for letter in "NQ"},
}
_CONVERSION = re.compile(r"%(?::?z|[369]?[NQ]|.)", re.DOTALL)
_KNOWN = frozenset("aAbBdmyYHIpMSjUWwuGV%-")


@function("now()", 0)
def _now(scope: Scope) -> Sql:
    return sql.constant(float(int(scope.context.now)))


@function("time()", 0)
def _time(scope: Scope) -> Sql:
    return Sql(timespans.epoch("current_timestamp"), "number")


@function("strftime(time, format)", 2)
def _strftime(scope: Scope, time: Sql, form: Sql) -> Sql:
    moment = sql.number(time)
    if form.literal is None:
        raise scope.error("The arguments to the 'strftime' function are invalid: the format must be text in quotes.")
    parts: list[str] = []
    for index, piece in enumerate(re.split(r"%s", form.literal)):
        if index:
            parts.append(f"CAST(CAST(floor({moment}) AS BIGINT) AS VARCHAR)")
        if piece:
            parts.append(
                f"strftime({timespans.timestamp(moment)}, {sql.quoted(_translated(scope, piece, parsing=False))})"
            )
    if not parts:
        return Sql(f"(CASE WHEN {moment} IS NOT NULL THEN '' END)", "text")
    return Sql("(" + " || ".join(parts) + ")", "text")


@function("strptime(text, format)", 2)
def _strptime(scope: Scope, value: Sql, form: Sql) -> Sql:
    written = sql.text(value)
    if form.literal == "%s":
        return Sql(sql.number(value), "number")
    if form.literal is None:
        raise scope.error("The arguments to the 'strptime' function are invalid: the format must be text in quotes.")
    pattern = sql.quoted(_translated(scope, form.literal, parsing=True))
    return Sql(timespans.epoch(f"try_strptime({written}, {pattern})"), "number")


@function("relative_time(time, specifier)", 2)
def _relative_time(scope: Scope, time: Sql, specifier: Sql) -> Sql:
    if specifier.literal is None:
        name = scope.engine.function("moved", _moved, 2)
        return Sql(f"num({name}({sql.text(time)}, {sql.text(specifier)}))", "number")
    made = timespans.relative(specifier.literal, sql.number(time))
    if made is None:
        raise scope.error(
            f"The arguments to the 'relative_time' function are invalid: '{specifier.literal}' is no specifier"
            ' such as "-1d@d".'
        )
    return Sql(made, "number")


def _moved(time: str, specifier: str) -> str:
    start = sql.reads_as(time)
    found = None if start is None else timespans.moved(specifier, start)
    return "" if found is None else sql.written(found)


def _translated(scope: Scope, form: str, *, parsing: bool) -> str:
    def one(match: re.Match[str]) -> str:
        conversion = match.group()
        if parsing and conversion in ("%z", "%:z", "%Z"):
            return "%z" if conversion != "%Z" else "%Z"
        if parsing and conversion in _PARSED:
            return _PARSED[conversion]
        known = _CONVERSIONS.get(conversion)
        if known is None and conversion[-1] not in _KNOWN:
            raise scope.error(f"The time format '{form}' has the unknown conversion '{conversion}'.")
        return known or conversion

    if form.endswith("%") and not form.endswith("%%"):
        form += "%"
    return _CONVERSION.sub(one, form)
