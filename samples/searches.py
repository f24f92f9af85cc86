"""Searches on the embedded search head, each a process of ``python -m searchhead run``."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

Row = dict[str, object]


class SearchFailed(Exception):
    """A search ended with an error; the search head has said why."""


@dataclass(frozen=True)
class Search:
    """A search: what it is for, and its SPL (one pipe a line)."""

    purpose: str
    spl: str


@dataclass(frozen=True)
class Done:
    """A search that has run: its rows, and how long it took."""

    search: Search
    rows: list[Row]
    seconds: float


def run(search: Search, *, options: Sequence[str] = (), on_message: Callable[[str], None] = print) -> Done:
    """Runs a search to its end. Its messages are handed over line by line as they come. Raises SearchFailed."""
    command = [sys.executable, "-m", "searchhead", "run", "--output", "json", *options, search.spl]
    started = time.monotonic()
    # Results are megabytes of images; in a file they wait for nobody while the messages are being read.
    with tempfile.TemporaryFile() as results:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=results, stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="replace"
        )
        with process:
            assert process.stderr is not None
            for line in process.stderr:
                if line.strip():
                    on_message(line.rstrip())
        results.seek(0)
        output = results.read()
    if process.returncode:
        raise SearchFailed(f'The search "{search.purpose}" failed with exit code {process.returncode}; see above.')
    return Done(search, json.loads(output), time.monotonic() - started)
