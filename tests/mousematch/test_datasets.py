"""Public recordings for training: read as searches read them, and split by person."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from mousematch import datasets
from mousematch.datasets import Recording
from mousematch.errors import TelemetryError
from mousematch.formats.names import FieldNames
from mousematch.formats.reader import read_into
from mousematch.sessions import Sessions
from mousematch.telemetry import DOWN, DRAG, LEFT, MOVE, NONE, RIGHT, SCROLL, UP, Points

HEADER = "client timestamp,button,state,x,y"
ROWS = """\
0.125,NoButton,Move,872,84
0.109,NoButton,Move,870,83
0.250,Left,Pressed,870,86
0.266,Left,Drag,871,86
0.300,Left,Released,871,86
0.300,Left,Released,871,86
0.400,Scroll,Down,871,86
0.450,Scroll,Up,871,86
0.500,Right,Pressed,900,90
0.516,NoButton,Move,65535,65535
0.620,Right,Released,900,90
"""


def write(path: Path, rows: str = ROWS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{HEADER}\n{rows}")
    return path


def milliseconds(rows: str) -> str:
    return "".join(
        f"{round(float(time) * 1000)},{rest}\n" for time, _, rest in (line.partition(",") for line in rows.splitlines())
    )


def test_a_recording_is_ordered_points_on_the_screen(tmp_path: Path) -> None:
    points = datasets.read_recording(write(tmp_path / "session_1"), unit_us=datasets.SECONDS_US)

    assert points.time_us.tolist() == [109_000, 125_000, 250_000, 266_000, 300_000, 400_000, 450_000, 500_000, 620_000]
    assert points.kind.tolist() == [MOVE, MOVE, DOWN, DRAG, UP, SCROLL, SCROLL, DOWN, UP]
    assert points.button.tolist() == [NONE, NONE, LEFT, LEFT, LEFT, NONE, NONE, RIGHT, RIGHT]


@pytest.mark.parametrize(("timeunit", "unit_us"), [("s", datasets.SECONDS_US), ("ms", datasets.MILLISECONDS_US)])
def test_training_and_searches_read_the_same_points_from_a_file(tmp_path: Path, timeunit: str, unit_us: int) -> None:
    path = write(tmp_path / "session_1", ROWS if timeunit == "s" else milliseconds(ROWS))
    with path.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    sessions = Sessions()

    read_into(sessions, {field: [row[field] for row in rows] for field in rows[0]}, FieldNames(timeunit=timeunit))

    (searched,) = sessions.take_all()
    trained = datasets.read_recording(path, unit_us=unit_us)
    for field in ("time_us", "x", "y", "kind", "button"):
        np.testing.assert_array_equal(getattr(trained, field), getattr(searched.points, field), err_msg=field)


def test_sapimouse_enrolls_three_minutes_and_tests_one(tmp_path: Path) -> None:
    for folder in ("user7", "user35.1", "user35.2"):
        write(tmp_path / folder / "session_3min.csv", milliseconds(ROWS))
        write(tmp_path / folder / "session_1min.csv", milliseconds(ROWS))

    recordings = datasets.sapimouse(tmp_path)

    assert {(recording.person, recording.purpose) for recording in recordings} == {
        (person, purpose) for person in ("user7", "user35") for purpose in ("enroll", "test")
    }
    assert len({recording.name for recording in recordings}) == len(recordings) == 6
    assert recordings[0].points.time_us[-1] == 620_000


def test_balabit_training_files_are_found_by_user(tmp_path: Path) -> None:
    write(tmp_path / "training_files" / "user9" / "session_1")
    write(tmp_path / "training_files" / "user12" / "session_2")
    write(tmp_path / "test_files" / "user9" / "session_3")

    recordings = datasets.balabit_training(tmp_path)

    assert [recording.name for recording in recordings] == ["user12/session_2", "user9/session_1"]


def test_a_wrong_folder_or_an_empty_file_is_named(tmp_path: Path) -> None:
    empty = write(tmp_path / "user1" / "empty.csv", "")

    for read in (datasets.sapimouse, datasets.balabit_training):
        with pytest.raises(TelemetryError, match="give the folder of the"):
            read(tmp_path)
    with pytest.raises(TelemetryError, match="holds no points"):
        datasets.read_recording(empty, unit_us=1)


def recordings_of(*numbers: int) -> list[Recording]:
    nothing = Points(
        np.empty(0, np.int64), *(np.empty(0, kind) for kind in (np.float32, np.float32, np.uint8, np.uint8))
    )
    return [
        Recording(f"user{number}", f"user{number}/{day}", "enroll", nothing) for number in numbers for day in (1, 2)
    ]


def test_no_person_is_in_two_parts_of_the_split() -> None:
    recordings = recordings_of(1, 42, 43, 54, 55, 120)

    parts = datasets.split(recordings)

    people = [{recording.person for recording in part} for part in (parts.training, parts.test)]
    assert people == [{"user1", "user42", "user43", "user54"}, {"user55", "user120"}]


def test_a_split_without_training_people_is_refused() -> None:
    with pytest.raises(TelemetryError, match="below 55"):
        datasets.split(recordings_of(55, 60))
