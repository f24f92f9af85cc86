"""One search on a search head: who searches, over which time, with which commands, lookups and indexes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from searchhead import spl
from searchhead.spl import timespans
from searchhead.spl.context import Context, CustomCall
from searchhead.spl.errors import LookupFileError, SplError
from searchhead.spl.syntax import Pipeline, Stage
from searchhead.table import Table

from . import environment
from .chunking import Chunking
from .commands import CustomCommands, Plan
from .dispatch import Dispatch
from .kvstore_lookup import KVStoreLookups
from .process import REPLY_TIMEOUT_S
from .searchinfo import MAX_RESULT_ROWS, SearchInfo
from .user_indexes import UserIndexes, lookup_name

if TYPE_CHECKING:
    from .head import SearchHead

LOADJOB = "loadjob"
"""The command that begins a search with the results of a job; only where the language has none of that name."""

_LOOKUP_OPTIONS = [
    "append", "create_empty", "override_if_empty", "max", "key_field", "allow_updates", "createinapp", "create_context",
    "output_format", "strict", "start", "event_time_field", "local", "update",
]  # fmt: skip
_LOOKUP_COMMANDS = {"lookup": "read", "inputlookup": "read", "outputlookup": "write"}
Time = float | str | None
"""Epoch seconds, a text such as ``-24h@h``, or None for no bound."""


@dataclass(frozen=True)
class Options:
    """How a search runs; times are epoch seconds or splunkd's texts such as ``-24h@h``, seen from ``now``.

    ``python``: another interpreter for the commands. ``parse_launches``: getinfo-only launches before the search, 0–3; with
    0 wrong options of a custom command are found when it runs. ``old_getinfo``: getinfo without the keys that Splunk 6.3
    did not have. ``user``: who searches, by default the head's user. ``saved_search``: the name of the saved search that
    it is. ``given``: the rows that ``loadjob`` gives when it names no job.
    """

    indexers: int = 1
    chunking: Chunking = field(default_factory=Chunking)
    python: str | None = None
    parse_launches: int = 1
    reply_timeout_s: float = REPLY_TIMEOUT_S
    maxresultrows: int = MAX_RESULT_ROWS
    old_getinfo: bool = False
    lookup_dirs: tuple[Path, ...] = ()
    earliest: Time = None
    latest: Time = None
    now: float | None = None
    user: str | None = None
    sid: str | None = None
    saved_search: str | None = None
    given: Table | None = None


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
        """Raises SplError for times that are none or that end before they begin."""
        self.text = text
        self.user = options.user or head.user
        self.host = head.host
        self.now = time.time() if options.now is None else options.now
        self.earliest = moment(options.earliest, self.now, "earliest_time")
        self.latest = moment(options.latest, self.now, "latest_time")
        if self.earliest is not None and self.latest is not None and self.earliest > self.latest:
            raise SplError(f"Invalid time bounds in search: start={self.earliest:g} > end={self.latest:g}.")
        self._head = head
        self._options = options
        self._on_preview = on_preview
        self._pipeline: Pipeline | None = None
        self.dispatch = Dispatch(head.home, on_message=on_message, sid=options.sid)
        self.dispatch.remove_old()
        self.indexes = UserIndexes(head.events, head.confs, head.access, self.user, check=self.dispatch.check_cancelled)

    def cancel(self) -> None:
        """Ends the search soon, from any thread or a signal handler."""
        self.dispatch.cancel()

    def prepare(self) -> Pipeline:
        """The search, parsed and checked. Raises SplError for one that is wrong, or that the user may not run."""
        if self._pipeline is None:
            context = self._context()
            pipeline = spl.parse(self.text, context)
            spl.check(pipeline, context)
            for stage in stages(pipeline):
                self._check_rights(stage)
            self._pipeline = pipeline
        return self._pipeline

    def run(self) -> Table:
        """The results. Raises SplError for a wrong search, SplunkdError when a command fails or after ``cancel``."""
        pipeline = self.prepare()
        calls = list(_calls(pipeline, self._head.commands))
        if not calls:
            return self._results(pipeline, self._context(custom=self._checked(None)))
        key = self._head.access.session(self.user)
        try:
            with CustomCommands(
                self._head.commands, info=self._info(pipeline, key), plan=self._plan(), dispatch=self.dispatch
            ) as commands:
                commands.parse(calls)
                commands.start(calls)
                return self._results(pipeline, self._context(custom=self._checked(commands.run)))
        finally:
            self._head.access.end_session(key)

    def _results(self, pipeline: Pipeline, context: Context) -> Table:
        results = spl.run(pipeline, context)
        self.dispatch.check_cancelled()
        return results

    def _checked(self, run: Callable[[CustomCall, Table], Table] | None) -> Callable[[CustomCall, Table], Table]:
        def custom(call: CustomCall, table: Table) -> Table:
            self.dispatch.check_cancelled()
            if call.name not in self._head.commands:
                if self._options.given is not None and not call.raw_args.strip():
                    return self._options.given
                return self._head.load_job(call.raw_args, self.user)
            assert run is not None, "commands of the app are started before the search"
            return run(call, table)

        return custom

    def _check_rights(self, stage: Stage) -> None:
        """Raises SplError for a command or a lookup that the user's roles may not use."""
        access = self._head.access
        principal = access.principal(self.user)
        if stage.name in self._head.commands and not access.may(principal, "read", "commands", stage.name):
            raise SplError(f"Unknown search command '{stage.name}'.")  # splunkd does not see what the user must not
        action = _LOOKUP_COMMANDS.get(stage.name)
        name = lookup_name(stage.raw_args, _LOOKUP_OPTIONS) if action else ""
        if action and name and not self._head.may_use_lookup(principal, action, name):
            text = f"The lookup table '{name}' does not exist or is not available."
            if action == "write" and self._head.may_use_lookup(principal, "read", name):
                text = f"You have insufficient privileges to write to the lookup table '{name}'."
            raise LookupFileError(f"Error in '{stage.name}' command: {text}")

    def _context(self, **more: Any) -> Context:
        head = self._head
        return Context(
            app=head.app,
            lookup_dirs=self._options.lookup_dirs,
            state_lookups=head.state / "lookups",
            now=self.now,
            earliest=self.earliest,
            latest=self.latest,
            custom_commands=head.command_names,
            kvstore=KVStoreLookups(head.store, head.confs, app=head.app_name),
            indexes=self.indexes,
            message=lambda level, text: self.dispatch.message(level, text),
            owner=self.user,
            confs=head.confs.read,
            sid=self.dispatch.sid,
            search_name=self._options.saved_search,
            host=head.host,
            rest=lambda path, arguments: head.rest_rows(path, arguments, self.user),
            **more,
        )

    def _info(self, pipeline: Pipeline, session_key: str) -> SearchInfo:
        return SearchInfo(
            command="",
            raw_args=(),
            search=pipeline.text,
            sid=self.dispatch.sid,
            dispatch_dir=str(self.dispatch.folder),
            app=self._head.app_name,
            owner=self.user,
            session_key=session_key,
            splunkd_uri=self._head.server.uri,
            earliest_time=self.earliest or 0,
            latest_time=self.latest or 0,
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


def moment(bound: Time, now: float, name: str) -> float | None:
    """A bound of a search's time range in epoch seconds, None for none. Raises SplError in splunkd's words."""
    if bound is None or isinstance(bound, (int, float)):
        return bound
    text = bound.strip()
    if not text:
        return None
    found = None if text.lower().startswith("rt") else timespans.moment(text, now)
    if found is None:
        raise SplError(f"Invalid {name}.")
    return found


def stages(pipeline: Pipeline) -> Iterator[Stage]:
    """All stages of a search in order, those of its subsearches included."""
    for stage in pipeline.stages:
        for subsearch in stage.subsearches:
            yield from stages(subsearch.pipeline)
        yield stage


def _calls(pipeline: Pipeline, names: Sequence[str] | dict[str, Any]) -> Iterator[CustomCall]:
    """The custom commands of a search in order, those of its subsearches included."""
    for number, stage in enumerate(pipeline.stages):
        for subsearch in stage.subsearches:
            yield from _calls(subsearch.pipeline, names)
        if stage.name in names:
            yield CustomCall(stage.name, stage.raw_args, stage.position, number == 0, False, (), (), pipeline.text)
