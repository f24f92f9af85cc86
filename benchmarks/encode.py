"""How fast mouseencode is, against splunk-sdk's own StreamingCommand that passes the same chunks through untouched.

    python benchmarks/encode.py                one run: medians of interleaved repetitions (one minute)

Growth, memory and many indexers: benchmarks/encode_scale.py. Batched telemetry: benchmarks/batches.py. Drawing alone:
benchmarks/drawing.py.

Every command runs as a process with the chunks on its stdin, as splunkd starts it. Records are points: six fields each.
CPU time is given beside wall time, because it says more on a machine that does other things as well. As a search runs them,
map and reduce are two processes at once, and the first one's replies are the second one's requests while both work: that is
measured by the clock, as "both at once".

First the images are compared, pixel by pixel, with those of the same points built without any of the commands' reading,
packing and merging, and drawn session by session; the run ends without figures if they are not the same.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from _search import machine, verdict

from mousematch import images
from mousematch.encoding import DEFAULT, ENCODINGS
from mousematch.telemetry import DOWN, LEFT, MOVE, NONE, UP, Points
from mousematch.windows import cut

APP = Path(__file__).resolve().parent.parent
RECORDS = 200_000
FIELDS = ("session", "user", "time", "x", "y", "state")
POINTS_A_SESSION = 1_000
TITLES = {
    "pass": "splunk-sdk StreamingCommand, untouched",
    "map": "mouseencode, map phase",
    "reduce": "mouseencode, reduce phase, images drawn",
    "both": "mouseencode, map then reduce",
    "streamed": "mouseencode, map and reduce, both at once",
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


STATES = {MOVE: "Move", DOWN: "Pressed", UP: "Released"}


def record(number: int) -> tuple[int, int, int, int, int]:
    """A record of smooth movement at 60 Hz: its session, milliseconds since 1970, x, y, kind."""
    session, step = divmod(number, POINTS_A_SESSION)
    kind = DOWN if step % 200 == 7 else UP if step % 200 == 11 else MOVE
    return (
        session,
        (1_763_822_400 + session * 60) * 1000 + round(step * 1000 / 60),
        600 + step * 7 % 500,
        300 + step * 3 % 400,
        kind,
    )


def records(count: int) -> Iterator[str]:
    """The records as CSV lines, newest first as Splunk returns events."""
    for number in range(count - 1, -1, -1):
        session, ms, x, y, kind = record(number)
        yield f'"s-{session}","user{session % 20}","{ms // 1000}.{ms % 1000:03d}",{x},{y},{STATES[kind]}\n'


def plain_images(count: int) -> dict[str, list[bytes]]:
    """The pixels of the records' images by session: their points as arrays, drawn session by session."""
    encoding = ENCODINGS[DEFAULT]
    found = {}
    for first in range(0, count, POINTS_A_SESSION):
        rows = [record(number) for number in range(first, min(first + POINTS_A_SESSION, count))]
        _, ms, x, y, kind = (np.array(column) for column in zip(*rows))
        button = np.where(kind == MOVE, NONE, LEFT).astype(np.uint8)
        points = Points(ms * 1000, x.astype(np.float32), y.astype(np.float32), kind.astype(np.uint8), button)
        drawn = encoding.draw(points, cut(points, encoding.window))
        found[f"s-{rows[0][0]}"] = [image.tobytes() for image in drawn]
    return found


def check(replies: Path, plain: dict[str, list[bytes]]) -> None:
    """Ends the run if a command's images are not the plain ones."""
    found: dict[str, list[bytes]] = {}
    tag = ENCODINGS[DEFAULT].tag
    for _, body in frames(replies.open("rb")):
        for row in csv.DictReader(io.StringIO(body.decode())):
            texts = row["image"].split("\n")
            found[row["session"]] = [images.from_png(images.from_base64(text), tag).tobytes() for text in texts]
    if found != plain:
        different = sorted(name for name in {*found, *plain} if found.get(name) != plain.get(name))
        raise SystemExit(f"mouseencode draws other pixels than the plain implementation: {', '.join(different[:5])}.")


def frame(metadata: dict, body: bytes = b"") -> bytes:
    head = json.dumps(metadata).encode()
    return b"chunked 1.0,%d,%d\n" % (len(head), len(body)) + head + body


def getinfo(*args: str, sid: str = "1.1") -> bytes:
    info = {"args": args, "raw_args": args, "dispatch_dir": tempfile.gettempdir(), "sid": sid, "app": "mousematch"}
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


def frames(stream: IO[bytes]) -> Iterator[tuple[dict, bytes]]:
    """The frames of a stream: metadata and body."""
    with stream:
        while head := stream.readline():
            lengths = re.fullmatch(rb"chunked 1\.0,(\d+),(\d+)\n", head)
            if lengths is None:
                raise SystemExit(f"Expected a frame, not {head!r}.")
            metadata, body = (stream.read(int(length)) for length in lengths.groups())
            yield json.loads(metadata), body


def forward(replies: IO[bytes], requests: IO[bytes]) -> None:
    """The map phase's replies as the reduce phase's requests, each as soon as it is there."""
    with requests:
        requests.write(getinfo())
        for _, body in frames(replies):
            if body:
                requests.write(frame({"action": "execute", "finished": False}, body))
                requests.flush()
        requests.write(frame({"action": "execute", "finished": True}))


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


def streamed(script: Path, mapping: Path, replies: Path) -> Cost:
    """Runs the map and the reduce phase at once, the one's replies being the other's requests. Their memory is not added."""
    started = time.perf_counter()
    with mapping.open("rb") as stdin, replies.open("wb") as stdout:
        reducing = subprocess.Popen([sys.executable, str(script)], stdin=subprocess.PIPE, stdout=stdout)
        mapped = subprocess.Popen([sys.executable, str(script)], stdin=stdin, stdout=subprocess.PIPE)
        forwarder = threading.Thread(target=forward, args=(mapped.stdout, reducing.stdin))
        forwarder.start()
        usages = []
        for process in (mapped, reducing):
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = status
            usages.append(usage)
        forwarder.join()
    if mapped.returncode or reducing.returncode:
        raise SystemExit(f"{script.name} ended with {mapped.returncode} and {reducing.returncode}.")
    cpu_s = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    return Cost(time.perf_counter() - started, cpu_s, max(usage.ru_maxrss for usage in usages) / 1024)


def compare(folder: Path, rows: int, repetitions: int, plain_pixels: dict[str, list[bytes]]) -> None:
    """Prints the speeds for chunks of so many rows."""
    passing, encode = folder / "pass.py", APP / "bin" / "mouseencode.py"
    passing.write_text(PASS_THROUGH)
    plain, mapping, merged, out = (folder / name for name in ("plain", "map", "reduce", "out"))
    chunks(plain, RECORDS, rows)
    chunks(mapping, RECORDS, rows, "phase=map")
    costs: dict[str, list[Cost]] = {"pass": [], "map": [], "reduce": [], "streamed": [], "direct": []}
    for number in range(repetitions):
        costs["pass"].append(cost(passing, plain, out))
        costs["map"].append(cost(encode, mapping, out))
        forward(out.open("rb"), merged.open("wb"))
        for name, work in (
            ("reduce", lambda: cost(encode, merged, out)),
            ("streamed", lambda: streamed(encode, mapping, out)),
            ("direct", lambda: cost(encode, plain, out)),
        ):
            costs[name].append(work())
            if number == 0:
                check(out, plain_pixels)
    wall = {name: statistics.median(run.wall_s for run in runs) for name, runs in costs.items()}
    cpu = {name: statistics.median(run.cpu_s for run in runs) for name, runs in costs.items()}
    for table in (wall, cpu):
        table["both"] = table["map"] + table["reduce"]
    for name, title in TITLES.items():
        print(
            f"{rows:>7,}  {title:<42}{wall[name]:>7.2f} s{RECORDS / wall[name]:>11,.0f}/s{wall['pass'] / wall[name]:>7.2f} x"
            f"{cpu[name]:>9.2f} s{RECORDS / cpu[name]:>11,.0f}/s{cpu['pass'] / cpu[name]:>7.2f} x"
        )
    ratio, clock, at_once = cpu["pass"] / cpu["both"], wall["pass"] / wall["both"], wall["pass"] / wall["streamed"]
    verdict(
        f"`mouseencode` on points as records ({RECORDS:,} × {len(FIELDS)} fields), map + reduce, pictures drawn; "
        f"chunks of {rows:,}",
        "splunk-sdk's StreamingCommand passing them through",
        "≥ 2 ×",
        f"{ratio:.2f} × by CPU time, {clock:.2f} × by the clock one after the other, {at_once:.2f} × both at once",
        ratio >= 2,
    )


def start(folder: Path, repetitions: int) -> None:
    """Prints how long a launch takes that asks for getinfo alone, of which splunkd makes up to three a search."""
    request, out = folder / "getinfo", folder / "out"
    request.write_bytes(getinfo(sid="searchparsetmp_1.1"))
    runs = [
        (cost(folder / "pass.py", request, out), cost(APP / "bin" / "mouseencode.py", request, out))
        for _ in range(repetitions)
    ]
    plain, own = (statistics.median(pair[number].cpu_s for pair in runs) for number in (0, 1))
    print(f"getinfo alone, CPU: splunk-sdk {plain:.2f} s, mouseencode {own:.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=3)
    options = parser.parse_args()
    print(f"{machine()}; {RECORDS:,} records, {len(FIELDS)} fields")
    plain = plain_images(RECORDS)
    with tempfile.TemporaryDirectory() as folder:
        print(
            f"{'rows':>7}  {'medians, start of the process included':<42}{'wall':>9}{'records':>13}{'ratio':>9}"
            f"{'CPU':>11}{'records':>13}{'ratio':>9}"
        )
        for rows in (5_000, 50_000):
            compare(Path(folder), rows, options.repetitions, plain)
        start(Path(folder), 2 * options.repetitions + 1)


if __name__ == "__main__":
    main()
