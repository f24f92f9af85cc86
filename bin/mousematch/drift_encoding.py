"""The encoding ``drift``: the path without its place, every stroke from the middle of the picture.

Direction, speed and acceleration are coloured as in ``path``, at the same fixed scale; where on the screen a stroke was
does not enter, and neither do clicks. A stroke that runs out of the frame goes on from the middle.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mousematch.path_encoding import SCALE_PX, draw_lines, segment_colours
from mousematch.telemetry import DRAG, Points, strokes

VERSION = 1
SIZE = 64
WINDOW_POINTS = 640
WINDOW_S = 30.0
MIDDLE = SIZE // 2


def draw(points: Points, windows: Sequence[slice]) -> NDArray[np.uint8]:
    """Images of the windows: uint8 (windows, SIZE, SIZE, 3), black where no stroke went. points: in order."""
    images = np.zeros((len(windows), SIZE, SIZE, 3), np.uint8)
    for image, window in zip(images, windows):
        _draw_strokes(image, points[window])
    return images


def _draw_strokes(image: NDArray[np.uint8], points: Points) -> None:
    # The ends of every segment between consecutive points; the segment from stroke to stroke stays away.
    start, end = np.zeros((2, 2, max(0, len(points) - 1)), np.int64)
    shown = np.ones(start.shape[1], bool)
    for stroke in strokes(points):
        shown[stroke.stop - 1 : stroke.stop] = False
        first = stroke.start
        while first < stroke.stop - 1:
            place = np.stack([_pixels(values[first : stroke.stop]) for values in (points.x, points.y)])
            outside = np.flatnonzero(((place < 0) | (place >= SIZE)).any(axis=0))
            count = int(outside[0]) if len(outside) else place.shape[1] - 1
            place = np.clip(place[:, : count + 1], 0, SIZE - 1)
            start[:, first : first + count], end[:, first : first + count] = place[:, :-1], place[:, 1:]
            first += count
    colours, dragged = segment_colours(points), points.kind[1:] == DRAG
    draw_lines(image, start[:, shown], end[:, shown], colours[shown], dragged[shown])


def _pixels(values: NDArray[np.float32]) -> NDArray[np.int64]:
    """Pixels of some coordinates when the first of them is in the middle."""
    return np.floor((values - values[0]) * np.float32(1 / SCALE_PX) + np.float32(0.5)).astype(np.int64) + MIDDLE
