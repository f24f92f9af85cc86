"""A collector that really listens, on a port of its own, with the configuration of a folder."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager

import httpx
import uvicorn

from searchhead.spl.context import EventQuery
from searchhead.splunkd.conf_store import ConfStore

TOKEN = "11111111-2222-3333-4444-555555555555"
ACK_TOKEN = "66666666-2222-3333-4444-555555555555"
CHANNEL = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"

INPUTS = f"""
[http]
crossOriginSharingPolicy = https://shop.example.org
crossOriginSharingHeaders = *
maxEventSize = 64KB

[http://web]
token = {TOKEN}
index = telemetry
indexes = telemetry, other
sourcetype = web:event

[http://any]
token = 22222222-2222-3333-4444-555555555555
allowQueryStringAuth = true
connection_host = proxied_ip

[http://acked]
token = {ACK_TOKEN}
index = telemetry
useACK = true

[http://off]
token = 33333333-2222-3333-4444-555555555555
disabled = 1
"""
INDEXES = "[telemetry]\n[other]\n[closed]\ndisabled = 1\n"
LIMITS = "[http_input]\nmax_content_length = 200000\n"
PROPS = "[web:event]\nTRUNCATE = 100\n[web:long]\nTRUNCATE = 0\n[web:blocks]\nTRUNCATE = 0\nLINE_BREAKER = (;)\n"


class Collector:
    """A running collector. ``sent`` posts with the usual token, ``stored`` finds what is in the store."""

    def __init__(self, url, store, hec):
        self.url = url
        self.store = store
        self.hec = hec
        self.client = httpx.Client(base_url=url, headers={"Authorization": f"Splunk {TOKEN}"}, timeout=20)

    def sent(self, body, path="/services/collector/event", **options):
        response = self.client.post(path, content=body, **options)
        return response.status_code, response.json()

    def stored(self, *fields, index="telemetry"):
        rows = self.store.find(EventQuery(indexes=(index,)), indexes=["telemetry", "other", "main", "_internal"])
        fields = fields or ("_raw",)
        rows = [tuple(row.get(field) for field in fields) for row in rows.rows()][::-1]
        return [row[0] for row in rows] if len(fields) == 1 else rows


def write_app(folder, *, inputs=INPUTS, limits=LIMITS):
    (folder / "default").mkdir(parents=True, exist_ok=True)
    for name, text in {"inputs": inputs, "indexes": INDEXES, "limits": limits, "props": PROPS}.items():
        (folder / "default" / f"{name}.conf").write_text(text)
    return ConfStore(folder, folder / "state")


@contextmanager
def serving(app):
    """Runs an ASGI app on a free port; gives its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http="h11", ws="none", lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
