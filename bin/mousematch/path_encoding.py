"""The encoding ``path``: the path where it was drawn, coloured by how it was drawn.

After Gleb Esman's pictures of 2017 (Splunk): hue is the direction, brightness the speed, saturation the acceleration;
left clicks are green discs, right clicks red ones. One image pixel is SCALE_PX CSS pixels, whatever the screen: the
frame covers 2048 x 2048 CSS pixels, and what lies outside is drawn at its edge. Sources of the idea: US patent
10,956,543 (Splunk) describes the colouring; its colours were never published, so these are ours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mousematch.colours import compressed, wheel
from mousematch.telemetry import DOWN, DRAG, LEFT, RIGHT, SCROLL, Points
from mousematch.windows import IDLE_CAP_US

VERSION = 1
SIZE = 256
SCALE_PX = 8.0

# The slowest segment stays visible on black; the fastest is at full brightness.
MIN_BRIGHTNESS = 0.35
# Steady movement is fairly saturated; speeding up goes to the pure hue, braking to a pale one.
STEADY_SATURATION = 0.7
SATURATION_SPAN = 0.3
# So many segments are drawn at a time: a session of a million points takes no more memory than one of these.
PIECE = 65_536
# Shortest time that a speed is computed over: some recorders put two points on one millisecond.
MIN_STEP_S = 0.004

CLICK_COLOURS = {LEFT: (0, 230, 64), RIGHT: (255, 40, 40)}
OTHER_CLICK_COLOUR = (90, 140, 255)
CLICK_RADIUS = 3
SCROLL_COLOUR = (255, 255, 255)
DWELL_COLOUR = (150, 150, 150)
# A rest longer than this leaves a mark: two discs of growing size, so that a glance tells a second from ten.
DWELL_S = (1.0, 5.0)


def draw(points: Points, windows: Sequence[slice]) -> NDArray[np.uint8]:
    """Images of the windows: uint8 (windows, SIZE, SIZE, 3), black where no mouse was.

    points: a session's points in order. What comes later is drawn over what came before; marks are drawn last.
    """
    images = np.zeros((len(windows), SIZE, SIZE, 3), np.uint8)
    for image, window in zip(images, windows):
        _draw_path(image, points[window])
        _draw_marks(image, points[window])
    return images


def segment_colours(points: Points) -> NDArray[np.uint8]:
    """The colour of each segment between consecutive points: uint8 (n - 1, 3)."""
    seconds = np.clip(np.diff(points.time_us), MIN_STEP_S * 1e6, IDLE_CAP_US).astype(np.float32) / np.float32(1e6)
    dx, dy = np.diff(points.x), np.diff(points.y)
    level = compressed(np.hypot(dx, dy) / seconds)
    brightness = np.float32(MIN_BRIGHTNESS) + np.float32(1 - MIN_BRIGHTNESS) * level
    # Acceleration as the change of the compressed speed from segment to segment: a ratio, so that it means the same at
    # every speed. Half the scale is a change by a factor of about eight.
    change = np.clip(np.diff(level, prepend=level[:1]) * 2, -1, 1)
    saturation = np.float32(STEADY_SATURATION) + np.float32(SATURATION_SPAN) * change
    colours = 1 - saturation[:, None] * (1 - wheel(np.arctan2(dy, dx)))
    return np.rint(colours * brightness[:, None] * np.float32(255)).astype(np.uint8)


def draw_lines(
    image: NDArray[np.uint8],
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    colours: NDArray[np.uint8],
    wide: NDArray[np.bool_],
) -> None:
    """Draws segments into an image, later ones over earlier ones.

    image: uint8 (height, width, 3). start, end: int64 (2, n), column and row of the segments' ends, inside the image.
    colours: uint8 (n, 3). wide: bool (n,), which segments are of double width.
    """
    pieces = [slice(first, first + PIECE) for first in range(0, len(colours), PIECE)]
    for piece in pieces:
        if wide[piece].any():
            # The pixels below and to the right of the wide ones first, all lines over them.
            columns, rows, segment = _line(start[:, piece], end[:, piece])
            widened = wide[piece][segment]
            below = (
                np.minimum(rows[widened] + 1, image.shape[0] - 1),
                np.minimum(columns[widened] + 1, image.shape[1] - 1),
            )
            _paint(image, *below, colours[piece][segment[widened]])
    for piece in pieces:
        columns, rows, segment = _line(start[:, piece], end[:, piece])
        _paint(image, rows, columns, colours[piece][segment])


def _draw_path(image: NDArray[np.uint8], points: Points) -> None:
    place = np.stack(_place(points))
    draw_lines(image, place[:, :-1], place[:, 1:], segment_colours(points), points.kind[1:] == DRAG)


def _line(
    start: NDArray[np.int64], end: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Pixels of some segments in order, int64 (pixels,) each: columns, rows, and which of the segments each is of."""
    d_column, d_row = end - start
    # Points of a segment along its longer axis, both ends included (a digital differential analyser).
    steps = np.maximum(np.maximum(np.abs(d_column), np.abs(d_row)), 1)
    segment = np.repeat(np.arange(len(steps)), steps + 1)
    step = np.arange(len(segment)) - np.repeat(np.cumsum(steps + 1) - (steps + 1), steps + 1)
    length = steps[segment]
    # Integer rounding to the nearest pixel (half up), so that every machine draws the same pixels.
    columns = start[0][segment] + (2 * d_column[segment] * step + length) // (2 * length)
    rows = start[1][segment] + (2 * d_row[segment] * step + length) // (2 * length)
    return columns, rows, segment


def _draw_marks(image: NDArray[np.uint8], points: Points) -> None:
    if len(points) == 0:
        return
    column, row = _place(points)
    rest_s = np.diff(points.time_us, append=points.time_us[-1]) / 1e6
    for radius, least in enumerate(DWELL_S, start=1):
        for place in np.flatnonzero(rest_s >= least):
            _disc(image, column[place], row[place], radius, DWELL_COLOUR)
    scrolls = points.kind == SCROLL
    # A scroll is a short white tick, three pixels high.
    for offset in (-1, 0, 1):
        image[np.clip(row[scrolls] + offset, 0, SIZE - 1), column[scrolls]] = SCROLL_COLOUR
    for place in np.flatnonzero(points.kind == DOWN):
        colour = CLICK_COLOURS.get(int(points.button[place]), OTHER_CLICK_COLOUR)
        _disc(image, column[place], row[place], CLICK_RADIUS + 1, (0, 0, 0))
        _disc(image, column[place], row[place], CLICK_RADIUS, colour)


def _place(points: Points) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pixel column and row of each point, int64 (n,), kept inside the frame."""
    column = np.floor(points.x * np.float32(1 / SCALE_PX)).astype(np.int64)
    row = np.floor(points.y * np.float32(1 / SCALE_PX)).astype(np.int64)
    return np.clip(column, 0, SIZE - 1), np.clip(row, 0, SIZE - 1)


def _paint(
    image: NDArray[np.uint8], rows: NDArray[np.int64], columns: NDArray[np.int64], colours: NDArray[np.uint8]
) -> None:
    """Colours pixels; of several colours for one pixel the last stays, whatever numpy does with repeated indices."""
    place = rows * image.shape[1] + columns
    last_first, first = np.unique(place[::-1], return_index=True)
    image.reshape(-1, 3)[last_first] = colours[::-1][first]


def _disc(image: NDArray[np.uint8], column: int, row: int, radius: int, colour: tuple[int, int, int]) -> None:
    rows = slice(max(0, row - radius), min(SIZE, row + radius + 1))
    columns = slice(max(0, column - radius), min(SIZE, column + radius + 1))
    y, x = np.ogrid[rows, columns]
    inside = (x - column) ** 2 + (y - row) ** 2 <= radius * radius + radius // 2
    image[rows, columns][inside] = colour
