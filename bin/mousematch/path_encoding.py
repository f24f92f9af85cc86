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

# A half, and less than half of 1 / 1,024, so that it holds for images of up to as many pixels a side.
_ROUND_UP = np.float32(0.5 + 2**-12)

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

    image: uint8 (height, width, 3), contiguous. start, end: int64 (2, n), column and row of the segments' ends, inside the
    image. colours: uint8 (n, 3). wide: bool (n,), which segments are of double width.
    """
    height, width, _ = image.shape
    pieces = [slice(first, first + PIECE) for first in range(0, len(colours), PIECE)]
    for piece in pieces:
        if wide[piece].any():
            # The pixels below and to the right of the wide ones first, all lines over them.
            chosen = wide[piece]
            place, segment = _line(start[:, piece][:, chosen], end[:, piece][:, chosen], width)
            rows, columns = np.divmod(place, width)
            below = np.minimum(rows + 1, height - 1) * width + np.minimum(columns + 1, width - 1)
            _paint(image, below, segment, colours[piece][chosen])
    for piece in pieces:
        _paint(image, *_line(start[:, piece], end[:, piece], width), colours[piece])


def _draw_path(image: NDArray[np.uint8], points: Points) -> None:
    place = np.stack(_place(points))
    draw_lines(image, place[:, :-1], place[:, 1:], segment_colours(points), points.kind[1:] == DRAG)


def _line(
    start: NDArray[np.int64], end: NDArray[np.int64], width: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Pixels of some segments in order: where each is in an image of that width, and which of the segments it is of.

    Both int32 (pixels,). Every machine draws the same ones: steps of one along a segment's longer axis, both ends
    included, and the nearest pixel across it, half up.
    """
    d_column, d_row = (end - start).astype(np.int32)
    far_column, far_row = np.abs(d_column), np.abs(d_row)
    flat = far_column >= far_row
    length = np.maximum(np.maximum(far_column, far_row), 1)
    along = np.where(flat, np.sign(d_column), np.sign(d_row) * np.int32(width))
    across = np.where(flat, np.int32(width), np.int32(1))
    # Where the line crosses the middle between two pixels, _ROUND_UP is more than float32 is wrong; elsewhere it is less
    # than what is missing, half of 1 / length.
    slope = np.where(flat, d_row, d_column).astype(np.float32) / length.astype(np.float32)
    first = (start[1] * width + start[0]).astype(np.int32)

    count = length + 1
    segment = np.repeat(np.arange(len(length), dtype=np.int32), count)
    step = np.arange(len(segment), dtype=np.int32)
    step -= np.repeat((np.cumsum(count) - count).astype(np.int32), count)
    shift = np.repeat(slope, count)
    shift *= step
    shift += _ROUND_UP
    place = np.floor(shift, out=shift).astype(np.int32)
    place *= np.repeat(across, count)
    step *= np.repeat(along, count)
    place += step
    place += np.repeat(first, count)
    return place, segment


def _draw_marks(image: NDArray[np.uint8], points: Points) -> None:
    if len(points) == 0:
        return
    column, row = _place(points)
    pixels = image.reshape(-1, 3)
    rest_s = np.diff(points.time_us, append=points.time_us[-1]) / 1e6
    for radius, least in enumerate(DWELL_S, start=1):
        rests = rest_s >= least
        place, inside = _discs(column[rests], row[rests], radius)
        pixels[place[inside]] = DWELL_COLOUR
    scrolls = points.kind == SCROLL
    # A scroll is a short white tick, three pixels high.
    for offset in (-1, 0, 1):
        image[np.clip(row[scrolls] + offset, 0, SIZE - 1), column[scrolls]] = SCROLL_COLOUR
    clicks = np.flatnonzero(points.kind == DOWN)
    if not len(clicks):
        return
    # Two discs a click, the black one first; all of a click over the click before.
    (rim, in_rim), (middle, in_middle) = (
        _discs(column[clicks], row[clicks], radius) for radius in (CLICK_RADIUS + 1, CLICK_RADIUS)
    )
    colours = np.zeros((len(clicks), 2, 3), np.uint8)
    colours[:, 1] = [CLICK_COLOURS.get(button, OTHER_CLICK_COLOUR) for button in points.button[clicks].tolist()]
    disc = 2 * np.arange(len(clicks), dtype=np.int32)[:, None] + np.repeat([0, 1], (rim.shape[1], middle.shape[1]))
    inside = np.concatenate((in_rim, in_middle), axis=1)
    place = np.concatenate((rim, middle), axis=1)
    _paint(image, place[inside], disc[inside].astype(np.int32), colours.reshape(-1, 3))


def _discs(
    column: NDArray[np.int64], row: NDArray[np.int64], radius: int
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """The pixels of a disc around each of some places: int32 (n, pixels), and whether each is inside the frame: bool."""
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    round_ = x**2 + y**2 <= radius * radius + radius // 2
    columns, rows = column[:, None] + x[round_], row[:, None] + y[round_]
    inside = (columns >= 0) & (columns < SIZE) & (rows >= 0) & (rows < SIZE)
    return (rows * SIZE + columns).astype(np.int32), inside


def _place(points: Points) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pixel column and row of each point, int64 (n,), kept inside the frame."""
    column = np.floor(points.x * np.float32(1 / SCALE_PX)).astype(np.int64)
    row = np.floor(points.y * np.float32(1 / SCALE_PX)).astype(np.int64)
    return np.clip(column, 0, SIZE - 1), np.clip(row, 0, SIZE - 1)


def _paint(
    image: NDArray[np.uint8], place: NDArray[np.int32], segment: NDArray[np.int32], colours: NDArray[np.uint8]
) -> None:
    """Colours pixels as the last segment says that is there.

    place: where each pixel is. segment: which of the colours it has.
    """
    last = np.full(image.shape[0] * image.shape[1], -1, np.int32)
    np.maximum.at(last, place, segment)
    painted = np.flatnonzero(last >= 0)
    # A pixel as one value of three bytes is copied twice as fast as three values are.
    pixels, of_segments = (array.reshape(-1, 3).view("V3").ravel() for array in (image, np.ascontiguousarray(colours)))
    pixels[painted] = of_segments.take(last.take(painted))
