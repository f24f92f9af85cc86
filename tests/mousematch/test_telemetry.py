"""Points: one order whatever way they arrived, and what is counted of them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mousematch.telemetry import DOWN, LEFT, MOVE, NONE, STROKE_GAP_US, Points, strokes

POINT = st.tuples(
    st.integers(0, 5),
    st.sampled_from([0.0, 1.5, 3.0]),
    st.sampled_from([0.0, 2.0]),
    st.integers(0, 2),
    st.integers(0, 2),
)


def points(*rows: tuple[float, ...]) -> Points:
    time_us, x, y, kind, button = zip(*rows) if rows else ((), (), (), (), ())
    return Points(
        np.array(time_us, np.int64),
        np.array(x, np.float32),
        np.array(y, np.float32),
        np.array(kind, np.uint8),
        np.array(button, np.uint8),
    )


def rows(of: Points) -> list[tuple[float, ...]]:
    return list(zip(*(array.tolist() for array in (of.time_us, of.x, of.y, of.kind, of.button))))


@given(st.lists(POINT, max_size=30), st.randoms(use_true_random=False))
def test_order_depends_on_the_set_of_points_alone(given_rows, random):
    shuffled = given_rows + given_rows[: len(given_rows) // 2]
    random.shuffle(shuffled)

    ordered = points(*given_rows).ordered()

    assert rows(points(*shuffled).ordered()) == rows(ordered)
    assert len(ordered) == len(set(given_rows))
    assert (np.diff(ordered.time_us) >= 0).all()


def test_a_press_comes_after_the_move_of_the_same_instant():
    press, move = (7, 1, 1, DOWN, LEFT), (7, 1, 1, MOVE, NONE)

    assert rows(points(press, move).ordered()) == [move, press]


def test_places_off_the_screen_are_left_out():
    seen = points((0, 10, 10, 0, 0), (1, 65535, 10, 0, 0), (2, 10, float("nan"), 0, 0), (3, -5, 0, 0, 0)).on_screen()

    assert seen.time_us.tolist() == [0, 3]


def test_parts_are_joined_in_their_order():
    joined = Points.concatenate([points((5, 1, 1, 0, 0)), Points.empty(), points((2, 1, 1, 0, 0))])

    assert joined.time_us.tolist() == [5, 2]
    assert len(Points.concatenate([])) == 0


@given(st.lists(st.integers(0, 2 * STROKE_GAP_US), max_size=30))
def test_strokes_hold_every_point_once_and_end_with_long_pauses(steps_us):
    session = points(*((int(time_us), 0, 0, 0, 0) for time_us in np.cumsum(steps_us)))

    found = strokes(session)

    assert len(found) == bool(steps_us) + sum(step_us > STROKE_GAP_US for step_us in steps_us[1:])
    assert [number for stroke in found for number in range(stroke.start, stroke.stop)] == list(range(len(session)))
    assert all((np.diff(session.time_us[stroke]) <= STROKE_GAP_US).all() for stroke in found)
