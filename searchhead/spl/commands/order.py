"""Commands about the order of rows: sort, reverse."""

from __future__ import annotations

from dataclasses import dataclass

from .. import sql
from ..arguments import Arguments
from ..engine import Frame
from ..registry import Planner, Run, Session, command
from ..syntax import Stage

_LIMIT = 10_000
_WAYS = ("num", "str", "auto", "ip")


@dataclass(frozen=True)
class Key:
    """One field to sort by; ``way``: num, str, ip, or auto (numbers as numbers and before any text)."""

    field: str
    descending: bool = False
    way: str = "auto"


@command(
    "sort [<count>|limit=<count>] [+|-]<field>|num(<field>)|str(<field>)|ip(<field>) ... [desc]",
    "transforming",
)
def sort(stage: Stage, planner: Planner) -> Run:
    """The rows in order, 10,000 of them unless the count says otherwise (0: all); rows that lack the field come last."""
    arguments = Arguments(stage)
    limit = arguments.integer("limit", -1)
    sign = next((mark for mark in "-+" if arguments.sign(mark)), "")
    limit = arguments.count(limit if limit >= 0 else _LIMIT)
    order = keys(arguments, first_sign=sign)
    if arguments.sign("desc") or arguments.sign("d"):
        order = [Key(key.field, not key.descending, key.way) for key in order]
    arguments.end()
    if not order:
        raise arguments.error("Missing sort fields.")
    bound = f"LIMIT {limit}" if limit else ""
    return lambda frame, session: session.engine.select(
        frame.columns, frame.name, f"ORDER BY {ordering(frame, order)} {bound}"
    )


@command("reverse", "transforming")
def reverse(stage: Stage, planner: Planner) -> Run:
    """The rows in reverse order."""
    Arguments(stage).end()
    return lambda frame, session: session.engine.select(frame.columns, frame.name, "ORDER BY rowid DESC")


def keys(arguments: Arguments, first_sign: str = "") -> list[Key]:
    """Fields with their signs and ways, up to the end or to the word desc."""
    found: list[Key] = []
    sign = first_sign
    while (piece := arguments.peek()) is not None and not (found and not sign and piece.text.lower() in ("d", "desc")):
        if arguments.sign(","):
            continue
        if not sign and piece.kind == "word" and piece.text in ("+", "-"):
            sign = arguments.next().text
            continue
        name = arguments.name("sort field")
        if not sign and piece.kind == "word" and name[0] in "+-":
            sign, name = name[0], name[1:]
        way = "auto"
        if piece.kind == "word" and name.lower() in _WAYS and arguments.sign("("):
            way, name = name.lower(), arguments.name("sort field")
            if not arguments.sign(")"):
                raise arguments.error("Missing ')' in the sort fields.")
        found.append(Key(name, sign == "-", way))
        sign = ""
    return found


def ordering(frame: Frame, order: list[Key]) -> str:
    """The keys as SQL's ORDER BY; rows that are equal keep their order."""
    parts: list[str] = []
    for key in order:
        column = frame.get(key.field)
        if column.kind == "null":
            continue
        text = sql.first(column)
        number = column.text if column.kind == "number" else f"num({text})"
        way = "DESC" if key.descending else "ASC"
        parts.append(f"({text} IS NULL)")
        if key.way == "ip":
            number = f"list_transform(string_split({text}, '.'), lambda v: TRY_CAST(v AS INTEGER))"
        if key.way == "auto":
            parts.append(f"({number} IS NULL) {way}")
        if key.way != "str":
            parts.append(f"{number} {way} NULLS LAST")
        if key.way in ("str", "auto") and column.kind != "number":
            parts.append(f"{text} {way} NULLS LAST")
    return ", ".join([*parts, "rowid"])


def by_values(frame: Frame, fields: list[str], session: Session) -> Frame:
    """The rows sorted by fields, as stats gives its groups."""
    return session.engine.select(
        frame.columns, frame.name, f"ORDER BY {ordering(frame, [Key(field) for field in fields])}"
    )
