"""REST endpoints about splunkd itself: its version, its settings, its messages, the app.

server/info   server/settings   messages   apps/local[/<app>]
"""

from __future__ import annotations

import platform
import socket
from collections.abc import Sequence

from .atom import Entity
from .conf_store import ConfStore
from .errors import RestError
from .rest import Feed, Request, Route
from .searchinfo import SPLUNK_VERSION


class SystemEndpoints:
    """The handlers, for one app."""

    def __init__(self, confs: ConfStore, *, app: str) -> None:
        self._confs = confs
        self._app = app

    def routes(self) -> Sequence[Route]:
        """What these endpoints answer."""
        return (
            Route(("GET",), "server/info(?:/server-info)?", self.server_info),
            Route(("GET",), "server/settings(?:/settings)?", self.server_settings),
            Route(("GET",), "messages", self.messages),
            Route(("GET",), "apps/local", self.apps),
            Route(("GET",), "apps/local/([^/]+)", self.app),
        )

    def server_info(self, request: Request) -> Feed:
        """Version, roles and host of this search head, or of the indexer that a map process asks."""
        content = {
            "version": SPLUNK_VERSION,
            "build": "embedded",
            "product_type": "enterprise",
            "server_roles": ["indexer"] if request.principal.on_indexer else ["search_head", "kv_store"],
            "serverName": "indexer" if request.principal.on_indexer else "searchhead",
            "host": socket.gethostname(),
            "os_name": platform.system(),
            "kvStoreStatus": "unknown" if request.principal.on_indexer else "ready",
        }
        return Feed("server-info", [Entity("server-info", "/services/server/info/server-info", content)])

    def server_settings(self, request: Request) -> Feed:
        """What server.conf and web.conf would say of this search head."""
        host = socket.gethostname()
        content = {
            "serverName": host,
            "host": host,
            "enableSplunkWebSSL": False,
            "sessionTimeout": "1h",
            "kvStorePort": "0",
        }
        return Feed("server-settings", [Entity("settings", "/services/server/settings/settings", content)])

    def messages(self, request: Request) -> Feed:
        """Bulletin messages; this search head posts none."""
        return Feed("messages", [], listing=True)

    def apps(self, request: Request) -> Feed:
        """The one app."""
        return Feed("localapps", [self._entity()])

    def app(self, request: Request) -> Feed:
        """The app. Raises RestError 404 for any other."""
        if request.arguments[0] != self._app:
            raise RestError(404, f"Could not find object id={request.arguments[0]}")
        return self.apps(request)

    def _entity(self) -> Entity:
        conf = self._confs.read("app")
        content = {
            "label": conf.get("ui", {}).get("label", self._app),
            "version": conf.get("launcher", {}).get("version", ""),
            "visible": "1",
            "disabled": "0",
            "configured": "1",
        }
        return Entity(self._app, f"/servicesNS/nobody/system/apps/local/{self._app}", content, app=self._app)
