"""Figures of embeddings whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from mousematch.datasets import Recording
from mousematch.telemetry import Points
from mousematch.windows import WindowSpec
from study.measurement import cohort_of, measure

WINDOW = WindowSpec(points=128)


def standing(person, purpose, x, points=700):
    """Somebody whose pointer is at x: what the embedder below knows them by."""
    still = np.zeros(points, np.uint8)
    place = np.broadcast_to(np.asarray(x, np.float32), (points,)).copy()
    return Recording(person, f"{person}/{purpose}", purpose, Points(np.arange(points) * 16_000, place, place, still, still))


def mean_x(points, windows):
    return np.array([[points.x[window].mean()] for window in windows], np.float32)


def direction(inputs):
    """A direction in the plane for each x, a turn being 1000."""
    angle = inputs[:, 0] * (2 * np.pi / 1000)
    return np.stack((np.cos(angle), np.sin(angle)), axis=1).astype(np.float32)


COHORT = direction(np.linspace(0, 1000, 9)[:, None])


def test_people_who_are_where_they_enrolled_are_told_apart_without_error():
    people = [standing(f"user{n}", purpose, 100 * n) for n in range(1, 7) for purpose in ("enroll", "test")]

    figures = measure(people, mean_x, direction, COHORT, WINDOW)

    for one in figures.values():
        assert (one.auc, one.eer, one.auc_low, one.eer_high) == (1.0, 0.0, 1.0, 0.0)
    # 700 events are five pieces of 128 and a last one of 60, which is less than half.
    assert (figures["128 events"].genuine, figures["128 events"].impostor) == (6 * 5, 6 * 5 * 5)
    assert (figures["640 events"].genuine, figures["session"].impostor) == (6, 30)


def test_people_who_exchange_places_are_never_right():
    enrolled = [standing(f"user{n}", "enroll", 100 + 500 * n) for n in (0, 1)]
    tested = [standing(f"user{n}", "test", 600 - 500 * n) for n in (0, 1)]

    assert measure([*enrolled, *tested], mean_x, direction, COHORT, WINDOW)["session"].auc == 0.0


def test_more_evidence_is_the_mean_of_its_pictures():
    """One of five pictures is far off: alone it errs, in the mean of the five it does not."""
    odd = np.repeat([100, 100, 600, 100, 100], 128)
    people = [
        standing("user1", "enroll", 100, 640),
        standing("user1", "test", odd, 640),
        standing("user2", "enroll", 600, 640),
        standing("user2", "test", 600, 640),
    ]

    figures = measure(people, mean_x, direction, COHORT, WINDOW)

    assert figures["128 events"].auc < 1
    assert figures["640 events"].auc == 1


def test_a_picture_of_a_longer_window_shows_all_of_the_evidence():
    seen = []

    def watched(points, windows):
        seen.extend(window.stop - window.start for window in windows)
        return mean_x(points, windows)

    people = [standing(f"user{n}", purpose, 300 * n) for n in (1, 2) for purpose in ("enroll", "test")]
    measure(people, watched, direction, COHORT, WindowSpec(points=640))

    # Enrolled on 640; then 128 events, 640 and the session (whose last 60 events are no window).
    assert set(seen) == {640, 128}
    assert seen.count(640) == 2 + 2 + 2


def test_the_cohort_has_one_direction_a_person_whatever_they_recorded():
    people = [standing("user1", "enroll", 100, 20_000), standing("user1", "test", 100), standing("user2", "test", 350)]

    cohort = cohort_of(people, mean_x, direction, WINDOW)

    assert cohort == pytest.approx(direction(np.array([[100], [350]])), abs=1e-6)
