"""Replays of a person's recording: a piece of it, at another time, at its own place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mousematch.telemetry import Points


def replay(recordings: Sequence[Points], *, seconds: float, rng: np.random.Generator) -> Points:
    """About so many seconds of one recording; times start at 0, every event as it was."""
    points = recordings[int(rng.integers(len(recordings)))]
    length_us = round(seconds * 1e6)
    last = int(np.searchsorted(points.time_us, points.time_us[-1] - length_us))
    first = int(rng.integers(last + 1)) if last > 0 else 0
    stop = max(first + 2, int(np.searchsorted(points.time_us, points.time_us[first] + length_us)))
    piece = points[first:stop]
    return Points(piece.time_us - piece.time_us[0], piece.x, piece.y, piece.kind, piece.button)
