"""SQL for values of Splunk's kind: text that may look like a number, numbers, truth values, multivalues.

Every field is text or a number (a double that eval or stats made), or a multivalue (a list of text). Text counts as a number
where a number is wanted and it looks like one; a number becomes text as Splunk writes it, integers without decimals.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "number", "boolean", "multi", "null"]

# num() reads text as a number, for columns; numx() does the same while naming its argument once, so that nested
# expressions do not grow exponentially; fmt() writes a number.
MACROS = (
    "CREATE MACRO num(x) AS"
    " CASE WHEN isfinite(TRY_CAST(x AS DOUBLE)) AND NOT contains(x, '_') THEN TRY_CAST(x AS DOUBLE) END",
    "CREATE MACRO numx(x) AS TRY_CAST(NULLIF("
    r"regexp_extract(x, '^\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?[12]?\d?\d)?\s*$'), '') AS DOUBLE)",
    "CREATE MACRO finite(x) AS CASE WHEN isfinite(x) THEN x END",
    "CREATE MACRO positive(x) AS CASE WHEN x > 0 THEN x END",
    "CREATE MACRO nonnegative(x) AS CASE WHEN x >= 0 THEN x END",
    "CREATE MACRO unit(x) AS CASE WHEN abs(x) <= 1 THEN x END",
    "CREATE MACRO within(x) AS CASE WHEN abs(x) < 9e12 THEN x END",  # seconds that SQL's calendar holds
    r"CREATE MACRO fmt(x) AS regexp_replace(CAST(x + 0.0::DOUBLE AS VARCHAR), '\.0$', '')",
)


@dataclass(frozen=True)
class Sql:
    """A piece of SQL and the kind of its values. ``plain``: a column or literal, cheap to repeat. ``literal``: its text."""

    text: str
    kind: Kind
    plain: bool = False
    literal: str | None = None


NULL = Sql("CAST(NULL AS VARCHAR)", "null", plain=True)


def quoted(text: str) -> str:
    """The text as a string constant of SQL."""
    parts = ["'" + part.replace("'", "''") + "'" for part in text.split("\0")]
    return parts[0] if len(parts) == 1 else "(" + " || chr(0) || ".join(parts) + ")"


def string(value: str) -> Sql:
    """A string literal."""
    return Sql(quoted(value), "text", plain=True, literal=value)


def constant(value: float) -> Sql:
    """A number literal."""
    return Sql(f"CAST({value!r} AS DOUBLE)", "number", plain=True, literal=written(value))


def looks_numeric(text: str) -> bool:
    """Whether Splunk takes the text for a number."""
    return reads_as(text) is not None


def reads_as(text: str) -> float | None:
    """The number that the text looks like."""
    if "_" in text or not text.isascii():
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def written(value: float) -> str:
    """The number as text, as fmt() writes it."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return repr(value)


def number(sql: Sql) -> str:
    """The value as DOUBLE; NULL when it is no number."""
    if sql.kind == "number":
        return sql.text
    if sql.kind in ("null", "boolean"):
        return "CAST(NULL AS DOUBLE)"
    if sql.literal is not None:
        value = reads_as(sql.literal)
        return "CAST(NULL AS DOUBLE)" if value is None else f"CAST({value!r} AS DOUBLE)"
    return f"{'num' if sql.plain else 'numx'}({text(sql)})"


def text(sql: Sql) -> str:
    """The value as VARCHAR; NULL for a multivalue of several values, which no single text stands for."""
    if sql.kind == "number":
        return quoted(sql.literal) if sql.literal is not None else f"fmt({sql.text})"
    if sql.kind == "boolean":
        return f"(CASE WHEN {sql.text} THEN 'True' WHEN NOT {sql.text} THEN 'False' END)"
    if sql.kind == "multi":
        return f"(CASE WHEN len({sql.text}) = 1 THEN {sql.text}[1] END)"
    return sql.text


def multi(sql: Sql) -> str:
    """The value as a list of VARCHAR; NULL for none."""
    if sql.kind == "multi":
        return sql.text
    return f"(CASE WHEN {text(sql)} IS NOT NULL THEN [{text(sql)}] END)"


def first(sql: Sql) -> str:
    """The value, or a multivalue's first, as VARCHAR."""
    return f"({sql.text})[1]" if sql.kind == "multi" else text(sql)


def is_null(sql: Sql) -> str:
    """Whether the row has no value; an empty multivalue is none."""
    return f"coalesce(len({sql.text}), 0) = 0" if sql.kind == "multi" else f"{sql.text} IS NULL"


def any_value(sql: Sql, condition: str) -> str:
    """A condition on the value named ``v``: true when any of a multivalue's values meets it. ``v`` is VARCHAR."""
    return f"(CASE WHEN {sql.text} IS NOT NULL THEN len(list_filter({sql.text}, lambda v: {condition})) > 0 END)"
