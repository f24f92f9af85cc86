"""Text in, text out. Functions of one text work on each value of a multivalue."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from .. import patterns, sql
from ..compile import Scope, function
from ..documents import parsed
from ..sql import Sql


def each(value: Sql, make: Callable[[str], str]) -> Sql:
    """``make(SQL of VARCHAR)`` of the value, or of each of a multivalue's values."""
    if value.kind == "multi":
        return Sql(f"list_transform({value.text}, lambda v: {make('v')})", "multi")
    return Sql(make(sql.text(value)), "text")


@function("lower(text)", 1)
def _lower(scope: Scope, value: Sql) -> Sql:
    return each(value, lambda v: f"lower({v})")


@function("upper(text)", 1)
def _upper(scope: Scope, value: Sql) -> Sql:
    return each(value, lambda v: f"upper({v})")


@function("len(text)", 1)
def _len(scope: Scope, value: Sql) -> Sql:
    return Sql(f"CAST(length({sql.text(value)}) AS DOUBLE)", "number")


@function("substr(text, start[, length])", 2, 3)
def _substr(scope: Scope, value: Sql, start: Sql, length: Sql | None = None) -> Sql:
    begin = f"CAST({sql.number(start)} AS BIGINT)"
    count = "" if length is None else f", greatest(CAST({sql.number(length)} AS BIGINT), 0)"
    return each(value, lambda v: f"substring({v}, CASE WHEN {begin} = 0 THEN 1 ELSE {begin} END{count})")


def _trimmed(name: str) -> None:
    @function(f"{name}(text[, characters])", 1, 2)
    def _trim(scope: Scope, value: Sql, characters: Sql | None = None) -> Sql:
        those = "' ' || chr(9) || chr(10) || chr(13)" if characters is None else sql.text(characters)
        return each(value, lambda v: f"{name}({v}, {those})")


for _name in ("trim", "ltrim", "rtrim"):
    _trimmed(_name)


@function("replace(text, regex, replacement)", 3)
def _replace(scope: Scope, value: Sql, pattern: Sql, replacement: Sql) -> Sql:
    return each(value, lambda v: patterns.substitute(scope.engine, v, pattern, replacement))


@function("md5(text)", 1)
def _md5(scope: Scope, value: Sql) -> Sql:
    return each(value, lambda v: f"md5({v})")


@function("sha1(text)", 1)
def _sha1(scope: Scope, value: Sql) -> Sql:
    return each(value, lambda v: f"sha1({v})")


@function("sha256(text)", 1)
def _sha256(scope: Scope, value: Sql) -> Sql:
    return each(value, lambda v: f"sha256({v})")


@function("urldecode(text)", 1)
def _urldecode(scope: Scope, value: Sql) -> Sql:
    return each(value, lambda v: f"url_decode({v})")


@function("tostring(value[, format])", 1, 2)
def _tostring(scope: Scope, value: Sql, form: Sql | None = None) -> Sql:
    if form is None:
        return value if value.kind == "multi" else Sql(sql.text(value), "text")
    number = sql.number(value)
    forms = {
        "hex": f"'0x' || upper(to_hex(CAST({number} AS BIGINT)))",
        "binary": f"to_binary(CAST({number} AS BIGINT))",
        "commas": f"regexp_replace(format('{{:,.2f}}', {number}), '\\.00$', '')",
        "duration": _duration(number),
    }
    if form.literal not in forms:
        raise scope.error(
            f"The arguments to the 'tostring' function are invalid: the format is one of {', '.join(forms)}."
        )
    return Sql(f"({forms[form.literal]})", "text")


def _duration(number: str) -> str:
    """Seconds as [days+]HH:MM:SS, with the fraction if there is one."""
    whole = f"CAST(floor({number}) AS BIGINT)"
    days = f"(CASE WHEN {whole} >= 86400 THEN ({whole} // 86400) || '+' ELSE '' END)"
    clock = f"printf('%02d:%02d:%02d', {whole} // 3600 % 24, {whole} // 60 % 60, {whole} % 60)"
    fraction = f"(CASE WHEN {number} % 1 <> 0 THEN substring(printf('%.6f', {number} % 1), 2) ELSE '' END)"
    return f"{days} || {clock} || {fraction}"


@function("printf(format, value, ...)", 1, -1)
def _printf(scope: Scope, form: Sql, *values: Sql) -> Sql:
    packed = "[" + ", ".join(f"coalesce({sql.text(value)}, '')" for value in values) + "]"
    name = scope.engine.function("formatted", _formatted, 2)
    listed = f"CAST(to_json({packed}) AS VARCHAR)" if values else "'[]'"
    return Sql(f"{name}({sql.text(form)}, {listed})", "text")


def _formatted(form: str, packed: str) -> str:
    """C's printf for %d %i %u %x %X %o %c %f %e %g %s, with flags, width and precision."""
    values = iter(json.loads(packed))

    def one(match: re.Match[str]) -> str:
        flags, kind = match.group(1), match.group(2)
        if kind == "%":
            return "%"
        value = next(values, "")
        if kind in "sc":
            return f"%{flags}{kind if kind == 's' else '.1s'}" % value
        number = sql.reads_as(value) or 0.0
        if kind in "diuxXo":
            return f"%{flags}{'d' if kind in 'iu' else kind}" % int(number)
        return f"%{flags}{kind}" % number

    return re.sub(r"%([-+ #0]{0,5}\d{0,3}(?:\.\d{0,3})?)([diuxXocfFeEgGs%])", one, form)


def json_values(document: str, path: str) -> list[str]:
    """All values at a path, ``{}`` meaning every element of a list; nothing for text that is no JSON."""
    try:
        nodes: list[Any] = [parsed(document)]
    except ValueError:
        return []
    for part in re.findall(r"[^.{}]+|\{\d*\}", path):
        if part == "{}":
            nodes = [item for node in nodes if isinstance(node, list) for item in node]
        elif part.startswith("{"):
            index = int(part[1:-1])
            nodes = [node[index] for node in nodes if isinstance(node, list) and index < len(node)]
        else:
            nodes = [node[part] for node in nodes if isinstance(node, dict) and part in node]
    return [json_text(node) for node in nodes if node is not None]


def json_text(node: object) -> str:
    """A JSON value as a field's value: text as it is, anything else as JSON."""
    return node if isinstance(node, str) else json.dumps(node, separators=(",", ":"), ensure_ascii=False)
