"""The custom commands of one search: the launches that only ask for their kind, then the run.

| kind (getinfo)      | runs on                                     | driven by       |
|---------------------|---------------------------------------------|-----------------|
| generating          | the search head                             | generating.py   |
| streaming           | the indexers, as long as events come from there; then the search head | streaming.py |
| stateful            | the search head                             | streaming.py    |
| events              | the search head                             | transforming.py |
| reporting           | its streaming_preop on the indexers, itself on the search head | mapreduce.py, transforming.py |
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from searchhead.spl.context import CustomCall
from searchhead.table import Table

from . import command_line
from .chunking import Chunking
from .dispatch import Dispatch
from .environment import Interpreter
from .errors import CommandError
from .generating import generate
from .installed import InstalledCommand
from .mapreduce import on_indexers, together
from .prestart import Prestarted, Ready
from .process import EXIT_TIMEOUT_S, REPLY_TIMEOUT_S, CommandProcess, Launch
from .searchinfo import SearchInfo
from .streaming import Chunk, Streamed, stream
from .transforming import transform, with_previews

_PARSE_SIDS = ("searchparsetmp_{sid}", "", "{sid}_tmp")
_KINDS = ("streaming", "stateful", "events", "reporting")


@dataclass(frozen=True)
class Plan:
    """How splunkd runs commands in this search.

    ``parse_launches``: getinfo-only launches of each command before the search, 0–3. ``indexer_session_key``: what map
    processes get; splunkd on an indexer does not know the search head's collections. ``on_preview(command, table)``
    turns previews on.
    """

    python: Interpreter
    env: Mapping[str, str]
    indexer_session_key: str
    indexers: int = 1
    chunking: Chunking = field(default_factory=Chunking)
    parse_launches: int = 1
    reply_timeout_s: float = REPLY_TIMEOUT_S
    exit_timeout_s: float = EXIT_TIMEOUT_S
    on_preview: Callable[[str, Table], None] | None = None


class CustomCommands:
    """Runs the custom commands of one search."""

    def __init__(
        self, installed: Mapping[str, InstalledCommand], *, info: SearchInfo, plan: Plan, dispatch: Dispatch
    ) -> None:
        """``info`` describes the search; its command and arguments are filled in for each launch."""
        self._installed = installed
        self._info = info
        self._plan = plan
        self._dispatch = dispatch
        self._known: dict[tuple[str, str], dict[str, Any]] = {}
        self._prestarted = Prestarted()

    def __enter__(self) -> CustomCommands:
        return self

    def __exit__(self, *exc: object) -> None:
        self._prestarted.close()

    def start(self, calls: Sequence[CustomCall]) -> None:
        """Starts the commands of a search together, before the first has its input; the ``with`` block ends the rest."""
        for call in calls:
            self._prestarted.begin((call.name, call.raw_args), partial(self._begin, call))

    def _begin(self, call: CustomCall) -> Ready:
        """The command's process on the search head; with one indexer its map phase begins there meanwhile."""
        process, configuration = self._begun(call.name, self._split(call.name, call.raw_args))
        try:
            if self._plan.indexers == 1 and not call.first:
                for name, raw_args in self._preop(call.name, configuration):
                    self._prestarted.begin(
                        (name, *raw_args, "map"), partial(self._begun, name, raw_args, on_indexer=True)
                    )
        except CommandError:
            process.abandon()
            raise
        return process, configuration

    def _begun(self, name: str, raw_args: list[str], *, origin: str = "", on_indexer: bool = False) -> Ready:
        process = self._start(name, origin=origin)
        try:
            return process, self._getinfo(process, raw_args, on_indexer=on_indexer)
        except BaseException:
            process.abandon()
            raise

    def parse(self, calls: Sequence[CustomCall]) -> None:
        """Launches every command for getinfo only, as splunkd does while it parses; all at once.

        Raises CommandError for the first command, in the order of the search, that does not accept its arguments.
        """
        launches = [(call, sid) for call in calls for sid in _PARSE_SIDS[: self._plan.parse_launches]]
        if not launches:
            return
        with ThreadPoolExecutor(len(launches)) as pool:
            asked = [(call, pool.submit(self._ask_kind, call, sid)) for call, sid in launches]
            for call, answer in asked:
                configuration = answer.result()
                _check_place(call, configuration)
                self._known[call.name, call.raw_args] = configuration

    def run(self, call: CustomCall, table: Table) -> Table:
        """The output of one command. Raises CommandError, SearchCancelled."""
        raw_args = self._split(call.name, call.raw_args)
        known = self._known.get((call.name, call.raw_args), {})
        if not (known.get("type") == "streaming" and call.distributable):
            process, configuration = self._prestarted.take((call.name, call.raw_args), partial(self._begin, call))
            with process:
                _check_place(call, configuration)
                if configuration.get("type") != "streaming" or not call.distributable:
                    return self._on_search_head(call, raw_args, process, configuration, table)
                process.close()
        return together(list(self._on_indexers([(call.name, raw_args)], table, indexers=self._plan.indexers)))

    def _on_search_head(
        self,
        call: CustomCall,
        raw_args: list[str],
        process: CommandProcess,
        configuration: dict[str, Any],
        table: Table,
    ) -> Table:
        if call.first:
            return Table.concat(list(generate(process)))
        kind = configuration["type"]
        if kind in ("streaming", "stateful"):
            return together(list(stream(process, configuration, self._chunks(table), self._dispatch)))
        chunks: Iterable[Table] = self._plan.chunking.cut(table)
        if kind == "events":
            return Table.concat(list(transform(process, chunks)))
        with ExitStack() as map_phase:
            preop = self._preop(call.name, configuration)
            if preop:
                indexers = self._plan.indexers if call.distributable else 1
                chunks = map_phase.enter_context(closing(self._mapped(preop, table, indexers=indexers)))
            show = self._plan.on_preview
            if show is not None and self._installed[call.name].run_in_preview:
                chunks = with_previews(chunks, lambda seen: show(call.name, self._preview(call.name, raw_args, seen)))
            return Table.concat(list(transform(process, chunks)))

    def _preop(self, command: str, configuration: dict[str, Any]) -> list[tuple[str, list[str]]]:
        """The stages of the map phase: names and raw arguments."""
        stages = []
        for stage in command_line.split_pipeline(str(configuration.get("streaming_preop") or "")):
            name, *rest = stage.split(None, 1)
            if name not in self._installed:
                raise CommandError(command, f'streaming_preop names "{name}", which is no command of this app.')
            stages.append((name, self._split(name, rest[0] if rest else "")))
        return stages

    def _mapped(
        self, stages: list[tuple[str, list[str]]], table: Table, *, indexers: int
    ) -> Generator[Table, None, None]:
        """The rows after the map phase; it is left out when one of its commands turns out not to stream."""
        try:
            for piece in self._on_indexers(stages, table, indexers=indexers):
                yield piece.table
        except _NotStreaming as exc:  # every indexer answers so, before any row
            self._dispatch.log("INFO", "SearchOperator", f"No map phase: {exc} does not stream.")
            yield from self._plan.chunking.cut(table)

    def _on_indexers(self, stages: list[tuple[str, list[str]]], table: Table, *, indexers: int) -> Iterator[Streamed]:
        """The results of these streaming commands on the indexers."""

        def work(indexer: int, rows: Table, numbers: list[int]) -> Iterator[Streamed]:
            chunks = self._chunks(rows, numbers)
            origin = f"indexer{indexer + 1}" if indexers > 1 else ""
            with ExitStack() as processes:
                for name, raw_args in stages:
                    begin = partial(self._begun, name, raw_args, origin=origin, on_indexer=True)
                    process, configuration = self._prestarted.take((name, *raw_args, "map"), begin)
                    processes.enter_context(process)
                    if configuration.get("type") != "streaming":
                        raise _NotStreaming(name)
                    pieces = stream(process, configuration, chunks, self._dispatch)
                    chunks = (Chunk(piece.table, piece.origins) for piece in pieces)
                for chunk in chunks:
                    yield Streamed(chunk.table, chunk.origins)

        return on_indexers(work, table, indexers, self._dispatch)

    def _preview(self, command: str, raw_args: list[str], seen: list[Table]) -> Table:
        with self._start(command) as process:
            self._getinfo(process, raw_args, preview=True)
            return Table.concat(list(transform(process, seen)))

    def _ask_kind(self, call: CustomCall, sid: str) -> dict[str, Any]:
        raw_args = self._split(call.name, call.raw_args)
        sid = sid.format(sid=self._info.sid)
        with self._start(call.name, quiet=True) as process:
            info = self._info.for_command(call.name, raw_args)
            info = replace(info, sid=sid, dispatch_dir=str(self._dispatch.folder_for(sid)))
            configuration = process.getinfo(info)
            process.close()
        return configuration

    def _start(self, name: str, *, origin: str = "", quiet: bool = False) -> CommandProcess:
        """A process of this command. Raises CommandError when it is not installed in a way that can run."""
        command = self._installed[name]
        if command.problem:
            raise CommandError(name, command.problem)
        launch = Launch(
            command=name,
            argv=(self._plan.python.path, str(command.script)),
            env=self._plan.env,
            cwd=self._dispatch.folder,
            max_chunk_bytes=command.max_chunk_bytes,
            reply_timeout_s=command.maxwait_s or self._plan.reply_timeout_s,
            exit_timeout_s=self._plan.exit_timeout_s,
            origin=origin,
        )
        return CommandProcess(launch, self._dispatch, quiet=quiet)

    def _getinfo(
        self, process: CommandProcess, raw_args: list[str], *, on_indexer: bool = False, preview: bool = False
    ) -> dict[str, Any]:
        """The configuration of a command that is to run. Raises CommandError for one of no known kind."""
        info = self._info.for_command(process.launch.command, raw_args)
        if on_indexer:
            info = replace(info, sid=f"remote_searchhead_{info.sid}", session_key=self._plan.indexer_session_key)
        configuration = process.getinfo(replace(info, preview=preview))
        if configuration.get("type") not in _KINDS and not configuration.get("generating"):
            process.close()  # its exit code says more than the missing type
            raise CommandError(process.launch.command, f"Unknown type {configuration.get('type')!r} in getinfo reply.")
        return configuration

    def _chunks(self, table: Table, numbers: Sequence[int] | None = None) -> Iterator[Chunk]:
        start = 0
        for chunk in self._plan.chunking.cut(table):
            stop = start + len(chunk)
            yield Chunk(chunk, range(start, stop) if numbers is None else numbers[start:stop])
            start = stop

    @staticmethod
    def _split(command: str, raw: str) -> list[str]:
        try:
            return command_line.split(raw)
        except ValueError as exc:
            raise CommandError(command, str(exc)) from exc


class _NotStreaming(Exception):
    """A command of a map phase that is no streaming command."""


def _check_place(call: CustomCall, configuration: Mapping[str, Any]) -> None:
    """Raises CommandError for a generating command that is not the first, and for a first one that does not generate."""
    generates = bool(configuration.get("generating"))
    if generates and not call.first:
        raise CommandError(call.name, "This command must be the first command of a search.")
    if call.first and not generates:
        raise CommandError(call.name, "This command needs input; put a generating command before it.")
