"""How fast the scorer embeds images through its socket, against keras.Model.predict on arrays that lie ready.

    python benchmarks/scorer.py                       LiteRT on the CPU (a minute)
    python benchmarks/scorer.py --executor tensorflow the TensorFlow executor, on a GPU where there is one
    python benchmarks/scorer.py --searches 8          eight searches at once

Both embed the same number of images with the same weights, in turns, in one run. The scorer's time includes base64, JSON,
the socket, decoding the PNGs, and the way back; every image is new to it, so its cache helps nothing. The weights are the
shipped model's, or random ones of full width where it is not exported.
"""

from __future__ import annotations

import argparse
import os
import platform
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from mousematch import images
from mousematch.errors import ModelError
from mousematch.registry import ModelVersion, Registry
from mousematch.scorer.client import Client
from mousematch.scorer.launch import Launch
from mousematch.scorer.supervisor import ensure_running, stop

APP = Path(__file__).resolve().parent.parent


def main() -> int:
    options = _options()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        model = _shipped() or _random(Path(folder) / "models")
        environ = {**os.environ, "MOUSEMATCH_STATE": folder}
        launch = Launch((model.folder.parents[1],), model=model.name, executor=options.executor, threads=options.threads)
        print(f"model {model.reference}, images of {model.size} x {model.size} pixels, {options.images} a repetition")
        # TensorFlow is imported after the cold start was measured, or it would have warmed the disk's cache.
        began = time.perf_counter()
        address = ensure_running(launch, environ=environ, start_timeout_s=600)
        first = _pictures(1, model, seed=-1)
        with Client(address, model.name, timeout_s=600) as client:
            client.embed(first)
            print(f"cold start to the first embedding {time.perf_counter() - began:10.2f} s")
            try:
                _measure(client, address, model, options)
            finally:
                stop(launch, environ=environ)
    return 0


def _measure(client: Client, address: str, model: ModelVersion, options: argparse.Namespace) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    from mousematch.weights import load_model

    keras.utils.disable_interactive_logging()
    network = load_model(model.folder / "weights.npz", size=model.size)
    arrays = _noise(options.images, model.size, seed=0).astype(np.float32) / np.float32(255)
    network.predict(arrays[: options.batch], batch_size=options.batch)
    predicting, scoring = [], []
    predicting_cpu, scoring_cpu = 0.0, 0.0
    for repetition in range(options.repetitions):
        before = _cpu_s(address)
        predicting.append(_seconds(lambda: network.predict(arrays, batch_size=options.batch)))
        predicting_cpu += _cpu_s(address) - before
        new = _pictures(options.images, model, seed=repetition)
        before = _cpu_s(address)
        scoring.append(_seconds(lambda new=new: _embed(address, model, new, options.searches)))
        scoring_cpu += _cpu_s(address) - before
    cached = min(_seconds(lambda: client.embed(new)) for _ in range(3))
    singles = [_pictures(1, model, seed=1000 + number) for number in range(10)]
    one = statistics.median(_seconds(lambda single=single: client.embed(single)) for single in singles)
    metadata = client.metadata()["metadata"]["mousematch"]
    predict = options.images / statistics.median(predicting)
    scorer = options.images / statistics.median(scoring)
    searches = f", {options.searches} searches at once" if options.searches > 1 else ""
    total = options.images * options.repetitions
    print(f"keras.Model.predict, ready arrays {predict:12.1f} images/s {total / predicting_cpu:8.1f} per CPU second")
    name = f"scorer ({metadata['executor']}, {metadata['device']}{searches})"
    print(f"{name} {scorer:12.1f} images/s {total / scoring_cpu:8.1f} per CPU second, both processes")
    print(f"ratio {scorer / predict:12.2f} by the clock {predicting_cpu / scoring_cpu:8.2f} by CPU time")
    print(f"images that the scorer has seen {options.images / cached:12.1f} images/s")
    print(f"one new image, warm {1e3 * one:12.1f} ms")
    print(f"importing TensorFlow takes {_import_s():12.1f} s")


def _embed(address: str, model: ModelVersion, pictures: list[str], searches: int) -> None:
    def search(part: list[str]) -> None:
        with Client(address, model.name, timeout_s=600) as client:
            client.embed(part)

    with ThreadPoolExecutor(searches) as threads:
        list(threads.map(search, (pictures[number::searches] for number in range(searches))))


def _seconds(work: object) -> float:
    began = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - began


def _cpu_s(address: str) -> float:
    """CPU time of this process and the scorer's so far. On a machine that is busy otherwise it says more than the clock."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.connect(address.removeprefix("unix:"))
        credentials = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid = struct.unpack("3i", credentials)[0]
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return time.process_time() + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _import_s() -> float:
    return _seconds(lambda: subprocess.run([sys.executable, "-c", "import tensorflow"], check=True, capture_output=True))


def _noise(count: int, size: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed + 1).integers(0, 256, (count, size, size, 3)).astype(np.uint8)


def _pictures(count: int, model: ModelVersion, seed: int) -> list[str]:
    """Noise, which no PNG compresses: an upper bound for reading and sending real images."""
    return [images.to_base64(images.to_png(picture, model.encoding)) for picture in _noise(count, model.size, seed)]


def _shipped() -> ModelVersion | None:
    try:
        model = Registry([APP / "models"]).resolve("base")
    except ModelError:
        return None
    exported = all((model.folder / name).is_file() for name in ("weights.npz", "model.tflite", "saved_model.pb"))
    return model if exported else None


def _random(root: Path) -> ModelVersion:
    print("the shipped model is not exported; exporting random weights of full width", flush=True)
    from mousematch import export, weights
    from mousematch.model import build_model

    folder = root / "base" / "1"
    folder.mkdir(parents=True)
    weights.write_card(folder, {"encoding": "motion/1/64", "size": 64, "embedding": 128})
    weights.save_weights(build_model(size=64), folder / "weights.npz")
    export.export(folder)
    return Registry([root]).resolve("base")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--executor", default="litert", choices=("auto", "litert", "mnn", "tensorflow"))
    parser.add_argument("--images", default=128, type=int, help="images a repetition")
    parser.add_argument("--repetitions", default=3, type=int)
    parser.add_argument("--batch", default=32, type=int, help="batch size of keras.Model.predict")
    parser.add_argument("--searches", default=1, type=int, help="searches at once")
    parser.add_argument("--threads", default=0, type=int, help="CPU threads of the scorer; 0: one a core")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
