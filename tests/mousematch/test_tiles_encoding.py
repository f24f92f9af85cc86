"""The encoding tiles: which strokes get which tile, and that size alone does not change a shape."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mousematch.telemetry import Points
from mousematch.tiles_encoding import TILE, TILES, draw


def points(*rows):
    """Points from rows of (seconds, x, y)."""
    table = np.array(rows, np.float64).reshape(-1, 3)
    n = len(table)
    time_us = np.rint(table[:, 0] * 1e6).astype(np.int64)
    x, y = table[:, 1].astype(np.float32), table[:, 2].astype(np.float32)
    return Points(time_us, x, y, np.zeros(n, np.uint8), np.zeros(n, np.uint8))


def across(start_s, length=160.0):
    return [(start_s, 500, 300), (start_s + 0.1, 500 + length, 300)]


def down(start_s, length=160.0):
    return [(start_s, 500, 300), (start_s + 0.1, 500, 300 + length)]


def tiles(movement):
    """Whether each pixel of each tile is drawn: bool (tiles, TILE, TILE), row by row."""
    (image,) = draw(movement, [slice(0, None)])
    assert not image[TILES * TILE :].any() and not image[:, TILES * TILE :].any()
    inside = image[: TILES * TILE, : TILES * TILE].any(axis=2).reshape(TILES, TILE, TILES, TILE)
    return inside.transpose(0, 2, 1, 3).reshape(-1, TILE, TILE)


def test_a_stroke_fills_its_tile_from_edge_to_edge():
    horizontal, vertical, *rest = tiles(points(*across(0), *down(1)))

    assert horizontal[TILE // 2, 1:-1].all() and horizontal.sum() == TILE - 2
    assert vertical[1:-1, TILE // 2].all() and vertical.sum() == TILE - 2
    assert not np.any(rest)


def test_of_more_than_nine_strokes_the_latest_are_drawn():
    early = [row for number in range(3) for row in across(number)]
    late = [row for number in range(3, 12) for row in down(number)]

    shown = tiles(points(*early, *late))

    assert shown[:, 1:-1, TILE // 2].all()


def test_a_stroke_without_way_has_no_tile():
    still = [(0.0, 500, 300), (0.1, 500, 300)]

    assert tiles(points(*still, *across(1)))[0].any() and not tiles(points(*still)).any()


def test_small_and_wide_strokes_have_one_shape_and_two_brightnesses():
    (small,), (wide,) = (draw(points(*across(0, length)), [slice(0, None)]) for length in (20, 1200))

    assert (small.any(axis=2) == wide.any(axis=2)).all()
    assert small.max() < wide.max()


def test_no_points_are_black():
    assert not draw(Points.empty(), [slice(0, 0)]).any()


@given(
    st.lists(
        st.tuples(st.integers(0, 900), st.integers(-2000, 2000), st.integers(-2000, 2000)), min_size=1, max_size=40
    ),
    st.integers(-500, 500),
)
def test_place_does_not_enter(rows, shift):
    steps = np.array(rows, np.float64)
    movement = points(*zip(np.cumsum(steps[:, 0]) / 1000, steps[:, 1], steps[:, 2], strict=True))

    elsewhere = replace(movement, x=movement.x + np.float32(shift), y=movement.y - np.float32(3 * shift))

    assert (draw(movement, [slice(0, None)]) == draw(elsewhere, [slice(0, None)])).all()


@given(
    st.lists(
        st.tuples(st.integers(0, 900), st.floats(-32000, 32000, width=32), st.floats(-32000, 32000, width=32)),
        min_size=1,
        max_size=60,
    )
)
def test_no_stroke_leaves_its_tile(rows):
    steps = np.array(rows, np.float64)

    shown = tiles(points(*zip(np.cumsum(steps[:, 0]) / 1000, steps[:, 1], steps[:, 2], strict=True)))

    assert not shown[:, [0, -1]].any() and not shown[:, :, [0, -1]].any()
