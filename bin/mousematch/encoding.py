"""Encodings: windows of mouse movement drawn as colour images.

An encoding is a published, versioned rule (docs/encoding.md); its tag ``name/version/size`` travels with every image,
and a model reads images of its own encoding only. To add one: a module with a ``draw`` of the signature below, and a
line in ``ENCODINGS``. Changed pixels mean a new version, never a changed meaning of an old one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mousematch import (
    drift_encoding,
    motion_encoding,
    path_encoding,
    portrait_encoding,
    strokes_encoding,
    tiles_encoding,
)
from mousematch.errors import OptionError
from mousematch.telemetry import Points
from mousematch.windows import WindowSpec

# Drawing works on many windows at once; this many keep the intermediate arrays below about 30 MB.
BLOCK = 64


@dataclass(frozen=True)
class Encoding:
    """A rule that turns windows of a session into images.

    size: image height and width in pixels. window: the window that it is made for.
    draw: (ordered points of a session, windows of it as slices) → uint8 (windows, size, size, 3).
    draw_many: the same for several sessions at once, as (points, windows), their images behind each other; None where
    that saves nothing.
    exact: whether single pixels and milliseconds of the points show, so that training must not tilt or stretch them a
    little.
    """

    name: str
    version: int
    size: int
    window: WindowSpec
    title: str
    draw: Callable[[Points, Sequence[slice]], NDArray[np.uint8]]
    exact: bool = False
    draw_many: Callable[[Sequence[tuple[Points, Sequence[slice]]]], NDArray[np.uint8]] | None = None

    @property
    def tag(self) -> str:
        """What an image says about its encoding, such as ``portrait/1/64``."""
        return f"{self.name}/{self.version}/{self.size}"

    def images(self, points: Points, windows: Sequence[slice]) -> Iterator[NDArray[np.uint8]]:
        """One image per window, uint8 (size, size, 3), with memory that does not grow with the session."""
        for start in range(0, len(windows), BLOCK):
            yield from self.draw(points, windows[start : start + BLOCK])

    def images_of(self, sessions: Sequence[tuple[Points, Sequence[slice]]]) -> Iterator[NDArray[np.uint8]]:
        """The images of several short sessions' windows, session by session, the same as ``images`` gives."""
        if self.draw_many is not None and sum(len(windows) for _, windows in sessions) <= BLOCK:
            yield from self.draw_many(sessions)
            return
        for points, windows in sessions:
            yield from self.images(points, windows)


ENCODINGS = {
    encoding.name: encoding
    for encoding in (
        Encoding(
            name="portrait",
            version=portrait_encoding.VERSION,
            size=portrait_encoding.SIZE,
            window=WindowSpec(portrait_encoding.WINDOW_POINTS),
            title="how each step follows from the one before: twelve joint histograms",
            draw=portrait_encoding.draw,
            exact=True,
            draw_many=portrait_encoding.draw_many,
        ),
        Encoding(
            name="strokes",
            version=strokes_encoding.VERSION,
            size=strokes_encoding.SIZE,
            window=WindowSpec(active_s=strokes_encoding.WINDOW_S),
            title="one row per stroke, aligned at its onset",
            draw=strokes_encoding.draw,
        ),
        Encoding(
            name="motion",
            version=motion_encoding.VERSION,
            size=motion_encoding.SIZE,
            window=WindowSpec(active_s=motion_encoding.WINDOW_S),
            title="velocity between every two moments, acceleration below the diagonal",
            draw=motion_encoding.draw,
        ),
        Encoding(
            name="path",
            version=path_encoding.VERSION,
            size=path_encoding.SIZE,
            window=WindowSpec(),
            title="the path where it was drawn",
            draw=path_encoding.draw,
        ),
        Encoding(
            name="drift",
            version=drift_encoding.VERSION,
            size=drift_encoding.SIZE,
            window=WindowSpec(drift_encoding.WINDOW_POINTS, drift_encoding.WINDOW_S),
            title="the path without its place, every stroke from the middle",
            draw=drift_encoding.draw,
        ),
        Encoding(
            name="tiles",
            version=tiles_encoding.VERSION,
            size=tiles_encoding.SIZE,
            window=WindowSpec(tiles_encoding.WINDOW_POINTS, tiles_encoding.WINDOW_S),
            title="the latest nine strokes, each as large as its tile",
            draw=tiles_encoding.draw,
        ),
    )
}
DEFAULT = "portrait"


def encoding_named(name: str) -> Encoding:
    """The encoding of that name. Raises OptionError if there is none."""
    encoding = ENCODINGS.get(name.strip().lower())
    if encoding is None:
        raise OptionError(f'encoding="{name}" is unknown; choose one of: {", ".join(ENCODINGS)}.')
    return encoding
