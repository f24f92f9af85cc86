"""Serves a search head on one loopback port until it is interrupted: pages, REST, HEC, schedules.

    Ctrl-C ──▶ no new requests ──▶ searches cancelled ──▶ HEC and schedules ended ──▶ stores closed
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType

import uvicorn

from .. import conf_files
from ..hec.endpoint import HecApp
from ..splunkd.errors import SplunkdError
from ..splunkd.head import SearchHead
from . import setup
from .app import RAW, Parts, create_app
from .pages import Pages, renderer
from .sessions import Logins
from .views import Views

STUDIO = "build/studio/public"  # in the repository; `make studio` builds it
# A blocking search holds a thread for as long as it runs, and a dashboard asks for a dozen things at once.
_THREADS = 64
_GRACE_S = 2  # for answers under way at the end
_LONGEST_ADDRESS = 1 << 20  # bytes; a search may stand in it


def serve(
    app: Path, state: Path, *, port: int, users: Sequence[str] = (), schedules: bool = True, verbose: bool = False
) -> None:
    """Serves until interrupted; 0 takes any free port. ``users``: whose links are printed, all when empty.

    Raises SplunkdError when the port is taken or a user is unknown.
    """
    listener = _listener(port)
    port = listener.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with listener, SearchHead(app, state) as head:
        users = users or tuple(head.access.users)
        for user in users:
            if user not in head.access.users:
                raise SplunkdError(f"No user is called '{user}'; there are {', '.join(head.access.users)}.")
        setup.prepare(head.confs, head.state)
        logins = Logins(head.access, port=port, on_used=lambda user: _print(f"  {_link(address, logins, user)}"))
        hec = HecApp(head.events, head.confs)
        site = create_app(_parts(head, hec, logins, port))
        if schedules:
            head.scheduler.start()
        _banner(head, address, logins, users, schedules=schedules)
        _run(site, listener, head, verbose=verbose)
        hec.close()
    _print("Ended.")


def _parts(head: SearchHead, hec: HecApp, logins: Logins, port: int) -> Parts:
    conf = conf_files.read(head.app, "app")
    studio = Path(__file__).resolve().parents[2] / STUDIO
    pages = Pages(
        app=head.app,
        app_name=head.app_name,
        label=conf.get("ui", {}).get("label", head.app_name),
        version=conf.get("id", {}).get("version", "0"),
        port=port,
        raw=RAW,
        studio=studio,
        views=Views(head.app, head.app_name),
        access=head.access,
        logins=logins,
        hec_token=lambda: setup.hec_token(head.confs),
    )
    return Parts(
        app=head.app,
        app_name=head.app_name,
        rest=head.rest_app(),
        hec=hec,
        logins=logins,
        pages=pages,
        studio=studio,
    )


def _listener(port: int) -> socket.socket:
    try:
        listener = socket.create_server(("127.0.0.1", port), backlog=256)
        # An answer goes out in several writes; without this the later ones wait for the browser's acknowledgement, 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as exc:
        raise SplunkdError(
            f"Port {port} of 127.0.0.1 cannot be had ({exc.strerror}). Is another search head running? "
            f"Take another port: make serve PORT={port + 1 if port < 65_535 else 8000}"
        ) from exc


def _run(site: uvicorn.config.ASGIApplication, listener: socket.socket, head: SearchHead, *, verbose: bool) -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO if verbose else logging.ERROR, format="%(message)s")
    config = uvicorn.Config(
        site, http="h11", ws="none", lifespan="off", log_config=None, access_log=verbose, server_header=False,
        timeout_graceful_shutdown=_GRACE_S, h11_max_incomplete_event_size=_LONGEST_ADDRESS,
    )  # fmt: skip
    server = uvicorn.Server(config)

    async def run() -> None:
        threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="web")
        asyncio.get_running_loop().set_default_executor(threads)
        await server.serve(sockets=[listener])
        await asyncio.to_thread(head.jobs.close)  # else a blocking search would hold up the end

    with _signals_ignored():  # uvicorn ends on a signal, and then sends it once more
        asyncio.run(run())


@contextlib.contextmanager
def _signals_ignored() -> Iterator[None]:
    def ignore(number: int, frame: FrameType | None) -> None:
        """The server is ending already."""

    before = {number: signal.signal(number, ignore) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _link(address: str, logins: Logins, user: str) -> str:
    return f"{user:10}{address}/login?key={logins.key(user)}"


def _banner(head: SearchHead, address: str, logins: Logins, users: Sequence[str], *, schedules: bool) -> None:
    label = conf_files.read(head.app, "app").get("ui", {}).get("label", head.app_name)
    built = renderer(Path(__file__).resolve().parents[2] / STUDIO)
    _print(f"{label} is served at {address}. Ctrl-C ends it.")
    _print("")
    _print("Log in with a link; each opens one session, and its user gets a new one here.")
    for user in users:
        _print(f"  {_link(address, logins, user)}")
    _print("")
    _print(f"HEC         {address}/services/collector/event   token {setup.hec_token(head.confs)}")
    _print(f"Example     {address}/site/   a bank that the collector watches")
    _print(f"Dashboards  {'built' if built else 'not built yet: make studio'}")
    _print(f"Schedules   {'on' if schedules else 'off'}")
    _print(f"State       {head.state}")
    _print("")


def _print(line: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        print(line, flush=True)
