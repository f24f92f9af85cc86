"""A collection of Splunk's KV store, in pieces that its limits allow.

    find(keys)       POST …/storage/collections/data/NAME/batch_find   [{"query": {"$or": [{"_key": …}, …]}}]
    query(query)     GET  …/storage/collections/data/NAME?query=…&sort=_key&limit=…&skip=…
    save(documents)  POST …/storage/collections/data/NAME/batch_save   [{"_key": …}, …]

Through splunklib, with splunkd's errors as StoreError.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from splunklib import client

from mousematch.errors import StoreError
from mousematch.splunk.errors import translated

Document = dict[str, Any]

# limits.conf [kvstore]: max_documents_per_batch_save = 1000 and max_size_per_batch_save_mb = 50 (of which we use a
# sixth, so that one rejected batch loses few documents); max_rows_per_query = 50000.
SAVE_DOCUMENTS = 1_000
SAVE_BYTES = 8 * 2**20
FIND_KEYS = 500
PAGE_ROWS = 5_000

_JSON = [("Content-Type", "application/json")]


class Collection:
    """Documents of one KV store collection of the app.

    connect: gives a connection in the app's namespace; called once, when it is needed. name: the collection, as
    collections.conf has it. Methods raise StoreError, with the collection's name and a remedy, if splunkd does not do as
    asked.
    """

    def __init__(self, connect: Callable[[], client.Service], name: str) -> None:
        self._connect = connect
        self._connected: client.Service | None = None
        self._path = f"storage/collections/data/{name}/"
        self._called = f"The KV store collection {name}"

    def find(self, keys: Iterable[str]) -> dict[str, Document]:
        """The documents that have one of the keys, by key. Keys that the collection does not have are left out."""
        found: dict[str, Document] = {}
        wanted = list(dict.fromkeys(keys))
        for start in range(0, len(wanted), FIND_KEYS):
            query = {"query": {"$or": [{"_key": key} for key in wanted[start : start + FIND_KEYS]]}}
            for documents in self._post("batch_find", [query]):
                with translated(self._called):
                    found.update((document["_key"], document) for document in documents)
        return found

    def query(self, query: Document, *, limit: int) -> list[Document]:
        """At most ``limit`` documents that fit the query, by their key."""
        documents: list[Document] = []
        service = self._service
        while len(documents) < limit:
            rows = min(PAGE_ROWS, limit - len(documents))
            with translated(self._called):
                answer = service.get(
                    self._path,
                    query=json.dumps(query),
                    sort="_key",
                    limit=rows,
                    skip=len(documents),
                )
                page = json.loads(answer.body.read())
                documents.extend(dict(document) for document in page)
            if len(page) < rows:
                break
        return documents

    def save(self, documents: Sequence[Document]) -> dict[str, StoreError]:
        """Inserts or replaces the documents by their ``_key``; the keys that were not stored, each with the reason.

        A batch that fails does not keep the later ones from being tried.
        """
        failed: dict[str, StoreError] = {}
        for batch in batches(documents):
            keys = [str(document["_key"]) for document in batch]
            try:
                stored = self._post("batch_save", batch)
            except StoreError as exc:
                failed.update((key, exc) for key in keys)
                continue
            missing = set(keys) - {str(key) for key in stored}
            error = StoreError(f"{self._called} accepted the batch but not this document; run the search again.")
            failed.update((key, error) for key in missing)
        return failed

    @property
    def _service(self) -> client.Service:
        if self._connected is None:
            self._connected = self._connect()
        return self._connected

    def _post(self, action: str, body: list[Document]) -> Any:
        service = self._service
        with translated(self._called):
            answer = service.post(self._path + action, headers=list(_JSON), body=json.dumps(body))
            return json.loads(answer.body.read())


def batches(documents: Sequence[Document]) -> Iterator[list[Document]]:
    """The documents in their order, in batches within SAVE_DOCUMENTS and SAVE_BYTES."""
    batch: list[Document] = []
    size = 0
    for document in documents:
        length = len(json.dumps(document)) + 2
        if batch and (len(batch) == SAVE_DOCUMENTS or size + length > SAVE_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(document)
        size += length
    if batch:
        yield batch
