"""JSON: reading it at paths, and making it."""

from __future__ import annotations

import json
import re

from .. import sql
from ..compile import Scope, function, syntactic
from ..documents import parsed
from ..engine import UNPACKED, packed
from ..expressions import Call
from ..sql import Sql
from .text import each, json_text, json_values

_NUMBER = r"^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$"


@function("json_valid(text)", 1)
def _json_valid(scope: Scope, value: Sql) -> Sql:
    return Sql(f"json_valid({sql.text(value)})", "boolean")


@function("json_extract(json[, path])", 1, 2)
def _json_extract(scope: Scope, value: Sql, path: Sql | None = None) -> Sql:
    name = scope.engine.function("json_at", json_at, 2)
    where = "''" if path is None else sql.text(path)
    return each(value, lambda v: f"nullif({name}({v}, {where}), chr(0))")


@function("json_extract_exact(json, key)", 2)
def _json_extract_exact(scope: Scope, value: Sql, key: Sql) -> Sql:
    name = scope.engine.function("json_member", _member, 2)
    return each(value, lambda v: f"nullif({name}({v}, {sql.text(key)}), chr(0))")


@function("spath(json, path)", 2)
def _spath(scope: Scope, value: Sql, path: Sql) -> Sql:
    return _listed(scope, "json_all", value, path)


@function("json_array_to_mv(json[, quoted])", 1, 2)
def _json_array_to_mv(scope: Scope, value: Sql, quoted: Sql | None = None) -> Sql:
    keep = "'0'" if quoted is None else f"(CASE WHEN {sql.text(quoted)} IN ('True', '1') THEN '1' ELSE '0' END)"
    return _listed(scope, "json_elements", value, Sql(keep, "text"))


@function("json_keys(json)", 1)
def _json_keys(scope: Scope, value: Sql) -> Sql:
    name = scope.engine.function("json_names", _keys, 1)
    return each(value, lambda v: f"nullif({name}({v}), chr(0))")


@syntactic("json_object(key, value, ...)", 0, -1)
def _json_object(scope: Scope, call: Call) -> Sql:
    if len(call.arguments) % 2:
        raise scope.error(
            "The arguments to the 'json_object' function are invalid: keys and values come in pairs.", call.position
        )
    parts = []
    for index in range(0, len(call.arguments), 2):
        key = sql.text(scope.value(call.arguments[index]))
        parts.append(f"CAST(to_json({key}) AS VARCHAR) || ':' || {_part(scope, call, index + 1)}")
    return Sql("('{' || " + (" || ',' || ".join(parts) + " || " if parts else "") + "'}')", "text")


@syntactic("json_array(value, ...)", 0, -1)
def _json_array(scope: Scope, call: Call) -> Sql:
    parts = " || ',' || ".join(_part(scope, call, index) for index in range(len(call.arguments)))
    return Sql("('[' || " + (f"{parts} || " if parts else "") + "']')", "text")


@function("mv_to_json_array(field[, infer types])", 1, 2)
def _mv_to_json_array(scope: Scope, value: Sql, infer: Sql | None = None) -> Sql:
    listed = sql.multi(value)
    if infer is not None:
        listed = f"list_transform({listed}, lambda v: {_json_of('v')})"
        return Sql(f"(CASE WHEN {listed} IS NOT NULL THEN '[' || array_to_string({listed}, ',') || ']' END)", "text")
    return Sql(f"CAST(to_json({listed}) AS VARCHAR)", "text")


def _part(scope: Scope, call: Call, index: int) -> str:
    """One argument as JSON: what a json function made as it is, numbers as numbers."""
    argument = call.arguments[index]
    value = scope.value(argument)
    if isinstance(argument, Call) and re.match(r"json_(object|array|extract)|mv_to_json", argument.function):
        return f"coalesce({sql.text(value)}, 'null')"
    if value.kind == "number":
        return f"coalesce({sql.text(value)}, 'null')"
    if value.kind == "boolean":
        return f"coalesce(lower({sql.text(value)}), 'null')"
    if value.kind == "multi":
        return f"coalesce(CAST(to_json({value.text}) AS VARCHAR), 'null')"
    if value.literal is not None:
        return sql.quoted(json.dumps(value.literal, ensure_ascii=False))
    return f"coalesce({_json_of(sql.text(value))}, 'null')"


def _json_of(text: str) -> str:
    return f"(CASE WHEN regexp_matches({text}, {sql.quoted(_NUMBER)}) THEN {text} ELSE CAST(to_json({text}) AS VARCHAR) END)"


def _listed(scope: Scope, name: str, value: Sql, argument: Sql) -> Sql:
    function = {"json_all": _all, "json_elements": _elements}[name]
    called = f"nullif({scope.engine.function(name, function, 2)}({sql.first(value)}, {sql.text(argument)}), chr(0))"
    return Sql(UNPACKED.format(called), "multi")


def json_at(document: str, path: str) -> str:
    """The value at a path such as ``a.b{0}.c`` as text; U+0000 when there is none."""
    found = json_values(document, path)
    return found[0] if len(found) == 1 else "\0" if not found else "[" + ",".join(found) + "]"


def _all(document: str, path: str) -> str:
    return packed(list(json_values(document, path))) or "\0"


def _elements(document: str, quoted: str) -> str:
    found = _parsed(document)
    if not isinstance(found, list):
        return "\0"
    texts = [json.dumps(item, ensure_ascii=False) if quoted == "1" else json_text(item) for item in found]
    return packed(list(texts)) or "\0"


def _member(document: str, key: str) -> str:
    found = _parsed(document)
    return json_text(found[key]) if isinstance(found, dict) and found.get(key) is not None else "\0"


def _keys(document: str) -> str:
    found = _parsed(document)
    return json.dumps(list(found), ensure_ascii=False) if isinstance(found, dict) else "\0"


def _parsed(document: str) -> object:
    try:
        return parsed(document)
    except ValueError:
        return None
