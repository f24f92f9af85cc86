"""How mouseencode grows: points in one process, its memory, and the map phase over several indexers.

    python benchmarks/encode_scale.py                10^5 and 10^6 points, 1 to 8 indexers (half a minute)
    python benchmarks/encode_scale.py --largest 7    up to 10^7 points

CPU time is what an indexer or a search head of its own would need.
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
from pathlib import Path

from _search import machine, verdict
from encode import APP, FIELDS, chunks, cost, frame, getinfo, records

COMMAND = APP / "bin" / "mouseencode.py"
ROWS = 50_000
INDEXERS = (1, 2, 4, 8)
POINTS_OVER_INDEXERS = 1_600_000


def growth(folder: Path, largest: int) -> None:
    """Prints time and peak memory of one reduce process that gets the events themselves, and the exponent of its growth."""
    requests, out = folder / "requests", folder / "out"
    requests.write_bytes(getinfo())
    start_s = min(cost(COMMAND, requests, out).cpu_s for _ in range(3))
    work: list[float] = []
    for exponent in range(5, largest + 1):
        count = 10**exponent
        chunks(requests, count, ROWS)
        run = sorted((cost(COMMAND, requests, out) for _ in range(3)), key=lambda run: run.cpu_s)[1]
        work.append(run.cpu_s - start_s)
        print(
            f"10^{exponent} points in one reduce process: {run.wall_s:.1f} s, {run.cpu_s:.2f} s CPU "
            f"({run.cpu_s / count * 1e6:.2f} µs a point), peak {run.peak_mb:.0f} MB"
        )
    exponents = [math.log10(later / earlier) for earlier, later in zip(work, work[1:])]
    verdict(
        f"growth from 10^5 to 10^{largest} points in one reduce process",
        "linear",
        "exponent ≤ 1.05",
        f"{' and '.join(f'{found:.2f}' for found in exponents)}, start subtracted",
        max(exponents) <= 1.05,
    )
    verdict(
        f"memory of the reduce process, 10^{largest} points",
        "–",
        "≤ 300 MB",
        f"{run.peak_mb:.0f} MB",
        run.peak_mb <= 300,
    )


def indexers(folder: Path) -> None:
    """Prints what the map phase takes when the same points lie on several indexers, each with a process of its own."""
    lines = list(records(POINTS_OVER_INDEXERS))
    header = ",".join(FIELDS) + "\n"
    requests, out = folder / "requests", folder / "out"
    # A process that has read a chunk has started: numpy loads with it, and its memory is used again.
    chunks(requests, ROWS, ROWS, "phase=map")
    start_s = statistics.mean(cost(COMMAND, requests, out).cpu_s for _ in range(8))
    work: list[float] = []
    for count in INDEXERS:
        for number in range(count):
            # Events are spread over indexers one by one, so that every indexer has some of every session.
            mine = lines[number::count]
            requests = folder / f"indexer{number}"
            with requests.open("wb") as file:
                file.write(getinfo("phase=map"))
                for first in range(0, len(mine), ROWS):
                    body = (header + "".join(mine[first : first + ROWS])).encode()
                    file.write(frame({"action": "execute", "finished": False}, body))
                file.write(frame({"action": "execute", "finished": True}))
        # One after the other: together they would take each other's cache, which indexers of their own do not.
        cpu_s = [cost(COMMAND, folder / f"indexer{number}", out).cpu_s for number in range(count)]
        work.append((statistics.mean(cpu_s) - start_s) / (POINTS_OVER_INDEXERS / count - ROWS))
        print(
            f"{POINTS_OVER_INDEXERS:,} points over {count} indexers, map phase: {max(cpu_s):.2f} s CPU on the slowest, "
            f"{sum(cpu_s):.2f} s in all"
        )
    exponent = 1 + math.log(work[-1] / work[0], INDEXERS[-1])
    verdict(
        f"map phase of {POINTS_OVER_INDEXERS:,} points, from 1 to {INDEXERS[-1]} indexers",
        "linear",
        "exponent ≤ 1.05",
        f"{exponent:.2f}: {work[0] * 1e6:.2f} and {work[-1] * 1e6:.2f} µs a point by CPU time, the first chunk subtracted",
        exponent <= 1.05,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--largest", type=int, default=6, help="points in one reduce process: from 10^5 to 10^LARGEST")
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        growth(Path(folder), options.largest)
        indexers(Path(folder))


if __name__ == "__main__":
    main()
