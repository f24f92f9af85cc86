"""Neutralised movement: what identifies a device is gone, what a hand did is still there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousematch.errors import OptionError
from mousematch.neutral import PLACE_PX, capture_interval_ms, neutralised
from mousematch.telemetry import DOWN, DRAG, LEFT, MOVE, NONE, RIGHT, SCROLL, STROKE_GAP_US, UP, Points

CLOCK_MS = 125.0


def points_of(time_s, x, y, kind=MOVE, button=NONE):
    n = len(time_s)
    return Points(
        np.rint(np.asarray(time_s) * 1e6).astype(np.int64),
        np.broadcast_to(np.asarray(x, np.float32), n).copy(),
        np.broadcast_to(np.asarray(y, np.float32), n).copy(),
        np.broadcast_to(np.asarray(kind, np.uint8), n).copy(),
        np.broadcast_to(np.asarray(button, np.uint8), n).copy(),
    )


def hand(time_s):
    """Where the hand is at that time: four strokes of 1.5 s with rests of a second, up to some 600 px/s."""
    within = np.clip(time_s % 2.5, 0, 1.5)
    reach = 0.5 - 0.5 * np.cos(np.pi * within / 1.5)
    number = np.floor(time_s / 2.5)
    return 300 + 450 * reach * np.cos(number), 300 + 450 * reach * np.sin(number) + 30 * np.sin(4 * within)


def capture(rate_hz, *, phase_s=0.0, timer_s=0.0, left=0.0, top=0.0):
    """What a device records of that hand: events at its rate while it moves, times on its timer's grid."""
    time_s = np.arange(phase_s, 10, 1 / rate_hz)
    time_s = time_s[time_s % 2.5 <= 1.5]
    x, y = hand(time_s)
    stamped = np.floor(time_s / timer_s) * timer_s if timer_s else time_s
    return points_of(stamped, np.rint(x + left), np.rint(y + top)).ordered()


def compared(one, other):
    """Both on the ticks that they share, and the share of all ticks that this is."""
    shared = np.intersect1d(one.time_us, other.time_us)
    every = np.union1d(one.time_us, other.time_us)
    return (
        one[np.searchsorted(one.time_us, shared)],
        other[np.searchsorted(other.time_us, shared)],
        len(shared) / len(every),
    )


def test_captures_of_60_and_of_10_hz_become_nearly_the_same_points():
    fast, slow = capture(60), capture(10, phase_s=0.03)
    assert len(fast) > 5 * len(slow)

    one, other, share = compared(*(neutralised(points, clock_ms=CLOCK_MS) for points in (fast, slow)))

    assert share > 0.9
    distance = np.hypot(one.x - other.x, one.y - other.y)
    # A stroke reaches 450 px: linear interpolation and late first events cost some pixels.
    assert np.median(distance) <= 4 and distance.max() <= 25
    assert capture_interval_ms(one) == capture_interval_ms(other) == CLOCK_MS


def test_a_clock_finer_than_the_capture_leaves_it_tell_tale():
    """Why the clock has to be as coarse as the coarsest capture: straight lines between events show."""

    def largest_share_of_bends(points):
        """Of four ticks, 100 ms, one after another: how much of the bending falls on the same one of them."""
        points = neutralised(points, clock_ms=25)
        bend = np.diff(points.x, 2) ** 2 + np.diff(points.y, 2) ** 2
        bend[(np.diff(points.time_us) > 25_000)[1:] | (np.diff(points.time_us) > 25_000)[:-1]] = 0
        return (np.bincount(points.time_us[1:-1] // 25_000 % 4, bend) / bend.sum()).max()

    assert largest_share_of_bends(capture(60)) < 0.3
    assert largest_share_of_bends(capture(10)) > 0.4


def wandering(seed, rate_hz):
    """A minute of a hand that wanders about in slow and quick waves, as a device of that rate records it."""
    random = np.random.default_rng(seed)
    time_s = np.arange(random.uniform(0, 1 / rate_hz), 60, 1 / rate_hz)
    often = np.linspace(0.2, 3.0, 12)
    x, y = (
        500 + (150 / (1 + often) * np.sin(2 * np.pi * often * time_s[:, None] + phase)).sum(axis=1)
        for phase in random.uniform(0, 2 * np.pi, (2, 12))
    )
    return points_of(time_s, np.rint(x), np.rint(y))


def roughness(points):
    """How much the velocity changes from tick to tick, for its size: rounder turns are rougher on a clock."""
    steps = np.diff(points.x) + 1j * np.diff(points.y)
    return np.abs(np.diff(steps)).sum() / np.abs(steps).sum()


def test_a_coarse_clock_makes_captures_of_60_and_of_9_hz_equally_rough():
    def difference(clock_ms):
        fast, slow = (
            np.mean([roughness(neutralised(wandering(seed, rate_hz), clock_ms=clock_ms)) for seed in range(15)])
            for rate_hz in (60, 9.2)
        )
        return abs(fast / slow - 1)

    assert difference(25) > 0.05
    assert difference(150) < 0.02


def test_a_timer_of_coarse_steps_leaves_no_trace():
    exact, coarse = capture(60), capture(60, timer_s=0.015625)

    one, other, share = compared(*(neutralised(points, clock_ms=CLOCK_MS) for points in (exact, coarse)))

    assert share > 0.9
    assert np.hypot(one.x - other.x, one.y - other.y).max() <= 10
    assert set(np.unique(other.time_us % 125_000)) == {0}


def test_another_place_on_the_screen_gives_the_same_points():
    here, there = capture(60), capture(60, left=800, top=-120)

    one, other = neutralised(here, frame=True), neutralised(there, frame=True)

    assert np.array_equal(one.x, other.x) and np.array_equal(one.y, other.y)
    starts = np.flatnonzero(np.diff(one.time_us, prepend=-(10**9)) > STROKE_GAP_US)
    assert len(starts) == 4
    assert set(one.x[starts]) == set(one.y[starts]) == {PLACE_PX}


def test_frame_leaves_time_and_movement_as_they_were():
    points = capture(60)

    moved = neutralised(points, frame=True)

    assert moved.time_us is points.time_us
    same_stroke = np.diff(points.time_us) <= STROKE_GAP_US
    assert np.array_equal(np.diff(moved.x)[same_stroke], np.diff(points.x)[same_stroke])


def test_place_and_timer_go_together():
    here = capture(60)
    there = capture(60, timer_s=0.015625, left=500, top=250)

    one, other, share = compared(*(neutralised(points, frame=True, clock_ms=CLOCK_MS) for points in (here, there)))

    assert share > 0.9
    assert np.hypot(one.x - other.x, one.y - other.y).max() <= 10


def test_a_click_stays_a_press_and_a_release_with_their_button():
    still = points_of([0, 0.1, 0.13, 0.16, 0.3], 10, 20, [MOVE, DOWN, UP, MOVE, MOVE], [NONE, RIGHT, RIGHT, NONE, NONE])

    clocked = neutralised(still, clock_ms=100)

    assert list(clocked.kind) == [MOVE, DOWN, UP, MOVE]
    assert list(clocked.button) == [NONE, RIGHT, RIGHT, NONE]
    assert list(clocked.time_us) == [0, 100_000, 200_000, 300_000]


def test_a_double_click_within_a_tick_stays_two_clicks():
    quick = points_of([0.40, 0.43, 0.44, 0.47], 5, 5, [DOWN, UP, DOWN, UP], LEFT)

    clocked = neutralised(quick, clock_ms=100)

    assert list(clocked.kind) == [DOWN, UP, DOWN, UP]
    assert np.count_nonzero(clocked.ordered().kind == DOWN) == 2


def test_a_drag_stays_a_drag_and_a_scroll_does_not_move_the_pointer():
    time_s = np.arange(0, 1, 0.02)
    kind = np.where(time_s < 0.5, DRAG, MOVE)
    scroll = points_of([0.9], 0, 0, SCROLL)
    points = Points.concatenate(
        [points_of(time_s, 400, 300, kind, np.where(kind == DRAG, LEFT, NONE)), scroll]
    ).ordered()

    clocked = neutralised(points, clock_ms=100)

    assert list(clocked.kind) == [DRAG] * 5 + [MOVE] * 4 + [SCROLL] + [MOVE]
    assert set(clocked.x) == {400} and set(clocked.y) == {300}


@pytest.mark.parametrize("frame", [False, True])
@pytest.mark.parametrize("clock_ms", [None, 25.0])
def test_no_points_stay_no_points(frame, clock_ms):
    assert len(neutralised(Points.empty(), frame=frame, clock_ms=clock_ms)) == 0


@pytest.mark.parametrize("clock_ms", [0.0, -5.0, 251.0, float("nan")])
def test_an_unusable_clock_is_refused(clock_ms):
    with pytest.raises(OptionError, match="from 1 to 250"):
        neutralised(capture(60), clock_ms=clock_ms)


events = st.lists(
    st.tuples(
        st.integers(0, 5_000_000), st.integers(-50, 2000), st.integers(0, 1000), st.integers(0, 4), st.integers(0, 4)
    ),
    min_size=1,
    max_size=60,
)


@given(events, st.sampled_from([1.0, 16.0, 125.0, 250.0]), st.booleans())
def test_whatever_the_events_the_points_keep_their_order_and_their_clicks(rows, clock_ms, frame):
    table = np.array(rows).T
    points = points_of(table[0] / 1e6, table[1], table[2], table[3], table[4])
    points = replace(points, time_us=points.time_us + 1_763_822_400_000_000).ordered()

    clocked = neutralised(points, frame=frame, clock_ms=clock_ms)

    assert (np.diff(clocked.time_us) > 0).all()
    assert (clocked.time_us % round(clock_ms * 1000) == 0).all()
    for kind in (DOWN, UP):
        assert list(clocked.button[clocked.kind == kind]) == list(points.button[points.kind == kind])
    assert (clocked.kind == SCROLL).any() <= (points.kind == SCROLL).any()
    assert np.isfinite(clocked.x).all() and np.isfinite(clocked.y).all()
