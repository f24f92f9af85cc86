"""What benchmarks of searches share: a search head with an enrolled user, images that nobody has seen, the scorer's process.

    with search_head("litert") as head:
        head.score(rows(pictures(2_000, seed=1)))      a search with mousescore: its rows

Searches go as analysts' do, through the embedded search head: REST for settings and templates, a process for each command.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import platform
import resource
import signal
import socket
import statistics
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

APP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(APP), str(APP / "bin")]

from mousematch import images, matching  # noqa: E402
from mousematch.matching import Backend  # noqa: E402
from mousematch.registry import ModelVersion, Registry  # noqa: E402
from mousematch.settings import Settings  # noqa: E402
from mousematch.templates import COLLECTION, Template, to_document  # noqa: E402
from searchhead.splunkd.head import SearchHead  # noqa: E402
from searchhead.splunkd.kvstore import Namespace  # noqa: E402
from searchhead.splunkd.search import Options  # noqa: E402
from searchhead.table import Table  # noqa: E402

TOLERANCE = 1e-3  # of an LLR, between executors
USER = "owner"


class Cost(NamedTuple):
    """What some work took, by the clock and in CPU seconds of everything that took part, the scorer included."""

    wall_s: float
    cpu_s: float


class Head:
    """A search head of its own, with one enrolled user; ``executor`` is the scorer's."""

    def __init__(self, state: Path, executor: str = "auto", app: Path = APP) -> None:
        self.state = state
        self.splunkd = SearchHead(app, state)
        if app == APP:
            self.splunkd.confs.update("mousematch", "scorer", {"executor": executor})
            where = Namespace("mousematch", COLLECTION, "nobody")
            self.splunkd.store.save(where, [to_document(template(USER))])
        _ = self.splunkd.server  # up before anything is timed

    def search(self, text: str, given: Table) -> Table:
        """The results of a search that begins with these rows."""
        return self.splunkd.search(f"| loadjob {text}", Options(parse_launches=0, given=given)).run()

    def score(self, given: Table) -> Table:
        """The rows with their scores; ends the benchmark if one has none."""
        return scored(self.search("| mousescore", given))

    def scorers(self) -> list[int]:
        """The process ids of the scorers that run."""
        return [pid for path in (self.state / "run").glob("scorer-*.sock") if (pid := _listener(path))]

    def stop_scorers(self) -> None:
        """Ends them, and waits until nobody listens."""
        for pid in self.scorers():
            os.kill(pid, signal.SIGTERM)
        while self.scorers():
            time.sleep(0.02)

    def cost(self, work: Callable[..., Any], *arguments: Any) -> tuple[Cost, Any]:
        """What some work takes, and its result."""
        before, began = self._cpu_s(), time.perf_counter()
        result = work(*arguments)
        return Cost(time.perf_counter() - began, self._cpu_s() - before), result

    def _cpu_s(self) -> float:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        ticks = 0
        for pid in self.scorers():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return time.process_time() + children.ru_utime + children.ru_stime + ticks / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def search_head(executor: str = "auto", app: Path = APP) -> Iterator[Head]:
    """A search head in a temporary folder, and the end of its scorers."""
    with tempfile.TemporaryDirectory() as folder:
        head = Head(Path(folder), executor, app)
        try:
            yield head
        finally:
            head.stop_scorers()
            head.splunkd.close()


def executors() -> list[str]:
    """The CPU executors that this Python has, the faster first."""
    packages = {"mnn": "MNN", "litert": "ai_edge_litert"}
    return [name for name, package in packages.items() if importlib.util.find_spec(package)]


@cache
def model() -> ModelVersion:
    """The model that mousematch.conf ships with."""
    return Registry([APP / "models"]).resolve(Settings().matching.model)


@cache
def backend() -> Backend:
    """The model's way from similarities to LLRs."""
    return Backend.from_card(model().card["backend"], model().cohort())


def template(user: str) -> Template:
    """A template: somebody of the model's cohort."""
    found = model()
    return Template(user, found.reference, found.encoding, backend().cohort[0], 20, 4, 400.0, 2.0, 1.8e9, "admin")


@cache
def _drawn() -> tuple[np.ndarray, ...]:
    """The images of the sample's sessions, uint8 (size, size, 3) each."""
    with search_head() as head:
        text = '| inputlookup mousematch_sample.csv where purpose="test" | mouseencode | table image'
        column = head.splunkd.search(text, Options(parse_launches=0)).run().column("image")
    cells = [cell if isinstance(cell, list) else [cell] for cell in column if cell]
    return tuple(images.from_png(images.from_base64(image), model().encoding) for cell in cells for image in cell)


def pictures(count: int, seed: int) -> list[np.ndarray]:
    """The sample's images over and over, each with two pixels changed: so many that no scorer has seen, for each seed."""
    drawn, random = _drawn(), np.random.default_rng(seed)
    found = []
    for number in range(count):
        found.append(drawn[number % len(drawn)].copy())
        found[-1][0, :2] = random.integers(0, 256, (2, 3))
    return found


def as_text(pixels: Sequence[np.ndarray]) -> list[str]:
    """PNGs in base64, as mouseencode writes them."""
    return [images.to_base64(images.to_png(one, model().encoding)) for one in pixels]


def rows(texts: Sequence[str]) -> Table:
    """A row for each image, all claimed by the enrolled user."""
    same = {"user": USER, "window_active_s": "20", "window_distance_px": "900", "active_s": "20"}
    columns = {name: [value] * len(texts) for name, value in same.items()}
    return Table.from_columns({"session": [f"s{number}" for number in range(len(texts))], **columns, "image": texts})


def scored(table: Table) -> Table:
    """The table, if every row has a score; ends the benchmark otherwise."""
    errors = [error for error in table.column("match_error") if error]
    if errors or not len(table) or not all(table.column("match_llr")):
        raise SystemExit(f"The search failed: {errors[:1] or 'rows without scores'}")
    return table


def difference(table: Table, embeddings: np.ndarray) -> float:
    """How far the LLRs of rows with one image each are from those of the embeddings, float32 (n, d)."""
    plain = matching.window_llrs(embeddings, backend().cohort[0], backend())
    return float(np.abs(np.array([float(str(llr)) for llr in table.column("window_llr")]) - plain).max())


@cache
def known(count: int) -> tuple[np.ndarray, ...]:
    """The images that results are compared on."""
    return tuple(pictures(count, seed=0))


def check(head: Head, plain: Callable[[int], np.ndarray], count: int = 32) -> float:
    """How far LLRs of the head's scorer are from the plain implementation's on the known images.

    Ends the benchmark if they are further apart than TOLERANCE.
    """
    return within(difference(head.score(rows(as_text(known(count)))), plain(count)))


def within(furthest: float) -> float:
    """A difference of LLRs, if it is within TOLERANCE; ends the benchmark otherwise."""
    if not furthest <= TOLERANCE:
        raise SystemExit(
            f"LLRs differ by {furthest:.2g} from those of the plain implementation; {TOLERANCE:g} is allowed."
        )
    return furthest


@cache
def by_litert(count: int) -> np.ndarray:
    """The known images' embeddings by LiteRT in this process, one image at a time, on one thread."""
    from mousematch.scorer import executors as networks

    network = networks.load(model(), executor=networks.LITERT, threads=1)
    return np.concatenate([network.embed(one[None]) for one in known(count)])


@cache
def keras_network() -> Any:
    """The model in Keras, from its weights."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    from mousematch.weights import load_model

    keras.utils.disable_interactive_logging()
    return load_model(model().folder / "weights.npz", size=model().size)


@cache
def by_keras(count: int) -> np.ndarray:
    """The known images' embeddings by Keras on the model's weights: what the app's network is."""
    return np.asarray(keras_network().predict(as_floats(known(count))))


def as_floats(pixels: Sequence[np.ndarray]) -> np.ndarray:
    """A network's input, float32 (n, size, size, 3) in 0-1."""
    return np.stack(pixels).astype(np.float32) / np.float32(255)


def median(costs: Sequence[Cost]) -> Cost:
    """Of the clock and of CPU time, each on its own."""
    return Cost(*(statistics.median(values) for values in zip(*costs)))


def verdict(what: str, against: str, goal: str, measured: str, reached: bool) -> None:
    """Prints a row of docs/benchmarks.md, for grep."""
    print(f"| {what} | {against} | {goal} | {measured} | {'reached' if reached else 'not reached'} |")


def machine() -> str:
    """The machine in one line, for the head of a benchmark's output."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    python = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    return f"{names[0] if names else platform.machine()}, {python}, load before {os.getloadavg()[0]:.1f}"


def _listener(path: Path) -> int | None:
    """The process that listens on a Unix socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return None
        return int(
            struct.unpack("3i", probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))[0]
        )
