"""The search head: one app and one state folder, for any number of searches.

with SearchHead(app, state) as head:
    table = head.search("| inputlookup people.csv | upper field=name").run()

<state>/kvstore.sqlite    the KV store
<state>/local/*.conf      what REST calls have configured
<state>/lookups/          what outputlookup has written
<state>/splunk/           SPLUNK_HOME (environment.py)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from searchhead import spl
from searchhead.spl.context import Context, CustomCall
from searchhead.spl.syntax import Pipeline
from searchhead.table import Table

from .. import conf_files
from . import environment, installed
from .chunking import Chunking
from .commands import CustomCommands, Plan
from .conf_store import ConfStore
from .dispatch import Dispatch
from .kvstore import KVStore
from .kvstore_lookup import KVStoreLookups
from .process import REPLY_TIMEOUT_S
from .searchinfo import MAX_RESULT_ROWS, SearchInfo

if TYPE_CHECKING:
    from .server import RestServer


@dataclass(frozen=True)
class Options:
    """How a search runs; times are epoch seconds.

    ``python``: another interpreter for the commands. ``parse_launches``: getinfo-only launches before the search, 0–3.
    ``old_getinfo``: getinfo without the keys that Splunk 6.3 did not have.
    """

    indexers: int = 1
    chunking: Chunking = field(default_factory=Chunking)
    python: str | None = None
    parse_launches: int = 1
    reply_timeout_s: float = REPLY_TIMEOUT_S
    maxresultrows: int = MAX_RESULT_ROWS
    old_getinfo: bool = False
    lookup_dirs: tuple[Path, ...] = ()
    earliest: float | None = None
    latest: float | None = None


class SearchHead:
    """Runs searches on an app. Its REST side is up from the first search with a custom command on."""

    def __init__(self, app: Path, state: Path, *, user: str = "admin") -> None:
        """Prepares the state folder. Raises SplunkdError, RestError or conf_files.ConfError."""
        self.app = app.resolve()
        self.state = state.resolve()
        self.user = user
        self.app_name = app_name(self.app)
        self.home = environment.prepare_home(self.state, self.app, self.app_name)
        self.store = KVStore(self.state / "kvstore.sqlite")
        self.confs = ConfStore(self.app, self.state)
        self.commands = installed.read(self.home / "etc" / "apps" / self.app_name)
        self._server: RestServer | None = None

    def __enter__(self) -> SearchHead:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Stops the REST side and closes the KV store."""
        if self._server is not None:
            self._server.close()
        self.store.close()

    @property
    def server(self) -> RestServer:
        """The REST side, started at the first call."""
        if self._server is None:
            from .server import RestServer  # uvicorn takes a while to import; searches of built-ins do without

            self._server = RestServer(self.app, self.app_name, state=self.state, store=self.store, user=self.user)
        return self._server

    def search(
        self,
        text: str,
        options: Options | None = None,
        *,
        on_message: Callable[[str, str], None] | None = None,
        on_preview: Callable[[str, Table], None] | None = None,
    ) -> Search:
        """A search that is ready to run; ``on_preview(command, table)`` asks for previews."""
        return Search(self, text, options or Options(), on_message=on_message, on_preview=on_preview)


class Search:
    """One search."""

    def __init__(
        self,
        head: SearchHead,
        text: str,
        options: Options,
        *,
        on_message: Callable[[str, str], None] | None = None,
        on_preview: Callable[[str, Table], None] | None = None,
    ) -> None:
        self.text = text
        self._head = head
        self._options = options
        self._on_preview = on_preview
        self.dispatch = Dispatch(head.home, on_message=on_message)
        self.dispatch.remove_old()

    def cancel(self) -> None:
        """Ends the search soon, from any thread or a signal handler."""
        self.dispatch.cancel()

    def run(self) -> Table:
        """The results. Raises SplError for a wrong search, SplunkdError when a command fails or after ``cancel``."""
        context = self._context()
        pipeline = spl.parse(self.text, context)
        spl.check(pipeline, context)
        calls = list(_calls(pipeline, self._head.commands))
        if not calls:
            return self._results(pipeline, context)
        with CustomCommands(
            self._head.commands, info=self._info(pipeline), plan=self._plan(), dispatch=self.dispatch
        ) as commands:
            commands.parse(calls)
            commands.start(calls)
            return self._results(pipeline, self._context(custom=self._checked(commands.run)))

    def _results(self, pipeline: Pipeline, context: Context) -> Table:
        results = spl.run(pipeline, context)
        self.dispatch.check_cancelled()
        return results

    def _checked(self, run: Callable[[CustomCall, Table], Table]) -> Callable[[CustomCall, Table], Table]:
        def custom(call: CustomCall, table: Table) -> Table:
            self.dispatch.check_cancelled()
            return run(call, table)

        return custom

    def _context(self, **more: Any) -> Context:
        head = self._head
        return Context(
            app=head.app,
            lookup_dirs=self._options.lookup_dirs,
            state_lookups=head.state / "lookups",
            now=time.time(),
            earliest=self._options.earliest,
            latest=self._options.latest,
            custom_commands=frozenset(head.commands),
            kvstore=KVStoreLookups(head.store, head.confs, app=head.app_name),
            message=lambda level, text: self.dispatch.message(level, text),
            owner=head.user,
            **more,
        )

    def _info(self, pipeline: Pipeline) -> SearchInfo:
        server = self._head.server
        return SearchInfo(
            command="",
            raw_args=(),
            search=pipeline.text,
            sid=self.dispatch.sid,
            dispatch_dir=str(self.dispatch.folder),
            app=self._head.app_name,
            owner=self._head.user,
            session_key=server.session_key,
            splunkd_uri=server.uri,
            earliest_time=self._options.earliest or 0,
            latest_time=self._options.latest or 0,
            maxresultrows=self._options.maxresultrows,
            old=self._options.old_getinfo,
        )

    def _plan(self) -> Plan:
        options, head = self._options, self._head
        python = environment.interpreter(options.python)
        return Plan(
            python=python,
            env=environment.variables(python, head.home, state=head.state),
            indexer_session_key=head.server.indexer_session_key,
            indexers=options.indexers,
            chunking=options.chunking,
            parse_launches=options.parse_launches,
            reply_timeout_s=options.reply_timeout_s,
            on_preview=self._on_preview,
        )


def app_name(app: Path) -> str:
    """The app's id: from app.conf, or the folder's name. Raises conf_files.ConfError."""
    conf = conf_files.read(app, "app")
    return conf.get("package", {}).get("id") or conf.get("id", {}).get("name") or app.name


def _calls(pipeline: Pipeline, names: Sequence[str] | dict[str, Any]) -> Iterator[CustomCall]:
    """The custom commands of a search in order, those of its subsearches included."""
    for number, stage in enumerate(pipeline.stages):
        for subsearch in stage.subsearches:
            yield from _calls(subsearch.pipeline, names)
        if stage.name in names:
            yield CustomCall(stage.name, stage.raw_args, stage.position, number == 0, False, (), (), pipeline.text)
