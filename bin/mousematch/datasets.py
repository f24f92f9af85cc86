"""Public mouse-dynamics recordings as people with sessions, for training and for measuring.

Neither data set is part of the app; both are read from folders that the user names.

- SapiMouse (Antal, Fejér & Buza 2021): ``userN/session_3min.csv`` and ``session_1min.csv``, time in milliseconds.
- Balabit Mouse Dynamics Challenge (Fülöp et al. 2016): ``training_files/userN/session_*``, time in seconds;
  ``test_files/userN/session_*`` with ``labels.csv`` (``filename,is_illegal``).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mousematch.errors import TelemetryError
from mousematch.telemetry import DOWN, DRAG, LEFT, MIDDLE, MOVE, NONE, OTHER, RIGHT, SCROLL, UP, Points

_KINDS = {"Move": MOVE, "Drag": DRAG, "Pressed": DOWN, "Released": UP, "Down": SCROLL, "Up": SCROLL}
_BUTTONS = {"NoButton": NONE, "Scroll": NONE, "Left": LEFT, "Right": RIGHT, "Middle": MIDDLE}
MILLISECONDS_US, SECONDS_US = 1_000, 1_000_000


@dataclass(frozen=True)
class Recording:
    """One session of one person.

    purpose: ``enroll`` or ``test`` by the data set's own protocol, or ``elsewhere`` for a session at a device that is not
    the person's own.
    """

    person: str
    name: str
    purpose: str
    points: Points


def read_recording(path: Path, *, unit_us: int) -> Points:
    """The ordered points of one CSV file with the columns client timestamp, button, state, x, y."""
    with path.open(newline="") as lines:
        rows = [
            (
                float(row["client timestamp"]) * unit_us,
                float(row["x"]),
                float(row["y"]),
                _KINDS.get(row["state"], MOVE),
                _BUTTONS.get(row["button"], OTHER),
            )
            for row in csv.DictReader(lines)
        ]
    if not rows:
        raise TelemetryError(f"{path} holds no points; is it a recording?")
    table = np.array(rows, np.float64)
    return (
        Points(
            np.rint(table[:, 0]).astype(np.int64),
            table[:, 1].astype(np.float32),
            table[:, 2].astype(np.float32),
            table[:, 3].astype(np.uint8),
            table[:, 4].astype(np.uint8),
        )
        .on_screen()
        .ordered()
    )


def sapimouse(folder: Path) -> list[Recording]:
    """All recordings of a SapiMouse folder; the 3-minute session enrolls, the 1-minute one tests.

    People recorded twice (``user35.1``, ``user35.2``) are one person.
    """
    recordings = []
    for path in sorted(folder.glob("user*/*min.csv")):
        purpose = "enroll" if "3min" in path.name else "test"
        person = path.parent.name.partition(".")[0]
        name = f"{path.parent.name}/{path.stem}"
        recordings.append(Recording(person, name, purpose, read_recording(path, unit_us=MILLISECONDS_US)))
    if not recordings:
        raise TelemetryError(f"{folder} holds no userN/session_3min.csv; give the folder of the SapiMouse data set.")
    return recordings


def balabit_training(folder: Path) -> list[Recording]:
    """The training recordings of a Balabit folder."""
    recordings = [
        Recording(
            path.parent.name, f"{path.parent.name}/{path.name}", "enroll", read_recording(path, unit_us=SECONDS_US)
        )
        for path in sorted(folder.glob("training_files/user*/session_*"))
    ]
    if not recordings:
        raise TelemetryError(
            f"{folder} holds no training_files/userN/session_*; give the folder of the Balabit data set."
        )
    return recordings


def number_of(person: str) -> int:
    """The number in a person's name: 7 of ``user7``."""
    return int(person.removeprefix("user"))


@dataclass(frozen=True)
class Split:
    """Recordings by what they may be used for; no person is in both parts."""

    training: list[Recording]
    test: list[Recording]


# SapiMouse users by number: those below train the network and, held out in turn, fit the back-end; the rest are seen by
# nothing before the measurement.
TEST_FROM = 55


def split(recordings: list[Recording]) -> Split:
    """SapiMouse recordings split by person. Raises TelemetryError if there is nobody to train on."""
    parts = Split([], [])
    for recording in recordings:
        (parts.training if number_of(recording.person) < TEST_FROM else parts.test).append(recording)
    if not parts.training:
        raise TelemetryError(f"No SapiMouse user is below {TEST_FROM}; those train, the rest test.")
    return parts
