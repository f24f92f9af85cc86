"""Generated movement in the layouts of the data sets."""

from __future__ import annotations

import csv
from pathlib import Path

from mousematch.telemetry import DOWN, DRAG, LEFT, UP, Points
from samples.people import person
from samples.sessions import session

_STATES = {DOWN: "Pressed", UP: "Released", DRAG: "Drag"}


def moved(who: int, *, seconds: float, seed: int) -> Points:
    """The movement of a synthetic person on one day."""
    return session(person(who), seconds=seconds, seed=seed)


def write(path: Path, points: Points, *, balabit: bool = False) -> None:
    """A raw file as the data sets have it: SapiMouse in milliseconds, Balabit in seconds with a record timestamp."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as lines:
        rows = csv.writer(lines)
        rows.writerow([*["record timestamp"] * balabit, "client timestamp", "button", "state", "x", "y"])
        for t, x, y, kind, button in zip(
            points.time_us.tolist(), points.x, points.y, points.kind.tolist(), points.button.tolist(), strict=True
        ):
            time = [f"{t / 1e6:.3f}"] * 2 if balabit else [str(t // 1000)]
            pressed = "Left" if button == LEFT and kind in (DOWN, UP) else "NoButton"
            rows.writerow([*time, pressed, _STATES.get(kind, "Move"), int(x), int(y)])


def sapimouse(folder: Path, people: int, *, enroll_s: float = 30, test_s: float = 15) -> None:
    """So many people with two sessions each, user1 first."""
    for who in range(1, people + 1):
        write(folder / f"user{who}" / "session_3min.csv", moved(who, seconds=enroll_s, seed=3))
        write(folder / f"user{who}" / "session_1min.csv", moved(who, seconds=test_s, seed=1))


def balabit(folder: Path, owners: int, *, enroll_s: float = 30, test_s: float = 12) -> None:
    """So many owners with two training sessions, two sessions of their own and two of a stranger, which labels tell."""
    labels = ["filename,is_illegal"]
    for who in range(1, owners + 1):
        for number in (1, 2):
            points = moved(who, seconds=enroll_s, seed=number)
            write(folder / "training_files" / f"user{who}" / f"session_{who}{number}", points, balabit=True)
        for number, mover in enumerate((who, who, 90 + who, 90 + who), start=3):
            name = f"session_{who}{number}"
            points = moved(mover, seconds=test_s, seed=number)
            write(folder / "test_files" / f"user{who}" / name, points, balabit=True)
            labels.append(f"{name},{int(mover != who)}")
    (folder / "labels.csv").write_text("\n".join(labels) + "\n")
