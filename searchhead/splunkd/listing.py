"""What every list of entities can be asked on splunkd: ``search``, ``sort_key``, ``sort_dir``, ``offset``, ``count``.

search=isScheduled=true            a setting has this value; * is a wildcard
search=name="Mouse*" error         both, in any case; a bare word is looked for in names and values
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from .atom import Entity, Page
from .errors import RestError

_DEFAULT_COUNT = 30
_TERM = re.compile(r'([\w:.*-]+)\s*=\s*("[^"]*"|[^\s()]+)|"([^"]*)"|([^\s()]+)')


def page(
    entities: Sequence[Entity],
    parameters: Mapping[str, str],
    links: Mapping[str, str],
    *,
    default_count: int = _DEFAULT_COUNT,
) -> tuple[list[Entity], Page]:
    """The entities asked for, and which part of the list they are. Raises RestError 400."""
    found = [entity for entity in entities if _matches(entity, parameters.get("search", ""))]
    key = parameters.get("sort_key")
    if key:
        descending = parameters.get("sort_dir", "asc").lower() == "desc"
        found.sort(key=lambda entity: _sortable(_value(entity, key)), reverse=descending)
    offset, count = whole(parameters, "offset", 0), whole(parameters, "count", default_count)
    kept = found[offset:] if count <= 0 else found[offset : offset + count]
    return kept, Page(len(found), max(count, 0) if count > 0 else len(found), offset, links)


def whole(parameters: Mapping[str, str], name: str, default: int) -> int:
    """A parameter that is a whole number. Raises RestError 400."""
    value = parameters.get(name, "")
    try:
        return int(value) if value else default
    except ValueError as exc:
        raise RestError(400, f"Invalid value for {name}: {value}; it must be a whole number.") from exc


def _matches(entity: Entity, search: str) -> bool:
    """Whether one of the parts between OR has all its terms met."""
    return any(
        all(_meets(entity, term) for term in _TERM.finditer(part) if term.group() != "AND")
        for part in re.split(r"\sOR\s", search)
    )


def _meets(entity: Entity, term: re.Match[str]) -> bool:
    key, value, quoted, word = term.groups()
    if key is None:
        text = (word if quoted is None else quoted).lower().strip("*")
        return text in entity.name.lower() or any(text in str(item).lower() for item in entity.content.values())
    wanted = value.strip('"').lower()
    found = _value(entity, key)
    values = found if isinstance(found, (list, tuple)) else [found]
    return any(fnmatchcase(_word(item), form) for item in values for form in _spellings(wanted))


def _spellings(wanted: str) -> tuple[str, ...]:
    escaped = wanted.replace("[", "[[]")
    truth = {"true": "1", "false": "0", "1": "true", "0": "false"}.get(wanted)
    return (escaped,) if truth is None else (escaped, truth)


def _value(entity: Entity, key: str) -> Any:
    if key in ("name", "title"):
        return entity.name
    if key.startswith("eai:acl."):
        return entity.acl.get(key[len("eai:acl.") :])
    if key in entity.content:
        return entity.content[key]
    head, _, rest = key.partition(".")
    inner = entity.content.get(head)
    return inner.get(rest) if rest and isinstance(inner, Mapping) else None


def _word(value: Any) -> str:
    return "" if value is None else str(value).lower()


def _sortable(value: Any) -> tuple[int, float, str]:
    try:
        return 0, float(value), ""
    except (TypeError, ValueError):
        return 1, 0.0, _word(value)
