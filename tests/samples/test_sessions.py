"""Synthetic people move like people: within human limits, recognisably, and the same each time."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from mousematch.telemetry import DOWN, DRAG, MAX_COORDINATE_PX, SCROLL, UP, Points
from mousematch.windows import active_s
from samples.people import DRIFT, Habits, people, person
from samples.sessions import session


@pytest.fixture(scope="module")
def crowd() -> dict[int, list[Points]]:
    return {seed: [session(person(seed), seconds=40, seed=day) for day in range(3)] for seed in range(5)}


def test_a_session_is_a_function_of_person_and_seed() -> None:
    first, again = (session(person(3), seconds=20, seed=5) for _ in range(2))

    for name in ("time_us", "x", "y", "kind", "button"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))


def test_days_of_one_person_differ() -> None:
    monday, tuesday = (session(person(3), seconds=20, seed=day) for day in (1, 2))

    assert len(monday) != len(tuesday) or not np.array_equal(monday.x, tuesday.x)


def test_time_never_runs_backwards_and_ends_with_the_session(crowd: dict[int, list[Points]]) -> None:
    for sessions in crowd.values():
        for points in sessions:
            assert (np.diff(points.time_us) >= 0).all()
            assert points.time_us[0] >= 0 and points.time_us[-1] <= 40_000_000


def test_the_pointer_stays_in_the_viewport(crowd: dict[int, list[Points]]) -> None:
    for seed, sessions in crowd.items():
        width, height = person(seed).device.viewport_px
        for points in sessions:
            assert points.x.min() >= 0 and points.x.max() <= width < MAX_COORDINATE_PX
            assert points.y.min() >= 0 and points.y.max() <= height


def test_every_release_follows_a_press_and_drags_lie_between_them(crowd: dict[int, list[Points]]) -> None:
    for sessions in crowd.values():
        for points in sessions:
            held = np.cumsum((points.kind == DOWN).astype(int) - (points.kind == UP).astype(int))
            assert set(held) <= {0, 1}
            assert (held[points.kind == DRAG] == 1).all()
            assert (points.button[points.kind == DRAG] == 0).all()
            assert (points.button[points.kind == DOWN] > 0).all()


def test_a_minute_holds_as_much_movement_as_people_make() -> None:
    points = session(person(11), seconds=60, seed=1)

    speed = np.hypot(np.diff(points.x), np.diff(points.y)) / np.maximum(np.diff(points.time_us) / 1e6, 1e-3)
    assert 20 < active_s(points) < 60
    assert 600 < len(points) < 6000
    assert 10 <= (points.kind == DOWN).sum() <= 80
    assert 50 < np.median(speed[speed > 0]) < 1500  # px/s
    assert np.percentile(speed, 99) < 12_000
    assert (points.kind == SCROLL).sum() < 200


def test_habits_lie_within_human_limits() -> None:
    for someone in people(200):
        for habits in (someone.habits, someone.on_day(1)):
            for spec in fields(Habits):
                value = getattr(habits, spec.name)
                if spec.metadata["spread"] is not None:
                    assert spec.metadata["low"] <= value <= spec.metadata["high"], spec.name


def test_people_scatter_more_than_their_days() -> None:
    logs = np.log([[someone.on_day(day).click_hold_s for day in range(12)] for someone in people(120)])

    within, between = logs.std(axis=1).mean(), logs.mean(axis=1).std()

    assert within / between == pytest.approx(DRIFT, rel=0.35)


def test_a_person_at_another_device_keeps_the_habits() -> None:
    at_hers, at_his = person(1), person(1).at(person(2).device)

    assert at_his.habits == at_hers.habits
    assert at_his.device == person(2).device


def test_a_slow_hand_is_slower(crowd: dict[int, list[Points]]) -> None:
    """Fitts' law shows: whom it makes slower moves at lower speeds."""

    def typical_speed(seed: int) -> float:
        points = session(person(seed), seconds=120, seed=1)
        step_s = np.diff(points.time_us) / 1e6
        moving = step_s < 0.05
        return float(np.percentile(np.hypot(np.diff(points.x), np.diff(points.y))[moving] / 0.017, 90))

    def slowness(seed: int) -> float:
        habits = person(seed).habits
        return (habits.fitts_a_s + 4 * habits.fitts_b_s) / habits.hurry

    mice = [seed for seed in range(40) if person(seed).device.frame_hz == 60 and person(seed).device.swipe_px > 900]
    slow, fast = max(mice, key=slowness), min(mice, key=slowness)

    assert typical_speed(slow) < typical_speed(fast)
