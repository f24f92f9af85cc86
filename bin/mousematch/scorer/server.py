"""The scorer process: takes its socket, serves until it is idle or told to end, and leaves nothing behind.

    load the model → lock → socket (0600, in a 0700 directory) → serve → unlink the socket

The lock beside the socket is held for life, so that of two processes started at once one serves and one leaves.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import uvicorn

from mousematch.errors import ScorerUnavailable
from mousematch.registry import ModelVersion, Registry
from mousematch.scorer import executors
from mousematch.scorer.app import App
from mousematch.scorer.executors import Network
from mousematch.scorer.serving import Serving

log = logging.getLogger("mousematch.scorer")

# Exit code of a process that found another one serving the socket.
ALREADY_RUNNING = 3
# Exit code of a process whose network did not come back from a batch.
STUCK = 4
LOG_BYTES = 1_000_000
GRACE_S = 30


@dataclass(frozen=True)
class Options:
    """What the process is told: see ``python -m mousematch.scorer --help``."""

    model_roots: tuple[Path, ...]
    socket: Path
    model: str = "base"
    executor: str = "auto"
    precision: str = "float32"
    threads: int = 0
    idle_s: float = 900.0
    stuck_s: float = 120.0
    log_file: Path | None = None


def serve(options: Options) -> int:
    """Serves until idle, SIGTERM or SIGINT; the process's exit code. Raises ModelError, ScorerUnavailable."""
    started = time.monotonic()
    lock = _take_lock(options.socket.with_suffix(".lock"))
    if lock is None:
        log.info("Another scorer serves %s.", options.socket)
        return ALREADY_RUNNING
    try:
        serving = Serving(Registry(options.model_roots), lambda model: _load(model, options))
        model = serving.preload(options.model)
        listener = _listen(options.socket)
        log.info("Serving model %s at %s after %.1f s.", model.reference, options.socket, time.monotonic() - started)
        try:
            _run(App(serving), listener, options)
        finally:
            # Only now: whoever finds no socket starts a new scorer.
            options.socket.unlink(missing_ok=True)
            listener.close()
            serving.close()
        log.info("Ended.")
        return 0
    finally:
        os.close(lock)


def _load(model: ModelVersion, options: Options) -> Network:
    network = executors.load(model, executor=options.executor, threads=options.threads, precision=options.precision)
    log.info("Model %s runs in %s on the %s.", model.reference, network.executor, network.device)
    return network


def _take_lock(path: Path) -> int | None:
    """The file descriptor of the lock, or None if another process has it. Raises ScorerUnavailable."""
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise ScorerUnavailable(f"{path} cannot be made ({exc}); give the Splunk user write access and space.") from exc
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _listen(path: Path) -> socket.socket:
    """A listening socket that appears at its path only once it accepts connections. Raises ScorerUnavailable."""
    temporary = path.with_suffix(".new")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    previous = os.umask(0o177)
    try:
        # We hold the lock: what lies here was left by a process that is dead.
        temporary.unlink(missing_ok=True)
        listener.bind(str(temporary))
        listener.listen(256)
        temporary.replace(path)
    except OSError as exc:
        listener.close()
        raise ScorerUnavailable(f"The socket {path} cannot be made ({exc}); free space there.") from exc
    finally:
        os.umask(previous)
    return listener


def _run(app: App, listener: socket.socket, options: Options) -> None:
    config = uvicorn.Config(
        app,
        # Plain asyncio and h11: what Splunk's own Python has with the vendored packages.
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        timeout_keep_alive=max(5, min(60, int(options.idle_s))),
        timeout_graceful_shutdown=GRACE_S,
    )
    server = uvicorn.Server(config)
    # uvicorn raises a signal again after its graceful end; here it has done its work by then.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _ignored)
    asyncio.run(_serve(server, app, listener, options))


def _ignored(number: int, frame: FrameType | None) -> None:
    pass


async def _serve(server: uvicorn.Server, app: App, listener: socket.socket, options: Options) -> None:
    watch = asyncio.create_task(_watch(server, app, options))
    try:
        await server.serve(sockets=[listener])
    finally:
        watch.cancel()


async def _watch(server: uvicorn.Server, app: App, options: Options) -> None:
    """Ends the server once it has been idle or a batch never comes back, and keeps its log small."""
    while not server.should_exit:
        await asyncio.sleep(min(1.0, options.idle_s / 4, options.stuck_s / 4))
        if options.log_file is not None:
            bound_log(options.log_file)
        if app.serving.computing_s > options.stuck_s:
            # A thread inside a GPU driver cannot be interrupted; the next request starts a new process.
            log.error("A batch has been computing for %.0f s; ending.", app.serving.computing_s)
            os._exit(STUCK)
        if app.idle_s > options.idle_s:
            log.info("Idle for %.0f s.", app.idle_s)
            server.should_exit = True


def bound_log(path: Path, most: int = LOG_BYTES) -> None:
    """Starts a new log once it is larger than ``most`` bytes; the old one stays beside it as ``.1``.

    Standard output and standard error go there, those of native libraries too. Never raises: a full disk must not end
    the scorer.
    """
    try:
        if os.fstat(2).st_size <= most:
            return
        path.replace(path.with_suffix(path.suffix + ".1"))
        new = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os.dup2(new, 1)
        os.dup2(new, 2)
        os.close(new)
    except OSError:
        pass
