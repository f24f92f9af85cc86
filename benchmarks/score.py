"""How long one session's score takes with a warm scorer, against importing TensorFlow in the command.

    python benchmarks/score.py                 the model that mousematch.conf names (export it first: make export)
    python benchmarks/score.py --model NAME    another one of the registry ($MOUSEMATCH_STATE/models or models/)

Each search is timed from the start of its first process to the last byte of its last reply, on the embedded search head's
REST endpoints for settings and templates. The session comes from the sample telemetry. CPU time of the commands stands
beside wall time, because it says more on a machine that does other things as well; the scorer's own is not in it.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

APP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(APP), str(APP / "bin")]

from mousematch.errors import ModelError  # noqa: E402
from mousematch.settings import Settings  # noqa: E402
from mousematch.splunk.models import registry  # noqa: E402
from tests.commands.protocol import Result, run, run_map_reduce  # noqa: E402
from tests.commands.splunkd import splunkd  # noqa: E402

# Importing it is all that happens: a command that did so would still have to load the network.
IMPORT = "import tensorflow"
ENROLLED = 4


def sample() -> dict[str, list[dict[str, str]]]:
    """Session → its telemetry events, from the sample; all as if recorded for one user."""
    csv.field_size_limit(2**31 - 1)
    sessions: dict[str, list[dict[str, str]]] = {}
    with (APP / "lookups" / "mousematch_sample.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            event = json.loads(row["_raw"])
            event["user"] = "owner"
            sessions.setdefault(row["session"], []).append({"_raw": json.dumps(event), "user": "owner"})
    return sessions


def timed(work: Callable[[], Any], repetitions: int) -> tuple[float, float]:
    """Median wall and CPU seconds (of child processes that ended) of some work."""
    walls, cpus = [], []
    for _ in range(repetitions):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        work()
        walls.append(time.perf_counter() - started)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(walls), statistics.median(cpus)


def checked(result: Result) -> Result:
    """The result of a command that went well; ends the benchmark otherwise."""
    errors = [row["match_error"] for row in result.rows if row.get("match_error")]
    if result.error or errors or not result.rows:
        raise SystemExit(f"The search failed: {result.error or errors[:1] or 'no rows'} {result.messages}")
    return result


def measure(model: str, encoding: str, repetitions: int, state: Path) -> None:
    """Prints the times and their ratios."""
    sessions = list(sample().values())
    material, sessions = sessions[:ENROLLED], sessions[ENROLLED:]
    with splunkd(state) as head:
        options = {"searchinfo": head.searchinfo}

        def encode(*recorded: list[dict[str, str]]) -> list[dict[str, Any]]:
            return checked(run_map_reduce("mouseencode", f"encoding={encoding}", indexers=[recorded], **options)).rows

        def score(rows: list[dict[str, Any]]) -> None:
            checked(run("mousescore", f"model={model}", chunks=[rows], **options))

        loose = ("min_windows=1", "min_active_s=0", "min_consistency=-1000")
        enrolled = checked(run("mouseenroll", f"model={model}", *loose, chunks=[encode(*material)], **options))
        if enrolled.rows[0]["status"] != "enrolled":
            raise SystemExit(f"The sample user was not enrolled: {enrolled.rows[0]['reason']}")
        # A session is scored once only: the scorer would know its images the second time.
        unseen = iter(sessions)
        probes = iter([encode(next(unseen)) for _ in range(repetitions + 1)])
        score(next(probes))  # from here on the scorer is warm
        rows = {
            "mousescore, one session's images": timed(lambda: score(next(probes)), repetitions),
            "mouseencode (map, reduce) and mousescore": timed(lambda: score(encode(next(unseen))), repetitions),
            "python -c 'import tensorflow'": timed(
                lambda: subprocess.run([sys.executable, "-c", IMPORT], check=True, capture_output=True), repetitions
            ),
        }
    slow_wall, slow_cpu = rows["python -c 'import tensorflow'"]
    print(f"model {model}; medians of {repetitions} sessions, none of them scored before")
    print(f"{'':<44}{'wall':>9}{'ratio':>9}{'CPU':>11}{'ratio':>9}")
    for title, (wall, cpu) in rows.items():
        print(f"{title:<44}{wall:>7.2f} s{slow_wall / wall:>7.1f} x{cpu:>9.2f} s{slow_cpu / cpu:>7.1f} x")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--model", default=Settings().matching.model, help="name or name/version (default: %(default)s)"
    )
    parser.add_argument("--repetitions", type=int, default=5, help="sessions for each figure, 1 to 25")
    options = parser.parse_args()
    try:
        model = registry().resolve(options.model)
    except ModelError as exc:
        print(exc, file=sys.stderr)
        return 1
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"load before: {', '.join(f'{load:.1f}' for load in os.getloadavg())}")
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(KeyboardInterrupt):
        measure(model.reference, model.encoding.partition("/")[0], options.repetitions, Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
