"""Points of mouse movement, in one order whatever way they arrived.

A *point* is one pointer event: when, where (CSS pixels), what kind, which button. ``Points`` holds many of them as
a struct of arrays, 18 bytes a point, because a search head holds millions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOVE, DOWN, UP, DRAG, SCROLL = range(5)
NONE, LEFT, RIGHT, MIDDLE, OTHER = range(5)

# A coordinate beyond this is no place on a screen: remote-desktop captures write 65535 when the pointer leaves.
MAX_COORDINATE_PX = 32_000.0


@dataclass(frozen=True)
class Points:
    """Points of one session.

    time_us: int64 (n,), microseconds since the epoch or since the start of the recording.
    x, y: float32 (n,), CSS pixels from the top left of the page's viewport or of the screen.
    kind: uint8 (n,), one of MOVE, DOWN, UP, DRAG, SCROLL.
    button: uint8 (n,), one of NONE, LEFT, RIGHT, MIDDLE, OTHER.
    """

    time_us: NDArray[np.int64]
    x: NDArray[np.float32]
    y: NDArray[np.float32]
    kind: NDArray[np.uint8]
    button: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.time_us)

    def __getitem__(self, item: slice | NDArray[np.intp] | NDArray[np.bool_]) -> Points:
        return Points(self.time_us[item], self.x[item], self.y[item], self.kind[item], self.button[item])

    def ordered(self) -> Points:
        """The same points by time, exact duplicates once.

        Points of one instant are ordered by kind, button, x and y, so the result depends on the set of points alone:
        not on the order in which Splunk returned them nor on which indexer held them.
        """
        time_us = self.time_us
        if len(time_us) < 2:
            return self
        if np.all(time_us[1:] > time_us[:-1]):
            return self
        # Splunk gives the newest events first, so the points of a session mostly come backwards.
        order = len(time_us) - 1 - np.argsort(time_us[::-1], kind="stable")
        rising = time_us[order]
        if np.all(rising[1:] > rising[:-1]):
            return self[order]
        order = np.lexsort((self.y, self.x, self.button, self.kind, time_us))
        points = self[order]
        repeated = (
            (points.time_us[1:] == points.time_us[:-1])
            & (points.x[1:] == points.x[:-1])
            & (points.y[1:] == points.y[:-1])
            & (points.kind[1:] == points.kind[:-1])
            & (points.button[1:] == points.button[:-1])
        )
        return points[np.concatenate(([True], ~repeated))] if repeated.any() else points

    def on_screen(self) -> Points:
        """The points whose coordinates are finite and can be a place on a screen."""
        usable = (np.abs(self.x) <= MAX_COORDINATE_PX) & (np.abs(self.y) <= MAX_COORDINATE_PX)
        return self if usable.all() else self[usable]

    @classmethod
    def concatenate(cls, parts: Iterable[Points]) -> Points:
        """All points of the parts, in the order of the parts."""
        parts = list(parts)
        if not parts:
            return cls.empty()
        return cls(
            np.concatenate([part.time_us for part in parts]),
            np.concatenate([part.x for part in parts]),
            np.concatenate([part.y for part in parts]),
            np.concatenate([part.kind for part in parts]),
            np.concatenate([part.button for part in parts]),
        )

    @classmethod
    def empty(cls) -> Points:
        """No points."""
        return cls(
            np.empty(0, np.int64),
            np.empty(0, np.float32),
            np.empty(0, np.float32),
            np.empty(0, np.uint8),
            np.empty(0, np.uint8),
        )


# A pause longer than this ends a stroke: the hand rested. Ballistic movements and their corrections follow each other
# within about 0.1-0.3 s, and collectors send nothing while the mouse is still.
STROKE_GAP_US = 500_000


def strokes(points: Points) -> list[slice]:
    """Runs of points with no pause longer than STROKE_GAP_US between them: slices of the ordered points, together all."""
    if len(points) == 0:
        return []
    breaks = np.flatnonzero(np.diff(points.time_us) > STROKE_GAP_US) + 1
    return [slice(int(start), int(stop)) for start, stop in zip([0, *breaks], [*breaks, len(points)])]
