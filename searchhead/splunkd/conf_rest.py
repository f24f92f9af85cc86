"""REST endpoints of the configuration.

configs/conf-<file>[/<stanza>]              GET, POST (create, change), DELETE
properties[/<file>[/<stanza>[/<key>]]]      GET; a key gives its bare value
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..access import Access
from .atom import Entity
from .conf_store import ConfStore
from .errors import RestError
from .rest import Feed, Request, Response, Route

_CONF = "configs/conf-([^/]+)"
_SECRET = ("inputs", "passwords")  # tokens stand in them
_NOT_SETTINGS = ("name", "output_mode", "count", "offset")


class ConfEndpoints:
    """The handlers, for one app."""

    def __init__(self, confs: ConfStore, access: Access, *, app: str) -> None:
        self._confs = confs
        self._access = access
        self._app = app

    def routes(self) -> Sequence[Route]:
        """What these endpoints answer."""
        return (
            Route(("GET",), _CONF, self.list_stanzas),
            Route(("POST",), _CONF, self.create),
            Route(("GET",), f"{_CONF}/([^/]+)", self.show),
            Route(("POST",), f"{_CONF}/([^/]+)", self.change),
            Route(("DELETE",), f"{_CONF}/([^/]+)", self.delete),
            Route(("GET",), "properties", self.list_files),
            Route(("GET",), "properties/([^/]+)", self.list_properties),
            Route(("GET",), "properties/([^/]+)/([^/]+)", self.show_properties),
            Route(("GET",), "properties/([^/]+)/([^/]+)/([^/]+)", self.show_property),
        )

    def list_stanzas(self, request: Request) -> Feed:
        """All stanzas of a file; none for a file that does not exist, as on splunkd."""
        file = request.arguments[0]
        stanzas = self._read(request)
        entities = [self._entity(file, name, settings) for name, settings in stanzas.items()]
        return Feed(f"conf-{file}", entities, listing=True)

    def show(self, request: Request) -> Feed:
        """One stanza. Raises RestError 404."""
        file, stanza = request.arguments
        return Feed(f"conf-{file}", [self._entity(file, stanza, self._stanza(request, stanza))])

    def create(self, request: Request) -> Feed:
        """The new stanza. Raises RestError 409."""
        self._check_place(request)
        stanza = request.parameters.get("name", "")
        file = request.arguments[0]
        self._confs.create(file, stanza, _settings(request))
        return Feed(f"conf-{file}", [self._entity(file, stanza, self._confs.get(file, stanza))], status=201)

    def change(self, request: Request) -> Feed:
        """The stanza with its new settings. Raises RestError 404."""
        self._check_place(request)
        file, stanza = request.arguments
        self._confs.update(file, stanza, _settings(request))
        return self.show(request)

    def delete(self, request: Request) -> Feed:
        """The file without what was written of the stanza."""
        self._check_place(request)
        file, stanza = request.arguments
        self._confs.delete(file, stanza)
        return self.list_stanzas(request)

    def list_files(self, request: Request) -> Feed:
        """The .conf files that there are."""
        path = f"/servicesNS/nobody/{self._app}/properties"
        names = [] if request.principal.on_indexer else self._confs.files()
        return Feed("properties", [Entity(name, f"{path}/{name}", app=self._app) for name in names], listing=True)

    def list_properties(self, request: Request) -> Feed:
        """The stanzas of a file. Raises RestError 404 for a file that does not exist."""
        file = request.arguments[0]
        if not self._read(request) and not self._confs.exists(file):
            raise RestError(404, f"{file} does not exist")
        return self.list_stanzas(request)

    def show_properties(self, request: Request) -> Feed:
        """The keys of a stanza, one entity each."""
        file, stanza = request.arguments
        settings = self._stanza(request, stanza)
        path = f"/servicesNS/nobody/{self._app}/properties/{file}/{stanza}"
        return Feed(stanza, [Entity(key, f"{path}/{key}", {"$text": value}) for key, value in settings.items()])

    def show_property(self, request: Request) -> Response:
        """The bare value of one key. Raises RestError 404."""
        _, stanza, key = request.arguments
        settings = self._stanza(request, stanza)
        if key not in settings:
            raise RestError(404, f"{key} does not exist")
        return Response(settings[key].encode(), content_type="text/plain; charset=UTF-8")

    def _read(self, request: Request) -> Mapping[str, Mapping[str, str]]:
        """The file's stanzas; another app has none here, and an indexer does not serve the search head's."""
        if request.app not in (self._app, "-") or request.principal.on_indexer:
            return {}
        file = request.arguments[0]
        if file in _SECRET and not request.principal.sees_all:
            return {}
        stanzas = self._confs.read(file)
        return {name: one for name, one in stanzas.items() if self._access.may(request.principal, "read", file, name)}

    def _stanza(self, request: Request, stanza: str) -> Mapping[str, str]:
        """The settings of one stanza. Raises RestError 404, also for one that the caller may not read."""
        stanzas = self._read(request)
        if stanza not in stanzas:
            raise RestError(404, f"Could not find object id={stanza}")
        return stanzas[stanza]

    def _check_place(self, request: Request) -> None:
        """Raises RestError 404 for another app, 403 for a user who may not write here."""
        if request.app != self._app or request.principal.on_indexer:
            raise RestError(404, f"Application does not exist: {request.app}")
        file = request.arguments[0]
        stanza = request.arguments[1] if len(request.arguments) > 1 else ""
        if not self._access.may(request.principal, "write", file, stanza):
            text = self._access.refusal(request.principal, "write", file, stanza, app=self._app)
            raise RestError(403, text)

    def _entity(self, file: str, stanza: str, settings: Mapping[str, str]) -> Entity:
        path = f"/servicesNS/nobody/{self._app}/configs/conf-{file}/{stanza}"
        content = {"disabled": "0", "eai:appName": self._app, "eai:userName": "nobody", **settings}
        return Entity(stanza, path, content, app=self._app)


def _settings(request: Request) -> dict[str, str]:
    return {name: value for name, value in request.parameters.items() if name not in _NOT_SETTINGS}
