"""Images of movement, against golden pictures that were looked at, and against what the specification promises."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousematch import images, path_encoding, strokes_encoding
from mousematch.encoding import DEFAULT, ENCODINGS, encoding_named
from mousematch.errors import OptionError
from mousematch.telemetry import DOWN, DRAG, LEFT, MOVE, NONE, RIGHT, SCROLL, UP, Points
from mousematch.windows import cut

GOLDEN = Path(__file__).parent / "golden"
GREY = 128


def points(rows):
    """Points from rows of (seconds, x, y, kind, button)."""
    table = np.array(rows, np.float64)
    return Points(
        np.rint(table[:, 0] * 1e6).astype(np.int64),
        table[:, 1].astype(np.float32),
        table[:, 2].astype(np.float32),
        table[:, 3].astype(np.uint8),
        table[:, 4].astype(np.uint8),
    )


def moved(*places, start_s=0.0, step_s=0.016, kind=MOVE):
    return [(start_s + i * step_s, x, y, kind, NONE) for i, (x, y) in enumerate(places)]


def line(start, stop, steps, **options):
    return moved(
        *zip(np.linspace(start[0], stop[0], steps), np.linspace(start[1], stop[1], steps), strict=True), **options
    )


@pytest.fixture(scope="module")
def tour():
    """A minute's worth of everything in five seconds: lines in all directions, clicks, a drag, scrolls, a long rest."""
    rows = line((100, 100), (900, 200), 40)
    rows += [(0.70, 900, 200, DOWN, LEFT), (0.78, 900, 200, UP, LEFT)]
    rows += line((900, 200), (500, 900), 30, start_s=1.0)
    rows += [(1.60, 500, 900, DOWN, RIGHT), (1.66, 500, 900, UP, RIGHT)]
    rows += line((500, 900), (120, 500), 50, start_s=3.5, kind=DRAG)
    rows += [(4.35 + 0.05 * i, 120, 500, SCROLL, NONE) for i in range(4)]
    rows += line((120, 500), (1500, 1900), 25, start_s=10.0)
    return points(rows)


@pytest.mark.parametrize("name", ENCODINGS)
def test_image_is_the_golden_picture(name, tour, request):
    """To renew after a change of version: write the image with images.to_png and look at it."""
    encoding = ENCODINGS[name]
    golden = images.from_png((GOLDEN / f"{name}-{encoding.version}.png").read_bytes(), encoding.tag)

    (image,) = encoding.images(tour, [slice(0, None)])

    # Logarithms differ in the last bit between processors, which may move a colour by one level.
    assert np.abs(image.astype(int) - golden).max() <= 1


@pytest.mark.parametrize("name", ENCODINGS)
def test_many_windows_are_drawn_as_each_alone(name, tour):
    encoding = ENCODINGS[name]
    windows = [slice(0, 40), slice(40, 100), slice(100, None)]

    together = list(encoding.images(tour, windows))

    for window, image in zip(windows, together, strict=True):
        assert (encoding.draw(tour, [window])[0] == image).all()


@pytest.mark.parametrize("name", ["strokes", "motion", "drift"])
def test_place_does_not_enter(name, tour):
    elsewhere = replace(tour, x=tour.x + 512, y=tour.y - 256)

    assert (ENCODINGS[name].draw(tour, [slice(0, None)]) == ENCODINGS[name].draw(elsewhere, [slice(0, None)])).all()


@pytest.mark.parametrize("name", ENCODINGS)
def test_when_a_session_began_does_not_enter(name, tour):
    later = replace(tour, time_us=tour.time_us + 1_800_000_000_000_000)

    assert (ENCODINGS[name].draw(tour, [slice(0, None)]) == ENCODINGS[name].draw(later, [slice(0, None)])).all()


def test_strokes_show_direction_as_red_and_green():
    right, left = points(line((0, 0), (800, 0), 40)), points(line((800, 0), (0, 0), 40))
    down, up = points(line((0, 0), (0, 800), 40)), points(line((0, 800), (0, 0), 40))

    reds = [ENCODINGS["strokes"].draw(movement, [slice(0, None)])[0, 0, 10, 0] for movement in (right, left, down)]
    greens = [ENCODINGS["strokes"].draw(movement, [slice(0, None)])[0, 0, 10, 1] for movement in (down, up, right)]

    assert reds[0] > GREY > reds[1] and reds[2] == GREY
    assert greens[0] > GREY > greens[1] and greens[2] == GREY


def test_strokes_are_brighter_blue_while_speeding_up():
    distance = np.cumsum(np.concatenate((np.linspace(1, 20, 15), np.linspace(20, 1, 15))))
    (image,) = ENCODINGS["strokes"].draw(points(moved(*((d, 0) for d in distance))), [slice(0, None)])

    assert image[0, 5, 2] > GREY > image[0, 25, 2]


def test_each_stroke_begins_a_row_and_its_rest_is_grey():
    rows = line((0, 0), (300, 0), 20) + line((300, 0), (0, 0), 20, start_s=0.6)

    (image,) = ENCODINGS["strokes"].draw(points(rows), [slice(0, None)])

    assert image[0, 0, 0] > GREY > image[1, 0, 0]
    assert (image[0, 25:30, :2] == GREY).all()
    assert (image[2:] == 0).all()


def test_nothing_but_rest_is_black():
    still = points([(i * 0.3, 50, 50, MOVE, NONE) for i in range(10)])

    assert (ENCODINGS["strokes"].draw(still, [slice(0, None)]) == 0).all()


@given(st.lists(st.booleans(), max_size=600))
def test_rows_hold_every_moving_sample_once_and_in_order(moving):
    moving = np.array(moving, bool)

    rows = strokes_encoding.rows(moving)

    drawn = np.concatenate([np.arange(start, stop) for start, stop in rows]) if rows else np.empty(0, int)
    assert (np.diff(drawn) > 0).all()
    assert set(np.flatnonzero(moving)) <= set(drawn)
    assert all(0 < stop - start <= strokes_encoding.SIZE and moving[start] for start, stop in rows[:1])


def test_path_marks_clicks_green_and_red(tour):
    (image,) = ENCODINGS["path"].draw(tour, [slice(0, None)])

    assert tuple(image[200 // 8, 900 // 8]) == (0, 230, 64)
    assert tuple(image[900 // 8, 500 // 8]) == (255, 40, 40)


def test_a_long_path_is_drawn_in_pieces_that_do_not_show(tour, monkeypatch):
    whole = path_encoding.draw(tour, [slice(0, len(tour))])

    monkeypatch.setattr(path_encoding, "PIECE", 7)
    pieces = path_encoding.draw(tour, [slice(0, len(tour))])

    np.testing.assert_array_equal(pieces, whole)


def test_path_is_brighter_where_it_was_faster():
    slow, fast = points(line((0, 80), (100, 80), 40)), points(line((0, 80), (2000, 80), 40))

    brightness = [int(ENCODINGS["path"].draw(movement, [slice(0, None)])[0, 10, 5].max()) for movement in (slow, fast)]

    assert brightness[0] < brightness[1]


def test_what_lies_outside_the_frame_is_drawn_at_its_edge():
    (image,) = ENCODINGS["path"].draw(points(line((-500, 80), (5000, 80), 40)), [slice(0, None)])

    assert image[10, 0].any() and image[10, 255].any()


wild = st.lists(
    st.tuples(
        st.integers(0, 10**7), st.floats(-32000, 32000), st.floats(-32000, 32000), st.integers(0, 4), st.integers(0, 4)
    ),
    min_size=1,
    max_size=60,
)


@given(wild, st.sampled_from(sorted(ENCODINGS)))
def test_any_points_can_be_drawn_and_arrival_order_does_not_matter(rows, name):
    session = points([(t / 1e6, *rest) for t, *rest in rows])
    encoding = ENCODINGS[name]

    newest_first = session[np.arange(len(session))[::-1]].ordered()

    for window in cut(session.ordered(), encoding.window):
        assert (encoding.draw(session.ordered(), [window]) == encoding.draw(newest_first, [window])).all()


def test_unknown_encoding_is_refused_with_the_known_ones():
    assert encoding_named(DEFAULT.upper()).name == DEFAULT
    with pytest.raises(OptionError, match='encoding="spiral".*portrait, strokes, motion, path, drift, tiles'):
        encoding_named("spiral")
