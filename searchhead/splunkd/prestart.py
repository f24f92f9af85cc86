"""Commands that are started before their input is there: splunkd starts all processes of a pipeline at once.

    search begins ─┬─ mouseencode   start, getinfo ─── waits for rows ───▶ taken by its stage
                   │   └ its map phase on the first indexer: start, getinfo ───▶ taken by that indexer
                   └─ mousescore    start, getinfo ─── waits for rows ───────────────▶ taken by its stage

Starting Python and its imports is most of a short search, so the starts overlap instead of following one another.
"""

from __future__ import annotations

import contextlib
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from .errors import SplunkdError
from .process import CommandProcess

Ready = tuple[CommandProcess, dict[str, Any]]
"""A process and what it answered to getinfo."""


class Prestarted:
    """Processes by what they will be asked to do; ``close`` ends those that nobody took."""

    def __init__(self) -> None:
        self._waiting: defaultdict[Hashable, deque[Future[Ready]]] = defaultdict(deque)
        self._pool: ThreadPoolExecutor | None = None
        self._closed = False
        self._lock = threading.Lock()

    def begin(self, role: Hashable, start: Callable[[], Ready]) -> None:
        """Starts a process for this role in the background; what goes wrong is raised when it is taken."""
        with self._lock:
            if self._closed:
                return
            if self._pool is None:
                self._pool = ThreadPoolExecutor(max_workers=16, thread_name_prefix="prestart")
            self._waiting[role].append(self._pool.submit(start))

    def take(self, role: Hashable, start: Callable[[], Ready]) -> Ready:
        """A process for this role: one that has begun, or a new one. Raises what starting it raised."""
        with self._lock:
            waiting = self._waiting.get(role)
            begun = waiting.popleft() if waiting else None
        return start() if begun is None else begun.result()

    def close(self) -> None:
        """Ends what was started for nothing, such as the rest of a search that failed at its beginning."""
        with self._lock:
            self._closed = True
        if self._pool is None:
            return
        self._pool.shutdown(wait=True)
        for begun in (future for waiting in self._waiting.values() for future in waiting):
            with contextlib.suppress(SplunkdError):  # a command that would not start, and that nobody asked for
                begun.result()[0].abandon()
