"""Pictures at another size, and sequences worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mousematch.encoding import ENCODINGS
from mousematch.errors import OptionError
from mousematch.telemetry import Points
from study.inputs import EVENTS, draw_of, resized, sequences, sequences_with_place, window_of
from study.rows import RESNET, USUAL, Row


def test_a_smaller_picture_has_the_means_and_a_larger_one_repeats():
    image = np.zeros((4, 4, 3), np.uint8)
    image[:2, :2] = (0, 40, 80)
    image[0, 0] = (200, 40, 80)

    small = resized(image, 2)
    large = resized(image, 8)

    assert small[0, 0].tolist() == [50, 40, 80]
    assert not small[1].any()
    np.testing.assert_array_equal(large[::2, ::2], image)
    np.testing.assert_array_equal(large[1::2, 1::2], image)
    assert resized(image, 4) is image


def test_a_size_that_does_not_divide_is_refused():
    with pytest.raises(OptionError, match="4 pixels cannot be shown with 3"):
        resized(np.zeros((4, 4, 3), np.uint8), 3)


def test_a_sequence_is_way_and_time_from_event_to_event():
    points = Points(
        np.array([0, 16_000, 9_000_000]),
        np.array([100, 101, 101], np.float32),
        np.array([50, 50, 40], np.float32),
        np.zeros(3, np.uint8),
        np.zeros(3, np.uint8),
    )

    (sequence,) = sequences(points, [slice(0, 3)])

    assert sequence.shape == (EVENTS, 3)
    assert sequence[0].tolist() == [0, 0, 0]
    assert sequence[1] == pytest.approx([np.log(2) / 5, 0, np.log(17) / 6])
    assert sequence[2] == pytest.approx([0, -np.log(11) / 5, np.log(501) / 6])
    assert not sequence[3:].any()


def test_place_is_what_the_other_sequence_has_besides(recordings):
    points = recordings[0].points
    moved = Points(points.time_us, points.x + 64, points.y, points.kind, points.button)
    windows = [slice(10, 100), slice(100, 400)]

    np.testing.assert_array_equal(sequences(points, windows), sequences(moved, windows))
    assert sequences(points, windows).shape == (2, EVENTS, 3)
    difference = sequences_with_place(moved, windows) - sequences_with_place(points, windows)
    assert difference[0, :90, 3] == pytest.approx(64 / 1024)
    assert not difference[0, 90:].any()


def test_rows_draw_what_they_say(recordings):
    points = recordings[0].points
    window = [slice(0, 128)]

    assert draw_of(Row("row", "", encoding="strokes", size=32))(points, window).shape == (1, 32, 32, 3)
    assert draw_of(Row("row", "", network=RESNET, encoding="steps"))(points, window).shape == (1, EVENTS, 3)
    assert draw_of(Row("row", "", network=RESNET, encoding="steps and place"))(points, window).shape == (1, EVENTS, 5)


def test_the_usual_window_is_the_encodings():
    row = Row("row", "", encoding="strokes", window=USUAL)

    assert window_of(row, row.window) == ENCODINGS["strokes"].window
