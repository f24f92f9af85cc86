"""KV store collections on SQLite.

Every write is one transaction, on disk before it is answered: a search head that is killed loses nothing that it has
acknowledged. Several searches may use one state folder at once.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import kvstore_query
from .errors import RestError
from .kvstore_query import Document

MAX_ROWS_PER_QUERY = 50_000  # limits.conf [kvstore] max_rows_per_query
MAX_BYTES = 50 * 1024 * 1024  # max_size_per_result_mb, max_size_per_batch_save_mb, max_size_per_batch_result_mb
MAX_DOCUMENTS_PER_BATCH = 1_000  # max_documents_per_batch_save
_BUSY_S = 30.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    number INTEGER PRIMARY KEY,
    app TEXT NOT NULL, collection TEXT NOT NULL, owner TEXT NOT NULL, key TEXT NOT NULL, document TEXT NOT NULL,
    UNIQUE (app, collection, owner, key)
);
"""


@dataclass(frozen=True)
class Namespace:
    """A collection as one owner sees it; ``nobody`` owns what all share."""

    app: str
    collection: str
    owner: str = "nobody"


class KVStore:
    """All collections of one state folder; safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        """Opens or creates the database file. Raises RestError 503 when that fails."""
        self._lock = threading.RLock()
        with _errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Closes the database."""
        with self._lock:
            self._db.close()

    def query(
        self, where: Namespace, query: Document, *, fields: str = "", sort: str = "", limit: int = 0, skip: int = 0
    ) -> list[Document]:
        """The documents that a query finds, oldest first or sorted; at most 50,000 and 50 MB. Raises RestError."""
        found = self._found(where, query)
        if sort:
            found = kvstore_query.sort(found, sort)
        stop = skip + min(limit or MAX_ROWS_PER_QUERY, MAX_ROWS_PER_QUERY)
        return [kvstore_query.project(document, fields) for document in found[skip:stop]]

    def get(self, where: Namespace, key: str) -> Document:
        """The document with this key. Raises RestError 404."""
        for document in self._candidates(where, {"_key": key}):
            return document
        raise RestError(404, "Could not find object.")

    def insert(self, where: Namespace, document: Document) -> str:
        """The key of the new document: its ``_key``, or a new one. Raises RestError 409 for a key that exists."""
        key = str(document.get("_key") or new_key())
        with self._transaction():
            try:
                self._put(where, key, document, replace=False)
            except sqlite3.IntegrityError as exc:
                raise RestError(409, "A document with the same key and user already exists.") from exc
        return key

    def replace(self, where: Namespace, key: str, document: Document) -> str:
        """Gives an existing document new content. Raises RestError 404."""
        with self._transaction():
            self.get(where, key)
            self._put(where, key, document, replace=True)
        return key

    def batch_save(self, where: Namespace, documents: list[Document]) -> list[str]:
        """Inserts or replaces all documents, or none; their keys. Raises RestError for too many."""
        if len(documents) > MAX_DOCUMENTS_PER_BATCH:
            raise RestError(
                400,
                "Request exceeds API limits - see limits.conf for details. (Too many documents for a single batch save: "
                f"{len(documents)}, max_documents_per_batch_save={MAX_DOCUMENTS_PER_BATCH}.)",
            )
        return self.save(where, documents)

    def save(self, where: Namespace, documents: Sequence[Document], *, only: bool = False) -> list[str]:
        """Inserts or replaces any number of documents, all or none; ``only``: nothing else is left afterwards."""
        keys = [str(document.get("_key") or new_key()) for document in documents]
        with self._transaction():
            if only:
                self._db.execute(f"DELETE FROM documents WHERE {_WHERE}", _values(where))
            for key, document in zip(keys, documents):
                self._put(where, key, document, replace=True)
        return keys

    def delete(self, where: Namespace, query: Document) -> int:
        """Deletes what the query finds; how many that were."""
        with self._transaction():
            keys = [doc["_key"] for doc in self._found(where, query)]
            for key in keys:
                self._db.execute(f"DELETE FROM documents WHERE {_WHERE} AND key = ?", (*_values(where), key))
        return len(keys)

    def delete_key(self, where: Namespace, key: str) -> None:
        """Deletes one document. Raises RestError 404."""
        if not self.delete(where, {"_key": key}):
            raise RestError(404, "Could not find object.")

    def _found(self, where: Namespace, query: Document) -> list[Document]:
        """Documents that the query finds, in the order of their insertion."""
        candidates = self._candidates(where, query)
        if kvstore_query.by_key_alone(query):
            # Each document against each key is slow for hundreds.
            keys = frozenset(kvstore_query.keys_wanted(query) or ())
            return [doc for doc in candidates if doc["_key"] in keys]
        return [doc for doc in candidates if kvstore_query.matches(query, doc)]

    def _candidates(self, where: Namespace, query: Document) -> Iterator[Document]:
        """Documents that the query might find, as far as the database can tell; in the order of their insertion."""
        clause, values = _WHERE, [*_values(where)]
        keys = kvstore_query.keys_wanted(query)
        if keys is not None:
            clause += " AND key IN (SELECT value FROM json_each(?))"
            values.append(json.dumps(keys))
        for name, text in kvstore_query.equalities(query).items():
            clause += " AND (json_extract(document, ?) = ? OR json_type(document, ?) = 'array')"
            values += [f'$."{name}"', text, f'$."{name}"']
        with self._lock, _errors():
            rows = self._db.execute(f"SELECT key, document FROM documents WHERE {clause} ORDER BY number", values)
            found = rows.fetchall()
        for key, document in found:
            yield {**json.loads(document), "_user": where.owner, "_key": key}

    def _put(self, where: Namespace, key: str, document: Document, *, replace: bool) -> None:
        content = {name: value for name, value in document.items() if name not in ("_key", "_user")}
        self._db.execute(
            "INSERT INTO documents (app, collection, owner, key, document) VALUES (?, ?, ?, ?, ?)"
            + (" ON CONFLICT DO UPDATE SET document = excluded.document" if replace else ""),
            (*_values(where), key, json.dumps(content, separators=(",", ":"))),
        )

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock, _errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._db.in_transaction:  # SQLite has rolled back itself when the disk is full
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")


def new_key() -> str:
    """A key as the KV store makes them: 24 hexadecimal digits, the time first."""
    return f"{int(time.time()):08x}{os.urandom(8).hex()}"


def checked_size(body: bytes, limit_name: str) -> bytes:
    """The body, when it keeps the limit of 50 MB. Raises RestError 413."""
    if len(body) > MAX_BYTES:
        raise RestError(
            413,
            f"Request exceeds API limits - see limits.conf for details. ({len(body)} bytes, {limit_name}=50.)",
        )
    return body


_WHERE = "app = ? AND collection = ? AND owner = ?"


def _values(where: Namespace) -> tuple[Any, ...]:
    return where.app, where.collection, where.owner


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    """Database errors as splunkd would answer them; a duplicate key is left to the caller."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except (sqlite3.Error, OSError) as exc:
        raise RestError(503, f"KV Store is not usable: {exc}.") from exc
