"""One command process: requests and replies, deadlines, and its end.

    starting → getinfo(searchinfo) → execute(rows) … → close()
                                                     ↘ kill()

Its end is the end of the process, not of its pipes: a daemon that a command leaves behind may have inherited them. For
the same reason stderr goes to a file.
"""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import select
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from searchhead.table import Table

from . import csv_rows, protocol
from .dispatch import Dispatch
from .errors import CommandError, CommandTimeout, ProtocolError
from .searchinfo import SearchInfo

REPLY_TIMEOUT_S = 3_600.0  # splunkd waits for ever; a search here ends in the end
EXIT_TIMEOUT_S = 10.0
_TICK_S = 0.05  # how soon a death without a closed pipe is noticed
_READ_BYTES = 1 << 20
_SET_PIPE_SIZE = 1031  # Linux: F_SETPIPE_SZ


@dataclass(frozen=True)
class Launch:
    """How a command process is started and how long it may take."""

    command: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    max_chunk_bytes: int = 0
    reply_timeout_s: float = REPLY_TIMEOUT_S
    """Seconds for one reply; 0 waits for ever."""
    exit_timeout_s: float = EXIT_TIMEOUT_S
    origin: str = ""
    """The simulated indexer it runs on; empty on the search head."""


@dataclass(frozen=True)
class Reply:
    """The rows of one reply; after ``finished`` the command takes nothing more."""

    table: Table
    finished: bool


class CommandProcess:
    """A running command. Every failure is a CommandError, and the process has then ended."""

    def __init__(self, launch: Launch, dispatch: Dispatch, *, quiet: bool = False) -> None:
        """Starts the process; ``quiet`` keeps its INFO and WARN messages from the search. Raises CommandError."""
        self.launch = launch
        self._dispatch = dispatch
        self._quiet = quiet
        self._reader = protocol.FrameReader(launch.max_chunk_bytes)
        self._stderr = dispatch.stderr_file(launch.command)
        self._timeout_s = launch.reply_timeout_s or math.inf
        self._closed = False
        dispatch.check_cancelled()
        try:
            with open(self._stderr, "wb") as stderr:
                self._process = subprocess.Popen(
                    launch.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr,
                    env=dict(launch.env), cwd=launch.cwd, bufsize=0,
                )  # fmt: skip
        except OSError as exc:
            raise CommandError(launch.command, f"Could not start {' '.join(launch.argv)} ({exc}).") from exc
        assert self._process.stdin and self._process.stdout
        self._stdin, self._stdout = self._process.stdin.fileno(), self._process.stdout.fileno()
        for pipe in (self._stdin, self._stdout):
            os.set_blocking(pipe, False)
            with contextlib.suppress(OSError):
                fcntl.fcntl(pipe, _SET_PIPE_SIZE, _READ_BYTES)
        dispatch.log("INFO", "ChunkedExternProcessor", f"Running process {self._process.pid}: {' '.join(launch.argv)}")

    def getinfo(self, info: SearchInfo) -> dict[str, Any]:
        """The command's configuration. Its ``maxwait`` limits the later replies."""
        configuration = self._ask(info.request(), ()).metadata
        maxwait = configuration.get("maxwait")
        if isinstance(maxwait, (int, float)) and maxwait > 0:
            self._timeout_s = float(maxwait)
        return configuration

    def execute(self, table: Table, *, finished: bool) -> Reply:
        """The reply to one chunk of rows; a table without columns is sent without a body."""
        request = {"action": "execute", "finished": finished}
        frame = self._ask(request, [csv_rows.encode(table)])
        try:
            rows = csv_rows.decode(frame.body)
        except ValueError as exc:
            raise self._failed(ProtocolError(self.launch.command, str(exc))) from exc
        return Reply(rows, bool(frame.metadata.get("finished")))

    def close(self) -> None:
        """Ends the input and waits for the process.

        Raises CommandError for an exit code other than 0, and for output that no request asked for.
        """
        if self._closed:
            return
        with contextlib.suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]
        code = self._wait(self.launch.exit_timeout_s)
        if code is None:
            waited = f"{self.launch.exit_timeout_s:g} s after its last reply"
            self._dispatch.log("WARN", "ChunkedExternProcessor", f"{self.launch.command} still ran {waited}: killed.")
            self.kill()
            code = 0
        left_over = self._left_over()
        self._forget()
        if code != 0:
            raise CommandError(self.launch.command, _exit_text(code))
        if left_over:
            raise ProtocolError(self.launch.command, _unasked(left_over))

    def kill(self) -> None:
        """Ends the process now: politely, and after a moment by force. Does nothing when it has ended."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def abandon(self) -> None:
        """Ends the process without asking how; for a search that has failed elsewhere."""
        if not self._closed:
            self.kill()
            self._close_pipes()
            self._forget()

    def __enter__(self) -> CommandProcess:
        return self

    def __exit__(self, *exc: object) -> None:
        self.abandon()

    def _ask(self, metadata: dict[str, Any], body: Iterable[bytes]) -> protocol.Frame:
        """Sends a request and waits for its reply; tells its messages to the search."""
        try:
            left_over = self._left_over()
            if left_over:
                raise protocol.FrameError(_unasked(left_over))
            frame = self._exchange(protocol.encode(metadata, body))
        except protocol.FrameError as exc:
            raise self._failed(ProtocolError(self.launch.command, str(exc))) from exc
        error = frame.metadata.get("error")
        self._tell_messages(frame, error)
        if error:
            raise self._failed(CommandError(self.launch.command, str(error)))
        return frame

    def _exchange(self, parts: Sequence[bytes]) -> protocol.Frame:
        """The reply to a request; reads and writes as the pipes allow, since either side may be ahead."""
        pending = [memoryview(part) for part in reversed(parts)]
        frame: protocol.Frame | None = None
        deadline = time.monotonic() + self._timeout_s
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdout, selectors.EVENT_READ)
            selector.register(self._stdin, selectors.EVENT_WRITE)
            while True:
                alive, open_stdout = self._process.poll() is None, True
                for key, _ in selector.select(_TICK_S if alive else 0):
                    if key.fd == self._stdout:
                        open_stdout = self._read()
                    elif not self._write(pending):
                        selector.unregister(self._stdin)
                frame = frame or self._reader.next()
                if frame is not None and (not pending or frame.metadata.get("finished") or not alive):
                    return frame
                if not (alive and open_stdout):
                    raise self._failed(self._death())
                if self._dispatch.cancelled:
                    raise self._failed(self._death())
                if time.monotonic() > deadline:
                    text = (
                        f"The command did not reply within {self._timeout_s:g} s (maxwait, or --timeout) and was ended."
                    )
                    raise self._failed(CommandTimeout(self.launch.command, text))

    def _left_over(self) -> bytes:
        """What has been written besides the replies, as far as it has arrived."""
        self._read()
        return self._reader.pending

    def _read(self) -> bool:
        """Takes what has arrived, all of it; False at the end of stdout."""
        while True:
            try:
                data = os.read(self._stdout, _READ_BYTES)
            except BlockingIOError:
                return True
            if not data:
                return False
            self._reader.feed(data)

    def _write(self, pending: list[memoryview]) -> bool:
        """Sends a portion of the request; False when there is no more to send or nobody to take it."""
        try:
            while pending:
                sent = os.write(self._stdin, pending[-1][:_READ_BYTES])
                pending[-1] = pending[-1][sent:]
                if not pending[-1]:
                    pending.pop()
        except BlockingIOError:
            return True
        except BrokenPipeError:
            pending.clear()  # its death, or a last reply, is about to be read
        return False

    def _death(self) -> CommandError:
        """Why no reply will come: the process died, or it closed its stdout."""
        self._wait(1)  # stdout closes a moment before the exit code is known
        rest = self._reader.pending
        tail = f" Its last reply was cut off: {rest!r}." if rest else ""
        return CommandError(self.launch.command, _exit_text(self._process.poll()) + tail)

    def _failed(self, error: CommandError) -> CommandError:
        """Ends the process; an error that is only the cancelling's consequence becomes the cancelling."""
        self._close_pipes()
        if not isinstance(error, (CommandTimeout, ProtocolError)):
            self._wait(1)
        self.abandon()
        self._dispatch.check_cancelled()
        self._dispatch.log("ERROR", "ChunkedExternProcessor", str(error))
        return error

    def _wait(self, seconds: float) -> int | None:
        """The exit code, or None when the process still runs after this time or the search was cancelled."""
        deadline = time.monotonic() + seconds
        with _end_of(self._process) as ended:
            while not self._dispatch.cancelled and time.monotonic() < deadline:
                if ended(min(_TICK_S, seconds)):
                    return self._process.wait()
        return self._process.poll()

    def _tell_messages(self, frame: protocol.Frame, error: object) -> None:
        inspector = frame.metadata.get("inspector")
        messages = inspector.get("messages") if isinstance(inspector, dict) else None
        for message in messages if isinstance(messages, list) else ():
            if not (isinstance(message, (list, tuple)) and len(message) == 2):
                self._dispatch.log("WARN", "ChunkedExternProcessor", f"Not a message: {message!r}")
                continue
            level, text = str(message[0]).upper(), str(message[1])
            if text == str(error) or (self._quiet and level not in ("ERROR", "FATAL")):
                self._dispatch.log(level, "ChunkedExternProcessor", f"{self.launch.command}: {text}")
            else:
                self._dispatch.message(level, text, origin=self.launch.origin)

    def _close_pipes(self) -> None:
        assert self._process.stdin and self._process.stdout
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        if self._process.poll() is not None or self._closed:
            self._process.stdout.close()

    def _forget(self) -> None:
        """Moves what the process wrote to stderr into search.log; splunkd logs all of it as errors."""
        if self._closed:
            return
        self._closed = True
        self._close_pipes()
        with contextlib.suppress(OSError):
            text = self._stderr.read_text(encoding="utf-8", errors="replace")
            if text.strip():
                self._dispatch.stderr_seen = True
                self._dispatch.log("ERROR", "ChunkedExternProcessor", f"stderr of {self.launch.command}:\n{text}")
            self._stderr.unlink()


@contextlib.contextmanager
def _end_of(process: subprocess.Popen[bytes]) -> Iterator[Callable[[float], bool]]:
    """Tells whether the process has ended, after at most so many seconds; at once when it ends, where the system can.

    subprocess looks at ever longer intervals: a short search would wait for its next look longer than for its command.
    """
    try:
        watched = os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # not Linux, or ended and reaped
        yield lambda seconds: _ends(process, seconds)
        return
    try:
        poll = select.poll()  # select itself takes no file numbers above 1,023
        poll.register(watched, select.POLLIN)
        yield lambda seconds: bool(poll.poll(seconds * 1_000))
    finally:
        os.close(watched)


def _ends(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _unasked(output: bytes) -> str:
    return f"It wrote what no request asked for: {output!r}; every request has one reply."


def _exit_text(code: int | None) -> str:
    """splunkd's sentence about the end of a command."""
    if code is None:
        return "External search command closed its output without a reply."
    if code == 0:
        return "External search command exited unexpectedly before its last reply."
    if code < 0:
        return f"External search command was ended by {signal.Signals(-code).name}."
    return f"External search command exited unexpectedly with non-zero error code {code}."
