"""Names with ``*`` in them, as a search writes them for indexes, sourcetypes, sources and hosts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable


def chosen(patterns: Iterable[str] | None, names: Collection[str]) -> list[str]:
    """Those of the index names that a pattern matches, in any case; all of them for None.

    As in Splunk, a ``*`` at the start does not stand for the underscore of an internal index.
    """
    if patterns is None:
        return sorted(names)
    regexes = [re.compile(_regex(pattern.lower()), re.DOTALL) for pattern in patterns]
    return sorted(name for name in names if any(regex.fullmatch(name.lower()) for regex in regexes))


def glob(pattern: str) -> str:
    """The pattern, in lower case, for SQLite's GLOB, where ``?`` and ``[`` are wildcards too."""
    return pattern.lower().replace("[", "[[]").replace("?", "[?]")


def _regex(pattern: str) -> str:
    inner = ".*".join(re.escape(part) for part in pattern.split("*"))
    return f"(?!_){inner}" if pattern.startswith("*") else inner
