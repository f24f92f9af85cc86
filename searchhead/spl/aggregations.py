"""What a command aggregates, as it is written: ``count AS n, dc(user) BY city``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from lark import Token, Tree

from . import grammar
from .aggregates import ALIASES, Aggregate, is_known
from .errors import in_command
from .expressions import Call, Expression, Operation, Reference, build, unquoted
from .syntax import Stage


@dataclass(frozen=True)
class Aggregations:
    """What a command aggregates: its functions, the fields after OVER and BY, and its options by name in lower case."""

    aggregates: tuple[Aggregate, ...]
    by: tuple[str, ...]
    options: Mapping[str, str]
    over: str | None = None


def parse(stage: Stage, *, options: tuple[str, ...] | None = None, charting: bool = False) -> Aggregations:
    """The arguments of such a command. ``options``: those it knows, None for any. ``charting``: ``eval(sum(a)/sum(b))`` and
    OVER may be used. Raises SplSyntaxError.
    """
    try:
        tree = grammar.read("expression", "aggregations", stage.raw_args)
    except grammar.Malformed as exc:
        reason = f"The argument '{exc.found}' is invalid." if exc.found else "The arguments end too early."
        raise in_command(stage.name, reason, stage.args_position + exc.offset) from exc
    aggregates: list[Aggregate] = []
    by: list[str] = []
    over: str | None = None
    given: dict[str, str] = {}

    def names(tokens: Sequence[Token | Tree[Token]]) -> list[str]:
        found = []
        for token in cast(Sequence[Token], tokens):
            if token.type == "OPTION":
                name, _, value = str(token).partition("=")
                given[name.strip().lower()] = unquoted(value.strip())
            else:
                found.append(unquoted(token))
        return found

    for child in tree.children:
        if isinstance(child, Token):
            names([child])
            continue
        if child.data in ("over", "computed") and not charting:
            what = "OVER" if child.data == "over" else "eval"
            raise in_command(
                stage.name, f"The argument '{what}' is invalid.", stage.args_position + (child.meta.start_pos or 0)
            )
        if child.data == "by":
            by = names(child.children)
        elif child.data == "over":
            (over,) = names(child.children)
        elif child.data == "computed":
            aggregates.append(_computed(child, stage))
        else:
            aggregates.append(_aggregate(child, stage))
    for name in given:
        if options is not None and name not in options:
            raise in_command(stage.name, f"The option '{name}' is invalid.", stage.args_position)
    outputs = [aggregate.name for aggregate in aggregates]
    for name in outputs:
        if name in by or name == over:
            raise in_command(
                stage.name,
                f"The output field '{name}' cannot have the same name as a group-by field.",
                stage.args_position,
            )
        if outputs.count(name) > 1 and "*" not in name:
            raise in_command(
                stage.name,
                f"The output field '{name}' is given twice; name one of them with AS.",
                stage.args_position,
            )
    return Aggregations(tuple(aggregates), tuple(dict.fromkeys(by)), given, over)


def _computed(tree: Tree[Token], stage: Stage) -> Aggregate:
    body, *alias = cast(list[Tree[Token]], tree.children)
    text = stage.raw_args[body.meta.start_pos : body.meta.end_pos]
    name = unquoted(cast(Token, alias[0].children[0])) if alias else f"eval({text})"
    return Aggregate("eval", None, build(body, stage.args_position), name)


def split(aggregates: Sequence[Aggregate]) -> tuple[list[Aggregate], list[tuple[str, Expression]]]:
    """Aggregates that need no other ones, and the expressions that are made of them: output field, expression."""
    plain: list[Aggregate] = []
    computed: list[tuple[str, Expression]] = []

    def taken_out(expression: Expression) -> Expression:
        if isinstance(expression, Operation):
            return replace(expression, operands=tuple(taken_out(part) for part in expression.operands))
        if not isinstance(expression, Call):
            return expression
        function = ALIASES.get(expression.function, expression.function)
        if not is_known(function) or len(expression.arguments) > 1:
            return replace(expression, arguments=tuple(taken_out(part) for part in expression.arguments))
        of = expression.arguments[0] if expression.arguments else None
        name = f"\0of{len(plain)}"
        field = of.field if isinstance(of, Reference) else None
        plain.append(Aggregate(function, field, None if field is not None else of, name))
        return Reference(name)

    for aggregate in aggregates:
        if aggregate.function == "eval" and aggregate.expression is not None:
            computed.append((aggregate.name, taken_out(aggregate.expression)))
        else:
            plain.append(aggregate)
    return plain, computed


def _aggregate(tree: Tree[Token], stage: Stage) -> Aggregate:
    token = cast(Token, tree.children[0])
    at = stage.args_position + (token.start_pos or 0)
    function = ALIASES.get(str(token).lower(), str(token).lower())
    field, expression, alias = None, None, None
    written = f"{token}"
    for child in cast(list[Tree[Token]], tree.children[1:]):
        if child.data == "alias":
            alias = unquoted(cast(Token, child.children[0]))
            continue
        inner = stage.raw_args[child.meta.start_pos : child.meta.end_pos]
        if child.data == "evaluated":
            expression = build(cast(Tree[Token], child.children[0]), stage.args_position)
            written += f"({inner})"
        else:
            field = unquoted(cast(Token, child.children[0]))
            written += f"({field})"
    if not is_known(function):
        raise in_command(stage.name, f"The function '{token}' is unsupported or undefined.", at)
    if function != "count" and field is None and expression is None:
        raise in_command(stage.name, f"The function '{token}' needs a field, as in {token}(field).", at)
    return Aggregate(function, field, expression, alias or written)


def expanded(aggregates: tuple[Aggregate, ...], fields: list[str], but: tuple[str, ...]) -> list[Aggregate]:
    """Aggregates with ``*`` in their field replaced by one for each matching field, those named in ``but`` left out."""
    found: dict[str, Aggregate] = {}
    for aggregate in aggregates:
        if aggregate.field is None or "*" not in aggregate.field:
            found[aggregate.name] = aggregate
            continue
        pattern = re.compile("(.*)".join(re.escape(part) for part in aggregate.field.split("*")), re.DOTALL)
        for field in fields:
            match = pattern.fullmatch(field)
            if match and field not in but and not field.startswith("_"):
                default = aggregate.name == f"{aggregate.function}({aggregate.field})" or "*" not in aggregate.name
                stem = match.group(1)
                name = f"{aggregate.function}({field})" if default else aggregate.name.replace("*", stem, 1)
                if name not in but:
                    found[name] = Aggregate(aggregate.function, field, None, name)
    return list(found.values())
