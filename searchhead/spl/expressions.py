"""Expressions of eval and where as trees, and how their text is read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

from lark import Token, Tree

from . import grammar
from .errors import SplSyntaxError, in_command


@dataclass(frozen=True)
class Number:
    """A number as written."""

    text: str


@dataclass(frozen=True)
class String:
    """A string literal, its escapes resolved."""

    value: str


@dataclass(frozen=True)
class Reference:
    """A field's value."""

    field: str


@dataclass(frozen=True)
class Call:
    """A function and its arguments; ``position`` in the search, for errors."""

    function: str
    arguments: tuple[Expression, ...]
    position: int


@dataclass(frozen=True)
class Operation:
    """An operator on one, two or (``and or + . in``) more operands; names in lower case."""

    operator: str
    operands: tuple[Expression, ...]
    position: int


Expression = Number | String | Reference | Call | Operation


@dataclass(frozen=True)
class Assignment:
    """``field = expression`` of eval."""

    field: str
    expression: Expression


def parse_assignments(text: str, *, command: str, position: int) -> tuple[Assignment, ...]:
    """What eval's arguments assign, in order; ``position`` is the text's in the search. Raises SplSyntaxError."""
    tree = _read("eval", text, command=command, position=position)
    return tuple(
        Assignment(unquoted(cast(Token, child.children[0])), build(cast(Tree[Token], child.children[1]), position))
        for child in cast(list[Tree[Token]], tree.children)
    )


def parse_condition(text: str, *, command: str, position: int) -> Expression:
    """The one expression that where takes; ``position`` is the text's in the search. Raises SplSyntaxError."""
    tree = _read("where", text, command=command, position=position)
    return build(cast(Tree[Token], tree.children[0]), position)


def build(tree: Tree[Token], position: int) -> Expression:
    """The expression of a syntax tree whose text begins at ``position`` of the search."""
    kind = str(tree.data)
    children = tree.children
    at = position + (tree.meta.start_pos or 0)
    if kind in ("number", "string", "reference"):
        token = cast(Token, children[0])
        return (
            Number(str(token))
            if kind == "number"
            else String(unquoted(token))
            if kind == "string"
            else Reference(unquoted(token))
        )
    tokens = [str(child) for child in children if isinstance(child, Token)]
    operands = tuple(build(child, position) for child in children if isinstance(child, Tree))
    if kind == "call":
        return Call(tokens[0].lower(), operands, at)
    if kind == "exclusion":
        return Operation("not", (Operation("in", operands, at),), at)
    operator = _OPERATORS.get(kind) or tokens[0].lower()
    if kind == "sign":
        return Operation("negate", operands, at) if operator == "-" else operands[0]
    operator = "=" if operator == "==" else operator
    return Operation(operator, _flattened(operator, operands), at)


def unquoted(token: Token | str) -> str:
    """The name or text that a token stands for: quotes taken off, escaped quotes and backslashes resolved."""
    text = str(token)
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return re.sub(r"\\([\\\"'])" if text[0] == "'" else r'\\([\\"])', r"\1", text[1:-1])
    return text


def references(expression: Expression) -> set[str]:
    """The fields that the expression reads."""
    if isinstance(expression, Reference):
        return {expression.field}
    parts = (
        expression.arguments
        if isinstance(expression, Call)
        else expression.operands
        if isinstance(expression, Operation)
        else ()
    )
    return set().union(*(references(part) for part in parts))


_OPERATORS = {"conjunction": "and", "negation": "not", "membership": "in", "concatenation": "."}
_CHAINS = frozenset({"and", "or", "+", "."})


def _flattened(operator: str, operands: tuple[Expression, ...]) -> tuple[Expression, ...]:
    """Operands of a left-nested chain of one operator as one list: its SQL stays short."""
    first = operands[0]
    if operator in _CHAINS and isinstance(first, Operation) and first.operator == operator:
        return (*first.operands, *operands[1:])
    return operands


def _read(start: str, text: str, *, command: str, position: int) -> Tree[Token]:
    try:
        return grammar.read("expression", start, text)
    except grammar.Malformed as exc:
        raise malformed(text, exc, command=command, position=position) from exc


def malformed(text: str, exc: grammar.Malformed, *, command: str, position: int) -> SplSyntaxError:
    """The error for text that is no expression, as splunkd words it."""
    at = position + exc.offset
    if not exc.found:
        missing = text.count("(") > text.count(")")
        return in_command(
            command,
            "The expression is malformed. Expected )." if missing else "The expression is malformed.",
            at,
        )
    return in_command(command, f"The expression is malformed. An unexpected character is reached at '{exc.found}'.", at)
