"""Lines are drawn pixel by pixel as the specification says, and their colours are those of the wheel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousematch import path_encoding
from mousematch.colours import wheel
from mousematch.path_encoding import draw_lines

WIDTH, HEIGHT = 24, 19
ends = st.tuples(st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1))


def plainly(image, place, colours, wide):
    """The longer axis in steps of one, the other rounded half up; wide ones one pixel further below all lines."""
    height, width, _ = image.shape
    for below in (1, 0):
        for (column, row), (to_column, to_row), colour, double in zip(place, place[1:], colours, wide):
            steps = max(abs(to_column - column), abs(to_row - row), 1)
            for step in range(steps + 1):
                across = column + (2 * (to_column - column) * step + steps) // (2 * steps)
                down = row + (2 * (to_row - row) * step + steps) // (2 * steps)
                if not below or double:
                    image[min(down + below, height - 1), min(across + below, width - 1)] = colour


def drawn(place, colours, wide, width=WIDTH, height=HEIGHT):
    image = np.full((height, width, 3), 7, np.uint8)
    corners = np.array(place, np.int64).T
    draw_lines(image, corners[:, :-1], corners[:, 1:], np.array(colours, np.uint8).reshape(-1, 3), np.array(wide, np.bool_))
    return image


@given(st.lists(ends, min_size=1, max_size=40), st.data())
def test_lines_are_those_of_the_specification(place, data):
    count = len(place) - 1
    wide = data.draw(st.lists(st.booleans(), min_size=count, max_size=count))
    colours = [(number, 255 - number, number % 5) for number in range(count)]
    expected = np.full((HEIGHT, WIDTH, 3), 7, np.uint8)
    plainly(expected, place, colours, wide)

    assert (drawn(place, colours, wide) == expected).all()


def test_pieces_do_not_show(monkeypatch):
    random = np.random.default_rng(5)
    place = np.column_stack((random.integers(0, WIDTH, 90), random.integers(0, HEIGHT, 90))).tolist()
    colours, wide = random.integers(0, 255, (89, 3)), random.random(89) < 0.3
    whole = drawn(place, colours, wide)

    monkeypatch.setattr(path_encoding, "PIECE", 7)

    assert (drawn(place, colours, wide) == whole).all()


@pytest.mark.parametrize("corner", [(0, 0), (0, 255), (255, 0), (255, 255)])
def test_every_slope_crosses_half_pixels_upwards(corner):
    """All ends at an angle of up to 45 degrees from the corners, among them each tie between two pixels."""
    for end in range(0, 256, 5):
        starts = np.repeat(np.array(corner)[:, None], 256, axis=1)
        stops = np.stack((np.full(256, end), np.arange(256)))
        d_column, d_row = stops - starts
        steps = np.maximum(np.maximum(abs(d_column), abs(d_row)), 1)

        place, segment = path_encoding._line(starts, stops, 256)

        step = np.arange(len(segment)) - np.repeat(np.cumsum(steps + 1) - steps - 1, steps + 1)
        length = steps[segment]
        columns = corner[0] + (2 * d_column[segment] * step + length) // (2 * length)
        rows = corner[1] + (2 * d_row[segment] * step + length) // (2 * length)
        assert (place == rows * 256 + columns).all()
        assert (segment == np.repeat(np.arange(256), steps + 1)).all()


def test_the_last_colour_stays_in_whatever_order_numpy_assigns():
    image = np.zeros((2, 3, 3), np.uint8)
    place = np.array([4, 1, 4, 4, 1, 0], np.int32)

    path_encoding._paint(image, place, np.arange(6, dtype=np.int32), np.arange(18, dtype=np.uint8).reshape(6, 3))

    assert image.reshape(6, 3).tolist() == [[15, 16, 17], [12, 13, 14], [0, 0, 0], [0, 0, 0], [9, 10, 11], [0, 0, 0]]


@given(st.lists(st.floats(-4, 4, width=32) | st.floats(-1e6, 1e6, width=32), min_size=1, max_size=9))
def test_the_wheel_goes_round_and_round(angles):
    angle = np.array(angles, np.float32)
    sixth = np.mod((angle * np.float32(3.0 / np.pi))[:, None] + np.array([0, 4, 2], np.float32), np.float32(6))

    assert (wheel(angle) == np.clip(np.abs(sixth - np.float32(3)) - np.float32(1), 0, 1)).all()


def test_four_directions_have_their_colours():
    right, down, left, up = wheel(np.array([0, np.pi / 2, np.pi, -np.pi / 2])).round(3).tolist()

    assert (right, left) == ([1, 0, 0], [0, 1, 1])
    assert (down, up) == ([0.5, 1, 0], [0.5, 0, 1])
