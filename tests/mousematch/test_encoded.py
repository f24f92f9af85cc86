"""Figures of sessions and of windows are those of their points, whatever else is encoded with them."""

from __future__ import annotations

import numpy as np
import pytest

from mousematch.encoded import BLOCK_POINTS, seconds, session_rows, window_rows
from mousematch.encoding import ENCODINGS
from mousematch.formats.dropped import Dropped
from mousematch.formats.names import FIGURES
from mousematch.sessions import Session
from mousematch.telemetry import DOWN, MOVE, NONE, STROKE_GAP_US, UP, Points
from mousematch.windows import IDLE_CAP_US, WindowSpec, active_s, cut

MOTION = ENCODINGS["motion"]


def points(*rows):
    """Points of (µs, x, y, kind)."""
    time_us, x, y, kind = zip(*rows) if rows else ((), (), (), ())
    as_array = (np.array(time_us, np.int64), np.array(x, np.float32), np.array(y, np.float32), np.array(kind, np.uint8))
    return Points(*as_array, np.full(len(rows), NONE, np.uint8))


def wandering(seed, count):
    random = np.random.default_rng(seed)
    waits = random.choice([0, 8_000, 16_000, 900_000], count, p=[0.05, 0.3, 0.6, 0.05])
    places = np.cumsum(random.integers(-9, 10, (2, count)), axis=1) + 500.25
    kinds = random.choice([MOVE, DOWN, UP], count, p=[0.9, 0.05, 0.05])
    return points(*zip(np.cumsum(waits), *places, kinds)).ordered()


def plain(part, dropped=0):
    """names.FIGURES, each from the points alone."""
    steps_us = np.diff(part.time_us)
    dx, dy = np.diff(part.x.astype(np.float64)), np.diff(part.y.astype(np.float64))
    return [
        seconds(part.time_us[0]) if len(part) else "",
        seconds(part.time_us[-1]) if len(part) else "",
        f"{np.clip(steps_us, 0, IDLE_CAP_US).sum() / 1e6:.3f}",
        str(len(part)),
        str(np.count_nonzero(steps_us > STROKE_GAP_US) + 1 if len(part) else 0),
        str(np.count_nonzero(part.kind == DOWN)),
        f"{np.hypot(dx, dy).sum():.1f}",
        str(dropped),
    ]


def sessions(*parts):
    return [Session((str(number),), part, Dropped()) for number, part in enumerate(parts)]


def test_strokes_end_with_long_pauses_and_clicks_begin_with_presses():
    gap = STROKE_GAP_US + 1
    way = points((0, 0, 0, MOVE), (STROKE_GAP_US, 3, 4, DOWN), (STROKE_GAP_US + gap, 3, 4, UP), (2_000_000, 0, 0, DOWN))

    (row,) = session_rows(sessions(way), MOTION, MOTION.window)

    assert dict(zip(FIGURES, row.figures)) == {
        **{"start": "0.000", "end": "2.000", "active_s": "1.500", "points": "4"},
        **{"strokes": "3", "clicks": "2", "distance_px": "10.0", "dropped": "0"},
    }


@pytest.mark.parametrize("counts", [(), (0,), (1,), (2, 0, 1), (300, 0, 700, 1, 64), (BLOCK_POINTS + 1, 5), (40,) * 9])
def test_sessions_have_the_figures_of_their_points(counts):
    parts = [wandering(seed, count) for seed, count in enumerate(counts)]
    window = WindowSpec(128)

    rows = list(session_rows(sessions(*parts), MOTION, window))

    assert [row.figures for row in rows] == [plain(part) for part in parts]
    for part, row in zip(parts, rows):
        pieces = [part[piece] for piece in cut(part, window)]
        assert row.window_start == [seconds(piece.time_us[0]) for piece in pieces]
        assert (
            row.window_active_s
            == [f"{active_s(piece):.3f}" for piece in pieces]
            == [plain(piece)[2] for piece in pieces]
        )
        assert row.window_distance_px == [plain(piece)[6] for piece in pieces]


def test_windows_have_the_figures_of_their_points():
    part, short = wandering(1, 700), wandering(2, 3)
    window = WindowSpec(128)

    rows = list(window_rows(sessions(part, short), MOTION, window))

    assert [row.figures for row in rows] == [*(plain(part[piece]) for piece in cut(part, window)), plain(short)]
