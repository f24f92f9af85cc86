"""Eight searches at once on one scorer, against one search eight times as large; none may starve.

    python benchmarks/searches.py                  eight of 250 windows against one of 2,000 (two minutes)
    python benchmarks/searches.py --windows 40     smaller

Each is a search with mousescore on the embedded search head, timed from its start to its last row; every image is new to the
scorer. Some windows' LLRs are compared with those that LiteRT gives for each image alone.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ThreadPoolExecutor

from _search import (
    Cost,
    Head,
    as_text,
    by_litert,
    check,
    machine,
    median,
    pictures,
    rows,
    search_head,
    verdict,
)

from searchhead.table import Table

SEARCHES = 8


def at_once(head: Head, given: list[Table]) -> list[float]:
    """Seconds from the common start to the end of each search."""
    began = time.perf_counter()

    def search(table: Table) -> float:
        head.score(table)
        return time.perf_counter() - began

    with ThreadPoolExecutor(len(given)) as threads:
        return list(threads.map(search, given))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=int, default=250, help="images of each of the eight")
    parser.add_argument("--repetitions", type=int, default=3)
    options = parser.parse_args()
    print(machine())
    large, eight, fairness = [], [], []
    with search_head() as head:
        apart = check(head, by_litert)
        for repetition in range(options.repetitions):
            texts = as_text(pictures(SEARCHES * options.windows, seed=2 * repetition + 1))
            given = rows(texts)
            large.append(head.cost(head.score, given)[0])
            texts = as_text(pictures(SEARCHES * options.windows, seed=2 * repetition + 2))
            parts = [rows(texts[number::SEARCHES]) for number in range(SEARCHES)]
            cost, ends = head.cost(at_once, head, parts)
            eight.append(cost)
            fairness.append(Cost(max(ends), min(ends)))
    one, many = median(large), median(eight)
    slowest, fastest = median(fairness)
    print(
        f"medians of {options.repetitions}, in turns; LLRs differ from the plain implementation's by {apart:.1e} at most"
    )
    print(f"one search of {SEARCHES * options.windows:,} windows{one.wall_s:>24.2f} s{one.cpu_s:>9.2f} s CPU")
    print(f"{SEARCHES} searches of {options.windows:,} windows at once{many.wall_s:>20.2f} s{many.cpu_s:>9.2f} s CPU")
    print(f"the slowest of the eight ended after {slowest:.2f} s, the fastest after {fastest:.2f} s")
    ratio, spread = many.wall_s / one.wall_s, slowest / fastest
    verdict(
        "eight searches at once",
        "one eight times as large",
        "≤ 1.1 ×",
        f"{ratio:.2f} × ({many.cpu_s / one.cpu_s:.2f} × the CPU time); slowest / fastest {spread:.2f}",
        ratio <= 1.1,
    )


if __name__ == "__main__":
    main()
