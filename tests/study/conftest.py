"""A few generated people under the names of SapiMouse, as recordings and as the data set's files."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from mousematch.datasets import Recording
from samples.people import person
from samples.sessions import session

# 3 and 6 are measured, the others train, 60 is nobody's.
NUMBERS = (1, 2, 3, 4, 6, 60)


@pytest.fixture(scope="session")
def recordings() -> list[Recording]:
    return [
        Recording(f"user{number}", f"user{number}/{purpose}", purpose, session(person(number), seconds=20, seed=seed))
        for number in NUMBERS
        for seed, purpose in enumerate(("enroll", "test"))
    ]


@pytest.fixture(scope="session")
def sapimouse(recordings: list[Recording], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sapimouse")
    for recording in recordings:
        path = folder / recording.person / f"session_{'3min' if recording.purpose == 'enroll' else '1min'}.csv"
        path.parent.mkdir(exist_ok=True)
        with path.open("w", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(("client timestamp", "button", "state", "x", "y"))
            points = recording.points
            for time_us, x, y in zip(points.time_us, points.x, points.y, strict=True):
                lines.writerow((time_us // 1000, "NoButton", "Move", x, y))
    return folder
