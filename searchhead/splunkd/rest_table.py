"""Entities of the REST side as search results, for the ``rest`` command."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from searchhead.table import Table, Value

from ..access import Principal
from .atom import Entity, now
from .rest import RestApp


def rows(rest: RestApp, path: str, arguments: Mapping[str, str], principal: Principal, *, server: str) -> Table:
    """A row for each entity: its settings as fields, title, author, id, updated, eai:acl.*. Raises RestError."""
    entities = rest.entities(path, {**arguments, "count": arguments.get("count", "0")}, principal)
    return Table.from_rows([{**dict(_fields(entity)), "splunk_server": server} for entity in entities])


def _fields(entity: Entity) -> Iterator[tuple[str, Value]]:
    yield "title", entity.name
    yield "author", entity.owner
    yield "id", entity.path
    yield "updated", entity.updated or now()
    for name, value in entity.acl.items():
        if name == "perms":
            yield from ((f"eai:acl.perms.{action}", list(roles)) for action, roles in value.items())
        else:
            yield f"eai:acl.{name}", _value(value)
    for name, value in entity.content.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}.{inner}", _value(one)) for inner, one in value.items())
        else:
            yield name, _value(value)


def _value(value: Any) -> Value:
    if isinstance(value, (list, tuple)):
        return [json.dumps(one) if isinstance(one, Mapping) else str(one) for one in value]
    if isinstance(value, bool):
        return str(int(value))
    return None if value is None else str(value)
