"""The REST side on a loopback port, in a thread of its own, for as long as a search head lives."""

from __future__ import annotations

import secrets
import socket
import threading
import time
from pathlib import Path

import uvicorn

from .conf_rest import ConfEndpoints
from .conf_store import ConfStore
from .errors import SplunkdError
from .kvstore import KVStore
from .kvstore_rest import KVStoreEndpoints
from .rest import Principal, RestApp
from .system_rest import SystemEndpoints

START_TIMEOUT_S = 15.0
LONGEST_ADDRESS = 1 << 20  # bytes; a query for many keys stands in the address


class RestServer:
    """splunkd's REST side of one app and state folder. ``uri`` and the session keys are what searches get to know."""

    def __init__(self, app: Path, app_name: str, *, state: Path, store: KVStore, user: str = "admin") -> None:
        """Starts to serve. Raises SplunkdError when no port can be had."""
        self.session_key = secrets.token_urlsafe(48)
        self.indexer_session_key = secrets.token_urlsafe(48)
        confs = ConfStore(app, state)
        endpoints = (
            KVStoreEndpoints(store, confs, app=app_name),
            ConfEndpoints(confs, app=app_name),
            SystemEndpoints(confs, app=app_name),
        )
        rest = RestApp(
            [route for endpoint in endpoints for route in endpoint.routes()],
            app=app_name,
            principals={
                self.session_key: Principal(user),
                self.indexer_session_key: Principal(user, on_indexer=True),
            },
        )
        try:
            listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        except OSError as exc:
            raise SplunkdError(f"No loopback port for the REST side ({exc}).") from exc
        self.uri = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            rest, http="h11", ws="none", lifespan="off", log_config=None, access_log=False,
            h11_max_incomplete_event_size=LONGEST_ADDRESS,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="splunkd-rest", daemon=True
        )
        self._thread.start()
        self._wait_until_started()

    def close(self) -> None:
        """Stops serving."""
        self._server.should_exit = True
        self._thread.join()

    def _wait_until_started(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise SplunkdError("The REST side did not start; see the lines above.")
            time.sleep(0.005)
