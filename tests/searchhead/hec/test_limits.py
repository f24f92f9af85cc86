"""Bodies that are too large, bombs, too many senders at once, and a process that is killed."""

from __future__ import annotations

import gzip
import http.client
import json
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
import zlib

import httpx
import pytest

from searchhead.hec import exchange, replies
from searchhead.hec.body import Body
from searchhead.hec.replies import Refusal
from searchhead.indexes import Event, EventStore
from searchhead.spl.context import EventQuery
from tests.searchhead.hec.serving import INPUTS, TOKEN, write_app

LIMIT = 200_000  # the collector's max_content_length in these tests
TOO_LARGE = (413, {"text": "Request entity too large", "code": 413})
MEGABYTE = b" " * 1_000_000


def chunked(megabytes):
    """A body of so many megabytes whose length nobody knows before its end."""
    yield from (MEGABYTE for _ in range(megabytes))


def test_a_body_at_the_limit_is_taken_and_one_above_it_is_not(collector):
    body = b'{"event": "a"}'
    assert collector.sent(body.ljust(LIMIT))[0] == 200
    assert collector.sent(body.ljust(LIMIT + 1)) == TOO_LARGE
    assert collector.stored() == ["a"]


@pytest.mark.parametrize("path", ["/services/collector/event", "/services/collector/raw"])
def test_a_body_of_100_mb_is_refused_and_its_sender_learns_why(collector, path):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert collector.sent(chunked(100), path) == TOO_LARGE
    assert collector.sent(chunked(100), path, headers={"Content-Length": "100000000"}) == TOO_LARGE
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before  # kB
    assert grown < 50_000
    assert collector.stored() == []


def test_a_body_of_100_mb_with_a_wrong_token_is_not_kept_either(collector):
    assert collector.sent(chunked(100), headers={"Authorization": "Splunk wrong"})[0] == 403


def test_a_sender_that_asks_first_sends_no_body(collector):
    host = collector.url.removeprefix("http://")
    head = f"POST /services/collector HTTP/1.1\r\nHost: {host}\r\nAuthorization: Splunk {TOKEN}\r\n"
    with socket.create_connection(tuple(host.split(":"))) as connection:
        connection.sendall(f"{head}Content-Length: 100000000\r\nExpect: 100-continue\r\n\r\n".encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 413")
    with socket.create_connection(tuple(host.split(":"))) as connection:
        connection.sendall(f"{head}Content-Length: 14\r\nExpect: 100-continue\r\n\r\n".encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 100")
        connection.sendall(b'{"event": "a"}')
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")


def bomb(megabytes):
    """gzip of so many megabytes of blanks; a thousandth of that in size."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join([*(packer.compress(MEGABYTE) for _ in range(megabytes)), packer.flush()])


def test_a_gzip_bomb_is_refused(collector):
    assert collector.sent(bomb(100), headers={"Content-Encoding": "gzip"}) == TOO_LARGE
    assert collector.sent(gzip.compress(b'{"event": "a"}'), headers={"Content-Encoding": "gzip"})[0] == 200
    assert collector.stored() == ["a"]


def test_a_gzip_bomb_is_refused_in_constant_memory():
    packed = bomb(100)
    tracemalloc.start()
    body = Body("gzip", LIMIT)
    with pytest.raises(Refusal) as refused:
        body.take(packed)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refused.value.reply is replies.TOO_LARGE
    assert peak < LIMIT + len(packed) + 500_000


@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_gzip_is_read_however_it_is_cut(piece):
    packed = gzip.compress(b"one") + gzip.compress(b"two" * 1000)
    body = Body("gzip", LIMIT)
    for start in range(0, len(packed), piece):
        body.take(packed[start : start + piece])
    assert body.finish() == b"one" + b"two" * 1000


def held(collector):
    """Makes the store wait; gives what ends that."""
    collector.store._writing.acquire()
    return collector.store._writing.release


def wait_until(condition):
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert condition()


def test_too_many_requests_at_once_are_told_to_come_back(serve):
    collector = serve(capacity=2)
    release = held(collector)
    answers = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(httpx.post(
            collector.url + "/services/collector", content=json.dumps({"event": f"{n}"}),
            headers={"Authorization": f"Splunk {TOKEN}"}, timeout=20).status_code))
        for n in range(2)
    ]  # fmt: skip
    try:
        for thread in threads:
            thread.start()
        wait_until(lambda: collector.hec._working == 2)
        assert collector.sent('{"event": "third"}') == (503, {"text": "Server is busy", "code": 9})
        unhealthy = (503, {"text": "HEC is unhealthy, queues are full", "code": 18})
        response = collector.client.get("/services/collector/health")
        assert (response.status_code, response.json()) == unhealthy
    finally:
        release()
        for thread in threads:
            thread.join()
    assert answers == [200, 200]
    assert sorted(collector.stored()) == ["0", "1"]
    assert collector.sent('{"event": "third"}')[0] == 200


def test_more_bytes_than_may_be_held_at_once_are_told_to_come_back(serve):
    collector = serve(buffered=100_000)
    slow = http.client.HTTPConnection(*collector.url.removeprefix("http://").split(":"))
    slow.putrequest("POST", "/services/collector")
    for name, value in (("Authorization", f"Splunk {TOKEN}"), ("Content-Length", "80000")):
        slow.putheader(name, value)
    slow.endheaders()
    slow.send(b'{"event": "slow"}'.ljust(60_000))
    wait_until(lambda: collector.hec._buffer == 60_000)
    assert collector.sent(b'{"event": "a"}'.ljust(60_000)) == (503, {"text": "Server is busy", "code": 9})
    assert collector.sent(b'{"event": "small"}')[0] == 200
    slow.send(b" " * 20_000)
    assert slow.getresponse().status == 200
    slow.close()
    assert (sorted(collector.stored()), collector.hec._buffer) == (["slow", "small"], 0)


def test_a_sender_that_takes_too_long_loses_its_place(collector, monkeypatch):
    monkeypatch.setattr(exchange, "BODY_S", 0.1)
    address = tuple(collector.url.removeprefix("http://").split(":"))
    with socket.create_connection(address, timeout=10) as connection:
        head = f"POST /services/collector HTTP/1.1\r\nHost: x\r\nAuthorization: Splunk {TOKEN}\r\nContent-Length: 50\r\n\r\n"
        connection.sendall(head.encode() + b'{"event": "a"}')
        answer = connection.recv(1000)
    assert answer.startswith(b"HTTP/1.1 408")
    assert (collector.stored(), collector.hec._buffer) == ([], 0)


def test_a_sender_that_hangs_up_halfway_stores_nothing(collector):
    address = collector.url.removeprefix("http://").split(":")
    with socket.create_connection(tuple(address)) as connection:
        head = f"POST /services/collector HTTP/1.1\r\nHost: x\r\nAuthorization: Splunk {TOKEN}\r\nContent-Length: 50\r\n\r\n"
        connection.sendall(head.encode() + b'{"event": "a"}')
        wait_until(lambda: collector.hec._buffer > 0)
    wait_until(lambda: collector.hec._buffer == 0)
    assert collector.stored() == []


@pytest.mark.parametrize(
    ("headers", "status", "code", "text"),
    [
        ({}, 200, 17, "HEC is healthy"),
        ({"Authorization": f"Splunk {TOKEN}"}, 200, 17, "HEC is healthy"),
        ({"Authorization": "Splunk wrong"}, 400, 21, "Invalid token"),
        ({"Authorization": "Splunk 33333333-2222-3333-4444-555555555555"}, 400, 22, "Token disabled"),
    ],
)
def test_health_needs_no_token_but_checks_one(collector, headers, status, code, text):
    for method, path in (("GET", "/services/collector/health"), ("POST", "/services/collector/health/1.0")):
        response = httpx.request(method, collector.url + path, headers=headers)
        assert (response.status_code, response.json()) == (status, {"text": text, "code": code})


def test_a_store_that_fails_is_an_internal_error_and_the_collector_goes_on(collector):
    collector.store._db.execute(
        "CREATE TRIGGER broken BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
    )
    assert collector.sent('{"event": "a"}') == (500, {"text": "Internal server error", "code": 8})
    collector.store._db.execute("DROP TRIGGER broken")
    assert collector.sent('{"event": "b"}')[0] == 200
    assert collector.stored() == ["b"]


def test_a_configuration_that_cannot_be_read_is_an_internal_error_until_it_can(collector, tmp_path):
    write_app(tmp_path / "app", inputs="neither stanza nor setting")
    wait_until(lambda: collector.sent('{"event": "a"}') == (500, {"text": "Internal server error", "code": 8}))
    write_app(tmp_path / "app")
    wait_until(lambda: collector.sent('{"event": "b"}')[0] == 200)


def test_a_changed_configuration_counts_within_a_second(collector, tmp_path):
    assert collector.sent('{"event": "a"}')[0] == 200
    write_app(tmp_path / "app", inputs=INPUTS.replace(TOKEN, "new"))
    wait_until(lambda: collector.sent('{"event": "b"}')[0] == 403)


def test_what_the_index_no_longer_keeps_goes_while_events_come_in(collector, tmp_path):
    long_ago = EventStore(tmp_path / "indexes", clock=lambda: 1.0)
    long_ago.add([Event(1.0, "of 1970", "telemetry", "st", "so", "ho")])
    long_ago.close()
    assert collector.sent('{"event": "now"}{"event": "of a late clock", "time": 1}')[0] == 200
    wait_until(lambda: sorted(collector.stored()) == ["now", "of a late clock"])


def test_a_collector_that_is_closed_says_that_it_shuts_down(collector):
    collector.hec.close()
    assert collector.sent('{"event": "a"}') == (503, {"text": "Server is shutting down", "code": 23})


SERVER = """
import sys, uvicorn
from pathlib import Path
from searchhead.hec import HecApp
from searchhead.indexes import Event, EventStore
from searchhead.splunkd.conf_store import ConfStore
app, state, port = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
hec = HecApp(EventStore(state), ConfStore(app, app / "state"))
uvicorn.run(hec, host="127.0.0.1", port=port, http="h11", lifespan="off", log_config=None)
"""


def test_what_was_answered_with_success_survives_kill_9(tmp_path):
    write_app(tmp_path / "app")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = [str(tmp_path / "app"), str(tmp_path / "indexes"), str(port)]
    server = subprocess.Popen([sys.executable, "-c", SERVER, *arguments])
    acknowledged = []

    def send(name):
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Splunk {TOKEN}"}) as client:
            for number in range(1_000_000):
                events = [f"{name}-{number}-{part}" for part in range(3)]
                try:
                    answer = client.post("/services/collector", content="".join(json.dumps({"event": e}) for e in events))
                except httpx.TransportError:
                    if number and server.poll() is not None:
                        return
                    time.sleep(0.05)  # it still starts
                    continue
                assert answer.status_code == 200
                acknowledged.extend(events)

    senders = [threading.Thread(target=send, args=(f"s{n}",)) for n in range(4)]
    try:
        for sender in senders:
            sender.start()
        wait_until(lambda: len(acknowledged) > 300)
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()
        for sender in senders:
            sender.join()
    store = EventStore(tmp_path / "indexes")
    there = store.find(EventQuery(), indexes=["telemetry"]).column("_raw")
    store.close()
    assert set(acknowledged) <= set(there)
    assert len(there) == len(set(there))
