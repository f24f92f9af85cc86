"""KV store collections as lookup tables: documents become rows of text, and rows documents.

An array is a multivalue, a nested object is JSON text. When rows are written, the types that collections.conf gives a
field (``field.<name> = number | bool | array``) decide what is stored; other values are stored as text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from searchhead.spl.errors import LookupFileError
from searchhead.table import Table, Value

from .. import conf_files
from .conf_store import ConfStore
from .errors import RestError
from .kvstore import KVStore, Namespace


class KVStoreLookups:
    """The collections of one app, as the language's lookup commands use them."""

    def __init__(self, store: KVStore, confs: ConfStore, *, app: str) -> None:
        self._store = store
        self._confs = confs
        self._app = app

    def read(self, collection: str) -> Table:
        """All documents, ``_key`` among the fields and ``_user`` not. Raises LookupFileError."""
        self._types(collection)
        try:
            documents = self._store.query(Namespace(self._app, collection), {}, fields="_user:0")
        except RestError as exc:
            raise LookupFileError(f"The KV store collection '{collection}' cannot be read: {exc.text}") from exc
        return Table.from_rows([{name: _text(value) for name, value in doc.items()} for doc in documents])

    def write(self, collection: str, table: Table, *, append: bool) -> None:
        """Stores the rows, all or none; without ``append`` nothing else is left. Raises LookupFileError."""
        types = self._types(collection)
        documents = [{name: _typed(value, types.get(name)) for name, value in row.items()} for row in table.rows()]
        try:
            self._store.save(Namespace(self._app, collection), documents, only=not append)
        except RestError as exc:
            raise LookupFileError(f"The KV store collection '{collection}' cannot be written: {exc.text}") from exc

    def _types(self, collection: str) -> Mapping[str, str]:
        """Field → type, where collections.conf gives one. Raises LookupFileError for an unknown collection."""
        stanzas = self._confs.read("collections")
        if collection not in stanzas:
            raise LookupFileError(f"The KV store collection '{collection}' is not in collections.conf of {self._app}.")
        settings = stanzas[collection]
        return {name[len("field.") :]: kind for name, kind in settings.items() if name.startswith("field.")}


def _text(value: Any) -> Value:
    if isinstance(value, list):
        return [text for text in map(_text, value) if isinstance(text, str)]
    if isinstance(value, dict):
        return json.dumps(value, separators=(",", ":"))
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _typed(value: Value, kind: str | None) -> Any:
    if kind == "array":
        return value if isinstance(value, list) else [value]
    if isinstance(value, str) and kind == "bool":
        return conf_files.is_true(value)
    if isinstance(value, str) and kind == "number":
        try:
            return float(value) if any(mark in value for mark in ".eEn") else int(value)
        except ValueError:
            return value
    return value
