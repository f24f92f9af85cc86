"""Prints both tables: ``python -m benchmarks.device_traces SAPIMOUSE [--balabit DIR]``, a minute on one core.

- how far histograms of places and of time steps get on the data sets' own trials, as is and neutralised;
- how well plain statistics tell a SapiMouse session from the same one thinned to 9 Hz, on clocks of several periods.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bin"))

from mousematch import datasets, metrics, neutral
from mousematch.leakage import device_cues
from mousematch.telemetry import DOWN, STROKE_GAP_US, UP, Points

Trials = tuple[dict[str, list[Points]], dict[str, Points], list[tuple[str, str, bool]]]
THINNED_US = 109_000
STATISTICS = ("roughness", "stillness", "spread of speed", "echo of acceleration", "median speed")


def sapimouse(folder: Path, people_from: int = 0) -> Trials:
    """Enrolled on three minutes, tested on one, everybody an impostor of everybody else."""
    recordings = [each for each in datasets.sapimouse(folder) if datasets.number_of(each.person) >= people_from]
    enrolled: dict[str, list[Points]] = {}
    for each in recordings:
        if each.purpose == "enroll":
            enrolled.setdefault(each.person, []).append(each.points)
    tests = [each for each in recordings if each.purpose == "test"]
    trials = [(person, each.name, person == each.person) for person in enrolled for each in tests]
    return enrolled, {each.name: each.points for each in tests}, trials


def balabit(folder: Path) -> Trials:
    """Enrolled on the training files, one trial a labelled test session."""
    enrolled: dict[str, list[Points]] = {}
    for each in datasets.balabit_training(folder):
        enrolled.setdefault(each.person, []).append(each.points)
    with (folder / "labels.csv").open(newline="") as lines:
        genuine = {row["filename"]: row["is_illegal"] == "0" for row in csv.DictReader(lines)}
    paths = [path for path in sorted(folder.glob("test_files/user*/session_*")) if path.name in genuine]
    tested = {path.name: datasets.read_recording(path, unit_us=datasets.SECONDS_US) for path in paths}
    return enrolled, tested, [(path.parent.name, path.name, genuine[path.name]) for path in paths]


def print_cues(title: str, trials: Trials, clock_ms: float) -> None:
    """The AUCs of device cues, once for each kind of neutralised movement."""
    enrolled, tested, pairs = trials
    ways: dict[str, Callable[[Points], Points]] = {
        "as is": lambda points: points,
        "frame": neutral.Neutralisation(True, None).applied,
        "timer": neutral.Neutralisation(False, clock_ms).applied,
        "both": neutral.Neutralisation(True, clock_ms).applied,
    }
    for name, way in ways.items():
        cues = device_cues(
            {person: [way(points) for points in parts] for person, parts in enrolled.items()},
            {session: way(points) for session, points in tested.items()},
            pairs,
        )
        print(f"| {title} | {name} | {cues.frame:.3f} | {cues.timer:.3f} | {cues.both:.3f} |", flush=True)


def thinned(points: Points) -> Points:
    """What a capture of one event per THINNED_US would have recorded; clicks stay."""
    last = np.append(points.time_us[1:] // THINNED_US != points.time_us[:-1] // THINNED_US, True)
    return points[last | (points.kind == DOWN) | (points.kind == UP)]


def statistics(points: Points) -> NDArray[np.float64]:
    """Figures of movement on a clock that show how its capture sampled it: float64 (5,), in the order of STATISTICS."""
    steps = np.diff(points.x.astype(np.float64)) + 1j * np.diff(points.y.astype(np.float64))
    time_us = np.diff(points.time_us)
    even = time_us[1:] == time_us[:-1]
    speed, change = np.abs(steps[time_us <= STROKE_GAP_US]), np.diff(steps)[even]
    moving = speed[speed > 3] if (speed > 3).any() else np.ones(1)
    echo = (change.real[1:] * change.real[:-1]).sum() / max((change.real**2).sum(), 1)
    rough = np.abs(change).sum() / max(np.abs(steps[1:][even]).sum(), 1)
    return np.array([rough, (speed == 0).mean(), moving.std() / moving.mean(), echo, np.median(moving)])


def told_apart(sessions: list[Points], clock_ms: float) -> list[float]:
    """AUC of each statistic between sessions and the same sessions thinned; 0.5 is nothing, below counts as above."""
    fast, slow = (
        np.array([statistics(neutral.neutralised(points, clock_ms=clock_ms)) for points in captures])
        for captures in (sessions, [thinned(points) for points in sessions])
    )
    aucs = [metrics.auc(*columns) for columns in zip(fast.T, slow.T)]
    return [max(auc, 1 - auc) for auc in aucs]


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.device_traces")
    parser.add_argument("sapimouse", type=Path, help="the folder with userN/session_3min.csv")
    parser.add_argument("--balabit", type=Path, help="the folder with training_files, test_files and labels.csv")
    options = parser.parse_args()
    print("| trials | neutralised | AUC of places | of time steps | of both |\n|---|---|---|---|---|")
    print_cues("SapiMouse, users 55–72", sapimouse(options.sapimouse, 55), 25)
    print_cues("SapiMouse, all", sapimouse(options.sapimouse), 25)
    if options.balabit:
        print_cues("Balabit", balabit(options.balabit), 125)
    print(f"\n| clock | thinning | {' | '.join(STATISTICS)} |\n|---|---|{'---|' * len(STATISTICS)}")
    sessions = [each.points for each in datasets.sapimouse(options.sapimouse)]
    as_it_is = neutral.THINNING
    for thinning in (0.01, as_it_is):
        neutral.THINNING = thinning
        for clock_ms in (25.0, 110.0, 125.0, 150.0):
            aucs = " | ".join(f"{auc:.3f}" for auc in told_apart(sessions, clock_ms))
            print(f"| {clock_ms:g} ms | {thinning if thinning == as_it_is else 'none'} | {aucs} |", flush=True)


if __name__ == "__main__":
    main()
