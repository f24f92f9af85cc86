"""Memory and time of mousescore over 10^3, 10^4 and 10^5 rows with an image of 3 KB each.

    python benchmarks/score_memory.py              up to 10^5 rows (a minute)
    python benchmarks/score_memory.py --largest 4  up to 10^4

The rows repeat 500 distinct images, which the scorer knows after the first; the command decodes and compares every row. It
runs as a process with the chunks on its stdin, as splunkd starts it, 5,000 rows a chunk, and its replies are read as they
come. Peak memory is the kernel's figure for the command's process (VmHWM).
"""

from __future__ import annotations

import argparse
import re
import time
from pathlib import Path

from _search import Head, as_text, by_litert, check, machine, pictures, rows, search_head, verdict

from tests.commands.protocol import CommandProcess, to_csv

DISTINCT, CHUNK_ROWS = 500, 5_000


def run(head: Head, texts: list[str], count: int) -> tuple[float, float]:
    """Peak memory in MB and seconds of one command over so many rows."""
    many = rows([texts[number % len(texts)] for number in range(min(count, CHUNK_ROWS))])
    body = to_csv(many.rows())
    server = head.splunkd.server
    info = {"splunkd_uri": server.uri, "session_key": server.session_key}
    began = time.perf_counter()
    with CommandProcess("mousescore", searchinfo=info, env={"MOUSEMATCH_STATE": str(head.state)}) as command:
        command.getinfo()
        answered = 0
        for first in range(0, count, CHUNK_ROWS):
            reply = command.execute(body, finished=first + CHUNK_ROWS >= count)
            answered += len(reply.rows)
            if reply.error or any(row["match_error"] or not row["match_llr"] for row in reply.rows):
                raise SystemExit(f"mousescore failed: {reply.error or reply.rows[0]['match_error']}")
        status = Path(f"/proc/{command.process.pid}/status").read_text()
    if answered != count:
        raise SystemExit(f"mousescore answered {answered} of {count} rows.")
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert peak is not None
    return int(peak[1]) / 1024, time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--largest", type=int, default=5, help="10^3 to 10^LARGEST rows")
    options = parser.parse_args()
    print(machine())
    with search_head() as head:
        check(head, by_litert)
        texts = as_text(pictures(DISTINCT, seed=1))
        size = sum(map(len, texts)) * 3 / 4 / len(texts)
        print(f"{DISTINCT} distinct images of {size:,.0f} bytes on average, {CHUNK_ROWS:,} rows a chunk")
        peaks = {}
        for exponent in range(3, options.largest + 1):
            peaks[exponent], wall_s = run(head, texts, 10**exponent)
            print(f"10^{exponent} rows: peak {peaks[exponent]:.0f} MB, {wall_s:.2f} s")
    # one full chunk is there from 10^4 rows on; from then on nothing may grow
    last = peaks[options.largest]
    growth = last / peaks[min(4, options.largest)]
    verdict(
        f"memory of mousescore, 10^{options.largest} rows",
        f"10^{min(4, options.largest)}",
        "flat, ≤ 300 MB",
        f"{last:.0f} MB, {growth:.2f} ×",
        growth <= 1.1 and last <= 300,
    )


if __name__ == "__main__":
    main()
