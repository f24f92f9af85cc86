"""Conditions, and what to do about missing values."""

from __future__ import annotations

import ipaddress

from .. import patterns, sql
from ..compile import Scope, compare, function, syntactic, unify
from ..expressions import Call, String
from ..search_terms import condition as search_condition
from ..search_terms import parse as parse_search
from ..sql import Sql


@syntactic("if(condition, then, else)", 3)
def _if(scope: Scope, call: Call) -> Sql:
    condition = scope.condition(call.arguments[0])
    kind, (then, otherwise) = unify([scope.value(part) for part in call.arguments[1:]])
    return Sql(f"(CASE WHEN {condition} THEN {then} ELSE {otherwise} END)", kind)


@syntactic("case(condition, value, ...)", 2, -1)
def _case(scope: Scope, call: Call) -> Sql:
    return _choice(scope, call, negate="")


@syntactic("validate(condition, value, ...)", 2, -1)
def _validate(scope: Scope, call: Call) -> Sql:
    return _choice(scope, call, negate="NOT ")


def _choice(scope: Scope, call: Call, *, negate: str) -> Sql:
    if len(call.arguments) % 2:
        raise scope.error(
            f"The arguments to the '{call.function}' function are invalid: conditions and values come in pairs.",
            call.position,
        )
    conditions = [scope.condition(part) for part in call.arguments[::2]]
    kind, values = unify([scope.value(part) for part in call.arguments[1::2]])
    branches = " ".join(
        f"WHEN {negate}{condition} THEN {value}" for condition, value in zip(conditions, values, strict=True)
    )
    return Sql(f"(CASE {branches} END)", kind)


@function("coalesce(value, ...)", 1, -1)
def _coalesce(scope: Scope, *values: Sql) -> Sql:
    kind, parts = unify(list(values))
    if kind == "multi":
        parts = [f"(CASE WHEN len({part}) > 0 THEN {part} END)" for part in parts]
    return Sql(f"coalesce({', '.join(parts)})", kind)


@function("nullif(value, other)", 2)
def _nullif(scope: Scope, value: Sql, other: Sql) -> Sql:
    if value.kind == "null":
        return value
    return Sql(
        f"(CASE WHEN coalesce({compare('=', value, other)}, FALSE) THEN NULL ELSE {value.text} END)",
        value.kind,
    )


@function("isnull(value)", 1)
def _isnull(scope: Scope, value: Sql) -> Sql:
    return Sql(f"({sql.is_null(value)})", "boolean")


@function("isnotnull(value)", 1)
def _isnotnull(scope: Scope, value: Sql) -> Sql:
    return Sql(f"(NOT ({sql.is_null(value)}))", "boolean")


@function("isnum(value)", 1)
def _isnum(scope: Scope, value: Sql) -> Sql:
    return Sql(f"({sql.number(value)} IS NOT NULL)", "boolean")


@function("isint(value)", 1)
def _isint(scope: Scope, value: Sql) -> Sql:
    return Sql(f"coalesce({sql.number(value)} % 1 = 0, FALSE)", "boolean")


@function("isstr(value)", 1)
def _isstr(scope: Scope, value: Sql) -> Sql:
    if value.kind in ("boolean", "null"):
        return Sql("FALSE", "boolean")
    return Sql(f"(NOT ({sql.is_null(value)}) AND {sql.number(value)} IS NULL)", "boolean")


@function("isbool(value)", 1)
def _isbool(scope: Scope, value: Sql) -> Sql:
    return Sql("TRUE" if value.kind == "boolean" else "FALSE", "boolean")


@function("typeof(value)", 1)
def _typeof(scope: Scope, value: Sql) -> Sql:
    if value.kind in ("null", "boolean"):
        return sql.string("Invalid" if value.kind == "null" else "Boolean")
    kinds = f"CASE WHEN {sql.is_null(value)} THEN 'Invalid' WHEN {sql.number(value)} IS NOT NULL THEN 'Number'"
    many = f" WHEN len({value.text}) > 1 THEN 'Multivalue'" if value.kind == "multi" else ""
    return Sql(f"({kinds}{many} ELSE 'String' END)", "text")


@function("null()", 0)
def _null(scope: Scope) -> Sql:
    return sql.NULL


@function("true()", 0)
def _true(scope: Scope) -> Sql:
    return Sql("TRUE", "boolean", plain=True)


@function("false()", 0)
def _false(scope: Scope) -> Sql:
    return Sql("FALSE", "boolean", plain=True)


@function("in(value, choice, ...)", 2, -1)
def _in(scope: Scope, value: Sql, *choices: Sql) -> Sql:
    return Sql("(" + " OR ".join(compare("=", value, choice) for choice in choices) + ")", "boolean")


@function("like(text, pattern)", 2)
def _like(scope: Scope, value: Sql, pattern: Sql) -> Sql:
    if value.kind == "multi":
        return Sql(sql.any_value(value, f"v LIKE {sql.text(pattern)} ESCAPE '\\'"), "boolean")
    return Sql(f"({sql.text(value)} LIKE {sql.text(pattern)} ESCAPE '\\')", "boolean")


@function("match(text, regex)", 2)
def _match(scope: Scope, value: Sql, pattern: Sql) -> Sql:
    if value.kind == "multi":
        return Sql(sql.any_value(value, patterns.search(scope.engine, "v", pattern)), "boolean")
    return Sql(patterns.search(scope.engine, sql.text(value), pattern), "boolean")


@function("cidrmatch(subnet, address)", 2)
def _cidrmatch(scope: Scope, subnet: Sql, address: Sql) -> Sql:
    name = scope.engine.function("in_subnet", _in_subnet, 2)
    return Sql(f"({name}({sql.text(subnet)}, {sql.text(address)}) = '1')", "boolean")


@syntactic("searchmatch(search)", 1)
def _searchmatch(scope: Scope, call: Call) -> Sql:
    terms = call.arguments[0]
    if not isinstance(terms, String):
        raise scope.error(
            "The arguments to the 'searchmatch' function are invalid: it takes a search in quotes.",
            call.position,
        )
    parsed = parse_search(terms.value, command=scope.command, position=call.position)
    return Sql(f"coalesce({search_condition(parsed, scope)}, FALSE)", "boolean")


def _in_subnet(subnet: str, address: str) -> str:
    try:
        return (
            "1" if ipaddress.ip_address(address.strip()) in ipaddress.ip_network(subnet.strip(), strict=False) else "0"
        )
    except ValueError:
        return "0"
