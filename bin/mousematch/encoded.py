"""Sessions as the rows that mouseencode gives: figures, images, and how they moved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from mousematch.encoding import Encoding
from mousematch.images import to_base64, to_png
from mousematch.kinematics import kinematics, kinematics_of, to_text
from mousematch.replays import path_hashes
from mousematch.sessions import Session
from mousematch.telemetry import Points, count_clicks, count_strokes, distance_px
from mousematch.windows import WindowSpec, active_s, cut

# So many points at a time keep what numpy computes of them in the processor's cache.
BLOCK_POINTS = 8_192


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
        vectors = kinematics_of([session.points for session in block])
        for session, pieces, vector in zip(block, windows, vectors):
            row = EncodedRow(session.key, figures(session.points, session.dropped.total))
            _draw(row, session.points, pieces, islice(images, len(pieces)), encoding.tag)
            _measure(row, session.points, vector)
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
        windows = cut(session.points, window)
        if not windows:
            yield EncodedRow(session.key, figures(session.points, session.dropped.total))
        whole = EncodedRow(session.key, [])
        _draw(whole, session.points, windows, encoding.images(session.points, windows), encoding.tag)
        for number, piece in enumerate(windows):
            dropped = session.dropped.total if number == 0 else 0
            row = EncodedRow(session.key, figures(session.points[piece], dropped))
            row.image = [whole.image[number]]
            row.window_start = [whole.window_start[number]]
            row.window_active_s = [whole.window_active_s[number]]
            row.window_distance_px = [whole.window_distance_px[number]]
            _measure(row, session.points[piece], kinematics(session.points[piece]))
            yield row


def figures(points: Points, dropped: int) -> list[str]:
    """The values of names.FIGURES for some points. Times in seconds, empty if there is no point."""
    start, end = (seconds(points.time_us[0]), seconds(points.time_us[-1])) if len(points) else ("", "")
    return [
        start,
        end,
        f"{active_s(points):.3f}",
        str(len(points)),
        str(count_strokes(points)),
        str(count_clicks(points)),
        f"{distance_px(points):.1f}",
        str(dropped),
    ]


def seconds(time_us: int) -> str:
    """Microseconds as seconds with three decimals, without the rounding of floating point."""
    milliseconds = (int(time_us) + 500) // 1000
    sign, milliseconds = ("-", -milliseconds) if milliseconds < 0 else ("", milliseconds)
    return f"{sign}{milliseconds // 1000}.{milliseconds % 1000:03d}"


def _draw(
    row: EncodedRow, points: Points, windows: Sequence[slice], images: Iterable[NDArray[np.uint8]], tag: str
) -> None:
    for piece, image in zip(windows, images):
        row.image.append(to_base64(to_png(image, tag)))
        row.window_start.append(seconds(points.time_us[piece.start]))
        row.window_active_s.append(f"{active_s(points[piece]):.3f}")
        row.window_distance_px.append(f"{distance_px(points[piece]):.1f}")


def _measure(row: EncodedRow, points: Points, vector: NDArray[np.float32] | None) -> None:
    row.kinematics = "" if vector is None else to_text(vector)
    row.path_hash = path_hashes(points)
