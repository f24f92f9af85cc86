"""One search job: its state, its thread, and what came out.

QUEUED ─▶ PARSING ─▶ RUNNING ─▶ FINALIZING ─▶ DONE
             └───────────┴──────────┴───────▶ FAILED
"""

from __future__ import annotations

import contextlib
import enum
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from searchhead.spl.errors import SplError
from searchhead.splunkd.errors import RestError, SearchCancelled, SplunkdError
from searchhead.splunkd.search import Search
from searchhead.table import Table

DEFAULT_TTL_S = 600
SAVED_TTL_S = 604_800


class State(enum.Enum):
    """splunkd's dispatchState."""

    QUEUED = "QUEUED"
    PARSING = "PARSING"
    RUNNING = "RUNNING"
    FINALIZING = "FINALIZING"
    DONE = "DONE"
    FAILED = "FAILED"


@dataclass(frozen=True)
class Request:
    """What somebody asked for; ``parameters`` are those of the call, told again with the job.

    ``ttl_s``: seconds that results are kept. ``max_time_s``: the job is finalized after so long. ``auto_cancel_s``: it is
    cancelled when nobody asks for it for so long. 0 is no limit.
    """

    app: str
    user: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    label: str = ""
    saved_search: str | None = None
    scheduled: bool = False
    ttl_s: int = DEFAULT_TTL_S
    max_time_s: int = 0
    auto_cancel_s: int = 0
    priority: int = 5


class Job:
    """One job; its attributes may be read at any time, from any thread."""

    def __init__(self, search: Search, request: Request) -> None:
        self.search = search
        self.request = request
        self.sid = search.dispatch.sid
        self.created = time.time()
        self.started: float | None = None
        self.finished: float | None = None
        self.touched = self.created
        self.ttl_s = request.ttl_s
        self.priority = request.priority
        self.state = State.QUEUED
        self.results = Table.empty()
        self.size = 0
        self.is_saved = self.is_finalized = self.is_paused = False
        self.preview_enabled = conf_true(request.parameters.get("preview", ""))
        self.error = ""
        self._over = threading.Event()
        self._cancelled = False

    @property
    def is_done(self) -> bool:
        """True when the job has ended, failed or not."""
        return self.state in (State.DONE, State.FAILED)

    @property
    def is_failed(self) -> bool:
        """True after an error, which ``messages`` tell."""
        return self.state is State.FAILED

    @property
    def run_duration_s(self) -> float:
        """Seconds that the search has run."""
        return 0.0 if self.started is None else (self.finished or time.time()) - self.started

    @property
    def messages(self) -> list[tuple[str, str]]:
        """(level, text), in splunkd's levels; what has ended the search is told twice, as FATAL and as ERROR."""
        told = [one for one in self.search.dispatch.messages if one != ("ERROR", self.error)]
        return [*told, ("FATAL", self.error), ("ERROR", self.error)] if self.error else told

    @property
    def remaining_s(self) -> float:
        """Seconds until the results are dropped, when nobody asks for them before."""
        if not self.is_done:
            return float(self.ttl_s)
        return max(self.touched + (SAVED_TTL_S if self.is_saved else self.ttl_s) - time.time(), 0.0)

    def run(self) -> None:
        """Runs the search in the calling thread; never raises."""
        self.started = self.touched = time.time()
        try:
            self.state = State.PARSING
            self.search.prepare()
            self.state = State.RUNNING
            self.results = self.search.run()
            self.state = State.FINALIZING
            self.size = _size(self.results)
            ended = State.DONE
        except SearchCancelled as exc:
            ended = State.DONE if self.is_finalized else State.FAILED
            self.error = "" if self.is_finalized else str(exc)
        except (SplError, SplunkdError, RestError) as exc:
            ended, self.error = State.FAILED, str(exc)
        except Exception as exc:  # a fault of the search head: the job must end, and its owner learn of it
            ended, self.error = State.FAILED, f"Internal error: {type(exc).__name__}: {exc}"
        if self.error:
            with contextlib.suppress(OSError):
                self.search.dispatch.log("ERROR", "DispatchThread", self.error)
        self._end(ended)

    def cancel(self) -> None:
        """Ends the search; a job that has not begun never will."""
        self._cancelled = True
        self.search.cancel()
        if self.state is State.QUEUED:
            self.error = "The search was cancelled."
            self._end(State.FAILED)

    def finalize(self) -> None:
        """Ends the search and calls it done; this search head then has no results of it."""
        if not self.is_done:
            self.is_finalized = True
            self.search.cancel()
            if self.state is State.QUEUED:
                self._end(State.DONE)

    def touch(self) -> None:
        """Somebody asked for the job: its time to live begins anew."""
        self.touched = time.time()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Waits for the end; False when it has not come in time."""
        return self._over.wait(timeout_s)

    def _end(self, state: State) -> None:
        self.finished = self.touched = time.time()
        self.state = state
        self._over.set()


def conf_true(value: str) -> bool:
    """A parameter as truth value."""
    return value.strip().lower() in ("1", "true", "t", "yes", "on")


def _size(table: Table) -> int:
    """Bytes that the results take, roughly."""
    total = 0
    for name in table.fields:
        for value in table.column(name):
            total += (
                8
                if value is None
                else sum(map(len, value)) + 64 * len(value)
                if isinstance(value, list)
                else len(value) + 56
            )
    return total
