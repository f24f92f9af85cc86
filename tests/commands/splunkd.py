"""splunkd's REST side for tests of what talks to it: the embedded search head's server on the app's own .conf files."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from searchhead.splunkd.kvstore import KVStore
from searchhead.splunkd.server import RestServer

APP = Path(__file__).resolve().parents[2]


class Splunkd:
    """A running REST side. ``searchinfo`` is what getinfo tells a command about it."""

    def __init__(self, state: Path, app: Path = APP) -> None:
        self.store = KVStore(state / "kvstore.sqlite")
        self.server = RestServer(app, "mousematch", state=state, store=self.store)
        self.searchinfo = {"splunkd_uri": self.server.uri, "session_key": self.server.session_key}

    @property
    def search(self) -> Any:
        """The same, as an object with attributes, which is how the SDK gives it to a command."""
        return SimpleNamespace(**self.searchinfo)

    def close(self) -> None:
        """Stops serving."""
        self.server.close()
        self.store.close()


@contextlib.contextmanager
def splunkd(state: Path, app: Path = APP) -> Iterator[Splunkd]:
    """A REST side for the length of a test."""
    running = Splunkd(state, app)
    try:
        yield running
    finally:
        running.close()


@contextlib.contextmanager
def one_answer(answer: bytes | None) -> Iterator[str]:
    """The URL of something that answers each request with these bytes, or never answers (None)."""
    with socket.create_server(("127.0.0.1", 0)) as listener, contextlib.ExitStack() as held:
        listener.settimeout(0.05)
        done = threading.Event()

        def serve() -> None:
            while not done.is_set():
                with contextlib.suppress(TimeoutError, OSError):
                    connection = held.enter_context(listener.accept()[0])
                    if answer is not None:
                        connection.recv(65_536)
                        connection.sendall(answer)
                        connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        done.set()
        thread.join()
