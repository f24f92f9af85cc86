"""The templates that a search needs, from the KV store, each fetched once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mousematch.errors import StoreError, TemplateError
from mousematch.splunk.kvstore import Collection
from mousematch.templates import Template, from_document, key, to_document

# A store that failed so often in one search will not serve its next chunk either, and each try may take its time limit.
MAX_FAILURES = 3
# A search with this many users holds some 70 MB of templates; beyond, it fetches again what it needs.
MAX_CACHED = 50_000


class TemplateStore:
    """Templates of one model in a KV store collection.

    collection: where they lie. model: "name/version"; templates of other versions are none here.
    """

    def __init__(self, collection: Collection, model: str) -> None:
        self._collection = collection
        self._model = model
        self._known: dict[str, Template | TemplateError | None] = {}
        self._failures = 0
        self._failure: StoreError | None = None

    def fetch(self, users: Iterable[str]) -> dict[str, Template | TemplateError | None]:
        """User → template, or None without one, or the TemplateError of one that cannot be read.

        Raises StoreError if the store does not answer; after MAX_FAILURES of these at once.
        """
        wanted = set(users)
        missing = sorted(wanted - self._known.keys())
        if missing:
            if len(self._known) + len(missing) > MAX_CACHED:
                self._known = {user: self._known[user] for user in wanted & self._known.keys()}
            self._known.update(self._read(missing))
        return {user: self._known[user] for user in wanted}

    def _read(self, users: Sequence[str]) -> dict[str, Template | TemplateError | None]:
        if self._failure is not None and self._failures >= MAX_FAILURES:
            raise self._failure
        keys = {key(user, self._model): user for user in users}
        try:
            documents = self._collection.find(keys)
        except StoreError as exc:
            self._failures += 1
            self._failure = exc
            raise
        return {user: _template(documents.get(document_key)) for document_key, user in keys.items()}

    def others(self, *, limit: int) -> list[Template]:
        """At most ``limit`` templates of the model, whoever's; those that cannot be read are left out."""
        documents = self._collection.query({"model": self._model}, limit=limit)
        templates = (_template(document) for document in documents)
        return [template for template in templates if isinstance(template, Template)]

    def save(self, templates: Sequence[Template]) -> dict[str, StoreError]:
        """Stores the templates; the users whose template was not stored, each with the reason."""
        failed = self._collection.save([to_document(template) for template in templates])
        return {
            template.user: failed[document_key]
            for template in templates
            if (document_key := key(template.user, self._model)) in failed
        }


def _template(document: dict[str, object] | None) -> Template | TemplateError | None:
    if document is None:
        return None
    try:
        return from_document(document)
    except TemplateError as exc:
        return exc
