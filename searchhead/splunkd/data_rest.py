"""REST endpoints of what searches read.

data/indexes[/<index>]              GET; POST makes an index (capability indexes_edit) or changes one
data/lookup-table-files[/<file>]    GET
saved/eventtypes[/<eventtype>]      GET
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from searchhead.indexes import IndexSummary, definitions
from searchhead.indexes.definitions import IndexDefinition

from ..jobs.results import iso
from .atom import Entity
from .errors import RestError
from .rest import Feed, Request, Route

if TYPE_CHECKING:
    from .head import SearchHead

_NOT_SETTINGS = ("name", "output_mode", "datatype")
_LOOKUPS = ("*.csv", "*.csv.gz")


class DataEndpoints:
    """The handlers, for the data of one search head."""

    def __init__(self, head: SearchHead) -> None:
        self._head = head

    def routes(self) -> Sequence[Route]:
        """What these endpoints answer."""
        return (
            Route(("GET",), "data/indexes", self.list_indexes),
            Route(("POST",), "data/indexes", self.create_index),
            Route(("GET",), "data/indexes/([^/]+)", self.show_index),
            Route(("POST",), "data/indexes/([^/]+)", self.change_index),
            Route(("GET",), "saved/eventtypes(?:/([^/]+))?", self.event_types),
            Route(("GET",), "data/lookup-table-files", self.list_files),
            Route(("GET",), "data/lookup-table-files/([^/]+)", self.show_file),
        )

    def list_indexes(self, request: Request) -> Feed:
        """The indexes that the caller may search, with what they hold."""
        return Feed("indexes", list(self._indexes(request).values()), listing=True)

    def show_index(self, request: Request) -> Feed:
        """One index. Raises RestError 404."""
        found = self._indexes(request).get(request.arguments[0])
        if found is None:
            raise RestError(404, f"Could not find object id={request.arguments[0]}")
        return Feed("indexes", [found])

    def create_index(self, request: Request) -> Feed:
        """The new index. Raises RestError 400, 403, 409."""
        request.need("indexes_edit")
        name = request.parameters.get("name", "")
        if name in definitions.BUILT_IN:
            raise RestError(409, f"Index already exists: {name}")
        self._head.confs.create("indexes", name, self._settings(request))
        if name not in definitions.read(self._head.confs):
            self._head.confs.delete("indexes", name)
            raise RestError(400, f"The index name {name!r} is invalid; use a-z, 0-9, _ and -, not beginning with -.")
        return Feed("indexes", [self._indexes(request)[name]], status=201)

    def change_index(self, request: Request) -> Feed:
        """The index with its new settings. Raises RestError 404."""
        request.need("indexes_edit")
        name = request.arguments[0]
        if name in definitions.BUILT_IN and name not in self._head.confs.read("indexes"):
            self._head.confs.create("indexes", name, self._settings(request))
        else:
            self._head.confs.update("indexes", name, self._settings(request))
        return self.show_index(request)

    def event_types(self, request: Request) -> Feed:
        """The event types that the caller may read, or one of them. Raises RestError 404."""
        (name,) = request.arguments
        app, confs = self._head.app_name, self._head.confs.read("eventtypes")
        found = [
            Entity(one, f"/servicesNS/nobody/{app}/saved/eventtypes/{one}", {"disabled": False, **settings}, app=app)
            for one, settings in confs.items()
            if name in ("", one) and self._head.access.may(request.principal, "read", "eventtypes", one)
        ]
        if name and not found:
            raise RestError(404, f"Could not find object id={name}")
        return Feed("eventtypes", found, listing=True)

    def list_files(self, request: Request) -> Feed:
        """The lookup files that the caller may read."""
        return Feed("lookup-table-files", self._files(request), listing=True)

    def show_file(self, request: Request) -> Feed:
        """One lookup file. Raises RestError 404."""
        found = [entity for entity in self._files(request) if entity.name == request.arguments[0]]
        if not found:
            raise RestError(404, f"Could not find object id={request.arguments[0]}")
        return Feed("lookup-table-files", found)

    @staticmethod
    def _settings(request: Request) -> dict[str, str]:
        return {name: value for name, value in request.parameters.items() if name not in _NOT_SETTINGS}

    def _indexes(self, request: Request) -> dict[str, Entity]:
        all_indexes = definitions.read(self._head.confs)
        allowed, _ = self._head.access.indexes(request.user, all_indexes)
        held = self._head.events.summaries()
        return {
            name: self._index(index, held.get(name, IndexSummary()))
            for name, index in all_indexes.items()
            if name in allowed
        }

    def _index(self, index: IndexDefinition, held: IndexSummary) -> Entity:
        content = {
            "disabled": index.disabled,
            "datatype": "event",
            "totalEventCount": held.events,
            "currentDBSizeMB": -(-held.bytes // 1_048_576),
            "maxTotalDataSizeMB": index.largest_bytes // 1_048_576,
            "frozenTimePeriodInSecs": index.kept_s,
            "minTime": "" if held.first is None else iso(str(held.first), "%z"),
            "maxTime": "" if held.last is None else iso(str(held.last), "%z"),
            "isInternal": index.name.startswith("_"),
            "homePath": str(self._head.state / "indexes"),
            **self._head.confs.read("indexes").get(index.name, {}),
        }
        path = f"/servicesNS/nobody/{self._head.app_name}/data/indexes/{index.name}"
        return Entity(index.name, path, content, app=self._head.app_name, removable=not index.built_in)

    def _files(self, request: Request) -> list[Entity]:
        folders = (self._head.app / "lookups", self._head.state / "lookups")
        files = {path.name: path for folder in folders for form in _LOOKUPS for path in sorted(folder.glob(form))}
        may = self._head.access.may
        return [
            self._file(path, can_write=may(request.principal, "write", "lookups", name))
            for name, path in sorted(files.items())
            if may(request.principal, "read", "lookups", name)
        ]

    def _file(self, path: Path, *, can_write: bool) -> Entity:
        app = self._head.app_name
        grant = self._head.access.grant("lookups", path.name)
        info = path.stat()
        content = {
            "disabled": False, "eai:appName": app, "eai:data": str(path), "eai:userName": "nobody",
            "lastModifiedTime": int(info.st_mtime), "size": info.st_size,
        }  # fmt: skip
        return Entity(
            path.name, f"/servicesNS/nobody/{app}/data/lookup-table-files/{path.name}", content, app=app,
            perms={"read": grant.read, "write": grant.write}, can_write=can_write,
        )  # fmt: skip
