"""How many points a second the HTTP Event Collector stores on one core, alone and while a search runs.

    python benchmarks/intake.py                    5 s a figure
    python benchmarks/intake.py --seconds 20

A process of its own, held to one core, serves the collector and runs the search; senders on the other cores keep
connections open and send the next batch when the one before was answered, which means it is on disk. Every event has 100
points. The peer is json.loads of the same bodies on the same core, without any server or store.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

APP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(APP)]

POINTS = 100  # of an event
SEARCHED = 5_000  # events that are there before, and that the search reads
TOKEN = "00000000-1111-2222-3333-444444444444"
SEARCH = 'index=mousematch source="before" | stats count, dc(session) AS sessions by user'
GOAL = 20_000  # points a second, while a search runs


def event(number: int) -> dict[str, Any]:
    """One batch of a browser, as the collector sends it."""
    hand = random.Random(number)
    points = {
        "dt": [hand.choice((8, 16, 17)) for _ in range(POINTS)],
        "x": [hand.randrange(1920) for _ in range(POINTS)],
        "y": [hand.randrange(1080) for _ in range(POINTS)],
        "kind": [0] * POINTS,
        "button": [0] * POINTS,
    }
    return {
        "v": 1, "session": f"s{number % 200}", "user": f"user{number % 40}", "tab": "t", "page": "/transfer",
        "page_id": "p", "viewport": [1920, 970], "dpr": 1, "pointer": "mouse", "start": 1763822400000 + number,
        "seq": number, "points": points,
    }  # fmt: skip


def bodies(events_a_request: int, count: int = 200) -> list[bytes]:
    """Bodies of requests."""
    return [
        "".join(
            json.dumps({"time": 1763822400 + number, "event": event(number)}, separators=(",", ":"))
            for number in range(first, first + events_a_request)
        ).encode()
        for first in range(0, count * events_a_request, events_a_request)
    ]


def serve(state: Path) -> None:
    """The measured process: prints its port; ``search`` and ``stop`` on stdin say when to search, answered by how often."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    import uvicorn

    from searchhead.hec import HecApp
    from searchhead.indexes import Event
    from searchhead.splunkd.head import SearchHead

    with SearchHead(APP, state) as head:
        head.confs.create("indexes", "mousematch", {"disabled": "0"})
        settings = {"token": TOKEN, "index": "mousematch", "sourcetype": "mousematch:telemetry"}
        head.confs.create("inputs", "http://mousematch", settings)
        texts = [json.dumps(event(number)) for number in range(SEARCHED)]
        origin = ("mousematch", "mousematch:telemetry", "before", "web")
        head.events.add([Event(1763000000 + number, text, *origin) for number, text in enumerate(texts)])
        config = uvicorn.Config(HecApp(head.events, head.confs), port=0, http="h11", lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        threading.Thread(target=server.run, daemon=True).start()
        while not server.started:
            time.sleep(0.01)
        searching = threading.Event()
        counts = {"searches": 0}

        def search() -> None:
            while True:
                searching.wait()
                found = len(head.search(SEARCH).run())
                if found != 40:
                    raise SystemExit(f"The search found {found} users instead of 40.")
                counts["searches"] += 1

        threading.Thread(target=search, daemon=True).start()
        print(server.servers[0].sockets[0].getsockname()[1], flush=True)
        for line in sys.stdin:
            if line.strip() == "search":
                searching.set()
            else:
                searching.clear()
            print(counts["searches"], flush=True)
        os._exit(0)


async def sender(port: int, requests: list[bytes], until: float) -> int:
    """Requests that one connection had answered with success."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    done = 0
    while time.monotonic() < until:
        writer.write(requests[done % len(requests)])
        head = await reader.readuntil(b"\r\n\r\n")
        answer = await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]))
        if json.loads(answer)["code"] != 0:
            raise SystemExit(f"The collector answered {answer!r}.")
        done += 1
    writer.close()
    return done


def measure(port: int, contents: list[bytes], connections: int, seconds: float) -> float:
    """Requests a second over so many connections."""
    requests = [
        b"POST /services/collector HTTP/1.1\r\nHost: web\r\nAuthorization: Splunk %s\r\nContent-Length: %d\r\n\r\n%s"
        % (TOKEN.encode(), len(content), content)
        for content in contents
    ]

    async def all_senders() -> int:
        until = time.monotonic() + seconds
        return sum(
            await asyncio.gather(*(sender(port, requests[n:] + requests[:n], until) for n in range(connections)))
        )

    started = time.monotonic()
    return asyncio.run(all_senders()) / (time.monotonic() - started)


def peer(contents: list[bytes], events_a_request: int) -> float:
    """Points a second of json.loads alone, on the core that the server has."""
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(own)})
    texts = [content.decode().replace("}{", "},{") for content in contents]
    started, rounds = time.perf_counter(), 0
    while time.perf_counter() - started < 1:
        for text in texts:
            json.loads(f"[{text}]")
        rounds += 1
    rate = rounds * len(texts) * events_a_request * POINTS / (time.perf_counter() - started)
    os.sched_setaffinity(0, own)
    return rate


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5, help="seconds for each figure (default: %(default)s)")
    parser.add_argument("--connections", type=int, default=8, help="connections at once (default: %(default)s)")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"load before: {', '.join(f'{load:.1f}' for load in os.getloadavg())}")
    print(f"{options.connections} connections, {POINTS} points an event; the search: {SEARCH}, {SEARCHED} events")
    print(f"{'':<42}{'points/s':>10}{'requests/s':>12}{'of json.loads':>15}{'searches/s':>12}")
    slowest = float("inf")
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--serve", folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdin and server.stdout

            def tell(word: str) -> int:
                print(word, file=server.stdin, flush=True)
                return int(server.stdout.readline())

            port = int(server.stdout.readline())
            for events_a_request in (1, 20):
                contents = bodies(events_a_request)
                parsed = peer(contents, events_a_request)
                for word, title in (("stop", "alone"), ("search", "while a search runs")):
                    before = tell(word)
                    rate = measure(port, contents, options.connections, options.seconds)
                    searches = (tell("stop") - before) / options.seconds
                    points = rate * events_a_request * POINTS
                    name = f"{events_a_request} event{'s' * (events_a_request > 1)} a request, {title}"
                    print(f"{name:<42}{points:>10,.0f}{rate:>12,.0f}{points / parsed:>15.3f}{searches:>12.1f}")
                    if word == "search":
                        slowest = min(slowest, points)
            server.stdin.close()
    print(f"goal: {GOAL:,} points/s while a search runs; slowest: {slowest / GOAL:.1f} times that")
    return 0


if __name__ == "__main__":
    sys.exit(main())
