"""Draws docs/images/portrait-legend.png, the key to the encoding portrait: ``python -m samples.portrait_legend``.

One row a panel: the panel as it is scored, then its red, green and blue histogram alone, each with its axes. The movement
is a window of the sample, the ticks come from the encoding's own axes.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from mousematch.encoding import encoding_named
from mousematch.portrait_encoding import (
    BINS,
    COORDINATE,
    COORDINATE_ZERO,
    DISTANCE,
    LONG_TIMES_MS,
    POSITION_COLUMN_PX,
    POSITION_ROW_PX,
    SPEED,
    STEP,
    Logarithmic,
)
from mousematch.telemetry import DOWN, DRAG, SCROLL, UP
from mousematch.windows import cut
from samples.roster import OWNER, visits
from samples.searches import ROOT
from samples.sessions import session

PICTURE = ROOT / "docs" / "images" / "portrait-legend.png"

_BACKGROUND, _FRAME, _INK, _SOFT = (13, 18, 23), (52, 62, 72), (230, 236, 241), (151, 165, 179)
# The channels' colours, lightened where pure ones would be hard to see on black.
_TINTS = {"red": (255, 92, 92), "green": (88, 232, 120), "blue": (112, 164, 255)}
# A histogram alone is shown so much brighter than in the picture that is scored.
_BRIGHTENED = 2.0
_SCALE = 8
_SIDE = BINS * _SCALE
_MARGIN, _LEFT, _BELOW, _ABOVE, _HEAD = 28, 112, 58, 34, 70


@dataclass(frozen=True)
class Axis:
    """What an axis is called, and which of its bins are marked."""

    label: str
    ticks: tuple[tuple[int, str], ...]


def _marked(label: str, axis: Logarithmic, values: tuple[float, ...], unit: float = 1.0) -> Axis:
    bins = axis.bins(np.square(np.array(values, np.float32) * np.float32(unit)))
    return Axis(label, tuple((int(place), f"{value:,g}") for place, value in zip(bins, values, strict=True)))


_COORDINATES = tuple(
    (COORDINATE_ZERO + sign * int(COORDINATE.bins(np.array([size], np.float32))[0]), f"{sign * size:g}")
    for sign, size in ((-1, 100), (-1, 10), (1, 0), (1, 10), (1, 100))
)
TIME = Axis(
    "time step, ms",
    (*((ms, str(ms)) for ms in (0, 8, 16)), *((24 + LONG_TIMES_MS.index(ms), str(ms)) for ms in (24, 768))),
)
LENGTH = _marked("step, px", STEP, (0, 1, 4, 16, 64, 256))
PACE = _marked("speed, px/s", SPEED, (10, 100, 1000, 10_000), 1 / 1000)
REACH = _marked("distance over 8 steps, px", DISTANCE, (1, 10, 100, 1000))
TURN = Axis("turn", ((0, "around"), (8, "left"), (16, "straight"), (24, "right"), (31, "around")))
DIRECTION = Axis("direction", ((0, "right"), (8, "down"), (16, "left"), (24, "up")))
ACROSS = Axis("x, px", tuple((bin_, f"{bin_ * POSITION_COLUMN_PX:g}") for bin_ in (0, 8, 16, 24)))
DOWNWARDS = Axis("y, px", tuple((bin_, f"{bin_ * POSITION_ROW_PX:g}") for bin_ in (0, 8, 16, 24)))
DX, DY = Axis("step to the right, px", _COORDINATES), Axis("step downwards, px", _COORDINATES)
EVENT = Axis(
    "event", ((6 * DOWN + 1, "press"), (6 * UP + 1, "release"), (6 * DRAG + 1, "drag"), (6 * SCROLL + 1, "scroll"))
)


def _earlier(axis: Axis) -> Axis:
    return Axis(f"{axis.label.partition(',')[0]} before{''.join(axis.label.partition(',')[1:])}", axis.ticks)


# A row of the sheet: the panel's name, what it tells, and columns and rows of its three histograms.
PANELS: tuple[tuple[str, str, tuple[tuple[Axis, Axis], ...]], ...] = (
    ("rhythm", "when points come,\nand what comes with them", ((TIME, _earlier(TIME)), (TIME, LENGTH), (TIME, TURN))),
    (
        "step",
        "how each step follows\nfrom the one before",
        ((LENGTH, _earlier(LENGTH)), (LENGTH, TURN), (PACE, _earlier(PACE))),
    ),
    (
        "direction",
        "which directions are fast,\nwhich are curved",
        ((DIRECTION, PACE), (DIRECTION, TURN), (REACH, Axis("slow turn, 8 steps", TURN.ticks))),
    ),
    ("place", "where the pointer was,\nits steps, and the events", ((ACROSS, DOWNWARDS), (DX, DY), (TIME, EVENT))),
)


def legend() -> Image.Image:
    """The picture."""
    image = example()
    width, height = _LEFT + _SIDE, _ABOVE + _SIDE + _BELOW
    sheet = Image.new("RGB", (_MARGIN + 4 * width + _MARGIN, _HEAD + 4 * height + _MARGIN), _BACKGROUND)
    pen = ImageDraw.Draw(sheet)
    pen.text((_MARGIN, _MARGIN), "portrait, as scored", _INK, _font(20))
    for column, (colour, tint) in enumerate(_TINTS.items(), start=1):
        pen.text((_MARGIN + column * width + _LEFT, _MARGIN + 4), f"{colour} alone, brightened", tint, _font(20))
    for row, (name, tells, histograms) in enumerate(PANELS):
        panel = image[BINS * (row // 2) :, BINS * (row % 2) :][:BINS, :BINS]
        top = _HEAD + row * height + _ABOVE
        pen.text((_MARGIN, top - 28), name, _INK, _font(20))
        _paste(sheet, panel, (_MARGIN, top))
        pen.text((_MARGIN, top + _SIDE + 8), tells, _SOFT, _font(15))
        for channel, (across, down) in enumerate(histograms):
            left = _MARGIN + (channel + 1) * width + _LEFT
            tint = np.array(list(_TINTS.values())[channel])
            alone = np.minimum(panel[..., channel : channel + 1] / 255 * _BRIGHTENED, 1) * tint
            _paste(sheet, alone.astype(np.uint8), (left, top))
            _axes(sheet, pen, (left, top), across, down)
    return sheet


def example() -> NDArray[np.uint8]:
    """A full window of somebody of the sample: uint8 (64, 64, 3)."""
    portrait = encoding_named("portrait")
    visit = next(visit for visit in visits() if visit.scenario == OWNER)
    points = session(visit.mover, seconds=visit.seconds, seed=visit.seed)
    return next(portrait.images(points, cut(points, portrait.window)))


def _axes(sheet: Image.Image, pen: ImageDraw.ImageDraw, corner: tuple[int, int], across: Axis, down: Axis) -> None:
    left, top = corner
    for place, text in across.ticks:
        x = left + place * _SCALE + _SCALE // 2
        pen.line(((x, top + _SIDE + 1), (x, top + _SIDE + 5)), _SOFT)
        pen.text((x, top + _SIDE + 8), text, _SOFT, _font(13), anchor="ma")
    pen.text((left + _SIDE // 2, top + _SIDE + 28), across.label, _INK, _font(15), anchor="ma")
    for place, text in down.ticks:
        y = top + place * _SCALE + _SCALE // 2
        pen.line(((left - 6, y), (left - 2, y)), _SOFT)
        pen.text((left - 9, y), text, _SOFT, _font(13), anchor="rm")
    label = Image.new("RGB", (_SIDE, 20), _BACKGROUND)
    ImageDraw.Draw(label).text((_SIDE // 2, 1), down.label, _INK, _font(15), anchor="ma")
    sheet.paste(label.rotate(90, expand=True), (left - 88, top))


def _paste(sheet: Image.Image, histogram: NDArray[np.uint8], corner: tuple[int, int]) -> None:
    left, top = corner
    ImageDraw.Draw(sheet).rectangle((left - 1, top - 1, left + _SIDE, top + _SIDE), outline=_FRAME)
    sheet.paste(Image.fromarray(histogram).resize((_SIDE, _SIDE), Image.Resampling.NEAREST), corner)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def main() -> None:
    """Writes the picture to where --out says."""
    parser = argparse.ArgumentParser(description="Draws the key to the encoding portrait.")
    parser.add_argument("--out", type=Path, default=PICTURE, help="the PNG file (default: %(default)s)")
    out: Path = parser.parse_args().out
    legend().save(out, optimize=True)
    print(f"wrote {out}")


if __name__ == "__main__":
    main()
