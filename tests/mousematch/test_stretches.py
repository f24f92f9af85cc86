"""Random stretches of training sessions."""

from __future__ import annotations

import numpy as np
import pytest

from mousematch.errors import OptionError
from mousematch.stretches import SHORTEST_SHARE, Session
from mousematch.telemetry import Points
from mousematch.windows import MIN_POINTS, WindowSpec, active_s


def straight(count: int, step_us: int = 20_000) -> Points:
    """A movement to the right, a pixel a point."""
    steps = np.arange(count)
    zeros = np.zeros(count)
    return Points(
        (steps * step_us + 5_000_000).astype(np.int64), steps.astype(np.float32), zeros.astype(np.float32),
        zeros.astype(np.uint8), zeros.astype(np.uint8),
    )  # fmt: skip


def test_stretches_are_from_all_over_the_session_and_at_most_a_window_long() -> None:
    session = Session(straight(3000))
    random = np.random.default_rng(1)

    stretches = [session.stretch(WindowSpec(active_s=5.0), random) for _ in range(200)]

    lengths = [active_s(stretch) for stretch in stretches]
    assert 5.0 * SHORTEST_SHARE * 0.8 < min(lengths) < max(lengths) < 5.0 * 1.25
    starts = [float(np.hypot(stretch.x[0], stretch.y[0])) for stretch in stretches]
    assert min(starts) < 300 and max(starts) > 2300
    assert all(stretch.time_us[0] == 0 and (np.diff(stretch.time_us) > 0).all() for stretch in stretches)


def test_size_pace_and_tilt_differ_a_little_and_the_shape_stays() -> None:
    session = Session(straight(400))
    random = np.random.default_rng(2)

    stretches = [session.stretch(WindowSpec(active_s=2.0), random) for _ in range(100)]

    steps = np.array([(np.diff(stretch.x).mean(), np.diff(stretch.y).mean()) for stretch in stretches])
    sizes, tilts = np.hypot(*steps.T), np.arctan2(steps[:, 1], steps[:, 0])
    assert 0.02 < sizes.std() < 0.2 and sizes.mean() == pytest.approx(1, abs=0.05)
    assert 0.01 < tilts.std() < 0.15 and tilts.mean() == pytest.approx(0, abs=0.03)


def test_the_same_random_numbers_give_the_same_stretch() -> None:
    session = Session(straight(500))

    one, other = (session.stretch(WindowSpec(active_s=2.0), np.random.default_rng(7)) for _ in range(2))

    np.testing.assert_array_equal(one.time_us, other.time_us)
    np.testing.assert_array_equal(one.x, other.x)


def test_a_session_of_the_fewest_points_gives_all_of_them_and_a_shorter_one_is_refused() -> None:
    stretch = Session(straight(MIN_POINTS)).stretch(WindowSpec(active_s=30.0), np.random.default_rng(1))

    assert len(stretch) == MIN_POINTS
    with pytest.raises(OptionError, match=f"has {MIN_POINTS - 1} points"):
        Session(straight(MIN_POINTS - 1))


def test_pieces_are_short_and_long_and_as_they_were_recorded() -> None:
    session = Session(straight(5000))
    random = np.random.default_rng(3)

    pieces = [session.piece(WindowSpec(points=640), random) for _ in range(300)]

    lengths = np.array([len(piece) for piece in pieces])
    assert lengths.min() < 130 and 2200 < lengths.max() <= 2560 and 350 < np.median(lengths) < 750
    assert all(piece.x[0] == int(piece.x[0]) and (np.diff(piece.x) == 1).all() for piece in pieces)


def test_a_short_session_is_one_piece() -> None:
    assert len(Session(straight(40)).piece(WindowSpec(points=640), np.random.default_rng(1))) == 40
