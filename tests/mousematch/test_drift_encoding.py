"""The encoding drift: where its strokes go, worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mousematch.drift_encoding import MIDDLE, SIZE, draw
from mousematch.path_encoding import segment_colours
from mousematch.telemetry import DRAG, MOVE, Points


def points(*rows, kind=MOVE):
    """Points from rows of (seconds, x, y)."""
    table = np.array(rows, np.float64)
    n = len(table)
    time_us = np.rint(table[:, 0] * 1e6).astype(np.int64)
    x, y = table[:, 1].astype(np.float32), table[:, 2].astype(np.float32)
    return Points(time_us, x, y, np.full(n, kind, np.uint8), np.zeros(n, np.uint8))


def drawn(movement):
    """Pixels that are not black, as (row, column)."""
    (image,) = draw(movement, [slice(0, None)])
    return {(int(row), int(column)) for row, column in np.argwhere(image.any(axis=2))}


def test_a_stroke_begins_in_the_middle_at_eight_pixels_a_pixel():
    assert drawn(points((0, 700, 300), (0.1, 740, 300))) == {(MIDDLE, MIDDLE + step) for step in range(6)}


def test_a_stroke_after_a_rest_begins_in_the_middle_again():
    two = points((0, 700, 300), (0.1, 724, 300), (0.7, 724, 300), (0.8, 724, 316))

    assert drawn(two) == {(MIDDLE, MIDDLE + step) for step in range(4)} | {(MIDDLE + step, MIDDLE) for step in range(3)}


def test_a_stroke_that_runs_out_of_the_frame_goes_on_from_the_middle():
    out = points((0, 0, 0), (0.1, 200, 0), (0.2, 400, 0), (0.3, 400, 16))

    right = {(MIDDLE, column) for column in range(MIDDLE, SIZE)}
    assert drawn(out) == right | {(MIDDLE + step, MIDDLE) for step in range(3)}


def test_colours_are_those_of_the_path():
    movement = points((0, 700, 300), (0.1, 740, 340), (0.2, 700, 340))

    (image,) = draw(movement, [slice(0, None)])

    assert (image[MIDDLE + 2, MIDDLE + 2] == segment_colours(movement)[0]).all()
    assert (image[MIDDLE + 5, MIDDLE + 2] == segment_colours(movement)[1]).all()


def test_a_drag_is_twice_as_wide():
    assert len(drawn(points((0, 0, 0), (0.1, 80, 0), kind=DRAG))) == 2 * len(drawn(points((0, 0, 0), (0.1, 80, 0))))


def test_fewer_than_two_points_are_black():
    assert drawn(points((0, 0, 0))) == set()
    assert not draw(Points.empty(), [slice(0, 0)]).any()


@given(
    st.lists(
        st.tuples(st.integers(0, 900), st.integers(-2000, 2000), st.integers(-2000, 2000)), min_size=2, max_size=40
    ),
    st.integers(-64, 64),
)
def test_place_does_not_enter(rows, shift):
    steps = np.array(rows, np.float64)
    movement = points(*zip(np.cumsum(steps[:, 0]) / 1000, steps[:, 1], steps[:, 2], strict=True))

    elsewhere = replace(movement, x=movement.x + np.float32(8 * shift), y=movement.y - np.float32(3 * shift))

    assert (draw(movement, [slice(0, None)]) == draw(elsewhere, [slice(0, None)])).all()
