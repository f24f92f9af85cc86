"""Sessions as the rows that mouseencode gives: figures, images, and how they moved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mousematch.encoding import Encoding
from mousematch.images import to_base64, to_png
from mousematch.kinematics import kinematics, kinematics_of, to_text
from mousematch.replays import path_hashes, path_hashes_of
from mousematch.sessions import Session
from mousematch.telemetry import DOWN, STROKE_GAP_US, Points
from mousematch.windows import WindowSpec, active_us, cut

# So many points at a time keep what numpy computes of them in the processor's cache.
BLOCK_POINTS = 16_384


@dataclass
class EncodedRow:
    """One row of results. figures: in the order of names.FIGURES. The lists have one value a window;
    path_hash has as many as the movement gives."""

    key: tuple[str, ...]
    figures: list[str]
    image: list[str] = field(default_factory=list)
    window_start: list[str] = field(default_factory=list)
    window_active_s: list[str] = field(default_factory=list)
    window_distance_px: list[str] = field(default_factory=list)
    kinematics: str = ""
    path_hash: list[str] = field(default_factory=list)


def session_rows(sessions: Iterable[Session], encoding: Encoding, window: WindowSpec) -> Iterator[EncodedRow]:
    """The row of each session: its figures, and an image of each window. Without points or windows: no image."""
    for block in _blocks(sessions):
        windows = [cut(session.points, window) for session in block]
        images = encoding.images_of([(session.points, pieces) for session, pieces in zip(block, windows)])
        points = [session.points for session in block]
        ways = _Ways.of(points)
        vectors, hashes = kinematics_of(points), path_hashes_of(points)
        for number, (session, pieces) in enumerate(zip(block, windows)):
            whole = slice(0, len(session.points))
            row = EncodedRow(session.key, ways.figures(number, session.points, whole, session.dropped.total))
            _draw(row, session.points, pieces, islice(images, len(pieces)), encoding.tag, ways, number)
            _measure(row, vectors[number], hashes[number])
            yield row


def _blocks(sessions: Iterable[Session]) -> Iterator[list[Session]]:
    """Sessions that are worked on together: short ones of some BLOCK_POINTS points in all, a long one by itself."""
    block: list[Session] = []
    points = 0
    for session in sessions:
        if block and points + len(session.points) > BLOCK_POINTS:
            yield block
            block, points = [], 0
        block.append(session)
        points += len(session.points)
    if block:
        yield block


def window_rows(sessions: Iterable[Session], encoding: Encoding, window: WindowSpec) -> Iterator[EncodedRow]:
    """One row a window of each session, with the window's own figures; ``dropped`` is the session's, in its first row.

    A session without a window gives one row without an image.
    """
    for session in sessions:
        points = session.points
        windows = cut(points, window)
        ways = _Ways.of([points])
        if not windows:
            yield EncodedRow(session.key, ways.figures(0, points, slice(0, len(points)), session.dropped.total))
        whole = EncodedRow(session.key, [])
        _draw(whole, points, windows, encoding.images(points, windows), encoding.tag, ways, 0)
        for number, piece in enumerate(windows):
            dropped = session.dropped.total if number == 0 else 0
            row = EncodedRow(session.key, ways.figures(0, points, piece, dropped))
            row.image = [whole.image[number]]
            row.window_start = [whole.window_start[number]]
            row.window_active_s = [whole.window_active_s[number]]
            row.window_distance_px = [whole.window_distance_px[number]]
            _measure(row, kinematics(points[piece]), path_hashes(points[piece]))
            yield row


class _Ways(NamedTuple):
    """The steps between the points of sessions behind each other, from which figures of any piece are added up.

    begins: where each session begins. active_us: int64 (n,), active time from the first point on. px: float64 (n - 1,), the
    length of each step. pauses: int64 (n,), how many ends of strokes lie before each point. downs: int64 (n + 1,), how many
    presses.
    """

    begins: list[int]
    active_us: NDArray[np.int64]
    px: NDArray[np.float64]
    pauses: NDArray[np.int64]
    downs: NDArray[np.int64]

    @classmethod
    def of(cls, sessions: Sequence[Points]) -> _Ways:
        """The ways of some sessions."""
        points = sessions[0] if len(sessions) == 1 else Points.concatenate(sessions)
        x, y = points.x.astype(np.float64), points.y.astype(np.float64)
        steps_us = points.time_us[1:] - points.time_us[:-1]
        return cls(
            begins=np.cumsum([0, *map(len, sessions)]).tolist(),
            active_us=active_us(points),
            px=np.hypot(x[1:] - x[:-1], y[1:] - y[:-1]),
            pauses=_sums(steps_us > STROKE_GAP_US),
            downs=_sums(points.kind == DOWN),
        )

    def active_s(self, session: int, piece: slice) -> str:
        """Active seconds of a piece of a session."""
        start, stop = self._at(session, piece)
        return f"{float(self.active_us[stop - 1] - self.active_us[start]) / 1e6:.3f}" if start < stop else "0.000"

    def distance_px(self, session: int, piece: slice) -> str:
        """Length of a piece of a session's path in CSS pixels."""
        start, stop = self._at(session, piece)
        return f"{float(np.add.reduce(self.px[start : stop - 1])):.1f}" if start < stop else "0.0"

    def figures(self, session: int, points: Points, piece: slice, dropped: int) -> list[str]:
        """The values of names.FIGURES for a piece of a session. Times in seconds, empty if there is no point."""
        start, stop = self._at(session, piece)
        first, last = (points.time_us[piece.start], points.time_us[piece.stop - 1]) if start < stop else (None, None)
        return [
            "" if first is None else seconds(first),
            "" if last is None else seconds(last),
            self.active_s(session, piece),
            str(stop - start),
            str(int(self.pauses[stop - 1] - self.pauses[start]) + 1 if start < stop else 0),
            str(int(self.downs[stop] - self.downs[start])),
            self.distance_px(session, piece),
            str(dropped),
        ]

    def _at(self, session: int, piece: slice) -> tuple[int, int]:
        begin = self.begins[session]
        return begin + piece.start, begin + piece.stop


def _sums(counted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many count before each, and in all: int64 (n + 1,)."""
    sums = np.zeros(len(counted) + 1, np.int64)
    np.cumsum(counted, out=sums[1:])
    return sums


def seconds(time_us: int) -> str:
    """Microseconds as seconds with three decimals, without the rounding of floating point."""
    milliseconds = (int(time_us) + 500) // 1000
    sign, milliseconds = ("-", -milliseconds) if milliseconds < 0 else ("", milliseconds)
    return f"{sign}{milliseconds // 1000}.{milliseconds % 1000:03d}"


def _draw(
    row: EncodedRow,
    points: Points,
    windows: Sequence[slice],
    images: Iterable[NDArray[np.uint8]],
    tag: str,
    ways: _Ways,
    session: int,
) -> None:
    for piece, image in zip(windows, images):
        row.image.append(to_base64(to_png(image, tag)))
        row.window_start.append(seconds(points.time_us[piece.start]))
        row.window_active_s.append(ways.active_s(session, piece))
        row.window_distance_px.append(ways.distance_px(session, piece))


def _measure(row: EncodedRow, vector: NDArray[np.float32] | None, hashes: list[str]) -> None:
    row.kinematics = "" if vector is None else to_text(vector)
    row.path_hash = hashes
