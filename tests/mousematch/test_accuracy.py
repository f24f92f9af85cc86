"""Accuracy on people, from recordings to error rates, with an embedding whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from mousematch import accuracy, calibration
from mousematch.datasets import Recording
from mousematch.encoding import Encoding
from mousematch.telemetry import Points
from mousematch.windows import WindowSpec

PEOPLE = ("ada", "ben", "cy", "dee")


def recording(person, purpose, seconds=4):
    """Points that say who moved: x is the person's number."""
    n = seconds * 10
    time_us = np.arange(n, dtype=np.int64) * 100_000
    x = np.full(n, PEOPLE.index(person), np.float32)
    return Recording(
        person, f"{person}/{purpose}", purpose, Points(time_us, x, x, np.zeros(n, np.uint8), np.zeros(n, np.uint8))
    )


def draw(points, windows):
    """Images whose every pixel is the person's number."""
    return np.stack([np.full((2, 2, 3), points.x[window][0], np.uint8) for window in windows])


ENCODING = Encoding(name="number", version=1, size=2, window=WindowSpec(active_s=1.0), title="", draw=draw)


def embed_people(images):
    """A perfect embedding: one axis a person."""
    return np.eye(len(PEOPLE), dtype=np.float32)[images[:, 0, 0, 0]]


@pytest.fixture
def recordings():
    return [recording(person, purpose) for person in PEOPLE for purpose in ("enroll", "test")]


@pytest.fixture
def cohort(recordings):
    return accuracy.cohort_of(recordings, ENCODING, embed_people)


def test_everybody_is_an_impostor_of_everybody_else(recordings, cohort):
    trials = accuracy.trials(recordings, ENCODING, embed_people, cohort)

    assert len(trials) == 16 and sum(trial.genuine for trial in trials) == 4
    assert {len(trial.similarities) for trial in trials} == {4}


def test_a_perfect_embedding_makes_no_errors(recordings, cohort):
    trials = accuracy.trials(recordings, ENCODING, embed_people, cohort)
    backend = calibration.fit(trials, cohort)

    measured = accuracy.measured(trials, backend, windows=None)

    assert (measured.auc, measured.eer, measured.far_at_half, measured.frr_at_half) == (1, 0, 0, 0)
    assert (measured.genuine, measured.impostor) == (4, 12)
    assert accuracy.auc_interval(trials, backend, draws=20) == (1, 1)


def test_cohort_has_one_direction_a_person_also_for_hours_of_recordings(monkeypatch):
    monkeypatch.setattr(accuracy, "COHORT_WINDOWS", 3)
    seen = []

    def counted(images):
        seen.append(len(images))
        return embed_people(images)

    cohort = accuracy.cohort_of([recording(person, "enroll", 40) for person in PEOPLE], ENCODING, counted)

    assert cohort.shape == (4, 4)
    assert sum(seen) <= 4 * 4
