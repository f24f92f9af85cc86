"""What the search command filters by: fields compared with values, and words found in _raw."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

from lark import Token, Tree

from . import grammar, sql
from .compile import Scope
from .errors import in_command
from .expressions import unquoted
from .sql import Sql

_INDEXED = re.compile(r"([A-Za-z_][\w.]*)::([^:].*)", re.DOTALL)


@dataclass(frozen=True)
class Everything:
    """No term: every row."""


@dataclass(frozen=True)
class Comparison:
    """``field operator value``; ``*`` in the value of = and != stands for any text. ``::`` is ``=`` on an indexed field."""

    field: str
    operator: str
    value: str


@dataclass(frozen=True)
class Term:
    """A word or phrase of _raw; ``exact``: in this case."""

    text: str
    exact: bool = False


@dataclass(frozen=True)
class Logic:
    """``and``, ``or`` or ``not`` of terms."""

    operator: str
    parts: tuple[SearchTerm, ...]


SearchTerm = Everything | Comparison | Term | Logic


def parse(text: str, *, command: str, position: int) -> SearchTerm:
    """The terms of a search; ``position`` is the text's in the search. Raises SplSyntaxError."""
    try:
        tree = grammar.read("search", "search", text)
        return _build(tree.children[0]) if tree.children else Everything()
    except grammar.Malformed as exc:
        reason = f"unexpected '{exc.found}'" if exc.found else "something is missing at its end"
        raise in_command(command, f"Unable to parse the search: {reason}.", position + exc.offset) from exc


def _build(node: Tree[Token] | Token) -> SearchTerm:
    tree = cast(Tree[Token], node)
    kind = str(tree.data)
    if kind == "directive":
        token = cast(Token, tree.children[0])
        return Term(str(token)[len("TERM(") : -1].strip(), exact=token.type == "CASE")
    if kind == "term":
        token = cast(Token, tree.children[0])
        indexed = _INDEXED.fullmatch(token) if token.type == "WORD" else None
        return Comparison(indexed[1], "::", indexed[2]) if indexed else Term(unquoted(token))
    if kind == "comparison":
        field, sign, value = (cast(Token, child) for child in tree.children)
        return Comparison(unquoted(field), "=" if sign == "==" else str(sign), unquoted(value))
    if kind == "membership":
        field, *values = (cast(Token, child) for child in tree.children)
        return Logic("or", tuple(Comparison(unquoted(field), "=", unquoted(value)) for value in values))
    operator = {"conjunction": "and", "disjunction": "or", "negation": "not"}[kind]
    parts = tuple(_build(child) for child in tree.children)
    first = parts[0]
    if operator != "not" and isinstance(first, Logic) and first.operator == operator:
        parts = (*first.parts, *parts[1:])
    return Logic(operator, parts)


def condition(term: SearchTerm, scope: Scope) -> str:
    """The term as a condition of SQL that is never null: a missing field meets no comparison, and NOT turns that round."""
    if isinstance(term, Everything):
        return "TRUE"
    if isinstance(term, Logic):
        parts = [condition(part, scope) for part in term.parts]
        return f"(NOT {parts[0]})" if term.operator == "not" else "(" + f" {term.operator.upper()} ".join(parts) + ")"
    if isinstance(term, Term):
        return _found(term, scope)
    column = scope.columns.get(term.field, sql.NULL)
    if column.kind == "null":
        return "FALSE"
    if column.kind == "multi":
        return f"coalesce({sql.any_value(column, _compared(term, Sql('v', 'text', plain=True)))}, FALSE)"
    return f"coalesce({_compared(term, column)}, FALSE)"


def _compared(term: Comparison, column: Sql) -> str:
    value = sql.string(term.value)
    if term.operator in ("=", "!=", "::"):
        negated = "NOT " if term.operator == "!=" else ""
        if "*" in term.value:
            return f"({negated}{_matches(sql.text(column), term.value)})"
        equal = f"lower({sql.text(column)}) = lower({value.text})"
        if sql.looks_numeric(term.value):
            equal = f"coalesce({sql.number(column)} = {sql.number(value)}, {equal})"
        return f"({negated}({equal}))"
    if sql.looks_numeric(term.value):
        return f"({sql.number(column)} {term.operator} {sql.number(value)})"
    return f"(lower({sql.text(column)}) {term.operator} lower({value.text}))"


def _matches(value: str, wildcard: str) -> str:
    pattern = re.sub(r"[\\%_]", lambda match: "\\" + match.group(), wildcard).replace("*", "%")
    return f"{value} ILIKE {sql.quoted(pattern)} ESCAPE '\\'"


def _found(term: Term, scope: Scope) -> str:
    """Whether _raw holds the words, whole ones unless a ``*`` says otherwise."""
    text = term.text
    if not text.strip("*"):
        return "TRUE"
    raw = scope.columns.get("_raw", sql.NULL)
    if raw.kind == "null":
        return "FALSE"
    flags = "(?s)" if term.exact else "(?is)"
    body = r"\S*".join(re.escape(part) for part in text.strip("*").split("*"))
    before = "" if text.startswith("*") or not re.match(r"\w", text) else r"(?:^|[^\pL\pN_])"
    after = "" if text.endswith("*") or not re.search(r"\w$", text) else r"(?:$|[^\pL\pN_])"
    return f"coalesce(regexp_matches({sql.first(raw)}, {sql.quoted(flags + before + body + after)}), FALSE)"
