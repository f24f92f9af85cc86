"""Which raw files are whose, and what is said where some are missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.accuracy.errors import DataMissing
from benchmarks.accuracy.recordings import ENROLL, TEST, balabit, link, sapimouse


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("client timestamp,button,state,x,y\n")


def labels(folder: Path, **illegal: int) -> None:
    lines = ["filename,is_illegal", *(f"{name},{value}" for name, value in illegal.items())]
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")


def test_people_recorded_twice_are_one_person_with_two_sessions_of_each_kind(tmp_path: Path):
    for folder in ("user9", "user10.1", "user10.2"):
        touch(tmp_path / folder / "session_3min.csv", tmp_path / folder / "session_1min.csv")

    found = sapimouse(tmp_path)

    assert found.people == ["user9", "user10"]
    assert sum(each.purpose == TEST for each in found.recordings if each.person == "user10") == 2
    assert len({each.lookup for each in found.recordings}) == 6


def test_dated_file_names_are_sessions_too(tmp_path: Path):
    touch(tmp_path / "user1" / "session_2020_10_14_1min.csv", tmp_path / "user1" / "session_2020_10_14_3min.csv")

    assert {each.purpose for each in sapimouse(tmp_path).recordings} == {ENROLL, TEST}


def test_people_with_one_kind_of_session_are_left_out_by_name(tmp_path: Path):
    touch(*(tmp_path / user / f"session_{kind}.csv" for user in ("user1", "user2") for kind in ("3min", "1min")))
    touch(tmp_path / "user3" / "session_1min.csv")

    found = sapimouse(tmp_path)

    assert found.left_out == ["user3"] and found.people == ["user1", "user2"]


def test_a_folder_without_sapimouse_says_so(tmp_path: Path):
    with pytest.raises(DataMissing, match="SapiMouse is left out"):
        sapimouse(tmp_path / "sapimouse")


def test_labels_say_who_moved_the_mouse_and_sessions_without_one_are_counted(tmp_path: Path):
    touch(tmp_path / "training_files" / "user7" / "session_1")
    touch(*(tmp_path / "test_files" / "user7" / f"session_{number}" for number in (2, 3, 4)))
    labels(tmp_path, session_2=0, session_3=1)

    found = balabit(tmp_path)

    assert found.owners == ["user7"] and found.unlabelled == 1
    assert {each.name: each.genuine for each in found.test} == {"user7/session_2": True, "user7/session_3": False}


def test_training_files_may_come_from_another_folder(tmp_path: Path):
    touch(
        tmp_path / "new" / "test_files" / "user7" / "session_2",
        tmp_path / "old" / "training_files" / "user7" / "session_1",
    )
    labels(tmp_path / "new", session_2=1)

    assert balabit(tmp_path / "new", tmp_path / "old").owners == ["user7"]
    with pytest.raises(DataMissing, match="--balabit-training"):
        balabit(tmp_path / "new")


@pytest.mark.parametrize(
    ("missing", "sentence"), [("test_files", "holds no test_files"), ("labels.csv", "put labels.csv")]
)
def test_what_balabit_lacks_is_named(tmp_path: Path, missing: str, sentence: str):
    touch(tmp_path / "training_files" / "user7" / "session_1")
    if missing != "test_files":
        touch(tmp_path / "test_files" / "user7" / "session_2")
    else:
        labels(tmp_path, session_2=1)

    with pytest.raises(DataMissing, match=sentence):
        balabit(tmp_path)


def test_searches_read_the_raw_files_themselves(tmp_path: Path):
    for kind in ("3min", "1min"):
        touch(tmp_path / "user1" / f"session_{kind}.csv")
    found = sapimouse(tmp_path)

    link(found.recordings, tmp_path / "lookups")
    link(found.recordings, tmp_path / "lookups")

    linked = {path.name: path.resolve() for path in (tmp_path / "lookups").iterdir()}
    assert linked == {each.lookup: each.path.resolve() for each in found.recordings}
