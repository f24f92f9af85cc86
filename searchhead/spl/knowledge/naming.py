"""Names for events: eventtypes.conf gives the field eventtype, tags.conf the field tag."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import unquote

from ...conf_files import is_true
from .. import search_terms, sql
from ..compile import Scope
from ..search_terms import Comparison, Logic, SearchTerm
from ..sql import Sql
from .stanzas import Settings

_DEEPEST = 20


class Naming:
    """The app's eventtypes and tags. ``expand`` replaces macros in an eventtype's search."""

    def __init__(
        self, eventtypes: Mapping[str, Settings], tags: Mapping[str, Settings], expand: Callable[[str], str]
    ) -> None:
        self._searches = {
            name: stanza["search"]
            for name, stanza in eventtypes.items()
            if stanza.get("search") and not is_true(stanza.get("disabled"))
        }
        self._expand = expand
        self._terms: dict[str, SearchTerm] = {}
        # tag → the (field, value) pairs that carry it
        self.tags: dict[str, list[tuple[str, str]]] = {}
        for name, stanza in tags.items():
            field, equals, value = name.partition("=")
            for tag, state in stanza.items():
                if equals and is_true(state):
                    self.tags.setdefault(tag, []).append((field.strip(), unquote(value.strip())))

    def term(self, eventtype: str) -> SearchTerm:
        """The terms of an eventtype; terms that are never met for one that there is not. Raises SplError."""
        if eventtype not in self._searches:
            return Logic("not", (search_terms.Everything(),))
        if eventtype not in self._terms:
            text = self._expand(self._searches[eventtype])
            self._terms[eventtype] = search_terms.parse(text, command=f"eventtype {eventtype}", position=0)
        return self._terms[eventtype]

    def resolved(self, term: SearchTerm, depth: int = 0) -> SearchTerm:
        """The terms with ``eventtype=`` and ``tag=`` replaced by what they stand for. Raises SplError."""
        if depth > _DEEPEST:
            return search_terms.Everything()
        if isinstance(term, Logic):
            return Logic(term.operator, tuple(self.resolved(part, depth) for part in term.parts))
        if not isinstance(term, Comparison) or term.operator not in ("=", "!="):
            return term
        meant: list[SearchTerm] = []
        if term.field == "eventtype":
            meant = [self.term(name) for name in self._searches if _meets(name, term.value)]
        elif term.field == "tag" or term.field.startswith("tag::"):
            of = term.field[len("tag::") :]
            for tag, pairs in self.tags.items():
                if _meets(tag, term.value):
                    meant += [Comparison(field, "=", value) for field, value in pairs if not of or field == of]
        else:
            return term
        either = Logic("or", tuple(self.resolved(part, depth + 1) for part in meant)) if meant else None
        never = Logic("not", (search_terms.Everything(),))
        return either or never if term.operator == "=" else Logic("not", (either or never,))

    def eventtype(self, scope: Scope) -> Sql:
        """The names of the eventtypes that a row is of. Raises SplError."""
        cases = [
            f"CASE WHEN {search_terms.condition(self.resolved(self.term(name)), scope)} THEN {sql.quoted(name)} END"
            for name in sorted(self._searches)
        ]
        return _present(cases)

    def tag(self, scope: Scope) -> Sql:
        """The tags of a row's values."""
        cases = []
        for tag in sorted(self.tags):
            met = [search_terms.condition(Comparison(field, "=", value), scope) for field, value in self.tags[tag]]
            cases.append(f"CASE WHEN {' OR '.join(met)} THEN {sql.quoted(tag)} END")
        return _present(cases)

    def texts(self) -> str:
        """All text that names fields which eventtypes and tags read. Raises SplError."""
        fields = [field for pairs in self.tags.values() for field, _ in pairs]
        return " ".join([*(self._expand(search) for search in self._searches.values()), *fields])


def _present(cases: list[str]) -> Sql:
    if not cases:
        return sql.NULL
    return Sql(f"list_filter([{', '.join(cases)}], lambda v: v IS NOT NULL)", "multi")


def _meets(name: str, wanted: str) -> bool:
    name, wanted = name.lower(), wanted.lower()
    if "*" not in wanted:
        return name == wanted
    first, *rest = wanted.split("*")
    if not name.startswith(first) or not name.endswith(rest[-1]):
        return False
    at = len(first)
    for piece in rest:
        found = name.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return True
