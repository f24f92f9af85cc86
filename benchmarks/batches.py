"""How fast mouseencode reads batched telemetry in the map phase, against json.loads of the same events alone.

    python benchmarks/batches.py               one run: medians of interleaved repetitions (half a minute)

The command runs as a process with the chunks on its stdin, as splunkd starts it; the start of the process counts. json.loads
runs in this one, and does nothing with what it finds. CPU time of both. Three kinds of events: of clocks with whole
milliseconds, of clocks with tenths (as most browsers have), and those of the sample in lookups/.

First all points are compared with those of a loop over what json.loads finds; the run ends without figures if they are not
the same.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from _search import machine, verdict
from encode import APP, cost, frame, frames, getinfo

from mousematch.formats.names import PACKED_FIELDS
from mousematch.formats.records import RECORD
from mousematch.sessions import Sessions

EVENTS, POINTS = 10_000, 100
EVENTS_A_SESSION = 10
ROWS = 5_000
ENCODE = APP / "bin" / "mouseencode.py"
SAMPLE = APP / "lookups" / "mousematch_sample.csv"

Movement = dict[tuple[str, str], list[tuple[float, ...]]]


def collected(steps_ms: tuple[float, ...]) -> list[str]:
    """Events of POINTS points each, as the browser collector sends them; steps_ms: in turn, from point to point."""
    moves = [0] * POINTS
    events = []
    for number in range(EVENTS):
        session, batch = divmod(number, EVENTS_A_SESSION)
        x, y = (
            [(at + step * (number % 7 + 3)) % size for step in range(POINTS)] for at, size in ((600, 1440), (300, 789))
        )
        dt = [steps_ms[(number + step) % len(steps_ms)] for step in range(POINTS)]
        points = {"dt": dt, "x": x, "y": y, "kind": moves, "button": moves}
        who = {"v": 1, "session": f"s-{session}", "user": f"user{session % 20}", "tab": "t", "page": "/transfer"}
        screen = {"seq": batch, "viewport": [1440, 789], "dpr": 2, "pointer": "mouse"}
        start = 1_763_822_400_000 + session * 60_000 + batch * 1_750
        events.append(json.dumps({**who, **screen, "start": start, "points": points}, separators=(",", ":")))
    return events


def sample() -> list[str]:
    """The sample's events, over and over, as sessions of their own."""
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        texts = [row["_raw"] for row in csv.DictReader(file)]
    return [
        text.replace('"session":"', f'"session":"{copy}-', 1) for copy in range(EVENTS // len(texts)) for text in texts
    ]


def plainly(events: list[str]) -> Movement:
    """The points of the events by session and user: microseconds, x, y, kind, button."""
    found: Movement = {}
    for text in events:
        event = json.loads(text)
        points = event["points"]
        time_us = event["start"] * 1000
        before = -1
        for dt, *rest in zip(points["dt"], points["x"], points["y"], points["kind"], points["button"]):
            time_us += round(dt * 1000)
            # Points of one moment keep their order.
            before = max(time_us, before + 1)
            found.setdefault((event["session"], event["user"]), []).append((before, *rest))
    return found


def check(replies: Path, plain: Movement) -> None:
    """Ends the run if the command's points are not the plain ones."""
    sessions = Sessions()
    for _, body in frames(replies.open("rb")):
        rows = list(csv.DictReader(io.StringIO(body.decode())))
        sessions.merge_packed({field: [row[field] for row in rows] for field in PACKED_FIELDS})
    packed = {key: np.frombuffer(sessions.at(key).records, RECORD) for key in plain}
    if len(sessions) != len(plain):
        raise SystemExit("mouseencode finds other sessions than a loop over what json.loads finds.")
    for key, points in plain.items():
        if sorted(packed[key].tolist()) != sorted(np.array(points, RECORD).tolist()):
            raise SystemExit(f"mouseencode finds other points of {key} than a loop over what json.loads finds.")


def compare(name: str, events: list[str], folder: Path, repetitions: int) -> None:
    """Prints what the map phase takes over some events, beside json.loads."""
    requests, getinfo_alone, out = folder / "requests", folder / "getinfo", folder / "out"
    getinfo_alone.write_bytes(getinfo("phase=map"))
    with requests.open("wb") as file:
        file.write(getinfo("phase=map"))
        for first in range(0, len(events), ROWS):
            cells = ('"' + text.replace('"', '""') + '"' for text in events[first : first + ROWS])
            file.write(frame({"action": "execute", "finished": False}, ("_raw\n" + "\n".join(cells) + "\n").encode()))
        file.write(frame({"action": "execute", "finished": True}))
    cost(ENCODE, requests, out)
    plain = plainly(events)
    check(out, plain)
    parsed, whole, begun = [], [], []
    for _ in range(repetitions):
        started = time.process_time()
        for text in events:
            json.loads(text)
        parsed.append(time.process_time() - started)
        whole.append(cost(ENCODE, requests, out).cpu_s)
        begun.append(cost(ENCODE, getinfo_alone, out).cpu_s)
    alone, all_of_it, start_s = map(statistics.median, (parsed, whole, begun))
    points = sum(map(len, plain.values()))
    print(f"{name}: {len(events):,} events, {points:,} points; json.loads {alone:.3f} s, mouseencode {all_of_it:.3f} s")
    verdict(
        f"`mouseencode` on batched telemetry ({name}, {points / len(events):.0f} points an event)",
        "`json.loads` of the same bodies",
        "≤ 2 ×",
        f"{all_of_it / alone:.2f} × by CPU time ({(all_of_it - start_s) / alone:.2f} without the start of the process)",
        all_of_it <= 2 * alone,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=5)
    repetitions = parser.parse_args().repetitions
    print(f"{machine()}; CPU time, medians of {repetitions}")
    kinds = {
        "whole milliseconds": collected((16, 17, 17, 8)),
        "tenths of milliseconds": collected((16.6, 16.7, 0.3, 33.4)),
        "the sample": sample(),
    }
    for name, events in kinds.items():
        with tempfile.TemporaryDirectory() as folder:
            compare(name, events, Path(folder), repetitions)


if __name__ == "__main__":
    main()
