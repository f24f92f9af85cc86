"""How fast mouseencode is, against splunk-sdk's own StreamingCommand that passes the same chunks through untouched.

    python benchmarks/encode.py                one run: medians of interleaved repetitions (one minute)

Growth, memory and many indexers: benchmarks/encode_scale.py. Drawing alone: benchmarks/drawing.py.

Every command runs as a process with the chunks on its stdin, as splunkd starts it. Records are points: six fields each.
CPU time is given beside wall time, because it says more on a machine that does other things as well.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

APP = Path(__file__).resolve().parent.parent
RECORDS = 200_000
FIELDS = ("session", "user", "time", "x", "y", "state")
POINTS_A_SESSION = 1_000
BATCHES, BATCH_POINTS = 10_000, 100
TITLES = {
    "pass": "splunk-sdk StreamingCommand, untouched",
    "map": "mouseencode, map phase",
    "reduce": "mouseencode, reduce phase, images drawn",
    "both": "mouseencode, map then reduce",
    "direct": "mouseencode, events straight to reduce",
}

PASS_THROUGH = """
import sys
from splunklib.searchcommands import Configuration, StreamingCommand, dispatch

@Configuration()
class PassCommand(StreamingCommand):
    def stream(self, records):
        return records

dispatch(PassCommand, sys.argv, sys.stdin, sys.stdout, __name__)
"""


def records(count: int) -> Iterator[str]:
    """CSV lines of smooth movement at 60 Hz, newest first as Splunk returns events."""
    for number in range(count - 1, -1, -1):
        session, step = divmod(number, POINTS_A_SESSION)
        x, y = 600 + (step * 7 % 500), 300 + (step * 3 % 400)
        state = "Pressed" if step % 200 == 7 else "Released" if step % 200 == 11 else "Move"
        yield f'"s-{session}","user{session % 20}","{1_763_822_400 + session * 60 + step / 60:.3f}",{x},{y},{state}\n'


def frame(metadata: dict, body: bytes = b"") -> bytes:
    head = json.dumps(metadata).encode()
    return b"chunked 1.0,%d,%d\n" % (len(head), len(body)) + head + body


def getinfo(*args: str) -> bytes:
    info = {"args": args, "raw_args": args, "dispatch_dir": tempfile.gettempdir(), "sid": "1.1", "app": "mousematch"}
    more = {"splunk_version": "10.2.3", "search": "", "session_key": "", "splunkd_uri": "", "maxresultrows": 50_000}
    times = {"earliest_time": "0", "latest_time": "0", "owner": "admin", "username": "admin", "command": "mouseencode"}
    return frame({"action": "getinfo", "preview": False, "searchinfo": {**info, **more, **times}})


def chunks(path: Path, count: int, rows: int, *args: str) -> None:
    """A file of requests: getinfo, the records in chunks of so many rows, an empty last chunk."""
    header = ",".join(FIELDS) + "\n"
    with path.open("wb") as file:
        file.write(getinfo(*args))
        lines = []
        for line in records(count):
            lines.append(line)
            if len(lines) == rows:
                file.write(frame({"action": "execute", "finished": False}, (header + "".join(lines)).encode()))
                lines = []
        if lines:
            file.write(frame({"action": "execute", "finished": False}, (header + "".join(lines)).encode()))
        file.write(frame({"action": "execute", "finished": True}))


def packed_requests(replies: Path, requests: Path) -> None:
    """The map phase's replies as the reduce phase's requests."""
    data = replies.read_bytes()
    position = 0
    bodies = []
    while match := re.compile(rb"chunked 1\.0,(\d+),(\d+)\n").match(data, position):
        start = match.end() + int(match[1])
        position = start + int(match[2])
        bodies.append(data[start:position])
    with requests.open("wb") as file:
        file.write(getinfo())
        for body in bodies:
            if body:
                file.write(frame({"action": "execute", "finished": False}, body))
        file.write(frame({"action": "execute", "finished": True}))


class Cost(NamedTuple):
    """What one process took, from its spawn to its end."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def cost(script: Path, requests: Path, replies: Path) -> Cost:
    """Runs a command over a file of requests."""
    started = time.perf_counter()
    with requests.open("rb") as stdin, replies.open("wb") as stdout:
        process = subprocess.Popen([sys.executable, str(script)], stdin=stdin, stdout=stdout, env=dict(os.environ))
        _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started
    if status:
        raise SystemExit(f"{script.name} ended with {status}: {replies.read_bytes()[-500:]!r}")
    return Cost(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def compare(folder: Path, rows: int, repetitions: int) -> None:
    """Prints the speeds for chunks of so many rows."""
    passing, encode = folder / "pass.py", APP / "bin" / "mouseencode.py"
    passing.write_text(PASS_THROUGH)
    plain, mapping, merged, out = (folder / name for name in ("plain", "map", "reduce", "out"))
    chunks(plain, RECORDS, rows)
    chunks(mapping, RECORDS, rows, "phase=map")
    costs: dict[str, list[Cost]] = {"pass": [], "map": [], "reduce": [], "direct": []}
    for _ in range(repetitions):
        costs["pass"].append(cost(passing, plain, out))
        costs["map"].append(cost(encode, mapping, out))
        packed_requests(out, merged)
        costs["reduce"].append(cost(encode, merged, out))
        costs["direct"].append(cost(encode, plain, out))
    wall = {name: statistics.median(run.wall_s for run in runs) for name, runs in costs.items()}
    cpu = {name: statistics.median(run.cpu_s for run in runs) for name, runs in costs.items()}
    for table in (wall, cpu):
        table["both"] = table["map"] + table["reduce"]
    for name, title in TITLES.items():
        print(
            f"{rows:>7,}  {title:<40}{wall[name]:>7.2f} s{RECORDS / wall[name]:>11,.0f}/s{wall['pass'] / wall[name]:>7.2f} x"
            f"{cpu[name]:>9.2f} s{RECORDS / cpu[name]:>11,.0f}/s{cpu['pass'] / cpu[name]:>7.2f} x"
        )


def start(folder: Path, repetitions: int) -> None:
    """Prints how long a launch takes that asks for getinfo alone, of which splunkd makes up to three a search."""
    request, out = folder / "getinfo", folder / "out"
    request.write_bytes(getinfo())
    runs = [
        (cost(folder / "pass.py", request, out), cost(APP / "bin" / "mouseencode.py", request, out))
        for _ in range(repetitions)
    ]
    plain, own = (statistics.median(pair[number].cpu_s for pair in runs) for number in (0, 1))
    print(f"getinfo alone, CPU: splunk-sdk {plain:.2f} s, mouseencode {own:.2f} s")


def batches(count: int) -> list[str]:
    """Events of BATCH_POINTS points each, as the browser collector sends them."""
    moves = [0] * BATCH_POINTS
    bodies = []
    for number in range(count):
        session, batch = divmod(number, POINTS_A_SESSION // BATCH_POINTS)
        steps = range(BATCH_POINTS)
        x, y = ([(at + step * (number % 7 + 3)) % size for step in steps] for at, size in ((600, 1440), (300, 789)))
        dt = [(16, 17, 17, 8)[(number + step) % 4] for step in steps]
        points = {"dt": dt, "x": x, "y": y, "kind": moves, "button": moves}
        who = {"v": 1, "session": f"s-{session}", "user": f"user{session % 20}", "tab": "t", "page": "/transfer"}
        screen = {"viewport": [1440, 789], "dpr": 2, "pointer": "mouse"}
        start = 1_763_822_400_000 + session * 60_000 + batch * 1_450
        bodies.append(json.dumps({**who, **screen, "start": start, "seq": batch, "points": points}, separators=(",", ":")))
    return bodies


def compare_batches(folder: Path, repetitions: int) -> None:
    """Prints the map phase over batched telemetry beside json.loads of the same bodies in this process."""
    bodies = batches(BATCHES)
    requests, getinfo_alone, out = folder / "batches", folder / "getinfo", folder / "out"
    getinfo_alone.write_bytes(getinfo("phase=map"))
    with requests.open("wb") as file:
        file.write(getinfo("phase=map"))
        for first in range(0, len(bodies), 5_000):
            cells = ('"' + body.replace('"', '""') + '"' for body in bodies[first : first + 5_000])
            file.write(frame({"action": "execute", "finished": False}, ("_raw\n" + "\n".join(cells) + "\n").encode()))
        file.write(frame({"action": "execute", "finished": True}))
    parsed, whole, begun = [], [], []
    for _ in range(repetitions):
        started = time.process_time()
        for body in bodies:
            json.loads(body)
        parsed.append(time.process_time() - started)
        whole.append(cost(APP / "bin" / "mouseencode.py", requests, out).cpu_s)
        begun.append(cost(APP / "bin" / "mouseencode.py", getinfo_alone, out).cpu_s)
    alone, all_of_it, start_s = map(statistics.median, (parsed, whole, begun))
    print(
        f"{BATCHES:,} batches of {BATCH_POINTS} points, map phase, CPU: {all_of_it:.2f} s, json.loads alone {alone:.2f} s: "
        f"{all_of_it / alone:.2f} x; without the start of the process {(all_of_it - start_s) / alone:.2f} x"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=3)
    options = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"load before: {', '.join(f'{load:.1f}' for load in os.getloadavg())}; {RECORDS:,} records, {len(FIELDS)} fields")
    with tempfile.TemporaryDirectory() as folder:
        print(f"{'rows':>7}  {'medians, start of the process included':<40}{'wall':>9}{'records':>13}{'ratio':>9}"
              f"{'CPU':>11}{'records':>13}{'ratio':>9}")
        for rows in (5_000, 50_000):
            compare(Path(folder), rows, options.repetitions)
        start(Path(folder), 2 * options.repetitions + 1)
        compare_batches(Path(folder), options.repetitions)


if __name__ == "__main__":
    main()
