"""The REST side on a loopback port, in a thread of its own, for as long as a search head lives."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import uvicorn

from ..access import Access
from .conf_rest import ConfEndpoints
from .conf_store import ConfStore
from .errors import SplunkdError
from .kvstore import KVStore
from .kvstore_rest import KVStoreEndpoints
from .rest import RestApp, Route
from .system_rest import SystemEndpoints
from .users_rest import UserEndpoints

START_TIMEOUT_S = 15.0
LONGEST_ADDRESS = 1 << 20  # bytes; a query for many keys stands in the address


class RestServer:
    """splunkd's REST side of one app and state folder. ``uri`` and the session keys are what searches get to know."""

    def __init__(
        self, app: Path, app_name: str, *, state: Path, store: KVStore, user: str = "admin", rest: RestApp | None = None,
        access: Access | None = None,
    ) -> None:  # fmt: skip
        """Starts to serve ``rest``, by default what needs no search head. Raises SplunkdError when no port can be had."""
        confs = ConfStore(app, state)
        self.access = access or Access(app, state, lambda: confs.read("authorize"))
        if user not in self.access.users:
            self.access.add_user(user, ["admin"])
        self.session_key = self.access.session(user)
        self.indexer_session_key = self.access.indexer_session(user)
        if rest is None:
            routes = basic_routes(confs, store, self.access, app=app_name)
            rest = RestApp(routes, app=app_name, of_key=self.access.of_key)
        try:
            listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        except OSError as exc:
            raise SplunkdError(f"No loopback port for the REST side ({exc}).") from exc
        # Accepted connections inherit it; without it an answer's body waits 40 ms for the acknowledgement of its header.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
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


def basic_routes(confs: ConfStore, store: KVStore, access: Access, *, app: str) -> list[Route]:
    """What splunkd answers without a search: the KV store, the configuration, itself."""
    endpoints = (
        KVStoreEndpoints(store, confs, access, app=app),
        ConfEndpoints(confs, access, app=app),
        SystemEndpoints(confs, app=app),
        UserEndpoints(access, app=app),
    )
    return [route for endpoint in endpoints for route in endpoint.routes()]
