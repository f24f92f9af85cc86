"""The key to the encoding portrait: its ticks stand where the encoding counts."""

from __future__ import annotations

import numpy as np
import pytest

from mousematch.portrait_encoding import BINS, NOWHERE, SIZE, pixel_index
from mousematch.telemetry import Points
from samples import portrait_legend
from samples.portrait_legend import DX, DY, LENGTH, PACE, PANELS, TIME


def one_step(dx: float, dy: float, ms: float) -> list[tuple[int, int]]:
    """Row and column of the bin of the second of two points in each histogram."""
    points = Points(
        np.array([0, round(ms * 1000)], np.int64),
        np.array([500, 500 + dx], np.float32),
        np.array([500, 500 + dy], np.float32),
        np.zeros(2, np.uint8),
        np.zeros(2, np.uint8),
    )
    rows, columns, _ = np.unravel_index(pixel_index(points)[:, 1] % NOWHERE, (SIZE, SIZE, 3))
    return [(int(row) % BINS, int(column) % BINS) for row, column in zip(rows, columns, strict=True)]


def number(text: str) -> float:
    return float(text.replace(",", ""))


@pytest.mark.parametrize(("place", "text"), LENGTH.ticks)
def test_a_step_of_a_marked_length_counts_at_its_mark(place: int, text: str) -> None:
    assert one_step(number(text), 0, 8)[1] == (place, 8)


@pytest.mark.parametrize(("place", "text"), TIME.ticks)
def test_a_marked_time_step_counts_at_its_mark(place: int, text: str) -> None:
    assert one_step(10, 0, number(text))[1][1] == place


@pytest.mark.parametrize(("place", "text"), PACE.ticks)
def test_a_marked_speed_counts_at_its_mark(place: int, text: str) -> None:
    assert one_step(number(text) / 10, 0, 100)[6] == (place, 0)


@pytest.mark.parametrize(("place", "text"), DX.ticks)
def test_marked_coordinates_count_at_their_marks(place: int, text: str) -> None:
    assert one_step(number(text), -number(text), 8)[10] == (30 - place, place)
    assert (place, text) in DY.ticks


def test_every_panel_has_three_histograms_and_the_picture_shows_all() -> None:
    picture = portrait_legend.legend()

    assert [len(histograms) for _, _, histograms in PANELS] == [3, 3, 3, 3]
    assert portrait_legend.example().any() and picture.width > 4 * BINS * 8 and picture.height > 4 * BINS * 8
