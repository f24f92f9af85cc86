"""What a network sees of a piece of movement: a picture of some size, or the raw sequence of events."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mousematch.encoding import encoding_named
from mousematch.errors import OptionError
from mousematch.telemetry import Points
from mousematch.windows import WindowSpec
from study.pieces import Draw
from study.rows import SEQUENCES, USUAL, Row

EVENTS = 128
# Steps of one pixel and of a thousand, times of a millisecond and of half a second: logarithms bring all near to 1.
_STEP_SCALE, _TIME_SCALE, _LONGEST_MS = np.float32(1 / 5), np.float32(1 / 6), 500.0
_PLACE_SCALE = np.float32(1 / 1024)


def draw_of(row: Row) -> Draw:
    """What a row's network sees. Raises OptionError if this version of the app does not draw its encoding."""
    if row.network in SEQUENCES:
        return sequences_with_place if row.encoding == "steps and place" else sequences
    encoding = encoding_named(row.encoding)

    def pictures(points: Points, windows: Sequence[slice]) -> NDArray[np.uint8]:
        return np.stack([resized(image, row.size) for image in encoding.images(points, windows)])

    return pictures


def window_of(row: Row, text: str) -> WindowSpec:
    """The window that a row's text says."""
    return encoding_named(row.encoding).window if text == USUAL else WindowSpec.parse(text)


def resized(image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Another size: each pixel the mean of those that it covers, or each repeated. uint8 (s, s, 3) → (size, size, 3).

    Raises OptionError if one size is no whole multiple of the other.
    """
    given = len(image)
    if size == given:
        return image
    if size > given and size % given == 0:
        return image.repeat(size // given, axis=0).repeat(size // given, axis=1)
    if size < given and given % size == 0:
        return np.asarray(Image.fromarray(image).reduce(given // size))
    raise OptionError(f"A picture of {given} pixels cannot be shown with {size}; choose a whole multiple or part of it.")


def sequences(points: Points, windows: Sequence[slice]) -> NDArray[np.float32]:
    """Way and time from event to event: float32 (windows, EVENTS, 3), dx, dy, dt, on logarithmic scales.

    A window with fewer events ends in zeros; of one with more, the first EVENTS are given.
    """
    result = np.zeros((len(windows), EVENTS, 3), np.float32)
    for row, window in zip(result, windows):
        part = points[slice(window.start, min(window.stop, window.start + EVENTS))]
        for channel, values in enumerate((part.x, part.y)):
            step = np.diff(values, prepend=values[:1])
            row[: len(part), channel] = np.copysign(np.log1p(np.abs(step)), step) * _STEP_SCALE
        times_ms = np.diff(part.time_us, prepend=part.time_us[:1]) / 1e3
        row[: len(part), 2] = np.log1p(np.clip(times_ms, 0, _LONGEST_MS)) * _TIME_SCALE
    return result


def sequences_with_place(points: Points, windows: Sequence[slice]) -> NDArray[np.float32]:
    """The same with the place on the screen: float32 (windows, EVENTS, 5), dx, dy, dt, x, y."""
    places = np.zeros((len(windows), EVENTS, 2), np.float32)
    for row, window in zip(places, windows):
        part = points[slice(window.start, min(window.stop, window.start + EVENTS))]
        row[: len(part)] = np.stack((part.x, part.y), axis=1) * _PLACE_SCALE - 1
    return np.concatenate((sequences(points, windows), places), axis=2)
