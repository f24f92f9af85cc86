"""What the scorer's tests share: a narrow model in its own registry, images of its encoding, and running scorers."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from mousematch import images
from mousematch.errors import ScorerUnavailable
from mousematch.scorer.client import Client
from mousematch.scorer.launch import BIN, Launch
from mousematch.scorer.supervisor import ensure_running, stop

TAG = "motion/1/64"
SIZE, EMBEDDING = 64, 128
WRITE_TINY_MODEL = """
import sys
from pathlib import Path

import keras
import numpy as np

from mousematch.export import export
from mousematch.model import build_model
from mousematch.weights import save_weights, write_card

folder = Path(sys.argv[1])
keras.utils.set_random_seed(7)
network = build_model(size=64, width=1 / 16)
random = np.random.default_rng(7)
for layer in network.layers:
    if isinstance(layer, keras.layers.BatchNormalization):
        # As after training: a scale, a shift, a mean and a variance that folding has to get right.
        n = layer.gamma.shape[0]
        layer.set_weights([random.uniform(0.8, 1.2, n), random.normal(0, 0.1, n), random.normal(0, 0.1, n),
                           random.uniform(0.5, 2, n)])
write_card(folder, {"name": "tiny", "version": 1, "encoding": "motion/1/64", "size": 64, "embedding": 128})
save_weights(network, folder / "weights.npz")
export(folder)
"""


@pytest.fixture(scope="session")
def models(pytestconfig: pytest.Config) -> Path:
    """A registry root with the model tiny/1: VGG16-BN at a sixteenth of its width, random weights, exported.

    Made by a process of its own, so that TensorFlow is not loaded here, and kept in pytest's cache until the code that
    makes it changes.
    """
    sources = [BIN / "mousematch" / "model.py", BIN / "mousematch" / "export.py"]
    key = hashlib.blake2b(b"".join(path.read_bytes() for path in sources) + WRITE_TINY_MODEL.encode(), digest_size=8)
    cache = pytestconfig.cache.mkdir("mousematch-models")
    root = cache / key.hexdigest()
    with (cache / "lock").open("w") as lock:
        # Parallel test processes share it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            temporary = cache / "unfinished"
            shutil.rmtree(temporary, ignore_errors=True)
            (temporary / "tiny" / "1").mkdir(parents=True)
            subprocess.run(
                [sys.executable, "-c", WRITE_TINY_MODEL, str(temporary / "tiny" / "1")],
                env={**os.environ, "PYTHONPATH": str(BIN)},
                check=True,
                capture_output=True,
            )
            temporary.rename(root)
    return root


def picture(seed: int, *, tag: str = TAG, size: int = SIZE) -> str:
    """An image of noise, as base64 text."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size, size, 3)).astype(np.uint8)
    return images.to_base64(images.to_png(pixels, tag))


def pictures(count: int, *, first: int = 0) -> list[str]:
    """So many different images."""
    return [picture(first + index) for index in range(count)]


@dataclass
class Head:
    """A search head's state folder, and the scorer that it would start."""

    launch: Launch
    environ: dict[str, str]
    progress: list[str]

    def start(self, **options: float) -> str:
        return ensure_running(self.launch, environ=self.environ, on_progress=self.progress.append, **options)

    def client(self, timeout_s: float = 20.0) -> Client:
        return Client(self.start(), "tiny", timeout_s=timeout_s)

    @property
    def folder(self) -> Path:
        return Path(self.environ["MOUSEMATCH_STATE"]) / "run"

    @property
    def socket(self) -> Path:
        return self.launch.socket(self.folder)

    @property
    def log(self) -> str:
        return (self.folder / "scorer.log").read_text()

    def pids(self) -> list[int]:
        """Processes that serve in this folder, found in /proc by their command line."""
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdecimal() and str(self.folder).encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
        return found

    def other(self, **changes: object) -> Head:
        """The same folder with another launch."""
        return replace(self, launch=replace(self.launch, **changes), progress=[])

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError, ScorerUnavailable):
            stop(self.launch, environ=self.environ)
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)


@pytest.fixture(scope="session")
def make_head(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Head]]:
    heads: list[Head] = []

    def make(**changes: object) -> Head:
        state = tmp_path_factory.mktemp("head")
        launch = Launch((models,), model="tiny", executor="litert", idle_s=60)
        head = Head(replace(launch, **changes), {**os.environ, "MOUSEMATCH_STATE": str(state)}, [])
        heads.append(head)
        return head

    yield make
    for head in heads:
        head.end()


@pytest.fixture
def head(make_head: Callable[..., Head]) -> Head:
    """A search head of its own for a test that harms its scorer."""
    return make_head()


@pytest.fixture(scope="module")
def shared_head(make_head: Callable[..., Head]) -> Head:
    """A search head whose scorer the tests of a module share."""
    return make_head()


def wait_until(condition: Callable[[], bool], *, within_s: float = 10.0) -> bool:
    """Whether the condition comes true in time."""
    end = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def counters(head: Head) -> dict[str, int]:
    """The scorer's counters, from where Prometheus reads them."""
    with head.client() as client:
        text = client._once("GET", "/monitoring/prometheus/metrics", None).decode()
    lines = [line.split() for line in text.splitlines() if not line.startswith("#")]
    return {name.removeprefix("mousematch_scorer_").removesuffix("_total"): int(value) for name, value in lines}


def card(**changes: object) -> str:
    """A model card as text."""
    return json.dumps({"name": "tiny", "version": 1, "encoding": TAG, "size": SIZE, "embedding": EMBEDDING, **changes})
