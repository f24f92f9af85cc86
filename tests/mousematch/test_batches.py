"""Batches that are read together hold the points that each of them holds when it is read alone."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from mousematch.errors import TelemetryError
from mousematch.formats.batch import read_batch, read_batches

START_MS = 1_763_822_400_123
TENTHS = st.integers(0, 9999).map(lambda number: number / 10)
STEP = st.integers(0, 40) | st.sampled_from([0, 0, 5_000_000, -3, 0.001]) | TENTHS
ODD = st.sampled_from([None, "7", "x", 0.25, 1e15, float("nan"), float("inf"), True, [1], 10**400])


@st.composite
def batches(draw):
    def event(odd: bool) -> dict:
        def column(values, count):
            found = draw(st.lists(values | ODD if odd else values, min_size=count, max_size=count))
            return found if not (odd and draw(st.integers(0, 9)) == 0) else found + [1]

        count = draw(st.integers(0 if odd else 1, 6))
        points = {"dt": column(STEP, count), "x": column(st.floats(-40_000, 40_000) | st.integers(0, 2000), count)}
        points["y"] = column(st.integers(0, 1000), count)
        for name in draw(st.sets(st.sampled_from(["kind", "button"]))):
            points[name] = column(st.integers(0, 5), count)
        return {"start": draw(st.integers(0, 2 * START_MS) | ODD if odd else st.integers(0, START_MS)), "points": points}

    return [event(draw(st.booleans()) and draw(st.booleans())) for _ in range(draw(st.integers(1, 5)))]


@given(batches())
@example([{"start": START_MS, "points": {"dt": [0, 0, 0], "x": [1, 2, 3], "y": [1, 2, 3]}}] * 3)
@example([{"v": 2, "start": START_MS, "points": {"dt": [0], "x": [1], "y": [1]}}])
@example([{"start": START_MS, "points": {"dt": [0.1], "x": [1], "y": [1]}}])
def test_together_they_are_what_they_are_alone(events):
    together = read_batches(events)
    if together is None:
        return
    points, lengths = together
    alone = [read_batch(event) for event in events]

    assert lengths.tolist() == [len(event["points"]["x"]) for event in events]
    assert points.records.tobytes() == b"".join(part.records.tobytes() for part in alone)
    offsets = np.cumsum(lengths) - lengths
    assert points.bad == [(row + int(at), why) for at, part in zip(offsets, alone) for row, why in part.bad]


@given(batches())
@example([{"start": START_MS, "points": {"dt": [1], "x": [1], "y": []}}])
def test_what_is_damaged_is_not_read_together(events):
    try:
        for event in events:
            read_batch(event)
    except TelemetryError:
        assert read_batches(events) is None


def test_what_collectors_send_is_read_together():
    points = {"dt": [0, 16, 0, 17], "x": [1, 2.5, 3, 4], "y": [1, 1, 2, 2], "kind": [0, 1, 2, 0], "button": [0, 1, 1, 0]}

    found, lengths = read_batches([{"v": 1, "start": START_MS + 40 * n, "points": points} for n in range(50)])

    assert not found.bad and lengths.tolist() == [4] * 50
    later_us = [0, 16_000, 16_001, 33_000]
    assert found.records["time_us"][4:8].tolist() == [(START_MS + 40) * 1000 + later for later in later_us]
