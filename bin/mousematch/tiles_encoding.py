"""The encoding ``tiles``: the latest nine strokes of a window, each as large as its tile of a 3 x 3 grid.

Every stroke is scaled to its own bounding box, both axes alike, so that small corrections and wide reaches show their
shape equally well; how large they were shows in the colour of their speed alone, which is that of ``path``. Place and
clicks do not enter.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mousematch.path_encoding import draw_lines, segment_colours
from mousematch.telemetry import DRAG, Points, strokes

VERSION = 1
SIZE = 64
WINDOW_POINTS = 640
WINDOW_S = 30.0

TILES = 3
TILE = SIZE // TILES
# A dark pixel around each tile parts the strokes.
INNER = TILE - 2


def draw(points: Points, windows: Sequence[slice]) -> NDArray[np.uint8]:
    """Images of the windows: uint8 (windows, SIZE, SIZE, 3), black where no stroke went. points: in order.

    Tiles are filled row by row, the oldest of the nine strokes first. A stroke that stays where it is has no tile.
    """
    images = np.zeros((len(windows), SIZE, SIZE, 3), np.uint8)
    for image, window in zip(images, windows):
        part = points[window]
        moved = [part[stroke] for stroke in strokes(part) if _extent_px(part[stroke]) > 0]
        for number, stroke in enumerate(moved[-(TILES**2) :]):
            row, column = divmod(number, TILES)
            tile = image[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
            _draw_stroke(tile[1 : 1 + INNER, 1 : 1 + INNER], stroke)
    return images


def _draw_stroke(tile: NDArray[np.uint8], stroke: Points) -> None:
    scale = (INNER - 1) / _extent_px(stroke)
    place = np.stack([_centred(values.astype(np.float64), scale) for values in (stroke.x, stroke.y)])
    canvas = np.zeros((INNER, INNER, 3), np.uint8)
    draw_lines(canvas, place[:, :-1], place[:, 1:], segment_colours(stroke), stroke.kind[1:] == DRAG)
    tile[:] = canvas


def _extent_px(stroke: Points) -> float:
    """The longer side of the bounding box, in CSS pixels."""
    return float(max(np.ptp(stroke.x), np.ptp(stroke.y)))


def _centred(values: NDArray[np.float64], scale: float) -> NDArray[np.int64]:
    """Pixels of coordinates, their middle in the middle of the tile."""
    twice = 2 * values - (values.min() + values.max())
    return np.clip(np.rint((twice * scale + (INNER - 1)) / 2), 0, INNER - 1).astype(np.int64)
