"""Phase portraits of movements small enough to work out every pixel by hand, and what any movement's portrait keeps to."""

from __future__ import annotations

from dataclasses import replace
from math import floor, log2
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousematch import images, portrait_encoding
from mousematch.portrait_encoding import BINS, BLOCK_POINTS, LOOKBACK, NOWHERE, draw, draw_many, pixel_index
from mousematch.telemetry import DOWN, LEFT, MOVE, NONE, SCROLL, Points

RHYTHM, STEP, DIRECTION, PLACE = (0, 0), (0, 32), (32, 0), (32, 32)
RED, GREEN, BLUE = range(3)


def points(*rows):
    """Points from rows of (milliseconds, x, y) or (milliseconds, x, y, kind, button)."""
    table = np.array([(*row, MOVE, NONE)[:5] if len(row) == 3 else row for row in rows], np.float64).reshape(-1, 5)
    return Points(
        np.rint(table[:, 0] * 1000).astype(np.int64),
        table[:, 1].astype(np.float32),
        table[:, 2].astype(np.float32),
        table[:, 3].astype(np.uint8),
        table[:, 4].astype(np.uint8),
    )


def whole(movement):
    (image,) = draw(movement, [slice(0, None)])
    return image


def bright(image, panel, channel):
    """The pixels of one histogram that are not black: {(row, column): level}."""
    top, left = panel
    histogram = image[top : top + 32, left : left + 32, channel]
    return {(int(row), int(column)): int(histogram[row, column]) for row, column in np.argwhere(histogram)}


def test_two_points_show_one_step_and_no_turn():
    """A step of 10 px to the right in 8 ms, 1.25 px/ms; either point is half of the evidence, more than full brightness."""
    image = whole(points((0, 100, 90), (8, 110, 90)))

    ten_px, speed = floor(3 * (log2(10.5) + 1)), floor(2.7 * (log2(1.26) + 6.7))
    assert (ten_px, speed) == (13, 18)
    assert bright(image, RHYTHM, RED) == {}
    assert bright(image, RHYTHM, GREEN) == {(13, 8): 255}
    assert bright(image, RHYTHM, BLUE) == {}
    assert [bright(image, STEP, channel) for channel in range(3)] == [{}, {}, {}]
    assert bright(image, DIRECTION, RED) == {(18, 0): 255}
    assert bright(image, DIRECTION, GREEN) == {}
    assert bright(image, DIRECTION, BLUE) == {}
    assert bright(image, PLACE, RED) == {(2, 1): 255}
    assert bright(image, PLACE, GREEN) == {(15, 15 + round(2 * log2(11))): 255}
    assert bright(image, PLACE, BLUE) == {}


def test_three_points_show_a_right_turn_and_what_came_before():
    """10 px to the right in 8 ms, then 5 px down in 16 ms: a quarter turn clockwise."""
    image = whole(points((0, 100, 90), (8, 110, 90), (24, 110, 95)))

    quarter = 16 + 8
    ten_px, five_px = 13, floor(3 * (log2(5.5) + 1))
    fast, slow = 18, floor(2.7 * (log2(5 / 16 + 0.01) + 6.7))
    third = floor(255 * 2 * (1 / 3) ** 0.5)
    assert third == 294 and five_px == 10 and slow == 13
    assert bright(image, RHYTHM, RED) == {(8, 16): 255}
    assert bright(image, RHYTHM, GREEN) == {(ten_px, 8): 255, (five_px, 16): 255}
    assert bright(image, RHYTHM, BLUE) == {(quarter, 16): 255}
    assert bright(image, STEP, RED) == {(ten_px, five_px): 255}
    assert bright(image, STEP, GREEN) == {(quarter, five_px): 255}
    assert bright(image, STEP, BLUE) == {(fast, slow): 255}
    assert bright(image, DIRECTION, RED) == {(fast, 0): 255, (slow, 8): 255}
    assert bright(image, DIRECTION, GREEN) == {(quarter, 8): 255}


@pytest.mark.parametrize(
    ("step", "sector"),
    [((9, 0), 0), ((9, 9), 4), ((0, 9), 8), ((-9, 0), 16), ((0, -9), 24), ((9, -1), 31), ((9, 1), 1)],
)
def test_directions_go_clockwise_from_the_right(step, sector):
    image = whole(points((0, 500, 500), (8, 500 + step[0], 500 + step[1])))

    ((_, column),) = bright(image, DIRECTION, RED)
    assert column == sector


@pytest.mark.parametrize(
    ("second", "turn"),
    [((7, 0), 16), ((7, 7), 20), ((0, 7), 24), ((-7, 7), 28), ((-7, 0), 0), ((0, -7), 8), ((70, -1), 15)],
)
def test_turns_are_left_above_the_middle_and_right_below(second, turn):
    """Straight on is the first row below the middle, as an edge between two bins would be a matter of rounding."""
    image = whole(points((0, 500, 500), (8, 520, 500), (16, 520 + second[0], 500 + second[1])))

    ((row, _),) = bright(image, STEP, GREEN)
    assert row == turn


def test_turning_around_the_same_way_in_any_direction():
    spins = [
        whole(points((0, 500, 500), (8, 500 + x, 500 + y), (16, 500, 500)))
        for x, y in ((9, 0), (-9, 0), (0, 9), (0, -9), (7, 5), (-7, 5), (-7, -5), (7, -5))
    ]

    assert {row for spin in spins for row, _ in bright(spin, STEP, GREEN)} == {0}


@pytest.mark.parametrize(
    ("milliseconds", "column"),
    [(0, 0), (0.4, 0), (0.5, 1), (7, 7), (23.4, 23), (24, 24), (42, 24), (43, 25), (241, 27), (242, 28), (1368, 30),
     (1369, 31), (10**9, 31)],
)  # fmt: skip
def test_time_steps_have_a_bin_each_millisecond_and_then_logarithmic_ones(milliseconds, column):
    image = whole(points((0, 500, 500), (milliseconds, 510, 500)))

    ((_, place),) = bright(image, RHYTHM, GREEN)
    assert place == column


def test_time_bins_follow_the_published_formula():
    published = [floor(24 + 1.2 * log2(ms / 24) + 1e-12) for ms in range(24, 1369)]

    assert published == portrait_encoding._TIME_BINS[24:1369].tolist()


@pytest.mark.parametrize(
    ("axis", "formula", "power"),
    [
        (portrait_encoding.STEP, lambda r: 3 * (log2(r + 0.5) + 1), 2),
        (portrait_encoding.SPEED, lambda v: 2.7 * (log2(v + 0.01) + 6.7), 2),
        (portrait_encoding.DISTANCE, lambda r: 2.6 * (log2(r + 0.5) + 1), 2),
        (portrait_encoding.COORDINATE, lambda d: 2 * log2(1 + d) + 0.5, 1),
    ],
)
def test_logarithmic_axes_follow_the_published_formulas(axis, formula, power):
    """Every whole number, and what lies between them up to the edges' rounding."""
    numbers = np.concatenate((np.arange(45.0), np.geomspace(0.003, 60_000, 2_000)))
    last = 16 if axis is portrait_encoding.COORDINATE else BINS - 1

    bins = axis.bins((numbers**power).astype(np.float32))

    expected = np.array([min(last, max(0, floor(formula(number) + 1e-9))) for number in numbers])
    assert (bins[:45] == expected[:45]).all()
    # Eleven binary digits: next to an edge a number may still count below it.
    below = np.array([min(last, max(0, floor(formula(number * (1 - 2**-10))))) for number in numbers])
    assert ((bins == expected) | (bins == below)).all()


def test_brightness_is_the_root_of_the_share():
    """One step of 99 is a tenth of the root's scale, and steps of equal kind add up."""
    rows = [(8 * i, 10 * i, 500) for i in range(100)]
    rows[50:] = [(t + 1000, x, y) for t, x, y in rows[50:]]
    image = whole(points(*rows))

    assert bright(image, RHYTHM, GREEN)[13, 30] == floor(510 * (1 / 100) ** 0.5) == 51
    assert bright(image, RHYTHM, GREEN)[13, 8] == 255
    assert bright(image, PLACE, RED)[12, 0] == floor(510 * (7 / 100) ** 0.5)


def test_everything_that_is_no_move_is_an_event_by_kind_and_button():
    image = whole(points((0, 9, 9), (8, 9, 9, DOWN, LEFT), (90, 9, 9, SCROLL, NONE), (98, 19, 9)))

    assert bright(image, PLACE, BLUE) == {(DOWN * 6 + LEFT, 8): 255, (SCROLL * 6 + NONE, 26): 255}


def test_slow_turn_compares_two_ways_of_eight_points():
    """Eight steps of 2 px to the right, then eight down: only the seventeenth point knows both ways."""
    right = [(8 * i, 2 * i, 0) for i in range(9)]
    down = [(64 + 8 * i, 16, 2 * i) for i in range(1, 9)]

    assert bright(whole(points(*right, *down[:7])), DIRECTION, BLUE) == {}
    assert set(bright(whole(points(*right, *down)), DIRECTION, BLUE)) == {(24, floor(2.6 * (log2(16.5) + 1)))}


def test_rest_has_neither_direction_nor_turn():
    image = whole(points(*((8 * i, 300, 300, MOVE, NONE) for i in range(40))))

    assert bright(image, DIRECTION, RED) == bright(image, DIRECTION, GREEN) == bright(image, DIRECTION, BLUE) == {}
    assert bright(image, STEP, GREEN) == bright(image, RHYTHM, BLUE) == {}
    assert bright(image, STEP, RED) == {(0, 0): 255}


wild = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 50_000), st.integers(0, 10**10)),
        st.one_of(st.integers(-50, 3000), st.floats(-32000, 32000, width=32)),
        st.one_of(st.integers(-50, 3000), st.floats(-32000, 32000, width=32)),
        st.integers(0, 4),
        st.integers(0, 4),
    ),
    max_size=60,
)


def session(rows):
    """Points in order from rows whose first number is the microseconds since the point before."""
    movement = points(*((0, *rest) for _, *rest in rows)) if rows else Points.empty()
    return replace(movement, time_us=np.cumsum(np.array([row[0] for row in rows], np.int64)))


@given(wild)
def test_any_points_count_once_at_most_in_each_histogram(rows):
    movement = session(rows)

    index = pixel_index(movement)
    image = whole(movement)

    assert image.shape == (64, 64, 3) and image.dtype == np.uint8
    for number, histogram in enumerate(index):
        row, column, colour = np.unravel_index(histogram[histogram < NOWHERE], (64, 64, 3))
        assert ((row // BINS * 2 + column // BINS) * 3 + colour == number).all()
    # Every point has a place, so a picture of points is never black.
    assert (index[9] < NOWHERE).all() and image.any() == bool(rows)


@given(wild, st.integers(0, 10**15))
def test_when_a_session_was_does_not_enter(rows, later_us):
    movement = session(rows)

    assert (whole(movement) == whole(replace(movement, time_us=movement.time_us + later_us))).all()


@given(wild, st.integers(0, 60), st.integers(0, 60))
def test_a_window_counts_the_same_whatever_is_drawn_with_it(rows, one, other):
    """Its first points follow those before the window, of which no more than LOOKBACK matter."""
    movement = session(rows)
    start, stop = sorted((min(one, len(rows)), min(other, len(rows))))

    alone = draw(movement, [slice(start, stop)])[0]
    (_, together) = draw(movement, [slice(0, len(rows)), slice(start, stop)])
    shorter = draw(movement[max(0, start - LOOKBACK) : stop], [slice(min(start, LOOKBACK), None)])[0]

    assert (alone == together).all()
    assert (alone == shorter).all()


def test_a_long_session_is_drawn_in_pieces_as_each_window_alone():
    numbers = np.random.default_rng(1).integers(0, 1_800, (2 * BLOCK_POINTS, 5)) % [1_800, 1_800, 1_800, 5, 5]
    movement = session(numbers.tolist())
    windows = [slice(start, start + 640) for start in range(0, len(movement), 640)]

    together = draw(movement, [*windows, *windows[::-3], slice(100, None)])

    alone = [draw(movement, [window])[0] for window in (*windows, *windows[::-3], slice(100, None))]
    assert (together == np.stack(alone)).all()


@given(st.lists(wild, max_size=4), st.integers(1, 30))
def test_sessions_drawn_together_are_drawn_as_alone(sessions, length):
    movements = [session(rows) for rows in sessions]
    cut = [[slice(start, start + length) for start in range(0, len(rows), length)] for rows in sessions]

    alone = [image for movement, windows in zip(movements, cut) for image in draw(movement, windows)]

    assert np.array_equal(draw_many(list(zip(movements, cut))), np.reshape(alone, (-1, 64, 64, 3)))


@given(wild)
def test_windows_together_count_what_the_session_counts(rows):
    movement = session(rows)
    index = pixel_index(movement)

    cut = np.concatenate(
        [pixel_index(movement[max(0, s - LOOKBACK) : s + 7])[:, min(s, LOOKBACK) :] for s in range(0, len(rows), 7)]
        or [index],
        axis=1,
    )

    assert (cut == index).all()


def test_the_golden_picture_is_met_exactly():
    """Every processor and numpy draws the same pixels; the picture was looked at."""
    golden = Path(__file__).parent / "golden" / "portrait-1-hand.png"

    assert (whole(hand()) == images.from_png(golden.read_bytes(), "portrait/1/64")).all()


def hand():
    """Ten seconds of curved strokes with rests and clicks between them, in whole pixels and milliseconds."""
    random = np.random.default_rng(7)
    rows, time, place = [], 0, np.array([400.0, 300.0])
    for _ in range(12):
        target = random.integers((60, 60), (1500, 850)).astype(float)
        bend = (target - place)[::-1] * (0.12, -0.12)
        steps = int(random.integers(25, 60))
        for share in np.arange(1, steps + 1) / steps:
            way = 10 * share**3 - 15 * share**4 + 6 * share**5
            x, y = np.rint(place + (target - place) * way + bend * 4 * way * (1 - way))
            time += int(random.choice([7, 8, 8, 8, 9, 16]))
            rows.append((time, x, y, MOVE, NONE))
        place = target
        rows += [(time + 120, *place, DOWN, LEFT), (time + 205, *place, DOWN + 1, LEFT)]
        time += 205 + int(random.integers(100, 700))
    return points(*rows)
