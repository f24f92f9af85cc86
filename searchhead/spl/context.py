"""What a search finds around it: the app, its lookups, the clock, custom commands and the KV store."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from .. import conf_files
from ..table import Table
from .errors import SplError


@dataclass(frozen=True)
class CustomCall:
    """One custom command of a search, with what splunkd knows when it starts it.

    ``raw_args``: the text after the command's name, exactly as typed (macros expanded, outer blanks trimmed).
    ``position``: of the command's name in the search. ``first``: the command opens the pipeline, so it must generate.
    ``distributable``: all commands before it are streaming built-ins on events or a lookup, so that splunkd runs it (or
    its map phase) on the indexers. ``before``/``after``: the names of the other commands of the pipeline, in order.
    ``search``: the pipeline's whole text, macros expanded.
    """

    name: str
    raw_args: str
    position: int
    first: bool
    distributable: bool
    before: tuple[str, ...]
    after: tuple[str, ...]
    search: str


@dataclass(frozen=True)
class EventQuery:
    """What a search can meet of the indexes at most; its own terms then decide, event by event.

    ``indexes``, ``sourcetypes``, ``sources`` and ``hosts`` are names or wildcards (``mouse*``), in any case; None is any
    (of the indexes: the role's default ones). ``earliest`` ≤ _time < ``latest``, epoch seconds, None is open.
    ``contains``: texts that _raw must all contain, in any case. ``raw``: False when nobody reads _raw, so that it need not
    be given.
    """

    indexes: tuple[str, ...] | None = None
    sourcetypes: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None
    hosts: tuple[str, ...] | None = None
    earliest: float | None = None
    latest: float | None = None
    contains: tuple[str, ...] = ()
    raw: bool = True


class Indexes(Protocol):
    """The indexes that a search may read and write."""

    def find(self, query: EventQuery) -> Table:
        """The events, newest first: _time, _indextime, _raw, index, sourcetype, source, host and indexed fields."""

    def add(self, rows: Table, *, index: str, sourcetype: str, source: str, host: str) -> None:
        """Store rows of _time and _raw; they are on disk when this returns. Raises SplError for an unknown index."""


class KVStore(Protocol):
    """The collections behind KV-store lookups; a document is field → value, ``_key`` among them."""

    def read(self, collection: str) -> Table:
        """All documents of the collection."""

    def write(self, collection: str, table: Table, *, append: bool) -> None:
        """Store the rows, each under its ``_key`` or a new one; without ``append`` the collection is emptied first."""


def _no_custom_command(call: CustomCall, table: Table) -> Table:
    raise AssertionError(f"{call.name} was named a custom command, but the context runs none")


@dataclass(frozen=True)
class Context:
    """The surroundings of a search; ``app`` is the folder that has default/, local/ and lookups/.

    ``lookup_dirs``: further folders of lookup files, searched after ``state_lookups`` and the app's own.
    ``state_lookups``: where outputlookup writes, and where lookups are looked for first; without it outputlookup fails.
    ``now``, ``earliest``, ``latest``: epoch seconds. ``custom`` runs a custom command: (call, its input) → its output; it
    is asked for the names in ``custom_commands`` only. ``indexes`` hold the events of searches that do not begin with a
    pipe, and take what collect stores. ``message(level, text)`` takes the search's messages, level "info", "warn" or
    "error". ``confs`` reads configuration with what was changed over REST (the app's own without it). ``sid`` and, of a
    saved search, ``search_name`` are told by addinfo and collect; ``host`` is where collect says that its events come from.
    ``rest(path, arguments)`` answers the rest command with a row per entity, or raises SplError.
    """

    app: Path
    lookup_dirs: tuple[Path, ...] = ()
    state_lookups: Path | None = None
    now: float = field(default_factory=time.time)
    earliest: float | None = None
    latest: float | None = None
    custom_commands: frozenset[str] = frozenset()
    custom: Callable[[CustomCall, Table], Table] = _no_custom_command
    indexes: Indexes | None = None
    kvstore: KVStore | None = None
    message: Callable[[str, str], None] = lambda level, text: None
    owner: str = "admin"
    confs: Callable[[str], conf_files.Stanzas] | None = None
    sid: str = ""
    search_name: str | None = None
    host: str = "searchhead"
    rest: Callable[[str, Mapping[str, str]], Table] | None = None

    def conf(self, name: str) -> conf_files.Stanzas:
        """The stanzas of a .conf file, ``"props"`` for props.conf; none without one. Raises SplError."""
        try:
            return conf_files.read(self.app, name) if self.confs is None else self.confs(name)
        except conf_files.ConfError as exc:
            raise SplError(str(exc)) from exc
