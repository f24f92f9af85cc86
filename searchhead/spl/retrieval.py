"""Searches of the indexes: what of their terms the indexes can decide, and the events that meet all of them.

    terms ─ query ─▶ EventQuery ─ Indexes.find ─▶ events ─ knowledge ─▶ rows with fields ─ terms ─▶ results

The terms are decided twice, by the indexes as far as they can and then on the fields of each event.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from . import knowledge, search_terms, sql
from .compile import Scope
from .context import Context, EventQuery, Indexes
from .engine import Frame
from .errors import in_command
from .knowledge import Knowledge
from .needs import needs, reads_only
from .registry import Session
from .search_terms import Comparison, Logic, SearchTerm, Term
from .syntax import Stage
from .timespans import moment

_TIME_TERMS = ("earliest", "latest", "_index_earliest", "_index_latest")
# Fields that every event has, whatever its text says.
_GIVEN = frozenset({"index", "sourcetype", "source", "host", "eventtype", "tag", "linecount", "splunk_server", "punct"})
_GIVEN_FIRST = frozenset({"_time", "_indextime", "index", "sourcetype", "source", "host", *_TIME_TERMS})  # without _raw
_SAFE_WORD = re.compile(r"[A-Za-z0-9_.:@-]{2,}", re.ASCII)
_LONG_NUMBER = re.compile(r"[1-9]\d{5,14}", re.ASCII)  # more of a name than of a measure, and written in one way only
_SAFE_TEXT = re.compile(r"[ -~]+")


@dataclass(frozen=True)
class Range:
    """Times that terms allow; None where they say nothing."""

    earliest: float | None = None
    latest: float | None = None


def retrieve(terms: SearchTerm, text: str, rest: Sequence[Stage], stage: Stage, session: Session) -> Frame:
    """The events that meet the terms, newest first, with the fields that the rest of the search can meet.

    ``text`` is that of the terms, ``stage`` the search command. Raises SplError.
    """
    context = session.context
    indexes = _indexes(context)
    known = knowledge.of(session)
    terms = timed(terms, stage, context)
    asked = time_range(terms)
    session.earliest = context.earliest if asked.earliest is None else asked.earliest
    session.latest = context.latest if asked.latest is None else asked.latest
    wanted = needs(text + (" _raw" if _reads_raw(terms) else ""), rest)
    query = query_of(known.naming.resolved(terms), known, Range(session.earliest, session.latest))
    if _fields(terms) <= _GIVEN_FIRST and reads_only(_GIVEN_FIRST, rest):
        query = replace(query, raw=False)
    events = indexes.find(query)
    frame = known.frame(events, wanted)
    scope = Scope.of(frame, session.engine, context, "search")
    condition = search_terms.condition(_without_indexed_times(terms), scope)
    return frame if condition == "TRUE" else session.engine.filter(frame, condition)


def given_fields(terms: SearchTerm, session: Session) -> Frame:
    """The events that meet timed terms on the fields that indexes know, without their texts. Raises SplError."""
    known = knowledge.of(session)
    indexes = _indexes(session.context)
    asked = time_range(terms)
    session.earliest = session.context.earliest if asked.earliest is None else asked.earliest
    session.latest = session.context.latest if asked.latest is None else asked.latest
    query = query_of(terms, known, Range(session.earliest, session.latest))
    frame = session.engine.load(indexes.find(replace(query, contains=(), raw=False)))
    scope = Scope.of(frame, session.engine, session.context, session.engine.command)
    return session.engine.filter(frame, search_terms.condition(_without_indexed_times(terms), scope))


def _indexes(context: Context) -> Indexes:
    if context.indexes is None:
        raise in_command(
            "search", "There are no indexes here; begin with '| inputlookup <file>.csv' or '| makeresults'."
        )
    return context.indexes


def query_of(terms: SearchTerm, known: Knowledge, times: Range) -> EventQuery:
    """The most of the indexes that can meet the terms."""
    elsewhere = known.elsewhere
    return EventQuery(
        indexes=_names(terms, "index"),
        sourcetypes=_names(terms, "sourcetype"),
        sources=_names(terms, "source"),
        hosts=_names(terms, "host"),
        earliest=times.earliest,
        latest=times.latest,
        contains=tuple(dict.fromkeys(_contained(terms, elsewhere))),
    )


def time_range(terms: SearchTerm) -> Range:
    """What ``earliest=`` and ``latest=`` of timed terms say; of alternatives the widest."""
    if isinstance(terms, Comparison) and terms.field in ("earliest", "latest") and terms.operator == "=":
        time = float(terms.value)
        return Range(earliest=time) if terms.field == "earliest" else Range(latest=time)
    if not isinstance(terms, Logic) or terms.operator == "not":
        return Range()
    ranges = [time_range(part) for part in terms.parts]
    if terms.operator == "and":
        found = Range()
        for each in ranges:
            found = Range(
                found.earliest if each.earliest is None else each.earliest,
                found.latest if each.latest is None else each.latest,
            )
        return found
    earliest = [each.earliest for each in ranges]
    latest = [each.latest for each in ranges]
    return Range(
        None if None in earliest else min(time for time in earliest if time is not None),
        None if None in latest else max(time for time in latest if time is not None),
    )


def timed(terms: SearchTerm, stage: Stage, context: Context) -> SearchTerm:
    """The terms with every ``earliest=`` and ``latest=`` as epoch seconds. Raises SplSyntaxError."""
    if isinstance(terms, Logic):
        return Logic(terms.operator, tuple(timed(part, stage, context) for part in terms.parts))
    if not isinstance(terms, Comparison) or terms.field not in _TIME_TERMS or terms.operator != "=":
        return terms
    time = moment(terms.value, context.now)
    if time is None:
        raise in_command(
            stage.name,
            f"Invalid value '{terms.value}' for the time term '{terms.field}'; write -24h@h, now, epoch seconds"
            " or 11/14/2023:22:13:20.",
            stage.args_position,
        )
    return Comparison(terms.field, "=", repr(time))


def _without_indexed_times(terms: SearchTerm) -> SearchTerm:
    """Timed terms with each time term as a comparison of the field that it bounds."""
    if isinstance(terms, Logic):
        return Logic(terms.operator, tuple(_without_indexed_times(part) for part in terms.parts))
    if isinstance(terms, Comparison) and terms.field in _TIME_TERMS and terms.operator == "=":
        field = "_indextime" if terms.field.startswith("_index") else "_time"
        return Comparison(field, ">=" if terms.field.endswith("earliest") else "<", terms.value)
    return terms


def _names(terms: SearchTerm, field: str) -> tuple[str, ...] | None:
    """The values, or wildcards, of which the field of an event that meets the terms has one; None for any."""
    if isinstance(terms, Comparison):
        return (terms.value,) if terms.field == field and terms.operator in ("=", "::") else None
    if not isinstance(terms, Logic) or terms.operator == "not":
        return None
    found = [_names(part, field) for part in terms.parts]
    if terms.operator == "or":
        if any(names is None for names in found):
            # an index that one alternative names must be opened, though the others are content with the default ones
            return ("*",) if field == "index" and any(found) else None
        return tuple(dict.fromkeys(name for names in found for name in names or ()))
    return min((names for names in found if names is not None), key=_width, default=None)


def _width(names: tuple[str, ...]) -> float:
    return math.inf if "*" in names else sum(100 if "*" in name else 1 for name in names)


def _contained(terms: SearchTerm, elsewhere: frozenset[str]) -> list[str]:
    """Texts that are in _raw of every event that meets the terms. A field's value stands there as splunkd assumes it too."""
    if isinstance(terms, Term):
        pieces = terms.text.split("*")
        return [piece for piece in pieces if _SAFE_TEXT.fullmatch(piece)]
    if isinstance(terms, Comparison):
        if terms.operator != "=" or terms.field in _GIVEN or terms.field.startswith(("_", "tag::", "date_")):
            return []
        if terms.field in elsewhere or "*" in elsewhere or terms.field in _TIME_TERMS:
            return []
        if sql.looks_numeric(terms.value) and not _LONG_NUMBER.fullmatch(terms.value):  # 5 is met by 5.0 too
            return []
        return _SAFE_WORD.findall(terms.value)
    if not isinstance(terms, Logic) or terms.operator == "not":
        return []
    first, *others = (_contained(part, elsewhere) for part in terms.parts)
    if terms.operator == "and":
        return [text for texts in (first, *others) for text in texts]
    return [text for text in first if all(text in texts for texts in others)]


def _fields(terms: SearchTerm) -> set[str]:
    """The fields that the terms read; of words that is _raw."""
    if isinstance(terms, Logic):
        return set().union(*(_fields(part) for part in terms.parts))
    return {terms.field} if isinstance(terms, Comparison) else {"_raw"} if isinstance(terms, Term) else set()


def _reads_raw(terms: SearchTerm) -> bool:
    if isinstance(terms, Logic):
        return any(_reads_raw(part) for part in terms.parts)
    return isinstance(terms, Term) and bool(terms.text.strip("*"))
