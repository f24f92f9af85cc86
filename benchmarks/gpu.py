"""How fast a GPU runs and trains the network, against the same network in PyTorch, and as a share of its matrix peak.

    python -m benchmarks gpu               a machine with an NVIDIA GPU (some minutes)
    python -m benchmarks gpu --device cpu --width 0.0625 --images 64 --side 512 --mode default
                                           that both compute the same, on any machine (two minutes)

No figure of a GPU has been measured yet: none was available. What has been run is the second line.

VGG16 with batch normalisation, as in mousematch.model, without the wide part; random weights, the same in both frameworks.
Ours is Keras on TensorFlow, compiled by XLA, mixed_bfloat16. Theirs is PyTorch: channels_last, torch.compile, bfloat16
weights for inference, autocast and fused AdamW for training. Images are float32 on the device before anything is timed; each
framework has a process of its own, and they work in turns. The matrix peak is the rate of a product of two large bfloat16
matrices, by the faster framework, in the same run. Before that, embeddings and the losses of some steps of training are
compared, and the benchmark ends without figures if they are not the same.

Needs torch, which is not among the project's packages: pip install torch.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import multiprocessing
import statistics
import sys
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from _gpu_networks import BFLOAT16, FLOAT32, Keras, Task, Torch, task
from _search import machine, verdict

# Largest differences: of an embedding's element between the frameworks, and of bfloat16 from float32; of a loss, relative.
# The losses begin above 7 and fall by half or more from step to step.
EXACT, ROUNDED, LOSS, LOSS_ROUNDED = 1e-4, 0.05, 5e-3, 0.1
SKIPPED = 77  # the exit code of a benchmark that this machine cannot run; __main__ knows it
NODES = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg")
FRAMEWORKS = (Keras, Torch)


def serve(connection: Connection, framework: type, given: Task) -> None:
    """In a framework's process: calls the methods that the other side names, until it closes."""
    try:
        made = framework(given)
        connection.send(made.title)
        while True:
            name, *arguments = connection.recv()
            connection.send(getattr(made, name)(*arguments))
    except EOFError:
        return
    except BaseException as exc:
        connection.send(exc if isinstance(exc, SystemExit) else SystemExit(f"{framework.__name__}: {exc!r}"))


@contextlib.contextmanager
def process(framework: type, given: Task) -> Iterator[Callable[..., Any]]:
    """A framework in a process of its own; the first call without arguments gives its title."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    worker = context.Process(target=serve, args=(there, framework, given), daemon=True)
    worker.start()
    there.close()

    def call(*arguments: Any) -> Any:
        if arguments:
            here.send(arguments)
        try:
            found = here.recv()
        except EOFError:
            raise SystemExit(f"The process of {framework.__name__} died.") from None
        if isinstance(found, SystemExit):
            raise found
        return found

    try:
        yield call
    finally:
        here.close()
        worker.join()


def near(what: str, ours: Any, theirs: Any, allowed: float) -> None:
    """Prints how far two results are apart, relative for numbers above 1; ends the benchmark if that is too far."""
    ours, theirs = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    furthest = float((np.abs(ours - theirs) / np.maximum(1, np.abs(theirs))).max())
    print(f"{what}: {furthest:.1e} apart, {allowed:g} allowed")
    if not furthest <= allowed:
        raise SystemExit("The frameworks do not compute the same.")


def compare(ours: Callable[..., Any], theirs: Callable[..., Any]) -> None:
    """Ends the benchmark if the frameworks differ. Leaves both ready to be timed in bfloat16."""
    exact = ours("embeddings", FLOAT32)
    near("embeddings in float32", exact, theirs("embeddings", FLOAT32), EXACT)
    losses = ours("losses", FLOAT32)
    near("losses in float32", losses, theirs("losses", FLOAT32), LOSS)
    for name, call in (("Keras", ours), ("PyTorch", theirs)):
        near(f"embeddings in bfloat16, {name}", call("embeddings", BFLOAT16), exact, ROUNDED)
        near(f"losses in bfloat16, {name}", call("losses", BFLOAT16), losses, LOSS_ROUNDED)


def missing(device: str) -> str:
    """Why it cannot be run here; empty if it can."""
    if device == "cuda" and not any(Path(node).exists() for node in NODES):
        return "this machine has no NVIDIA GPU"
    return "" if importlib.util.find_spec("torch") else "torch is not installed (pip install torch)"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--width", type=float, default=1.0, help="of the network; 1 is VGG16")
    parser.add_argument("--images", type=int, default=25_600, help="of a repetition")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--side", type=int, default=8_192, help="of the matrices that the peak is measured with")
    parser.add_argument("--mode", default="max-autotune-no-cudagraphs", help="of torch.compile")
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()
    why = missing(options.device)
    if why:
        print(f"skipped: {why}")
        return SKIPPED
    batch = min(options.batch, options.images)
    given = task(device=options.device, width=options.width, batch=batch, mode=options.mode, side=options.side)
    print(machine())
    times: dict[tuple[str, str], list[float]] = {}
    with contextlib.ExitStack() as processes:
        calls = {kind.__name__: processes.enter_context(process(kind, given)) for kind in FRAMEWORKS}
        print(" against ".join(call() for call in calls.values()), flush=True)
        compare(*calls.values())
        for _ in range(options.repetitions):
            for what in ("infer", "train", "multiply"):
                count = 20 if what == "multiply" else options.images // batch
                for name, call in calls.items():
                    times.setdefault((what, name), []).append(call(what, count))
    peak = max(2 * options.side**3 / statistics.median(times["multiply", name]) for name in calls)
    print(f"matrix peak {peak / 1e12:.2f} TFLOP/s; medians of {options.repetitions}, in turns")
    for what, title, passes in (("infer", "inference", 1), ("train", "training", 3)):
        ours, theirs = (batch / statistics.median(times[what, name]) for name in calls)
        work = passes * given.flops()
        verdict(
            f"{title}, VGG16-BN of width {options.width:g}, bfloat16, batches of {batch}, {options.device}",
            f"PyTorch, {theirs:,.0f} images/s, {theirs * work / peak:.0%} of the matrix peak",
            "≥ 1.0 ×",
            f"{ours / theirs:.2f} × ({ours:,.0f} images/s, {ours * work / peak:.0%} of the matrix peak)",
            ours >= theirs,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
