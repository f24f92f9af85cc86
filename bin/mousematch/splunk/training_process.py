"""The process that trains: started in the Python that has TensorFlow, listened to, and ended with its search.

    search ── stdin, held open ──▶ python -m mousematch train --images … --events
           ◀── JSON lines ───────  (progress.Events)

However the search ends, the pipe closes, and the process leaves a checkpoint and ends itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mousematch.errors import TrainingError
from mousematch.scorer.launch import Launch

_TICK_S = 0.5
# splunkd gives a cancelled command some seconds before it kills it; the process itself has longer.
_PATIENCE_S = 5.0
_READ_BYTES = 65_536


class SearchEnded(EOFError):
    """The search was cancelled: nobody waits for an answer."""


class TrainingProcess:
    """A running training. To be used in a ``with``, which ends it."""

    def __init__(self, options: Sequence[str], *, python: str, output: Path, lock: int) -> None:
        """Starts it.

        python: interpreter, "" for this one. output: file for what it writes to stderr. lock: a descriptor that it keeps
        open too, so that its folder stays locked while it leaves a checkpoint.
        """
        self._output = output
        interpreter = python or sys.executable
        try:
            with output.open("ab") as errors:
                self._process = subprocess.Popen(
                    [interpreter, "-m", "mousematch", "train", "--events", *options],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    # Signals to the search's process group are the search's; this process is told by its pipe.
                    start_new_session=True,
                    pass_fds=(lock,),
                    cwd="/",
                    env=Launch(model_roots=(), python=python).environment(os.environ),
                )
        except OSError as exc:
            raise TrainingError(
                f"The training cannot be started with {interpreter} ({exc.strerror}); correct python in mousematch.conf "
                "[scorer]."
            ) from exc

    def events(self) -> Iterator[Mapping[str, Any]]:
        """What the training reports, until it ends. Raises SearchEnded, and TrainingError if it failed."""
        assert self._process.stdout is not None
        stdout = self._process.stdout.fileno()
        rest = b""
        error = ""
        with _Cancelling() as cancelled:
            while True:
                ready, _, _ = select.select([stdout], [], [], _TICK_S)
                if cancelled():
                    raise SearchEnded("The search was cancelled.")
                if not ready:
                    continue
                data = os.read(stdout, _READ_BYTES)
                *lines, rest = (rest + data).split(b"\n")
                for event in filter(None, map(_event, lines)):
                    error = event["text"] if event["event"] == "error" else error
                    yield event
                if not data:
                    break
        code = self._process.wait()
        if error:
            raise TrainingError(error)
        if code:
            raise TrainingError(self._death(code))

    def _death(self, code: int) -> str:
        how = f"by {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
        try:
            lines = self._output.read_text("utf-8", "replace").strip().splitlines()
        except OSError:
            lines = []
        last = f" ({lines[-1][:300]})" if lines else ""
        return (
            f"The training process was ended {how}{last}; the same search goes on from its last checkpoint. Its output is "
            f"in {self._output}."
        )

    def __enter__(self) -> TrainingProcess:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            # If it needs longer for its checkpoint, it ends by itself, see interruption.GRACE_S.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_PATIENCE_S)
        self._process.stdout.close()


class _Cancelling:
    """Whether the search was cancelled: by SIGTERM, or because splunkd has closed the command's stdin."""

    def __enter__(self) -> _Cancelling:
        self._asked = False
        self._watched = not sys.stdin.closed
        self._before = signal.signal(signal.SIGTERM, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGTERM, self._before)

    def _handle(self, *_: object) -> None:
        self._asked = True

    def __call__(self) -> bool:
        if self._watched and select.select([sys.stdin], [], [], 0)[0]:
            # A request in advance is left for the loop that reads requests.
            self._watched = False
            stdin: Any = sys.stdin.buffer
            self._asked = self._asked or not stdin.peek(1)
        return self._asked


def _event(line: bytes) -> Mapping[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        # A library that prints.
        return None
    return event if isinstance(event, dict) and "event" in event else None
