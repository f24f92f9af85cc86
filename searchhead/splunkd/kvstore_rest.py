"""REST endpoints of the KV store.

storage/collections/config[/<collection>]             which collections there are: collections.conf
storage/collections/data/<collection>                 GET query, POST insert, DELETE by query
storage/collections/data/<collection>/<key>           GET, POST (replaces), DELETE
storage/collections/data/<collection>/batch_save      POST an array of documents
storage/collections/data/<collection>/batch_find      POST an array of queries
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..access import Access
from . import kvstore_query
from .atom import Entity
from .conf_store import ConfStore
from .errors import RestError
from .kvstore import MAX_BYTES, KVStore, Namespace, checked_size
from .rest import Feed, Request, Response, Route

_DATA = "storage/collections/data"
_CONFIG = "storage/collections/config"
MAX_QUERIES_PER_BATCH = 1_000


class KVStoreEndpoints:
    """The handlers; collections are those of the app's collections.conf."""

    def __init__(self, store: KVStore, confs: ConfStore, access: Access, *, app: str) -> None:
        self._store = store
        self._confs = confs
        self._access = access
        self._app = app

    def routes(self) -> Sequence[Route]:
        """What these endpoints answer."""
        return (
            Route(("GET",), _CONFIG, self.list_collections),
            Route(("POST",), _CONFIG, self.create_collection),
            Route(("GET",), f"{_CONFIG}/([^/]+)", self.show_collection),
            Route(("POST",), f"{_CONFIG}/([^/]+)", self.change_collection),
            Route(("DELETE",), f"{_CONFIG}/([^/]+)", self.drop_collection),
            Route(("POST",), f"{_DATA}/([^/]+)/batch_save", self.batch_save, json=True),
            Route(("POST",), f"{_DATA}/([^/]+)/batch_find", self.batch_find, json=True),
            Route(("GET",), f"{_DATA}/([^/]+)", self.query, json=True),
            Route(("POST",), f"{_DATA}/([^/]+)", self.insert, json=True),
            Route(("DELETE",), f"{_DATA}/([^/]+)", self.delete, json=True),
            Route(("GET",), f"{_DATA}/([^/]+)/([^/]+)", self.get, json=True),
            Route(("POST",), f"{_DATA}/([^/]+)/([^/]+)", self.replace, json=True),
            Route(("DELETE",), f"{_DATA}/([^/]+)/([^/]+)", self.delete_key, json=True),
        )

    def query(self, request: Request) -> Response:
        """The documents that the request's query finds."""
        return _json(self._find(self._where(request), request.parameters), "max_size_per_result_mb")

    def insert(self, request: Request) -> Response:
        """The new document's key."""
        return _json({"_key": self._store.insert(self._where(request), _document(request.body))}, status=201)

    def get(self, request: Request) -> Response:
        """The document with the key in the address."""
        return _json(self._store.get(self._where(request), request.arguments[1]))

    def replace(self, request: Request) -> Response:
        """The key of the document that got new content."""
        key = request.arguments[1]
        return _json({"_key": self._store.replace(self._where(request), key, _document(request.body))})

    def delete(self, request: Request) -> Response:
        """Nothing; the documents that the query finds are gone."""
        self._store.delete(self._where(request), kvstore_query.parse(request.parameters.get("query", "")))
        return _json({})

    def delete_key(self, request: Request) -> Response:
        """Nothing; the document is gone."""
        self._store.delete_key(self._where(request), request.arguments[1])
        return _json({})

    def batch_save(self, request: Request) -> Response:
        """The keys of all documents, in their order."""
        documents = _parsed(checked_size(request.body, "max_size_per_batch_save_mb"))
        if not isinstance(documents, list) or not all(isinstance(document, dict) for document in documents):
            raise RestError(400, "JSON in the request is invalid. (batch_save needs an array of objects.)")
        return _json(self._store.batch_save(self._where(request), documents))

    def batch_find(self, request: Request) -> Response:
        """The results of all queries, in their order."""
        queries = _parsed(request.body)
        if not isinstance(queries, list) or not all(isinstance(query, dict) for query in queries):
            raise RestError(400, "JSON in the request is invalid. (batch_find needs an array of objects.)")
        if len(queries) > MAX_QUERIES_PER_BATCH:
            text = f"({len(queries)} queries, max_queries_per_batch={MAX_QUERIES_PER_BATCH}.)"
            raise RestError(400, f"Request exceeds API limits - see limits.conf for details. {text}")
        where = self._where(request)
        results = [self._find(where, {**query, "query": json.dumps(query.get("query", {}))}) for query in queries]
        return _json(results, "max_size_per_batch_result_mb")

    def list_collections(self, request: Request) -> Feed:
        """All collections."""
        self._check_place(request)
        readable = [
            self._entity(request, name)
            for name in self._confs.read("collections")
            if self._access.may(request.principal, "read", "collections", name)
        ]
        return Feed("collections", readable, listing=True)

    def show_collection(self, request: Request) -> Feed:
        """One collection. Raises RestError 404."""
        self._check_place(request)
        self._confs.get("collections", request.arguments[0])
        return Feed("collections", [self._entity(request, request.arguments[0])])

    def create_collection(self, request: Request) -> Feed:
        """The new collection. Raises RestError 409."""
        self._check_place(request)
        name = request.parameters.get("name", "")
        if not self._access.may(request.principal, "write", ""):
            raise RestError(403, self._access.refusal(request.principal, "write", "collections", name, app=self._app))
        self._confs.create("collections", name, _settings(request))
        return Feed("collections", [self._entity(request, name)], status=201)

    def change_collection(self, request: Request) -> Feed:
        """The collection with new settings."""
        self._check_place(request)
        self._check_right(request, "write")
        self._confs.update("collections", request.arguments[0], _settings(request))
        return self.show_collection(request)

    def drop_collection(self, request: Request) -> Feed:
        """The collections without this one; its documents are deleted. Those that the app ships cannot be dropped."""
        self._check_place(request)
        self._check_right(request, "write")
        self._confs.delete("collections", request.arguments[0])
        self._store.delete(Namespace(self._app, request.arguments[0]), {})
        return self.list_collections(request)

    def _find(self, where: Namespace, parameters: Any) -> list[dict[str, Any]]:
        return self._store.query(
            where,
            kvstore_query.parse(parameters.get("query", "")),
            fields=str(parameters.get("fields", "")),
            sort=str(parameters.get("sort", "")),
            limit=_whole(parameters, "limit"),
            skip=_whole(parameters, "skip"),
        )

    def _where(self, request: Request) -> Namespace:
        """The collection of the request. Raises RestError 404 for one that the app does not have."""
        self._check_place(request)
        if request.arguments[0] not in self._confs.read("collections"):
            raise RestError(404, f"Could not find collection: {request.arguments[0]}")
        reads = request.method == "GET" or request.path.endswith("/batch_find")
        self._check_right(request, "read" if reads else "write")
        return Namespace(self._app, request.arguments[0], request.owner)

    def _check_right(self, request: Request, action: str) -> None:
        """Raises RestError 403 when the user's roles may not read or write the collection."""
        name = request.arguments[0]
        if not self._access.may(request.principal, action, "collections", name):
            text = self._access.refusal(request.principal, action, "collections", name, app=self._app)
            raise RestError(403, text)

    def _check_place(self, request: Request) -> None:
        """Collections belong to one app, on the search head; indexers do not have them."""
        if request.principal.on_indexer:
            raise RestError(404, "KV store collections exist on the search head only, not on this indexer.")
        if request.app not in (self._app, "-"):
            raise RestError(404, f"Application does not exist: {request.app}")

    def _entity(self, request: Request, name: str) -> Entity:
        settings = {"disabled": "0", **self._confs.get("collections", name)}
        return Entity(name, f"/servicesNS/nobody/{self._app}/{_CONFIG}/{name}", settings, app=self._app)


def _settings(request: Request) -> dict[str, str]:
    return {name: value for name, value in request.parameters.items() if name not in ("name", "output_mode")}


def _document(body: bytes) -> dict[str, Any]:
    document = _parsed(checked_size(body, "max_size_per_batch_save_mb"))
    if not isinstance(document, dict):
        raise RestError(400, "JSON in the request is invalid. (A document must be a JSON object.)")
    return document


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as exc:
        raise RestError(400, f"JSON in the request is invalid. ({exc})") from exc


def _whole(parameters: Any, name: str) -> int:
    value = parameters.get(name, 0)
    try:
        return max(int(value or 0), 0)
    except (TypeError, ValueError) as exc:
        raise RestError(400, f"{name} = {value} must be a whole number.") from exc


def _json(value: Any, limit_name: str = "", *, status: int = 200) -> Response:
    body = json.dumps(value).encode()
    if limit_name and len(body) > MAX_BYTES:
        text = f"({len(body)} bytes, {limit_name}=50; ask for fewer documents or fields.)"
        raise RestError(413, f"Request exceeds API limits - see limits.conf for details. {text}")
    return Response(body, status, "application/json; charset=UTF-8")
