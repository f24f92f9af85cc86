"""Whom a model knows, what two sessions share, and what device cues reach, from raw files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks.accuracy import audit, recordings
from mousematch.datasets import MILLISECONDS_US, read_recording
from mousematch.leakage import recording_hash
from tests.benchmarks import raw_files


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sapimouse")
    raw_files.sapimouse(folder, 3, enroll_s=10, test_s=5)
    return folder


def fingerprint(path: Path) -> str:
    return recording_hash(read_recording(path, unit_us=MILLISECONDS_US))


def test_a_model_knows_what_trained_it_and_what_calibrated_it():
    card = {"training": {"recordings": ["a", "b"]}, "calibration": {"recordings": ["c"]}}

    assert audit.known_recordings(card) == {"a", "b", "c"}
    assert audit.known_recordings({"training": {"recordings": ["a"]}}) == {"a"}


def test_a_card_without_lists_says_nothing_about_whom_the_model_knows():
    assert audit.known_recordings({"training": {"data": {"people": 4}}}) is None


def test_recordings_are_known_by_their_movement_whatever_they_are_called(folder: Path, tmp_path: Path):
    hashes = frozenset([fingerprint(folder / "user2" / "session_3min.csv")])
    shutil.copytree(folder / "user2", tmp_path / "user99")
    shutil.copytree(folder / "user1", tmp_path / "user2")

    found = audit.known(recordings.sapimouse(tmp_path).recordings, hashes)

    assert [recording.name for recording in found] == ["user99/session_3min"]


def test_separate_sessions_share_no_movement(folder: Path):
    assert "none of 3 test sessions" in audit.overlap("SapiMouse", recordings.sapimouse(folder).recordings)


def test_a_test_session_that_is_in_the_enrollment_is_named(folder: Path, tmp_path: Path):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    shutil.copy(tmp_path / "user1" / "session_3min.csv", tmp_path / "user3" / "session_1min.csv")

    sentence = audit.overlap("SapiMouse", recordings.sapimouse(tmp_path).recordings)

    assert "1 of 3 test sessions" in sentence
    assert "user3/session_1min" in sentence and "user1/session_3min" in sentence


def test_device_cues_are_measured_on_the_trials_of_the_table(folder: Path):
    found = audit.cues("SapiMouse", recordings.sapimouse(folder).recordings)

    assert found is not None and (found.genuine, found.impostor) == (3, 6)
    assert all(0 <= auc <= 1 for auc in (found.frame, found.timer, found.both))


def test_labelled_sessions_are_one_trial_each(tmp_path: Path):
    raw_files.balabit(tmp_path, 2, enroll_s=10, test_s=5)
    found = recordings.balabit(tmp_path)

    cues = audit.cues("Balabit", [*found.training, *found.test])

    assert cues is not None and (cues.genuine, cues.impostor) == (4, 4)
    assert audit.cues("Balabit", [*found.training, *(each for each in found.test if each.genuine)]) is None
