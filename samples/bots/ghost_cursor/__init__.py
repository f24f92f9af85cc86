"""The npm package ghost-cursor, run by Node; ``make ghost`` installs it into this folder, from its lock.

The package gives the path between two places. Its cursor overshoots far targets and comes back, and awaits the browser
after each step; both are played here as its class ``GhostCursor`` does.
"""

from __future__ import annotations

import atexit
import functools
import json
import math
import shutil
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mousematch.errors import TelemetryError
from samples.bots.script import Movement, Mover

FOLDER = Path(__file__).resolve().parent
# What GhostCursor does by default: beyond this distance it first goes to a place within the radius around the target.
OVERSHOOT_FROM_PX, OVERSHOOT_RADIUS_PX, OVERSHOOT_SPREAD_PX = 500.0, 120.0, 10.0


def missing() -> str:
    """What is missing for it to run, as a sentence; empty if nothing is."""
    if shutil.which("node") is None:
        return "ghost-cursor needs Node; install nodejs and npm."
    if not (FOLDER / "node_modules" / "ghost-cursor" / "package.json").is_file():
        return "ghost-cursor is not installed; run make ghost."
    return ""


def mover(rng: np.random.Generator) -> Mover:
    """A session's way of moving. Raises TelemetryError if Node or the package is missing."""
    if reason := missing():
        raise TelemetryError(reason)
    speed = float(rng.choice([0.0, 0.0, 20.0, 50.0, 90.0]))  # 0: ghost-cursor's default, another speed each time
    round_trip_s = float(rng.choice([0.002, 0.004, 0.008, 0.012, 0.016]))

    def move(start: complex, target: complex, width_px: float, rng: np.random.Generator) -> Movement:
        options = {"moveSpeed": speed} if speed else {}
        box = {"x": target.real, "y": target.imag, "width": width_px, "height": width_px}
        ways = [{"from": _place(start), "to": box, "options": options}]
        if abs(target - start) > OVERSHOOT_FROM_PX:
            radius = OVERSHOOT_RADIUS_PX * math.sqrt(rng.random())
            beyond = target + radius * complex(np.exp(1j * rng.uniform(-math.pi, math.pi)))
            there = {"from": _place(start), "to": _place(beyond), "options": options}
            back = {"from": _place(beyond), "to": box, "options": {**options, "spreadOverride": OVERSHOOT_SPREAD_PX}}
            ways = [there, back]
        place = np.concatenate(paths(ways, seed=int(rng.integers(2**31))))
        return Movement(np.arange(len(place)) * round_trip_s, place)

    return move


def paths(ways: list[dict[str, object]], *, seed: int) -> list[NDArray[np.complex128]]:
    """ghost-cursor's path of each way: complex (n,), px."""
    node = _node()
    assert node.stdin and node.stdout
    try:
        node.stdin.write(json.dumps({"seed": seed, "ways": ways}) + "\n")
        node.stdin.flush()
        answer = node.stdout.readline()
    except BrokenPipeError:
        answer = ""
    if not answer:
        raise TelemetryError(f"ghost-cursor ended with {node.wait(10)}; run make ghost again.")
    return [np.array(path) @ np.array([1, 1j]) for path in json.loads(answer)]


@functools.lru_cache(maxsize=1)
def _node() -> subprocess.Popen[str]:
    """The one Node process, which answers line by line and leaves with this one."""
    node = subprocess.Popen(["node", "paths.js"], cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(_end, node)
    return node


def _end(node: subprocess.Popen[str]) -> None:
    node.communicate(timeout=10)


def _place(place: complex) -> dict[str, float]:
    return {"x": place.real, "y": place.imag}
