"""Copies are found whatever they are called, and the device's part in a result is measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mousematch.errors import ModelError, OptionError
from mousematch.leakage import RUN_STEPS, Overlap, device_cues, overlaps, people_in_training, recording_hash
from mousematch.neutral import neutralised
from mousematch.telemetry import MOVE, SCROLL, Points


def session(seed, n=400, *, left=0.0, step_ms=16.0, jitter_ms=1.0, kind=MOVE):
    """A random walk in whole pixels; ``seed`` says how the hand moves, the rest what the device makes of it."""
    random = np.random.default_rng(seed)
    steps = np.maximum(1, np.rint(random.normal(step_ms, jitter_ms, n))).astype(np.int64) * 1000
    x, y = np.cumsum(random.integers(-9, 10, (2, n)), axis=1)
    return Points(
        1_700_000_000_000_000 + np.cumsum(steps),
        (x + left).astype(np.float32),
        (y + 400).astype(np.float32),
        np.full(n, kind, np.uint8),
        np.zeros(n, np.uint8),
    )


def elsewhere(points):
    """The same movement on another day and another place of the screen."""
    return replace(points, time_us=points.time_us + 86_400_000_000, x=points.x + np.float32(300))


def test_a_recording_has_one_hash_in_any_order_place_and_time():
    points = session(1)
    shuffled = points[np.random.default_rng(2).permutation(len(points))]

    assert recording_hash(points) == recording_hash(shuffled) == recording_hash(elsewhere(points))
    assert len(recording_hash(points)) == 16 and int(recording_hash(points), 16)


@pytest.mark.parametrize(
    "change",
    [
        lambda points: points[:-1],
        lambda points: replace(points, x=points.x + np.where(np.arange(len(points)) == 9, 1, 0).astype(np.float32)),
        lambda points: replace(points, button=points.button + 1),
        lambda points: replace(points, time_us=points.time_us * 2),
    ],
)
def test_any_change_makes_another_hash(change):
    assert recording_hash(change(session(1))) != recording_hash(session(1))


def test_a_hash_stays_the_same_from_release_to_release():
    """Cards of published models hold such hashes."""
    points = Points(
        np.array([0, 16_000, 32_400], np.int64),
        np.array([10, 12.125, 15], np.float32),
        np.array([5, 5, 4], np.float32),
        np.array([0, 0, 1], np.uint8),
        np.array([0, 0, 1], np.uint8),
    )

    assert recording_hash(points) == "7d0b0bd4b4bc5b39"


def test_different_sessions_share_nothing():
    assert overlaps({"a": session(1), "b": session(2)}, {"c": session(3), "d": session(4)}) == []


def test_a_whole_copy_under_another_name_is_found():
    assert overlaps({"a": session(1), "b": session(2)}, {"copy": elsewhere(session(2))}) == [Overlap("b", "copy", 1.0)]


def test_a_part_of_an_enrollment_session_in_a_test_session_is_found():
    part = elsewhere(session(1))[slice(100, 200)]
    other = session(5)
    later = replace(part, time_us=part.time_us - part.time_us[0] + other.time_us[-1] + 40_000)
    joined = Points.concatenate([other, later])

    (found,) = overlaps({"a": session(1), "b": session(2)}, {"c": session(3), "joined": joined})

    assert (found.enrolled, found.tested) == ("a", "joined")
    # 99 steps of the part make so many runs, out of all runs of the joined session.
    assert found.share == pytest.approx((99 - RUN_STEPS + 1) / (499 - RUN_STEPS + 1), abs=0.005)


def test_wheels_and_rests_that_tick_alike_are_no_copies():
    still = replace(session(1, 200, jitter_ms=0), x=np.zeros(200, np.float32), y=np.zeros(200, np.float32))
    wheel = replace(still, kind=np.full(200, SCROLL, np.uint8))

    assert overlaps({"rest": still, "wheel": wheel}, {"rest 2": still[:150], "wheel 2": elsewhere(wheel)[:120]}) == []


def test_sessions_too_short_for_runs_are_found_whole():
    assert overlaps({"a": session(1, 20)}, {"same": session(1, 20), "other": session(2, 20)}) == [
        Overlap("a", "same", 1.0)
    ]
    assert overlaps({}, {"a": session(1)}) == overlaps({"a": session(1)}, {}) == []


def test_people_whose_recordings_were_trained_on_are_named():
    card = {"training": {"recordings": [recording_hash(session(number)) for number in (1, 2)]}}

    assert people_in_training(card, [("ada", session(7)), ("ben", elsewhere(session(2))), ("ben", session(8))]) == {
        "ben"
    }
    assert people_in_training(card, [("ada", session(7))]) == set()


def test_people_whose_recordings_calibrated_the_scores_are_named_too():
    card = {
        name: {"recordings": [recording_hash(session(number))]}
        for number, name in ((1, "training"), (2, "calibration"))
    }

    assert people_in_training(card, [("ada", session(1)), ("ben", session(2)), ("cy", session(3))]) == {"ada", "ben"}


@pytest.mark.parametrize(
    "card", [{}, {"training": {}}, {"training": {"recordings": []}}, {"training": {"recordings": "ab"}}]
)
def test_a_card_that_does_not_say_what_it_was_trained_on_is_no_clean_bill(card):
    with pytest.raises(ModelError, match="does not list its training recordings"):
        people_in_training(card, [("ada", session(1))])


def trials_of(people, tested):
    return [(claimed, name, name.startswith(claimed)) for claimed in people for name in tested]


def evaluation(**devices):
    """Three people who move alike, each at a device of their own: (enrolled, tested, trials)."""
    people = ("ada", "ben", "cy")
    made = {
        person: [session(10 * number + k, **{key: values[number] for key, values in devices.items()}) for k in range(4)]
        for number, person in enumerate(people)
    }
    tested = {f"{person} {k}": made[person][k] for person in people for k in (2, 3)}
    return {person: parts[:2] for person, parts in made.items()}, tested, trials_of(people, tested)


def test_a_device_that_gives_itself_away_is_measured_and_only_where_it_does():
    by_timer = device_cues(*evaluation(step_ms=(8.0, 16.0, 24.0)))
    by_place = device_cues(*evaluation(left=(500.0, 1500.0, 2500.0)))

    assert by_timer.timer == by_place.frame == by_place.both == 1
    assert by_timer.frame < 0.9 and by_place.timer < 0.9


def test_neutralised_movement_leaves_the_device_nothing():
    enrolled, tested, trials = evaluation(left=(500.0, 1500.0, 2500.0), step_ms=(8.0, 16.0, 24.0))

    def plain(points):
        return neutralised(points, frame=True, clock_ms=25)

    cues = device_cues(
        {person: [plain(points) for points in parts] for person, parts in enrolled.items()},
        {name: plain(points) for name, points in tested.items()},
        trials,
    )

    assert cues.timer == 0.5
    assert cues.frame < 0.9


def test_trials_of_people_without_points_are_refused():
    with pytest.raises(OptionError, match='"zoe"'):
        device_cues({"ada": [session(1)]}, {"s": session(2)}, [("zoe", "s", True)])
