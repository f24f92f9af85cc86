"""How fast movement in memory becomes pictures, against Pillow's ImageDraw.line with one call per segment.

    python benchmarks/drawing.py              one run: medians of interleaved repetitions (ten seconds)

A segment is the step from one point to the next. The peer draws the lines that ``path`` draws, in its colours, and gets
ends and colours ready as Python numbers. ``drift`` and ``tiles`` draw lines too; ``portrait``, which the model reads,
``strokes`` and ``motion`` show the same steps in other ways.

Two kinds of movement: smooth and fast, over the whole screen, with about eleven pixels of ``path`` a segment; and that of
the sample in lookups/, where most segments stay within a pixel.

That ``portrait`` and ``path`` draw the pixels of their specification is asserted first, against loops over single points and
single pixels. Memory that is freed is kept, as mouseencode does from its first large block on.
"""

from __future__ import annotations

import argparse
import csv
import math
import statistics
import time
from collections.abc import Callable

import numpy as np
from _search import APP, machine, verdict
from PIL import Image, ImageDraw

from mousematch import portrait_encoding
from mousematch.encoded import BLOCK_POINTS
from mousematch.encoding import ENCODINGS, Encoding
from mousematch.formats.heap import keep_freed_memory
from mousematch.formats.names import FieldNames
from mousematch.formats.reader import read_into
from mousematch.path_encoding import SCALE_PX, SIZE, draw_lines, segment_colours
from mousematch.portrait_encoding import BINS, COORDINATE, DISTANCE, LONG_TIMES_MS, SPEED, STEP
from mousematch.sessions import Sessions
from mousematch.telemetry import Points
from mousematch.windows import cut

SESSIONS, POINTS = 40, 2_000
SAMPLE = APP / "lookups" / "mousematch_sample.csv"
PEER = "Pillow, ImageDraw.line"
GOAL = 10


def session(number: int) -> Points:
    """Smooth movement to and fro over a screen of 1920 x 1080 at about 60 Hz."""
    random = np.random.default_rng(number)
    time_us = np.cumsum(random.choice([16_000, 17_000], POINTS))
    turns = np.cumsum(random.normal(0, 0.15, POINTS))
    x = 960 + 900 * np.sin(np.arange(POINTS) / 37 + turns)
    y = 540 + 500 * np.cos(np.arange(POINTS) / 23 + turns)
    kind = np.zeros(POINTS, np.uint8)
    return Points(time_us.astype(np.int64), np.rint(x).astype(np.float32), np.rint(y).astype(np.float32), kind, kind)


def sample() -> list[Points]:
    """The sessions of the sample."""
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    sessions = Sessions()
    read_into(sessions, {field: [row[field] for row in rows] for field in ("_raw", "session", "user")}, FieldNames())
    return [found.points for found in sessions.take_all()]


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


def plain_portrait(points: Points) -> np.ndarray:
    """The portrait of docs/encoding.md, point by point; the logarithmic axes as their tables have them."""
    n = len(points)
    time_us, x, y = (axis.tolist() for axis in (points.time_us, points.x, points.y))
    counts = np.zeros((4, 3, BINS, BINS), np.int64)
    time_bins, steps, speeds, directions, moved = [0], [0], [0], [0], [False]

    def axis_bin(axis: portrait_encoding.Logarithmic, number: np.float32) -> int:
        return int(axis.bins(np.array([number], np.float32))[0])

    def square(point: int, before: int) -> np.float32:
        dx, dy = np.float32(x[point]) - np.float32(x[before]), np.float32(y[point]) - np.float32(y[before])
        return np.float32(dx * dx + dy * dy)

    def direction(point: int, before: int) -> int:
        return round(math.atan2(y[point] - y[before], x[point] - x[before]) * (65_536 / (2 * math.pi)))

    def turn_bin(one: int, other: int) -> int:
        return (one - other + 32_768) % 65_536 // 2_048

    def coordinate(step: float) -> int:
        size = axis_bin(COORDINATE, np.float32(abs(step)))
        return max(0, 15 + (size if step >= 0 else -size))

    for point in range(n):
        counts[3, 0, min(max(int(y[point] / 40), 0), 31), min(max(int(x[point] / 64), 0), 31)] += 1
        if not point:
            continue
        ms = (time_us[point] - time_us[point - 1] + 500) // 1000
        time_bins.append(min(ms, 23) + sum(ms >= first for first in LONG_TIMES_MS))
        time_ms = np.float32(max(time_us[point] - time_us[point - 1], 4_000)) / np.float32(1000)
        far = square(point, point - 1)
        steps.append(axis_bin(STEP, far))
        speeds.append(axis_bin(SPEED, far / (time_ms * time_ms)))
        directions.append(direction(point, point - 1))
        moved.append(far > 0)
        time_bin, step, speed = time_bins[point], steps[point], speeds[point]
        counts[0, 1, step, time_bin] += 1
        counts[3, 1, coordinate(y[point] - y[point - 1]), coordinate(x[point] - x[point - 1])] += 1
        if points.kind[point]:
            counts[3, 2, points.kind[point] * 6 + points.button[point], time_bin] += 1
        if point > 1:
            counts[0, 0, time_bins[point - 1], time_bin] += 1
            counts[1, 0, steps[point - 1], step] += 1
            counts[1, 2, speeds[point - 1], speed] += 1
        if moved[point]:
            sector = (directions[point] + 1_024) % 65_536 // 2_048
            counts[2, 0, speed, sector] += 1
            if moved[point - 1]:
                turn = turn_bin(directions[point], directions[point - 1])
                counts[0, 2, turn, time_bin] += 1
                counts[1, 1, turn, step] += 1
                counts[2, 1, turn, sector] += 1
        if point >= 16:
            way, way_before = square(point, point - 8), square(point - 8, point - 16)
            if way > 0 and way_before > 0:
                slow = turn_bin(direction(point, point - 8), direction(point - 8, point - 16))
                counts[2, 2, slow, axis_bin(DISTANCE, way_before)] += 1
    image = np.zeros((2, BINS, 2, BINS, 3), np.uint8)
    for panel, colour in np.ndindex(4, 3):
        for row, column in np.argwhere(counts[panel, colour]):
            level = math.isqrt(510 * 510 * int(counts[panel, colour, row, column]) // n)
            image[panel // 2, row, panel % 2, column, colour] = min(level, 255)
    return image.reshape(64, 64, 3)


def check(points: Points) -> None:
    """Ends the run if path's lines or the portrait's pixels are not those of the specification."""
    place, colours = ends(points), segment_colours(points)
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    draw_lines(image, place[:, :-1], place[:, 1:], colours, np.zeros(len(colours), np.bool_))
    if not np.array_equal(image, plain_lines(place, colours)):
        raise SystemExit("path draws other pixels than its specification says.")
    if not np.array_equal(portrait_encoding.draw(points, [slice(0, None)])[0], plain_portrait(points)):
        raise SystemExit("portrait draws other pixels than its specification says.")


def by_pillow(prepared: list[tuple[list[tuple[int, ...]], list[tuple[int, ...]]]]) -> None:
    for lines, colours in prepared:
        pen = ImageDraw.Draw(Image.new("RGB", (SIZE, SIZE)))
        for line, colour in zip(lines, colours):
            pen.line(line, fill=colour)


def by_us(encoding: Encoding, sessions: list[Points]) -> Callable[[], object]:
    """The drawing of all sessions, as many at a time as mouseencode takes together."""
    blocks: list[list[tuple[Points, list[slice]]]] = [[]]
    for points in sessions:
        if sum(len(other) for other, _ in blocks[-1]) + len(points) > BLOCK_POINTS:
            blocks.append([])
        blocks[-1].append((points, cut(points, encoding.window)))
    return lambda: [len(list(encoding.images_of(block))) for block in blocks]


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one go."""
    started = time.process_time()
    work()
    return time.process_time() - started


def compare(name: str, sessions: list[Points], repetitions: int) -> None:
    """Prints how long each encoding takes for some sessions, beside the peer."""
    check(min(sessions, key=len))
    check(sessions[0][: 4 * portrait_encoding.WINDOW_POINTS])
    prepared = []
    for points in sessions:
        place = ends(points).T.tolist()
        lines = [(*start, *end) for start, end in zip(place, place[1:])]
        prepared.append((lines, [tuple(colour) for colour in segment_colours(points).tolist()]))
    works: dict[str, Callable[[], object]] = {PEER: lambda: by_pillow(prepared)}
    works.update((encoding.name, by_us(encoding, sessions)) for encoding in ENCODINGS.values())
    taken: dict[str, list[float]] = {work: [] for work in works}
    for _ in range(repetitions):
        for work in works:
            taken[work].append(seconds(works[work]))
    medians = {work: statistics.median(runs) for work, runs in taken.items()}
    segments = sum(len(points) - 1 for points in sessions)
    print(f"{name}: {segments:,} segments in {len(sessions)} sessions")
    for work, median in medians.items():
        print(
            f"{work:<26}{median * 1e3:>9.1f} ms{segments / median:>13,.0f} segments/s{medians[PEER] / median:>8.2f} x"
        )
    for work in ("portrait", "path", "tiles", "drift"):
        ratio = medians[PEER] / medians[work]
        verdict(
            f"drawing `{work}` pictures of {name}, segments/s", PEER, f"≥ {GOAL} ×", f"{ratio:.1f} ×", ratio >= GOAL
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=7)
    repetitions = parser.parse_args().repetitions
    keep_freed_memory()
    print(f"{machine()}; CPU time, medians of {repetitions}")
    compare("smooth, fast movement", [session(number) for number in range(SESSIONS)], repetitions)
    compare("the sample's movement", sample(), repetitions)


if __name__ == "__main__":
    main()
