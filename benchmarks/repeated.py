"""A search of 2,300 rows that repeat 800 distinct images, against one of the 800.

    python benchmarks/repeated.py                  a minute and a half
    python benchmarks/repeated.py --images 80      smaller, as many rows in proportion

Timed from the search's start to its last row, mousescore on the embedded search head. The scorer has seen none of the images
before: each search has new ones. Rows with the same image have to get the same score, and some are compared with what
LiteRT gives for each image alone.
"""

from __future__ import annotations

import argparse

from _search import (
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


def check_repeats(table: Table) -> None:
    """Ends the benchmark if the same image has two scores."""
    scores = dict(zip(table.column("image"), table.column("match_llr")))  # type: ignore[arg-type]
    if any(scores[str(image)] != llr for image, llr in zip(table.column("image"), table.column("match_llr"))):
        raise SystemExit("Rows with the same image have different scores.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=800, help="distinct images")
    parser.add_argument("--repetitions", type=int, default=3)
    options = parser.parse_args()
    many = options.images * 2_300 // 800
    print(machine())
    once, repeated = [], []
    with search_head() as head:
        apart = check(head, by_litert)
        for repetition in range(options.repetitions):
            given = rows(as_text(pictures(options.images, seed=2 * repetition + 1)))
            once.append(head.cost(head.score, given)[0])
            texts = as_text(pictures(options.images, seed=2 * repetition + 2))
            given = rows([texts[7 * number % len(texts)] for number in range(many)])
            cost, table = head.cost(head.score, given)
            repeated.append(cost)
            check_repeats(table)
    plain, cost = median(once), median(repeated)
    print(
        f"medians of {options.repetitions}, in turns; LLRs differ from the plain implementation's by {apart:.1e} at most"
    )
    print(f"{options.images:,} rows, each with an image of its own{plain.wall_s:>12.2f} s{plain.cpu_s:>9.2f} s CPU")
    print(f"{many:,} rows that repeat {options.images:,} images{cost.wall_s:>16.2f} s{cost.cpu_s:>9.2f} s CPU")
    ratio = cost.wall_s / plain.wall_s
    verdict(
        f"{many:,} rows of {options.images:,} images",
        f"the {options.images:,} once",
        "≤ 1.15 ×",
        f"{ratio:.2f} × ({cost.cpu_s / plain.cpu_s:.2f} × the CPU time)",
        ratio <= 1.15,
    )


if __name__ == "__main__":
    main()
