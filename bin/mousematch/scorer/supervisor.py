"""Makes sure that a scorer runs: the search that needs one starts it, all others use it.

    ensure_running(launch) ─ answers? ──────────────────────────────▶ its address
                           └ no ─ lock ─ start ─ wait until ready ──▶ its address

The lock is held from the look to the answer, so searches that begin together start one process; should the starter be
killed while it waits, the process that it started goes on.
"""

from __future__ import annotations

import contextlib
import enum
import errno
import fcntl
import os
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from mousematch.errors import ScorerError, ScorerRejected, ScorerUnavailable
from mousematch.scorer.client import Client
from mousematch.scorer.launch import Launch, run_folder
from mousematch.scorer.protocol import AVAILABLE

LOG = "scorer.log"
PROBE_S = 5.0
_POLL_S = 0.02
_PROGRESS_EVERY_S = 2.0
# The process's own exit code for "another one has the socket".
_ALREADY_RUNNING = 3


class State(enum.Enum):
    """What a look at a socket finds."""

    ABSENT = "nobody listens"
    HUNG = "somebody listens and does not answer"
    LOADING = "the model is being loaded"
    READY = "the model is served"


def ensure_running(
    launch: Launch,
    *,
    start_timeout_s: float = 120.0,
    probe_s: float = PROBE_S,
    on_progress: Callable[[str], None] = lambda message: None,
    environ: Mapping[str, str] = os.environ,
) -> str:
    """The address ("unix:/…") of a scorer that serves ``launch.model``; starts or replaces one if need be.

    start_timeout_s: longest wait for it. probe_s: a scorer that stays silent for so long, twice, is taken for hung.
    on_progress: is told what is going on, in sentences. Raises ScorerUnavailable, ScorerRejected.
    """
    folder = run_folder(environ)
    path = launch.socket(folder)
    address = f"unix:{path}"
    if _look(path, launch.model, probe_s) is State.READY:
        return address
    deadline = time.monotonic() + start_timeout_s
    with _start_lock(folder / "start.lock", deadline, on_progress):
        _start(launch, path, folder / LOG, deadline=deadline, probe_s=probe_s, on_progress=on_progress, environ=environ)
    return address


def stop(launch: Launch, *, environ: Mapping[str, str] = os.environ) -> bool:
    """Asks the scorer of ``launch`` to end when its requests are answered; whether there was one."""
    pid = _listener(launch.socket(run_folder(environ)))
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    return True


def _start(
    launch: Launch,
    path: Path,
    log: Path,
    *,
    deadline: float,
    probe_s: float,
    on_progress: Callable[[str], None],
    environ: Mapping[str, str],
) -> None:
    """Starts the process and waits until it is ready. The caller holds the start lock."""
    began = time.monotonic()
    told = began
    process: subprocess.Popen[bytes] | None = None
    killed = False
    log_start = 0
    while True:
        state = _look(path, launch.model, probe_s)
        if state is State.READY:
            if process is not None:
                on_progress(f"The scorer is ready after {time.monotonic() - began:.1f} s.")
            return
        if state is State.HUNG:
            on_progress("The scorer does not answer; replacing it.")
            _kill(path)
        elif state is State.LOADING:
            pass
        elif process is None:
            _retire_older(path)
            log_start = log.stat().st_size if log.exists() else 0
            on_progress(f"Starting the scorer (executor {launch.executor}).")
            process = launch.start(path, log, environ)
        elif process.poll() == _ALREADY_RUNNING:
            # Started by a search that was killed while it waited; its model is still being loaded.
            process = None
            time.sleep(0.5)
        elif process.poll() is not None:
            if process.returncode < 0 and not killed:
                # Somebody else's doing, such as the kernel's when memory was short: once more.
                on_progress(
                    f"The scorer was ended by signal {-process.returncode} while it started; starting it again."
                )
                process, killed = None, True
                continue
            raise ScorerUnavailable(
                f"The scorer ended with code {process.returncode} while it started: {_last_line(log, log_start)} "
                f"Read {log}."
            )
        now = time.monotonic()
        if now > deadline:
            if process is not None:
                process.terminate()
            raise ScorerUnavailable(
                f"The scorer was not ready after {now - began:.0f} s: {_last_line(log, log_start)} Raise start_timeout_s in "
                f"mousematch.conf [scorer], or read {log}."
            )
        if now - told > _PROGRESS_EVERY_S:
            told = now
            on_progress(f"The scorer is loading, {now - began:.0f} s so far.")
        time.sleep(_POLL_S)


def _look(path: Path, reference: str, probe_s: float) -> State:
    """What is at the socket. Raises ScorerRejected if a scorer is there and cannot serve the model."""
    name, _, version = reference.partition("/")
    for _ in range(2):
        if _listener(path) is None:
            return State.ABSENT
        with Client(f"unix:{path}", name, int(version) if version else None, timeout_s=probe_s) as client:
            try:
                states = client.versions()
            except ScorerRejected:
                raise
            except ScorerError:
                continue
            ready = any(state == AVAILABLE for _, state, _ in states)
            return State.READY if ready else State.LOADING
    return State.HUNG


def _listener(path: Path) -> int | None:
    """Process id of whoever listens at a socket, 0 if the system does not tell, None if nobody does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.settimeout(1.0)
            probe.connect(str(path))
        except socket.timeout:
            return 0
        except OSError as exc:
            # A full queue of connections: somebody listens, and accepts none.
            return 0 if exc.errno == errno.EAGAIN else None
        if not hasattr(socket, "SO_PEERCRED"):
            return 0
        credentials = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", credentials)[0])


def _kill(path: Path) -> None:
    """Ends a hung scorer for good, and its socket with it. Raises ScorerUnavailable."""
    pid = _listener(path)
    if pid == 0:
        raise ScorerUnavailable(f"The scorer at {path} hangs and cannot be identified; end its process by hand.")
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    path.unlink(missing_ok=True)


def _retire_older(path: Path) -> None:
    """Asks scorers that run other code to end, as after an upgrade; those with other settings stay."""
    code = path.name.rsplit("-", 1)[0]
    for other in path.parent.glob("scorer-*.sock"):
        if not other.name.startswith(code + "-"):
            pid = _listener(other)
            if pid:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGTERM)


@contextlib.contextmanager
def _start_lock(path: Path, deadline: float, on_progress: Callable[[str], None]) -> Iterator[None]:
    """Holds the lock under which scorers are started. Raises ScorerUnavailable if it is not free in time."""
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise ScorerUnavailable(
            f"{path} cannot be made ({exc.strerror}); give the Splunk user write access and space there."
        ) from exc
    try:
        told = False
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ScorerUnavailable(
                        "Another search has been starting the scorer for too long; read scorer.log in "
                        f"{path.parent}, or raise start_timeout_s in mousematch.conf [scorer]."
                    ) from None
                if not told:
                    on_progress("Another search is starting the scorer.")
                    told = True
                time.sleep(_POLL_S)
        yield
    finally:
        os.close(lock)


def _last_line(log: Path, start: int) -> str:
    """The last line that the process wrote into its log, as a sentence."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(start if start <= size else 0, size - 4096))
            lines = file.read().decode("utf-8", "replace").split("\n")
    except OSError:
        lines = []
    text = next((line.strip() for line in reversed(lines) if line.strip()), "it wrote nothing into its log.")
    return text if text.endswith(".") else text + "."
