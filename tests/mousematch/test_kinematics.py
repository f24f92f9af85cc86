"""Kinematic vectors: what they measure, what they do not depend on, and their text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mousematch.kinematics import MIN_POINTS, NAMES, VERSION, from_texts, kinematics, kinematics_of, to_text
from mousematch.telemetry import DOWN, LEFT, MOVE, NONE, SCROLL, UP, Points

STEP_US = 20_000


def reaches(profile, *, count=12, length=400.0, bend=0.0, hold_us=80_000, step_us=STEP_US) -> Points:
    """Reaches to and fro with this place profile (0–1 over time 0–1), each with a click of ``hold_us`` at its end."""
    rows = []
    time_us = 0
    for number in range(count):
        way = profile(np.linspace(0, 1, 41))
        x = length * (way if number % 2 == 0 else 1 - way)
        y = 300 + bend * length * 4 * way * (1 - way) + 5 * number
        for px, py in zip(x, y):
            rows.append((time_us, px, py, MOVE, NONE))
            time_us += step_us
        rows.append((time_us + 100_000, x[-1], y[-1], DOWN, LEFT))
        rows.append((time_us + 100_000 + hold_us, x[-1], y[-1], UP, LEFT))
        time_us += 900_000
    table = np.array(rows, np.float64)
    return Points(
        table[:, 0].astype(np.int64),
        table[:, 1].astype(np.float32),
        table[:, 2].astype(np.float32),
        table[:, 3].astype(np.uint8),
        table[:, 4].astype(np.uint8),
    )


def even(tau):
    return tau


def minimum_jerk(tau):
    return tau**3 * (10 - 15 * tau + 6 * tau**2)


def late(tau):
    return tau**3


def of(points: Points) -> dict[str, float]:
    vector = kinematics(points)
    assert vector is not None
    return dict(zip(NAMES, vector.tolist()))


def test_constant_speed_has_a_mean_near_its_peak_and_minimum_jerk_eight_fifteenths():
    assert of(reaches(even))["mean_to_peak_median"] > 0.97
    assert of(reaches(minimum_jerk))["mean_to_peak_median"] == pytest.approx(8 / 15, abs=0.02)


def test_the_peak_of_the_speed_is_where_it_is():
    assert of(reaches(minimum_jerk))["peak_time_median"] == pytest.approx(0.5, abs=0.04)
    assert of(reaches(late))["peak_time_median"] > 0.9


def test_a_straight_way_is_straight_and_an_arc_bends_to_one_side():
    straight, arc = of(reaches(minimum_jerk)), of(reaches(minimum_jerk, bend=0.2))

    assert straight["straightness_median"] > 0.999 > arc["straightness_median"]
    assert straight["deviation_median"] < 0.01
    # The arc's height is a fifth of the chord; the way along it is about a tenth longer.
    assert arc["deviation_median"] == pytest.approx(0.2 / 1.1, abs=0.02)
    assert arc["one_sided_median"] > 0.95


def test_clicks_are_measured_in_logarithms_of_seconds():
    found = of(reaches(even, hold_us=80_000))

    assert found["hold"] == pytest.approx(np.log(0.08), abs=0.01)
    assert found["hold_spread"] == 0


def test_a_metronome_has_one_time_step():
    found = of(reaches(even))

    assert found["commonest_step"] > 0.9
    assert found["step_spread"] < 0.4


def test_place_start_and_resolution_do_not_matter():
    points = reaches(minimum_jerk, bend=0.1)
    moved = Points(points.time_us + 10**15, points.x + 700, points.y + 90, points.kind, points.button)

    assert np.array_equal(kinematics(points), kinematics(moved))
    fine = Points(points.time_us, np.rint(points.x) + 0.25, np.rint(points.y) - 0.3, points.kind, points.button)
    assert np.array_equal(kinematics(points), kinematics(fine))


def test_too_few_points_or_reaches_have_no_vector():
    points = reaches(even)

    assert kinematics(points[: MIN_POINTS - 1]) is None
    assert kinematics(reaches(even, count=3)) is None
    assert kinematics(Points.empty()) is None


def test_without_clicks_their_measures_are_missing():
    points = reaches(even)

    found = of(points[points.kind == MOVE])

    assert np.isnan(found["hold"]) and not np.isnan(found["straightness_median"])


@given(
    time=arrays.arrays(np.int64, st.integers(60, 90), elements=st.integers(0, 10**7)),
    seed=st.integers(0, 2**31),
)
def test_any_points_have_a_vector_that_float16_holds_or_none(time, seed):
    rng = np.random.default_rng(seed)
    n = len(time)
    size = rng.choice([1.0, 1000.0, 32_000.0])
    x, y = (rng.uniform(-size, size, n).astype(np.float32) for _ in range(2))
    points = Points(
        time, x, y, rng.integers(0, 5, n).astype(np.uint8), rng.integers(0, 5, n).astype(np.uint8)
    ).ordered()

    vector = kinematics(points)

    if vector is not None:
        assert not np.isinf(vector.astype(np.float16)).any()
        assert np.isfinite(vector[:40]).all()


@given(arrays.arrays(np.float16, len(NAMES), elements=st.floats(-6e4, 6e4, width=16)))
def test_the_text_brings_the_vector_in_half_precision(values):
    vector = values.astype(np.float32)

    text = to_text(vector)

    assert text.startswith(VERSION + ":") and len(text) < 170
    assert np.array_equal(from_texts([text])[0], vector)


@pytest.mark.parametrize("text", ["", "k1:", "k1:AAAA", "k0:" + "A" * 160, "k1:" + "é" * 160, "k1:" + "!" * 160])
def test_a_text_of_another_version_or_damaged_is_no_vector(text):
    good = to_text(np.ones(len(NAMES), np.float32))

    found = from_texts([good, text, good])

    assert np.isnan(found[1]).all() and (found[[0, 2]] == 1).all()


@pytest.mark.parametrize("seed", range(8))
def test_sessions_measured_together_are_measured_as_alone_bit_for_bit(seed):
    random = np.random.default_rng(seed)
    sessions = [wandering(random, int(random.integers(20, 2000))) for _ in range(5)]

    for alone, together in zip(map(kinematics, sessions), kinematics_of(sessions)):
        assert (alone is None) == (together is None)
        assert alone is None or alone.tobytes() == together.tobytes()
    assert kinematics_of([]) == []


def wandering(random, count):
    """Movement that often goes straight back, where the last bit of a product decides between left and right."""
    waits = random.choice([0, 8_000, 16_000, 33_000, 900_000], count, p=[0.02, 0.3, 0.5, 0.16, 0.02])
    kind = random.choice([MOVE, DOWN, UP], count, p=[0.96, 0.02, 0.02]).astype(np.uint8)
    x, y = (np.abs(np.cumsum(random.integers(-reach, reach + 1, count))).astype(np.float32) for reach in (9, 1))
    return Points(np.cumsum(waits), x, y, kind, (kind > MOVE).astype(np.uint8))


def test_a_first_session_without_any_place_leaves_the_others_alone(monkeypatch):
    moved = reaches(lambda t: t**2 * (3 - 2 * t))
    scrolled = Points(moved.time_us, moved.x, moved.y, np.full(len(moved), SCROLL, np.uint8), moved.button)
    cumsum = np.cumsum

    def strict(values, *args, out=None, **options):
        # numpy refuses an empty ``out`` of another size from 2.5 on only.
        assert out is None or len(out) == len(values)
        return cumsum(values, *args, out=out, **options)

    monkeypatch.setattr(np, "cumsum", strict)
    nothing, vector = kinematics_of([scrolled, moved])

    assert nothing is None
    np.testing.assert_array_equal(vector, kinematics(moved))
