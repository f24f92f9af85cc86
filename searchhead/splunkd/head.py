"""The search head: one app and one state folder, for any number of users and searches.

with SearchHead(app, state) as head:
    table = head.search("| inputlookup people.csv | upper field=name").run()

    head.rest_app()     an ASGI app: everything under /services and /servicesNS, with ``Authorization: Splunk <session key>``
    head.access         users and roles; ``head.access.session("analyst")`` gives a session key
    head.jobs           search jobs: ``head.jobs.create("| makeresults", user="analyst")``
    head.scheduler      the saved searches' clock; ``head.scheduler.start()`` begins, ``close`` of the head ends it

<state>/kvstore.sqlite     the KV store
<state>/indexes/           the events
<state>/scheduler.sqlite   what the scheduler has run, and the alerts that fired
<state>/local/*.conf       what REST calls have configured
<state>/metadata/          what REST calls have permitted
<state>/lookups/           what outputlookup has written
<state>/splunk/            SPLUNK_HOME (environment.py)
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from searchhead.spl.errors import SplError
from searchhead.spl.registry import BUILTINS
from searchhead.table import Table

from .. import conf_files
from ..access import Access, Principal
from ..indexes.store import EventStore
from . import environment, installed
from .conf_store import ConfStore
from .errors import RestError
from .kvstore import KVStore
from .search import LOADJOB, Options, Search

if TYPE_CHECKING:
    from ..jobs import Jobs
    from ..scheduler import Scheduler
    from .rest import RestApp
    from .server import RestServer

__all__ = ["Options", "Search", "SearchHead", "app_name"]


class SearchHead:
    """Runs searches on an app. Its REST side is up from the first search with a custom command on."""

    def __init__(self, app: Path, state: Path, *, user: str = "admin", options: Options | None = None) -> None:
        """Prepares the state folder; ``user`` searches where nobody else is named, ``options`` are those of jobs.

        An unknown ``user`` becomes an administrator. Raises SplunkdError, RestError or conf_files.ConfError.
        """
        self.app = app.resolve()
        self.state = state.resolve()
        self.user = user
        self.host = socket.gethostname()
        self.options = options or Options(parse_launches=0)
        self.app_name = app_name(self.app)
        self.home = environment.prepare_home(self.state, self.app, self.app_name)
        self.store = KVStore(self.state / "kvstore.sqlite")
        self.confs = ConfStore(self.app, self.state)
        self.access = Access(self.app, self.state, lambda: self.confs.read("authorize"))
        if user not in self.access.users:
            self.access.add_user(user, ["admin"])
        self.commands = installed.read(self.home / "etc" / "apps" / self.app_name)
        self.command_names = frozenset(self.commands) | ({LOADJOB} - BUILTINS.keys())
        self._events: EventStore | None = None
        self._jobs: Jobs | None = None
        self._scheduler: Scheduler | None = None
        self._server: RestServer | None = None
        self._rest: RestApp | None = None
        self._lock = threading.RLock()

    def __enter__(self) -> SearchHead:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Cancels what runs, stops the REST side and closes the stores."""
        if self._scheduler is not None:
            self._scheduler.close()
        if self._jobs is not None:
            self._jobs.close()
        if self._server is not None:
            self._server.close()
        if self._events is not None:
            self._events.close()
        self.store.close()

    @property
    def events(self) -> EventStore:
        """The events of all indexes, opened at the first call."""
        with self._lock:
            if self._events is None:
                self._events = EventStore(self.state / "indexes")
            return self._events

    @property
    def jobs(self) -> Jobs:
        """The search jobs."""
        with self._lock:
            if self._jobs is None:
                from ..jobs import Jobs

                self._jobs = Jobs(self)
            return self._jobs

    @property
    def scheduler(self) -> Scheduler:
        """The saved searches and their clock, which does not run before ``start``."""
        with self._lock:
            if self._scheduler is None:
                from ..scheduler import Scheduler

                self._scheduler = Scheduler(self)
            return self._scheduler

    @property
    def server(self) -> RestServer:
        """The REST side on a loopback port, for the commands; started at the first call."""
        with self._lock:
            if self._server is None:
                from .server import RestServer  # uvicorn takes a while to import; searches of built-ins do without

                self._server = RestServer(
                    self.app, self.app_name, state=self.state, store=self.store, user=self.user,
                    rest=self.rest_app(), access=self.access,
                )  # fmt: skip
            return self._server

    def rest_app(self) -> RestApp:
        """Everything under /services and /servicesNS as one ASGI app; mount it where these paths arrive unchanged."""
        with self._lock:
            if self._rest is None:
                from .rest import RestApp
                from .routes import all_routes

                self._rest = RestApp(all_routes(self), app=self.app_name, of_key=self.access.of_key)
            return self._rest

    def search(
        self,
        text: str,
        options: Options | None = None,
        *,
        on_message: Callable[[str, str], None] | None = None,
        on_preview: Callable[[str, Table], None] | None = None,
    ) -> Search:
        """A search that is ready to run; ``on_preview(command, table)`` asks for previews. Raises SplError for its times."""
        return Search(self, text, options or Options(), on_message=on_message, on_preview=on_preview)

    def load_job(self, raw_args: str, user: str) -> Table:
        """The results of a finished job, as ``loadjob`` gives them. Raises SplError."""
        if self._jobs is None:
            raise SplError(f"Error in '{LOADJOB}' command: Cannot find artifacts for sid {raw_args.strip()}.")
        return self._jobs.load(raw_args, user)

    def rest_rows(self, path: str, arguments: Mapping[str, str], user: str) -> Table:
        """What the ``rest`` command gives: a row for each entity of an endpoint, as the user sees it. Raises SplError."""
        from .rest_table import rows

        try:
            return rows(self.rest_app(), path, arguments, self.access.principal(user), server=self.host)
        except RestError as exc:
            raise SplError(f"Error in 'rest' command: {path}: {exc.text}") from exc

    def may_use_lookup(self, principal: Principal, action: str, name: str) -> bool:
        """Whether the user may read or write a lookup: its definition, and the file or collection behind it."""
        if principal.sees_all:
            return True
        settings = self.confs.read("transforms").get(name)
        objects = [("lookups", name)] if settings is None else [("transforms", name)]
        if settings is not None and settings.get("filename"):
            objects.append(("lookups", settings["filename"]))
        if settings is not None and settings.get("external_type") == "kvstore":
            objects.append(("collections", settings.get("collection", name)))
        # writing a lookup's rows needs the right to write what holds them, not its definition
        asked = [(kind, one, action if kind != "transforms" else "read") for kind, one in objects]
        return all(self.access.may(principal, right, kind, one) for kind, one, right in asked)


def app_name(app: Path) -> str:
    """The app's id: from app.conf, or the folder's name. Raises conf_files.ConfError."""
    conf = conf_files.read(app, "app")
    return conf.get("package", {}).get("id") or conf.get("id", {}).get("name") or app.name
