"""The benchmark of device traces finds a difference where there is one, and none where there is none."""

from __future__ import annotations

import numpy as np

from benchmarks.device_traces.__main__ import STATISTICS, THINNED_US, statistics, thinned, told_apart
from mousematch.neutral import neutralised
from mousematch.telemetry import DOWN, Points


def session(seed, seconds=20):
    """A smooth wandering at 60 Hz with a click now and then."""
    random = np.random.default_rng(seed)
    time_us = np.arange(0, seconds * 1_000_000, 16_667)
    phase = random.uniform(0, 6, (2, 4))
    x, y = (500 + (90 * np.sin(time_us[:, None] / 1e6 * (2, 5, 9, 14) + each)).sum(axis=1) for each in phase)
    kind = np.where(np.arange(len(time_us)) % 100 == 57, DOWN, 0).astype(np.uint8)
    return Points(time_us, np.rint(x).astype(np.float32), np.rint(y).astype(np.float32), kind, kind)


def test_a_thinned_session_has_an_event_a_span_and_all_clicks():
    points = session(1)

    few = thinned(points)

    assert len(few) < len(points) / 5
    assert (few.kind == DOWN).sum() == (points.kind == DOWN).sum()
    moves = few.time_us[few.kind != DOWN] // THINNED_US
    assert len(moves) == len(set(moves.tolist()))


def test_a_fine_clock_tells_captures_apart_and_nothing_tells_equal_captures_apart():
    sessions = [session(seed) for seed in range(8)]

    assert max(told_apart(sessions, 25.0)) == 1
    assert told_apart([thinned(points) for points in sessions], 25.0) == [0.5] * len(STATISTICS)


def test_statistics_of_a_pointer_that_rests_are_finite():
    points = session(1)
    still = Points(points.time_us, points.x * 0, points.y * 0, points.kind * 0, points.button * 0)

    figures = statistics(neutralised(still, clock_ms=125))

    assert len(figures) == len(STATISTICS) and np.isfinite(figures).all()
