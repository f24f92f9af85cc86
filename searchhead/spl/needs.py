"""Which fields of an event the rest of a search can meet, so that only these are extracted."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from .aggregations import parse
from .errors import SplError
from .expressions import references
from .syntax import Stage

# Commands that read no field but those they name, and what they read without naming it.
_NAMING = {
    "accum": (), "addinfo": (), "append": (), "bin": (), "bucket": (), "convert": (), "dedup": (), "delta": (), "eval": (),
    "eventstats": (), "fieldformat": (), "fields": (), "filldown": (), "fillnull": (), "head": (), "localop": (),
    "lookup": (), "makemv": (), "mvexpand": (), "nomv": (), "noop": (), "rangemap": (), "redistribute": (),
    "regex": ("_raw",), "rename": (), "replace": (), "reverse": (), "rex": ("_raw",), "search": ("_raw",), "sort": (),
    "spath": ("_raw",), "streamstats": (), "tail": (), "where": (),
}  # fmt: skip
# Commands that leave nothing but what they name.
_CLOSING = frozenset({"stats", "timechart", "chart", "top", "rare", "table", "return", "xyseries"})
_WILDCARD = re.compile(r"""[^\s,()"'=|]*\*[^\s,()"'=|]*""")
_EXPRESSIONS = frozenset({"eval", "where", "fieldformat"})  # here ``*`` multiplies


@dataclass(frozen=True)
class Needs:
    """``text``: all text that may name a field (None: any field is met); ``patterns``: wildcards in it."""

    text: str | None
    patterns: tuple[str, ...] = ()

    def wants(self, field: str) -> bool:
        """Whether the field can be met; yes when in doubt."""
        if self.text is None or field in self.text or re.search(r"[\"'\\]", field):  # these are escaped in the text
            return True
        return any(re.fullmatch(pattern, field, re.DOTALL) for pattern in self.patterns)

    def more(self, text: str) -> Needs:
        """Those, and what this text may name."""
        return self if self.text is None else replace(self, text=f"{self.text} {text}")


def needs(terms: str, stages: Sequence[Stage]) -> Needs:
    """What a search on ``terms`` and the stages after it can meet."""
    texts = [terms]
    patterns: list[str] = []
    for stage in stages:
        closing = stage.name in _CLOSING or (stage.name == "fields" and not stage.raw_args.startswith("-"))
        if not closing and stage.name not in _NAMING:
            return Needs(None)
        if stage.subsearches and stage.name != "append":
            return Needs(None)  # their results may name any field
        texts += [stage.raw_args, *_NAMING.get(stage.name, ())]
        if "searchmatch" in stage.raw_args or (stage.name == "fields" and closing):
            texts.append("_raw")
        if stage.name not in _EXPRESSIONS:
            patterns += _WILDCARD.findall(stage.raw_args)
        if closing:
            made = {".*".join(re.escape(part) for part in pattern.split("*")) for pattern in patterns}
            return Needs(" ".join(texts), tuple(sorted(made)))
    return Needs(None)


def reads_only(fields: Collection[str], stages: Sequence[Stage]) -> bool:
    """Whether the stages begin with one that aggregates nothing but these fields."""
    if not stages or stages[0].name not in ("stats", "timechart", "chart"):
        return False
    try:
        wanted = parse(stages[0])
    except SplError:
        return False
    read = {aggregate.field for aggregate in wanted.aggregates if aggregate.field is not None}
    for aggregate in wanted.aggregates:
        if aggregate.expression is not None:
            read |= references(aggregate.expression)
    return (read | set(wanted.by)) <= set(fields)
