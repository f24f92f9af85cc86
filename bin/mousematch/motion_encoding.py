"""The encoding ``motion``: velocity between every two moments of a window, as one dense image.

The window is resampled on a fixed time grid of SIZE steps. Row and column are moments; so the diagonal runs through
the window in time and the distance from it is the time between two moments.

    above the diagonal   mean velocity from the earlier to the later moment      red: x, green: y, blue: speed on the way
    below the diagonal   change of velocity from the earlier to the later one    red: x, green: y, blue: speed

Mid-grey is zero; brighter is rightwards, downwards or faster. Position does not enter, nor does the screen: a pixel is
a velocity in CSS pixels per second on the scale of ``colours.compressed``. Compare the recurrence plot (Eckmann et al.
1987) and the motif-difference and Gramian images of time series (Wang & Oates 2015); here two triangles carry two
quantities because both would be symmetric on their own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mousematch.colours import compressed, to_levels
from mousematch.telemetry import Points
from mousematch.windows import active_us

VERSION = 1
SIZE = 64
# One step: two to three events of a 60 Hz pointer, and fine enough for sub-movements of 100-200 ms.
STEP_S = 0.04
WINDOW_S = SIZE * STEP_S

_ROWS = np.arange(SIZE)[:, None]
_COLUMNS = np.arange(SIZE)[None, :]
_UPPER = _ROWS <= _COLUMNS
_RATE = np.float32(1.0 / STEP_S) / (np.abs(_COLUMNS - _ROWS) + 1).astype(np.float32)


def draw(points: Points, windows: Sequence[slice]) -> NDArray[np.uint8]:
    """Images of the windows: uint8 (windows, SIZE, SIZE, 3).

    points: a session's points in order. A window shorter than WINDOW_S ends in rest (mid-grey); of a longer one the
    first WINDOW_S active seconds are drawn.
    """
    x, y = resampled(points, windows)
    dx, dy = np.diff(x), np.diff(y)
    steps = np.hypot(dx, dy)
    way = np.concatenate((np.zeros((len(x), 1), np.float32), np.cumsum(steps, axis=1, dtype=np.float32)), axis=1)
    image = np.empty((len(x), SIZE, SIZE, 3), np.uint8)
    for channel, (path, step) in enumerate(((x, dx), (y, dy), (way, steps))):
        # From row's moment to the end of column's step; only the upper triangle of it is drawn.
        mean = compressed((path[:, None, 1:] - path[:, :-1, None]) * _RATE)
        level = compressed(step * np.float32(1.0 / STEP_S))
        change = (level[:, None, :] - level[:, :, None]) * np.float32(0.5)
        if channel == 2:
            # Speed has no sign: stretch it over the whole range.
            mean = mean * 2 - 1
            change = change * 2
        image[..., channel] = np.where(_UPPER, to_levels(mean), to_levels(change))
    return image


def resampled(points: Points, windows: Sequence[slice]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Position on the time grid: x and y, float32 (windows, SIZE + 1), CSS pixels from the window's first point."""
    elapsed = active_us(points).astype(np.float64) / 1e6
    grid = np.arange(SIZE + 1) * STEP_S
    x = np.empty((len(windows), SIZE + 1), np.float32)
    y = np.empty((len(windows), SIZE + 1), np.float32)
    for row, window in enumerate(windows):
        moments = elapsed[window] - elapsed[window.start]
        x[row] = np.interp(grid, moments, points.x[window].astype(np.float64) - float(points.x[window.start]))
        y[row] = np.interp(grid, moments, points.y[window].astype(np.float64) - float(points.y[window.start]))
    return x, y
