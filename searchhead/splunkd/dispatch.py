"""One search: its folder, its messages, its search.log, and whether it was cancelled.

<SPLUNK_HOME>/var/run/splunk/dispatch/<sid>/search.log
"""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from .errors import SearchCancelled, SplunkdError

KEPT_DISPATCH_DIRS = 20
KEPT_S = 3_600.0  # so that no search that may still run loses its folder

_LEVELS = ("DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_sequence = itertools.count(1)


def new_sid() -> str:
    """A search id that no other search of this machine has."""
    return f"{time.time():.0f}.{os.getpid()}{next(_sequence)}{secrets.randbelow(1000):03d}"


class Dispatch:
    """The bookkeeping of one search; safe to use from several threads."""

    def __init__(
        self, home: Path, *, on_message: Callable[[str, str], None] | None = None, sid: str | None = None
    ) -> None:
        """Makes the search's folder under SPLUNK_HOME ``home``; ``on_message(level, text)`` hears each message once.

        Without a ``sid`` the search gets a new one. Raises SplunkdError when the folder cannot be made.
        """
        self.sid = sid or new_sid()
        self._dispatch = home / "var" / "run" / "splunk" / "dispatch"
        self.folder = self._dispatch / self.sid
        try:
            self.folder.mkdir(parents=True, exist_ok=sid is not None)
        except OSError as exc:
            raise SplunkdError(f"The search's folder {self.folder} cannot be made ({exc}).") from exc
        self.log_file = self.folder / "search.log"
        self.messages: list[tuple[str, str]] = []
        self.stderr_seen = False
        self._on_message = on_message
        self._seen: set[tuple[str, str]] = set()
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._count = itertools.count(1)

    def folder_for(self, sid: str) -> Path:
        """The dispatch folder of another sid of this search; it need not exist."""
        return self._dispatch / (sid or "tmp")

    def message(self, level: str, text: str, *, origin: str = "") -> None:
        """A message of the search. Repeated ones are told once, as in the search bar; DEBUG goes to search.log only."""
        level = level.upper()
        level = {"WARNING": "WARN"}.get(level, level if level in _LEVELS else "INFO")
        told = f"[{origin}] {text}" if origin else text
        self.log(level, "DispatchThread", told)
        if level == "DEBUG":
            return
        with self._lock:
            if (level, told) in self._seen:
                return
            self._seen.add((level, told))
            self.messages.append((level, told))
            if self._on_message is not None:
                self._on_message(level, told)

    def log(self, level: str, component: str, text: str) -> None:
        """A line in search.log (more for a text of several lines)."""
        now = time.time()
        stamp = time.strftime("%m-%d-%Y %H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03d} +0000"
        lines = "".join(f"{stamp} {level} {component} - {line}\n" for line in text.splitlines() or [""])
        with (
            self._lock,
            contextlib.suppress(OSError),
            self.log_file.open("a", encoding="utf-8") as log,
        ):
            log.write(lines)

    def stderr_file(self, command: str) -> Path:
        """A file that takes one process's stderr."""
        return self.folder / f"{command}.{next(self._count)}.stderr"

    def cancel(self) -> None:
        """Ends the search; its processes are ended by the threads that drive them. Safe in a signal handler."""
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        """True after ``cancel``."""
        return self._cancelled.is_set()

    def check_cancelled(self) -> None:
        """Raises SearchCancelled after ``cancel``."""
        if self._cancelled.is_set():
            raise SearchCancelled("The search was cancelled.")

    def remove(self) -> None:
        """Removes the search's folder with all that is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def remove_old(self) -> None:
        """Removes the folders of all but the last searches, but none that is younger than an hour."""
        with contextlib.suppress(OSError):
            ages = sorted((time.time() - folder.stat().st_mtime, folder) for folder in self._dispatch.iterdir())
            for age, folder in ages[KEPT_DISPATCH_DIRS:]:
                if age > KEPT_S:
                    shutil.rmtree(folder, ignore_errors=True)
