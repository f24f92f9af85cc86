"""Scorers of a Ray Serve application answer as one scorer, also while one of them dies."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mousematch.errors import ScorerRejected
from mousematch.scorer.client import Client
from tests.mousematch.scorer.conftest import EMBEDDING, Head, pictures

ROOT = Path(__file__).resolve().parents[3]
PYTHON = ROOT / ".venv-fleet" / "bin" / "python"

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="make fleet has not made .venv-fleet (Ray)")


@pytest.fixture(scope="module")
def address(models: Path) -> Iterator[str]:
    """The fleet's address; two replicas on a local cluster."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "bin"))),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "disabled",
    }
    cluster = subprocess.Popen(
        [str(PYTHON), str(Path(__file__).with_name("cluster.py")), str(models), str(port)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment,
    )  # fmt: skip
    try:
        assert cluster.stdout is not None
        assert any(line.strip() == "ready" for line in cluster.stdout), "the cluster did not start"
        yield f"http://127.0.0.1:{port}"
    finally:
        assert cluster.stdin is not None
        cluster.stdin.close()
        cluster.wait(60)


def _replicas() -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if b"ServeReplica:fleet:Scorer" in name:
            found.append(int(folder.name))
    return found


def test_the_fleet_answers_as_a_scorer_of_the_search_head_does(address: str, head: Head) -> None:
    noise = pictures(9)

    with Client(address, "tiny", timeout_s=60) as client:
        vectors = client.embed(noise)
        metadata = client.metadata()["metadata"]["mousematch"]
        assert client.versions() == [(1, "AVAILABLE", "")]

    assert vectors.shape == (9, EMBEDDING)
    np.testing.assert_allclose(vectors, head.client().embed(noise), atol=1e-4)
    assert metadata["encoding"] == "motion/1/64"


def test_an_image_that_cannot_be_used_is_named(address: str) -> None:
    with Client(address, "tiny", timeout_s=60) as client, pytest.raises(ScorerRejected, match="status 400: .*: 2 of"):
        client.embed([*pictures(2), "no image"])


def test_a_replica_that_dies_in_the_middle_costs_no_embedding(address: str) -> None:
    noise = pictures(4_000)
    with Client(address, "tiny", timeout_s=60) as client:
        expected = client.embed(noise[:50])
    victims: list[int] = []

    def kill() -> None:
        time.sleep(0.3)
        victims.append(_replicas()[0])
        os.kill(victims[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    with Client(address, "tiny", timeout_s=120) as client:
        killer.start()
        vectors = client.embed(noise)
        still_asking = killer.is_alive()
        killer.join()

    assert victims and not still_asking
    assert vectors.shape == (4_000, EMBEDDING)
    np.testing.assert_allclose(vectors[:50], expected, atol=1e-5)
