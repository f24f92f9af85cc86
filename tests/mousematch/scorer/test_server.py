"""The scorer as a process: what it answers, and how it ends."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import signal
import stat
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from mousematch import images
from mousematch.errors import ScorerRejected, ScorerUnavailable
from mousematch.registry import Registry
from mousematch.scorer import protocol
from mousematch.scorer.client import Client, _UnixConnection
from mousematch.scorer.executors.litert import LiteRTNetwork
from mousematch.scorer.launch import BIN
from tests.mousematch.scorer.conftest import EMBEDDING, SIZE, TAG, Head, counters, picture, pictures, wait_until


def ask(head: Head, method: str, path: str, body: bytes | None = None) -> tuple[int, dict]:
    """Status and JSON of one request, errors too."""
    with contextlib.closing(_open(head)) as connection:
        connection.request(method, path, body)
        response = connection.getresponse()
        return response.status, json.loads(response.read())


def _open(head: Head) -> http.client.HTTPConnection:
    """A bare connection to the scorer."""
    head.start()
    return _UnixConnection(str(head.socket), 10)


def pixels(image_b64: str) -> np.ndarray:
    return images.from_png(images.from_base64(image_b64), TAG)


def test_embeddings_are_the_networks_own(shared_head: Head) -> None:
    wanted = pictures(20)
    model = Registry(shared_head.launch.model_roots).resolve("tiny")
    network = LiteRTNetwork(model.folder / "model.tflite", threads=1)

    vectors = shared_head.client().embed(wanted)

    assert vectors.shape == (20, EMBEDDING)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    direct = np.concatenate([network.embed(pixels(image)[None]) for image in wanted])
    np.testing.assert_allclose(vectors, direct, atol=1e-5)


def test_different_images_have_different_embeddings(shared_head: Head) -> None:
    dark, light = (images.to_base64(images.to_png(np.full((SIZE, SIZE, 3), value, np.uint8), TAG)) for value in (0, 255))

    vectors = shared_head.client().embed([dark, light])

    assert np.abs(vectors[0] - vectors[1]).max() > 0.01


def test_a_repeated_image_is_embedded_once_within_a_request_and_across_searches(head: Head) -> None:
    image, other = pictures(2, first=500)
    body = protocol.predict_request([image, image, other, image])

    status, _ = ask(head, "POST", "/v1/models/tiny:predict", body)
    head.client().embed([other, image])

    assert status == 200
    counts = counters(head)
    assert (counts["images"], counts["embedded"], counts["cached"]) == (6, 2, 4)


def test_eight_searches_at_once_each_get_their_own_embeddings(shared_head: Head) -> None:
    searches = [pictures(40, first=1000 + 40 * number) for number in range(8)]
    shared_head.start()

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda search: shared_head.client().embed(search), searches))

    for search, answer in zip(searches, answers, strict=True):
        np.testing.assert_allclose(answer, shared_head.client().embed(search), atol=1e-6)


def test_status_and_metadata_are_worded_as_tensorflow_serving_words_them(shared_head: Head) -> None:
    status = ask(shared_head, "GET", "/v1/models/tiny")
    metadata = ask(shared_head, "GET", "/v1/models/tiny/versions/1/metadata")

    available = {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    assert status == (200, {"model_version_status": [available]})
    assert metadata[0] == 200
    assert metadata[1]["model_spec"] == {"name": "tiny", "signature_name": "", "version": "1"}
    signature = metadata[1]["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["inputs"]["image_bytes"]["dtype"] == "DT_STRING"
    assert [d["size"] for d in signature["outputs"]["embedding"]["tensor_shape"]["dim"]] == ["-1", str(EMBEDDING)]
    assert metadata[1]["metadata"]["mousematch"]["encoding"] == TAG
    assert metadata[1]["metadata"]["mousematch"]["executor"] == "litert"


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("GET", "/", 400, "Malformed request: GET /"),
        ("GET", "/v1/models/tiny:predict", 400, "Malformed request"),
        ("POST", "/v1/models/tiny", 400, "Malformed request"),
        ("POST", "/v1/models/tiny:regress", 400, "Malformed request"),
        ("GET", "/v1/models/other", 404, "Servable not found for request: Latest(other)"),
        ("GET", "/v1/models/tiny/versions/9", 404, "Servable not found for request: Specific(tiny, 9)"),
        ("GET", "/v1/models/..", 404, "Servable not found"),
        ("GET", "/v1/models/..%2f..%2fetc", 400, "Malformed request"),
        ("POST", "/v1/models/tiny:predict", 400, "JSON Parse error"),
    ],
)
def test_errors_are_worded_as_tensorflow_serving_words_them(
    shared_head: Head, method: str, path: str, status: int, error: str
) -> None:
    found, answer = ask(shared_head, method, path, b"{" if method == "POST" else None)

    assert found == status
    assert answer["error"].startswith(error)


def bomb(side: int) -> str:
    """A small PNG that announces, and holds, very many pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">II5B", side, side, 8, 2, 0, 0, 0)
    squeezed = zlib.compress(bytes(min(side * (3 * side + 1), 50_000_000)), 9)
    return base64.b64encode(
        images.SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", squeezed) + chunk(b"IEND", b"")
    ).decode()


BAD_IMAGES = {
    "empty": "",
    "no base64": "%%%",
    "no png": "AAAA",
    "cut off": picture(3)[:200],
    "another encoding": picture(3, tag="path/1/64"),
    "no encoding": bomb(64),
    "another size": picture(3, size=32),
    "a bomb": bomb(20_000),
    "non-ascii": "é",
}


@pytest.mark.parametrize("name", BAD_IMAGES)
def test_a_bad_image_is_refused_with_its_place_and_reason_and_the_others_can_be_sent_again(
    shared_head: Head, name: str
) -> None:
    good = pictures(2)
    body = protocol.predict_request([good[0], BAD_IMAGES[name], good[1], BAD_IMAGES[name]])

    status, answer = ask(shared_head, "POST", "/v1/models/tiny:predict", body)

    assert status == 400
    assert answer["error"].startswith("Failed to process element: 1 of 'instances' list. Error: The image ")
    assert set(answer["rejected"]) == {"1", "3"}
    assert len(shared_head.client().embed(good)) == 2


def test_a_bomb_costs_neither_time_nor_memory(shared_head: Head) -> None:
    client = shared_head.client()
    before = resident_mb(shared_head)
    bombs = [bomb(20_000), bomb(30_000), bomb(4_000)]
    began = time.monotonic()

    for image in bombs:
        with pytest.raises(ScorerRejected, match="the most that is read"):
            client.embed([image])

    assert time.monotonic() - began < 1
    assert resident_mb(shared_head) - before < 40


def resident_mb(head: Head) -> float:
    (pid,) = head.pids()
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def test_a_request_beyond_the_limit_is_refused_before_it_is_read(shared_head: Head) -> None:
    with contextlib.closing(_open(shared_head)) as connection:
        connection.putrequest("POST", "/v1/models/tiny:predict")
        connection.putheader("Content-Length", str(10**12))
        connection.endheaders()
        response = connection.getresponse()

        assert response.status == 413
        assert "send fewer images" in json.loads(response.read())["error"]


def test_a_chunked_request_beyond_the_limit_is_refused_while_it_is_read(shared_head: Head) -> None:
    with contextlib.closing(_open(shared_head)) as connection:
        connection.putrequest("POST", "/v1/models/tiny:predict")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        block = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
        # The scorer may close before everything was sent.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(64):
                connection.send(block)
        with contextlib.suppress(ConnectionResetError):
            assert connection.getresponse().status == 413

    assert len(shared_head.client().embed(pictures(1))) == 1


def test_the_socket_and_its_folder_are_for_the_user_alone(shared_head: Head) -> None:
    shared_head.start()

    assert stat.S_IMODE(shared_head.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(shared_head.socket.stat().st_mode) == 0o600


def test_the_scorer_ends_when_idle_and_leaves_no_socket(make_head: Callable[..., Head]) -> None:
    head = make_head(idle_s=0.4)
    head.client().embed(pictures(1))

    assert wait_until(lambda: not head.pids())
    assert not head.socket.exists()
    assert "Idle for" in head.log


def test_a_scorer_in_use_does_not_end(make_head: Callable[..., Head]) -> None:
    head = make_head(idle_s=1.0)
    client = head.client()
    (pid,) = head.pids()

    for number in range(8):
        client.embed([picture(number)])
        time.sleep(0.25)

    assert head.pids() == [pid]


def test_sigterm_lets_a_running_request_finish(head: Head) -> None:
    connection = busy(head)
    (pid,) = head.pids()
    os.kill(pid, signal.SIGTERM)

    response = connection.getresponse()
    assert response.status == 200
    assert len(json.loads(response.read())["predictions"]) == BUSY_IMAGES
    connection.close()
    assert wait_until(lambda: not head.pids())
    assert not head.socket.exists()


BUSY_IMAGES = 1000


def busy(head: Head) -> http.client.HTTPConnection:
    """A connection whose request the scorer has begun and not finished."""
    connection = _open(head)
    connection.request("POST", "/v1/models/tiny:predict", protocol.predict_request(pictures(BUSY_IMAGES, first=9000)))
    assert wait_until(lambda: counters(head)["embedded"] > 0)
    assert counters(head)["embedded"] < BUSY_IMAGES
    return connection


def test_a_scorer_killed_in_the_middle_of_a_request_is_unavailable(head: Head) -> None:
    client = head.client()
    (pid,) = head.pids()
    os.kill(pid, signal.SIGSTOP)
    threading.Timer(0.3, os.kill, (pid, signal.SIGKILL)).start()

    with pytest.raises(ScorerUnavailable, match="search again to start it"):
        client.embed(pictures(3))


def test_a_hanging_scorer_is_unavailable_after_the_time_limit(head: Head) -> None:
    client = head.client(timeout_s=0.3)
    (pid,) = head.pids()
    os.kill(pid, signal.SIGSTOP)

    with pytest.raises(ScorerUnavailable, match=r"did not answer within 0\.3 s"):
        client.embed(pictures(3))


STUCK = """
import logging, sys, time
from pathlib import Path
from mousematch.scorer import executors
from mousematch.scorer.server import Options, serve

class Stuck:
    executor, device, max_batch = "stuck", "CPU", 4
    def __init__(self, network): self.network = network
    def embed(self, images):
        if images.any():
            time.sleep(60)
        return self.network.embed(images)

load = executors.load
executors.load = lambda *args, **options: Stuck(load(*args, **options))
serve(Options((Path(sys.argv[1]),), Path(sys.argv[2]), model="tiny", executor="litert", stuck_s=0.5))
"""


def test_a_scorer_whose_network_never_comes_back_ends_itself_and_is_started_again(head: Head, models: Path) -> None:
    head.folder.mkdir(parents=True, mode=0o700)
    command = [sys.executable, "-c", STUCK, str(models), str(head.socket)]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(BIN)}, stderr=subprocess.DEVNULL) as process:
        assert wait_until(head.socket.exists)

        with pytest.raises(ScorerUnavailable), Client(f"unix:{head.socket}", "tiny") as client:
            client.embed(pictures(1))

        assert process.wait(10) == 4
    assert len(head.client().embed(pictures(1))) == 1


def test_a_client_goes_on_with_a_scorer_that_was_restarted(head: Head) -> None:
    client = head.client()
    before = client.embed(pictures(2))
    (pid,) = head.pids()
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not head.pids())
    head.start()

    np.testing.assert_array_equal(client.embed(pictures(2)), before)


def test_a_search_that_goes_away_does_not_keep_the_scorer_busy(head: Head) -> None:
    busy(head).close()
    assert wait_until(lambda: "A search went away" in head.log)

    head.client().embed(pictures(1))
    embedded = counters(head)["embedded"]
    time.sleep(0.3)

    assert counters(head)["embedded"] == embedded < BUSY_IMAGES


def test_the_log_is_kept_small(head: Head, tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from mousematch.scorer.server import bound_log\n"
        "for line in range(200):\n"
        "    os.write(2, b'x' * 99 + b'\\n'); bound_log(Path(sys.argv[1]), 5_000)\n"
    )
    log = tmp_path / "scorer.log"
    with log.open("ab") as output:
        command = [sys.executable, "-c", script, str(log)]
        subprocess.run(command, env={**os.environ, "PYTHONPATH": str(BIN)}, stderr=output, check=True)

    assert 0 < log.stat().st_size <= 5_100
    assert 0 < (tmp_path / "scorer.log.1").stat().st_size <= 5_100


def test_a_full_disk_under_the_log_does_not_stop_the_scorer(head: Head) -> None:
    head.folder.mkdir(parents=True, mode=0o700)
    (head.folder / "scorer.log").symlink_to("/dev/full")

    assert len(head.client().embed(pictures(2))) == 2


def test_a_client_of_the_scorer_is_closed_without_a_trace(shared_head: Head) -> None:
    with Client(shared_head.start(), "tiny") as client:
        client.embed(pictures(1))

    assert client._connection is None
