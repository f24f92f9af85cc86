"""Regular expressions of SPL in SQL: by DuckDB's own engine, or by Python's where a pattern looks around or back."""

from __future__ import annotations

import re
from collections.abc import Callable

from . import sql
from .engine import Engine
from .errors import SplError

_NAMED_GROUP = re.compile(r"\(\?<(?=[A-Za-z_])")


def search(engine: Engine, value: str, pattern: sql.Sql) -> str:
    """Whether the pattern is found in the value (SQL of VARCHAR), as a condition."""
    if pattern.literal is None or is_native(engine, pattern.literal):
        return f"regexp_matches({value}, {sql.text(pattern)})"
    compiled = compiled_pattern(pattern.literal, engine.command)
    name = _register(engine, f"search {pattern.literal}", lambda text: "1" if compiled.search(text) else "0", 1)
    return f"({name}({value}) = '1')"


def substitute(engine: Engine, value: str, pattern: sql.Sql, replacement: sql.Sql) -> str:
    """The value with every match replaced; ``\\1`` in the replacement is the first group."""
    if pattern.literal is None or is_native(engine, pattern.literal):
        return f"regexp_replace({value}, {sql.text(pattern)}, {sql.text(replacement)}, 'g')"
    compiled = compiled_pattern(pattern.literal, engine.command)

    def replaced(text: str, by: str) -> str:
        return compiled.sub(
            lambda match: re.sub(r"\\(\d)", lambda group: match.group(int(group.group(1))) or "", by), text
        )

    name = _register(engine, f"substitute {pattern.literal}", replaced, 2)
    return f"{name}({value}, {sql.text(replacement)})"


def compiled_pattern(pattern: str, command: str) -> re.Pattern[str]:
    """The pattern for Python, PCRE's ``(?<name>…)`` among it. Raises SplError."""
    try:
        return re.compile(_NAMED_GROUP.sub("(?P<", pattern))
    except (re.error, RecursionError, OverflowError) as exc:
        raise SplError(
            f"Error in '{command}' command: Encountered the following error while compiling the regex '{pattern}': {exc}."
        ) from exc


def is_native(engine: Engine, pattern: str) -> bool:
    """Whether DuckDB's own engine, which is linear in time, knows the pattern."""
    try:
        engine.rows(f"SELECT regexp_matches('', {sql.quoted(pattern)})")
    except SplError:
        return False
    return True


def _register(engine: Engine, key: str, function: Callable[..., str], parameters: int) -> str:
    name = engine.names.setdefault(key, f"pattern_{len(engine.names)}")
    return engine.function(name, function, parameters)
