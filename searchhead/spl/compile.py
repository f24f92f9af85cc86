"""Expressions of eval as SQL.

A missing field is null; null makes arithmetic and comparisons null, and a null condition is not met. Text that looks like a
number compares and computes as one. A comparison with a multivalue holds when it holds for any of its values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from . import sql
from .context import Context
from .engine import Engine, Frame
from .errors import SplError, in_command
from .expressions import Call, Expression, Number, Operation, Reference, String
from .sql import Sql

_MIRRORED = {"=": "=", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_LONGEST = 1_000_000


@dataclass(frozen=True)
class Scope:
    """What the names in an expression mean: ``columns`` by field; ``command`` is named in errors."""

    engine: Engine
    context: Context
    columns: Mapping[str, Sql]
    command: str = "eval"

    @classmethod
    def of(cls, frame: Frame, engine: Engine, context: Context, command: str = "eval") -> Scope:
        """The frame's fields."""
        return cls(engine, context, frame.columns, command)

    def binding(self, columns: Mapping[str, Sql]) -> Scope:
        """The scope with some names bound otherwise."""
        return replace(self, columns={**self.columns, **columns})

    def error(self, message: str, position: int | None = None) -> SplError:
        """The error in the name of the command."""
        return in_command(self.command, message, position)

    def value(self, expression: Expression) -> Sql:
        """The expression as SQL. Raises SplError."""
        made = self._value(expression)
        if len(made.text) > _LONGEST:
            raise self.error("The expression is too complex; compute parts of it in fields of their own.")
        return made

    def condition(self, expression: Expression) -> str:
        """The expression as a condition of SQL; SplError when it has no truth value."""
        made = self.value(expression)
        if made.kind == "null":
            return "CAST(NULL AS BOOLEAN)"
        if made.kind != "boolean":
            position = expression.position if isinstance(expression, (Call, Operation)) else None
            raise self.error("The expression is malformed: a condition must be true or false, not a value.", position)
        return made.text

    def _value(self, expression: Expression) -> Sql:
        if isinstance(expression, Number):
            value = sql.reads_as(expression.text)
            if value is None:
                raise self.error(f"The number '{expression.text}' is too large.")
            return sql.constant(value)
        if isinstance(expression, String):
            return sql.string(expression.value)
        if isinstance(expression, Reference):
            return self.columns.get(expression.field, sql.NULL)
        if isinstance(expression, Call):
            return self._call(expression)
        return _OPERATORS[expression.operator](self, expression)

    def _call(self, call: Call) -> Sql:
        known = FUNCTIONS.get(call.function)
        if known is None:
            raise self.error(f"The '{call.function}' function is unsupported or undefined.", call.position)
        if not known.least <= len(call.arguments) <= known.most:
            raise self.error(
                f"The arguments to the '{call.function}' function are invalid: {known.usage}.", call.position
            )
        return known.build(self, call)


@dataclass(frozen=True)
class Function:
    """A function of eval: how it is written, how many arguments it takes, its SQL, and the module that defines it."""

    name: str
    module: str
    usage: str
    least: int
    most: int
    build: Callable[[Scope, Call], Sql] = field(repr=False)


FUNCTIONS: dict[str, Function] = {}


def function(usage: str, least: int, most: int | None = None) -> Callable[[Callable[..., Sql]], Callable[..., Sql]]:
    """Register a function that is given its arguments as SQL: ``(scope, *arguments)``. ``most`` -1: any number."""

    def register(build: Callable[..., Sql]) -> Callable[..., Sql]:
        def compiled(scope: Scope, call: Call) -> Sql:
            return build(scope, *(scope.value(part) for part in call.arguments))

        compiled.__module__ = build.__module__
        syntactic(usage, least, most)(compiled)
        return build

    return register


def syntactic(
    usage: str, least: int, most: int | None = None
) -> Callable[[Callable[[Scope, Call], Sql]], Callable[[Scope, Call], Sql]]:
    """Register a function that is given the call itself, for conditions and for expressions over a multivalue's values."""

    def register(build: Callable[[Scope, Call], Sql]) -> Callable[[Scope, Call], Sql]:
        name = usage.partition("(")[0]
        limit = least if most is None else 1000 if most < 0 else most
        FUNCTIONS[name] = Function(name, build.__module__.rpartition(".")[2], usage, least, limit, build)
        return build

    return register


def compare(operator: str, left: Sql, right: Sql) -> str:
    """``left operator right`` as a condition: numbers when both look like numbers, text otherwise, any of a multivalue."""
    if "null" in (left.kind, right.kind):
        return "CAST(NULL AS BOOLEAN)"
    if right.kind == "multi" and left.kind != "multi":
        return compare(_MIRRORED[operator], right, left)
    if left.kind == "multi":
        if right.kind == "multi":
            return f"len(list_filter({left.text}, lambda w: {sql.any_value(right, f'w {operator} v')})) > 0"
        return sql.any_value(left, compare(operator, Sql("v", "text", plain=True), right))
    if left.kind == right.kind and left.kind in ("number", "boolean"):
        return f"({left.text} {operator} {right.text})"
    as_text = f"({sql.text(left)} {operator} {sql.text(right)})"
    if any(side.literal is not None and not sql.looks_numeric(side.literal) for side in (left, right)):
        return as_text
    if "boolean" in (left.kind, right.kind):
        return as_text
    as_number = f"({sql.number(left)} {operator} {sql.number(right)})"
    return f"coalesce({as_number}, {as_text})"


def unify(values: list[Sql]) -> tuple[sql.Kind, list[str]]:
    """Values as SQL of one kind, for the branches of if, case and coalesce."""
    kinds = {value.kind for value in values} - {"null"}
    if "multi" in kinds:
        return "multi", ["CAST(NULL AS VARCHAR[])" if value.kind == "null" else sql.multi(value) for value in values]
    if kinds == {"number"}:
        return "number", ["CAST(NULL AS DOUBLE)" if value.kind == "null" else value.text for value in values]
    if kinds == {"boolean"}:
        return "boolean", ["CAST(NULL AS BOOLEAN)" if value.kind == "null" else value.text for value in values]
    return ("text" if kinds else "null"), [sql.text(value) for value in values]


def _logic(word: str) -> Callable[[Scope, Operation], Sql]:
    def build(scope: Scope, operation: Operation) -> Sql:
        return Sql("(" + f" {word} ".join(scope.condition(part) for part in operation.operands) + ")", "boolean")

    return build


def _xor(scope: Scope, operation: Operation) -> Sql:
    left, right = (scope.condition(part) for part in operation.operands)
    return Sql(f"({left} <> {right})", "boolean")


def _not(scope: Scope, operation: Operation) -> Sql:
    return Sql(f"(NOT {scope.condition(operation.operands[0])})", "boolean")


def _comparison(scope: Scope, operation: Operation) -> Sql:
    left, right = (scope.value(part) for part in operation.operands)
    return Sql(compare(operation.operator, left, right), "boolean")


def _membership(scope: Scope, operation: Operation) -> Sql:
    value, *choices = (scope.value(part) for part in operation.operands)
    return Sql("(" + " OR ".join(compare("=", value, choice) for choice in choices) + ")", "boolean")


def _like(scope: Scope, operation: Operation) -> Sql:
    return FUNCTIONS["like"].build(scope, Call("like", operation.operands, operation.position))


def _concatenation(scope: Scope, operation: Operation) -> Sql:
    return Sql("(" + " || ".join(sql.text(scope.value(part)) for part in operation.operands) + ")", "text")


def _sum(scope: Scope, operation: Operation) -> Sql:
    values = [scope.value(part) for part in operation.operands]
    numbers = [sql.number(value) for value in values]
    total = "(" + " + ".join(numbers) + ")"
    if any(value.kind != "text" for value in values):
        return Sql(total, "number")
    joined = " || ".join(sql.text(value) for value in values)
    if all(value.literal is not None and not sql.looks_numeric(value.literal) for value in values):
        return Sql(f"({joined})", "text")
    words = " AND ".join(f"{number} IS NULL" for number in numbers)
    return Sql(f"coalesce(fmt({total}), CASE WHEN {words} THEN {joined} END)", "text")


def _arithmetic(scope: Scope, operation: Operation) -> Sql:
    left, right = (sql.number(scope.value(part)) for part in operation.operands)
    if operation.operator in ("/", "%"):
        right = f"nullif({right}, 0)"
    return Sql(f"({left} {operation.operator} {right})", "number")


def _negated(scope: Scope, operation: Operation) -> Sql:
    return Sql(f"(- {sql.number(scope.value(operation.operands[0]))})", "number")


_OPERATORS: dict[str, Callable[[Scope, Operation], Sql]] = {
    "and": _logic("AND"), "or": _logic("OR"), "xor": _xor, "not": _not,
    "=": _comparison, "!=": _comparison, "<": _comparison, ">": _comparison, "<=": _comparison, ">=": _comparison,
    "in": _membership, "like": _like,
    ".": _concatenation, "+": _sum, "-": _arithmetic, "*": _arithmetic, "/": _arithmetic, "%": _arithmetic,
    "negate": _negated,
}  # fmt: skip


def evaluate(expression: Expression, engine: Engine, context: Context) -> str | None:
    """The value of an expression that reads no field, as text; a condition gives True or False."""
    made = Scope(engine, context, {}).value(expression)
    value: str | None = engine.rows(f"SELECT {sql.text(made)}")[0][0]
    return value
