"""The encoding ``strokes``: one row per stroke, read like a line of music from left to right.

The window is resampled on a fixed time grid of STEP_S. A row begins where movement begins after a rest, shows the
stroke, then the rest that follows it, and ends where the next stroke begins; a stroke that is longer than a row goes on
in the next one. So strokes are aligned at their onset, whatever came before.

    red    velocity to the right (bright) or left (dark)      green  velocity down (bright) or up (dark)
    blue   speeding up (bright) or braking (dark)             mid-grey  rest       black  nothing recorded

Hence hue and strength show direction and speed, and blue the acceleration. Position does not enter, nor does the
screen: velocities are CSS pixels per second on the scale of ``colours.compressed``. The picture is dense, where a path
on black is nine tenths empty, and it keeps the two time scales of a hand: the profile of one movement along a row, the
rhythm of movements from row to row.
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
# About one event of a 60 Hz pointer; a row of 64 steps is a second, longer than nine strokes of ten.
STEP_S = 0.016
WINDOW_S = 30.0

# Slower than this is rest: one pixel in two steps is the tremor of a resting hand.
REST_PX_S = 30.0
# A rest shorter than this is a pause between sub-movements and does not end a stroke.
REST_STEPS = 6
# Factor on the change of the compressed speed from step to step: a third of the scale within 16 ms is full colour.
ACCELERATION_GAIN = np.float32(3.0)


def draw(points: Points, windows: Sequence[slice]) -> NDArray[np.uint8]:
    """Images of the windows: uint8 (windows, SIZE, SIZE, 3), black where the window has ended.

    points: a session's points in order. Of a window with more than SIZE rows the first ones are drawn.
    """
    images = np.zeros((len(windows), SIZE, SIZE, 3), np.uint8)
    elapsed_s = active_us(points) / 1e6
    for image, window in zip(images, windows):
        moments = elapsed_s[window] - elapsed_s[window.start or 0]
        # Two rests fit between strokes of one step each, so this many samples fill all rows at the least.
        grid = np.arange(min(int(moments[-1] / STEP_S), SIZE * SIZE) + 1) * STEP_S
        x = np.interp(grid, moments, points.x[window].astype(np.float64))
        y = np.interp(grid, moments, points.y[window].astype(np.float64))
        vx, vy = np.diff(x) / STEP_S, np.diff(y) / STEP_S
        colour = colours(vx, vy)
        for row, (start, stop) in enumerate(rows(np.hypot(vx, vy) >= REST_PX_S)[:SIZE]):
            image[row, : stop - start] = colour[start:stop]
    return images


def rows(moving: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Which samples go into which row, as (start, stop), stop - start ≤ SIZE; rests beyond a row's end go nowhere.

    moving: bool (samples,), whether the mouse moved in that step.
    """
    steps = np.flatnonzero(moving)
    if len(steps) == 0:
        return []
    breaks = np.flatnonzero(np.diff(steps) > REST_STEPS)
    starts = steps[np.concatenate(([0], breaks + 1))]
    ends = steps[np.concatenate((breaks, [len(steps) - 1]))] + 1
    result = []
    for start, end, following in zip(starts, ends, np.append(starts[1:], len(moving))):
        while start + SIZE < end:
            result.append((int(start), int(start) + SIZE))
            start += SIZE
        result.append((int(start), int(min(start + SIZE, following))))
    return result


def colours(
    vx: NDArray[np.float64], vy: NDArray[np.float64], change: NDArray[np.float32] | None = None
) -> NDArray[np.uint8]:
    """Colours of samples by velocity in CSS pixels per second: uint8 (n, 3).

    change: acceleration on the colour scale, -1 to 1; None takes it from one sample to the next.
    """
    speed = np.hypot(vx, vy).astype(np.float32)
    level = compressed(speed)
    # The compressed speed, split by direction: equal speeds are equally far from grey in every direction.
    share = level / np.maximum(speed, np.float32(1e-6))
    if change is None:
        change = np.clip(np.diff(level, prepend=level[:1]) * ACCELERATION_GAIN, -1, 1)
    return to_levels(np.stack((vx.astype(np.float32) * share, vy.astype(np.float32) * share, change), axis=-1))
