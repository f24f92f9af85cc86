"""How fast movement in memory becomes pictures, against Pillow's ImageDraw.line with one call per segment.

    python benchmarks/drawing.py              one run: medians of interleaved repetitions (ten seconds)

The peer draws what ``path`` draws, lines in colours, and gets ends and colours ready as Python numbers. ``portrait``, which
the model reads, draws no lines; there a segment is the step from one point to the next. That ``path`` draws the pixels of
its specification is asserted first, against a loop over single pixels.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bin"))

from mousematch import path_encoding, portrait_encoding
from mousematch.path_encoding import SCALE_PX, SIZE, draw_lines, segment_colours
from mousematch.telemetry import Points
from mousematch.windows import WindowSpec, cut

SESSIONS, POINTS = 40, 2_000
SEGMENTS = SESSIONS * (POINTS - 1)


def session(number: int) -> Points:
    """Smooth movement to and fro over a screen of 1920 x 1080 at about 60 Hz."""
    random = np.random.default_rng(number)
    time_us = np.cumsum(random.choice([16_000, 17_000], POINTS))
    turns = np.cumsum(random.normal(0, 0.15, POINTS))
    x = 960 + 900 * np.sin(np.arange(POINTS) / 37 + turns)
    y = 540 + 500 * np.cos(np.arange(POINTS) / 23 + turns)
    kind = np.zeros(POINTS, np.uint8)
    return Points(time_us.astype(np.int64), np.rint(x).astype(np.float32), np.rint(y).astype(np.float32), kind, kind)


def ends(points: Points) -> np.ndarray:
    """Column and row of each point, int64 (2, n)."""
    return np.stack([np.clip(np.floor(axis / SCALE_PX).astype(np.int64), 0, SIZE - 1) for axis in (points.x, points.y)])


def plain_lines(place: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """The lines of docs/encoding.md, pixel by pixel: the longer axis in steps of one, the other rounded half up."""
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    for (column, row), (to_column, to_row), colour in zip(place.T[:-1].tolist(), place.T[1:].tolist(), colours):
        steps = max(abs(to_column - column), abs(to_row - row), 1)
        for step in range(steps + 1):
            across = column + (2 * (to_column - column) * step + steps) // (2 * steps)
            down = row + (2 * (to_row - row) * step + steps) // (2 * steps)
            image[down, across] = colour
    return image


def check(points: Points) -> None:
    """Ends the run if path's lines are not those of the specification."""
    place, colours = ends(points), segment_colours(points)
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    draw_lines(image, place[:, :-1], place[:, 1:], colours, np.zeros(len(colours), np.bool_))
    if not np.array_equal(image, plain_lines(place, colours)):
        raise SystemExit("path draws other pixels than its specification says.")


def by_pillow(prepared: list[tuple[list[tuple[int, ...]], list[tuple[int, ...]]]]) -> None:
    for lines, colours in prepared:
        pen = ImageDraw.Draw(Image.new("RGB", (SIZE, SIZE)))
        for line, colour in zip(lines, colours):
            pen.line(line, fill=colour)


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one go."""
    started = time.process_time()
    work()
    return time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=7)
    repetitions = parser.parse_args().repetitions
    sessions = [session(number) for number in range(SESSIONS)]
    check(sessions[0])
    prepared = []
    for points in sessions:
        place = ends(points).T.tolist()
        lines = [(*start, *end) for start, end in zip(place, place[1:])]
        prepared.append((lines, [tuple(colour) for colour in segment_colours(points).tolist()]))
    windows = [cut(points, WindowSpec(portrait_encoding.WINDOW_POINTS)) for points in sessions]
    blocks = [list(zip(sessions, windows))[first : first + 4] for first in range(0, SESSIONS, 4)]
    whole = [slice(0, None)]
    works: dict[str, Callable[[], object]] = {
        "Pillow, ImageDraw.line": lambda: by_pillow(prepared),
        "path": lambda: [path_encoding.draw(points, whole) for points in sessions],
        "portrait": lambda: [portrait_encoding.draw_many(block) for block in blocks],
    }
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repetitions):
        for name, work in works.items():
            taken[name].append(seconds(work))
    peer = statistics.median(taken["Pillow, ImageDraw.line"])
    print(f"{SEGMENTS:,} segments in {SESSIONS} sessions, CPU time, medians of {repetitions}")
    for name, runs in taken.items():
        median = statistics.median(runs)
        print(f"{name:<26}{median * 1e3:>9.1f} ms{SEGMENTS / median:>13,.0f} segments/s{peer / median:>8.2f} x")


if __name__ == "__main__":
    main()
