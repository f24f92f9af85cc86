"""Images scored a second in a search with mousescore, against keras.Model.predict on ready arrays, and against sgemm.

    python benchmarks/scoring.py                       every CPU executor that is installed (two minutes each)
    python benchmarks/scoring.py --executor litert     one of them

A search is timed from its start to its last row: the command's process, CSV, templates from the KV store, base64, decoding
the PNGs twice (the command refuses damaged ones), JSON, the scorer's socket, the network, LLRs. Every image is new to the
scorer. Keras gets its arrays decoded and in memory, and the same weights; it predicts in batches of several sizes, and its
quickest go counts, since some goes, with any size, use little more than one of two cores. sgemm is numpy's product of
float32 matrices of 2,048 x 2,048 on all cores; the network's work is counted layer by layer as direct convolutions, two
operations for each multiplication and addition. The LLRs of each executor have to be those of Keras' embeddings.
"""

from __future__ import annotations

import argparse
import contextlib
import time

import numpy as np
from _search import (
    TOLERANCE,
    Cost,
    as_floats,
    as_text,
    by_keras,
    check,
    executors,
    keras_network,
    machine,
    median,
    model,
    pictures,
    rows,
    search_head,
    verdict,
)

SIDE = 2_048
BATCHES = (32, 64, 128, 256)  # of keras.Model.predict
CHECKED = 64  # images whose LLRs are compared


def flops(network: object) -> int:
    """Floating-point operations for one image: those of convolutions and dense layers."""
    import keras

    total = 0
    for layer in network.layers:  # type: ignore[attr-defined]
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.Dense)):
            places = int(np.prod(layer.output.shape[1:-1])) if isinstance(layer, keras.layers.Conv2D) else 1
            total += 2 * int(np.prod(layer.kernel.shape)) * places
    return total


def sgemm_gflops(products: int = 20) -> float:
    """10^9 operations a second of numpy's matrix product."""
    left, right = np.random.default_rng(1).random((2, SIDE, SIDE), np.float32)
    np.matmul(left, right)
    began = time.perf_counter()
    for _ in range(products):
        np.matmul(left, right)
    return 2 * SIDE**3 * products / (time.perf_counter() - began) / 1e9


def _per(cost: Cost, images: int) -> Cost:
    return Cost(cost.wall_s / images, cost.cpu_s / images)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--executor", choices=executors(), help="this one alone")
    parser.add_argument("--windows", type=int, default=2_000, help="images of a search, one a row")
    parser.add_argument("--predicted", type=int, default=256, help="images of one keras.Model.predict")
    parser.add_argument("--repetitions", type=int, default=3)
    options = parser.parse_args()
    print(machine())
    network = keras_network()
    work = flops(network)
    chosen = [options.executor] if options.executor else executors()
    costs: dict[str, list[Cost]] = {name: [] for name in ("keras", *chosen)}
    rates: list[float] = []
    with contextlib.ExitStack() as heads:
        head = {name: heads.enter_context(search_head(name)) for name in chosen}
        arrays = as_floats(pictures(options.predicted, seed=1))
        differences = {name: check(head[name], by_keras, CHECKED) for name in chosen}
        for batch in BATCHES:
            network.predict(arrays, batch)  # traced before it is timed
        for repetition in range(options.repetitions):
            rates.append(sgemm_gflops())
            costs["keras"] += [head[chosen[0]].cost(network.predict, arrays, batch)[0] for batch in BATCHES]
            for name in chosen:
                given = rows(as_text(pictures(options.windows, seed=10 * repetition + 2 + chosen.index(name))))
                costs[name].append(head[name].cost(head[name].score, given)[0])
    # per image
    each = {"keras": _per(Cost(*map(min, zip(*costs["keras"]))), options.predicted)}
    each.update({name: _per(median(costs[name]), options.windows) for name in chosen})
    gflops = float(np.median(rates))
    print(
        f"model {model().reference}: {work / 1e9:.3f} GFLOP an image; sgemm {gflops:.0f} GFLOP/s "
        f"({min(rates):.0f} to {max(rates):.0f}); medians of {options.repetitions}, in turns"
    )
    print(
        f"{'':<34}{'images/s':>10}{'CPU ms':>9}{'GFLOP/s':>9}{'of sgemm':>9}{'of Keras':>9}{'by CPU':>8}{'LLR apart':>12}"
    )
    for name, cost in each.items():
        title = "keras.Model.predict, ready arrays" if name == "keras" else f"search of {options.windows:,}, {name}"
        rate = work / cost.wall_s / 1e9
        apart = f"{differences[name]:.1e}" if name in differences else ""
        print(
            f"{title:<34}{1 / cost.wall_s:>10.1f}{1e3 * cost.cpu_s:>9.2f}{rate:>9.0f}{rate / gflops:>9.2f}"
            f"{each['keras'].wall_s / cost.wall_s:>9.2f}{each['keras'].cpu_s / cost.cpu_s:>8.2f}{apart:>12}"
        )
    for name in chosen:
        ratio, share = each["keras"].wall_s / each[name].wall_s, work / each[name].wall_s / 1e9 / gflops
        what = f"scoring {options.windows:,} windows, {name}"
        verdict(what, "keras.Model.predict", "≥ 1.6 ×", f"{ratio:.2f} ×", ratio >= 1.6)
        verdict(what, "sgemm", "≥ 0.9", f"{share:.2f}", share >= 0.9)
        apart = differences[name]
        verdict(f"LLRs of {name}", "Keras", f"within {TOLERANCE:g}", f"{apart:.1e}", apart <= TOLERANCE)


if __name__ == "__main__":
    main()
