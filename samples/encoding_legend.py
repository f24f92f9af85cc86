"""Draws docs/images/encoding-legend.png, the key to the encodings, with the encodings' own code.

    python -m samples.encoding_legend

Three columns: the path's colours and marks, the strokes' colours, and one stroke as both encodings draw it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from mousematch import strokes_encoding
from mousematch.colours import SPEED_KNEE_PX_S, SPEED_TOP_PX_S
from mousematch.encoding import ENCODINGS
from mousematch.telemetry import DOWN, DRAG, LEFT, MIDDLE, MOVE, NONE, RIGHT, SCROLL, UP, Points
from samples.searches import ROOT

PICTURE = ROOT / "docs" / "images" / "encoding-legend.png"

_BACKGROUND, _INK, _SOFT = (13, 18, 23), (230, 236, 241), (151, 165, 179)
_MARGIN, _COLUMN, _DISC, _TITLE = 32, 520, 300, 44
_STEP_US = 16_000
_Row = tuple[float, float, float, int, int]


def legend() -> Image.Image:
    """The picture."""
    sheet = Image.new("RGB", (3 * _COLUMN + 2 * _MARGIN, 640), _BACKGROUND)
    pen = ImageDraw.Draw(sheet)
    _path_column(sheet, pen, _MARGIN)
    _strokes_column(sheet, pen, _MARGIN + _COLUMN)
    _example_column(sheet, pen, _MARGIN + 2 * _COLUMN)
    return sheet


def _path_column(sheet: Image.Image, pen: ImageDraw.ImageDraw, left: int) -> None:
    pen.text((left, _MARGIN), "path: hue is direction, brightness speed", _INK, _font(20))
    sheet.paste(_enlarged(_spokes(), _DISC), (left, _MARGIN + _TITLE))
    pen.text((left, _MARGIN + _TITLE + _DISC + 8), "from the middle outwards, faster and faster", _SOFT, _font(16))
    top = _MARGIN + _TITLE + _DISC + 52
    for place, (kind, button, label) in enumerate(
        (
            (DOWN, LEFT, "left click"),
            (DOWN, RIGHT, "right click"),
            (DOWN, MIDDLE, "other click"),
            (SCROLL, NONE, "scroll"),
            (DRAG, LEFT, "drag: twice as wide"),
            (MOVE, NONE, "rest of 1 s, of 5 s"),
        )
    ):
        x, y = left + 250 * (place % 2), top + 58 * (place // 2)
        sheet.paste(_enlarged(_mark(kind, button), 48), (x, y))
        pen.text((x + 58, y + 14), label, _INK, _font(16))


def _strokes_column(sheet: Image.Image, pen: ImageDraw.ImageDraw, left: int) -> None:
    pen.text((left, _MARGIN), "strokes: red is x, green is y, blue acceleration", _INK, _font(20))
    for place, (change, label) in enumerate(((0.0, "steady"), (1.0, "speeding up"), (-1.0, "braking"))):
        size = _DISC if place == 0 else 140
        x = left if place < 2 else left + 160
        y = _MARGIN + _TITLE if place == 0 else _MARGIN + _TITLE + _DISC + 52
        sheet.paste(Image.fromarray(_plane(size, change)), (x, y))
        pen.text((x, y + size + 8), label, _SOFT, _font(16))
    pen.text(
        (left + _DISC + 14, _MARGIN + _TITLE + 96),
        "right: more red\ndown: more green\nmiddle: rest",
        _INK,
        _font(16),
        spacing=10,
    )


def _example_column(sheet: Image.Image, pen: ImageDraw.ImageDraw, left: int) -> None:
    pen.text((left, _MARGIN), "three strokes: as a path, as rows", _INK, _font(20))
    points = _three_strokes()
    path = ENCODINGS["path"].draw(points, [slice(0, None)])[0][:64, :64]
    sheet.paste(_enlarged(path, 256), (left, _MARGIN + _TITLE))
    rows = ENCODINGS["strokes"].draw(points, [slice(0, None)])[0][:4]
    picture = np.repeat(np.repeat(rows, 24, axis=0), 7, axis=1)
    sheet.paste(Image.fromarray(picture), (left, _MARGIN + _TITLE + 290))
    for row, text in enumerate(
        ("1  to the right: red", "2  down and left: dark red, green", "3  up: dark green", "black: nothing recorded")
    ):
        pen.text((left, _MARGIN + _TITLE + 400 + 30 * row), text, _SOFT, _font(16))


def _spokes() -> NDArray[np.uint8]:
    """Movements from the middle of a 64-pixel picture in all directions, each from slow to fast."""
    rows: list[_Row] = []
    for spoke in range(48):
        angle = spoke / 48 * 2 * np.pi
        reach = np.linspace(0, 250, 40)
        # Speeds grow in equal steps of the compressed scale from rest to the top.
        speeds = SPEED_KNEE_PX_S * np.expm1(np.linspace(0.05, 1, 40) * np.log1p(SPEED_TOP_PX_S / SPEED_KNEE_PX_S))
        start = spoke * 1e9
        times = start + np.cumsum(np.diff(reach, prepend=0) / speeds) * 1e6
        rows += [
            (t, 256 + r * np.cos(angle), 256 + r * np.sin(angle), MOVE, NONE) for t, r in zip(times, reach, strict=True)
        ]
    points = _points(rows)
    image = np.zeros((64, 64, 3), np.uint8)
    for spoke in range(48):
        drawn = ENCODINGS["path"].draw(points, [slice(spoke * 40, spoke * 40 + 40)])[0][:64, :64]
        image = np.maximum(image, drawn)
    return image


def _mark(kind: int, button: int) -> NDArray[np.uint8]:
    """A mark in the middle of a 16-pixel picture, on a slow movement from left to right."""
    row: list[_Row] = [(i * 40_000.0, 8.0 * i, 64.0, DRAG if kind == DRAG else MOVE, NONE) for i in range(16)]
    if kind == MOVE:
        # Rests that leave the small and the large mark.
        row = [
            (t + (1.5e6 if i > 4 else 0) + (6e6 if i > 10 else 0), x, y, k, b) for i, (t, x, y, k, b) in enumerate(row)
        ]
    elif kind != DRAG:
        row.insert(8, (8 * 40_000.0 - 1, 64.0, 64.0, kind, button))
    return ENCODINGS["path"].draw(_points(row), [slice(0, None)])[0][:16, :16]


def _plane(size: int, change: float) -> NDArray[np.uint8]:
    """The strokes' colours by velocity, rightwards and downwards from the middle: uint8 (size, size, 3)."""
    axis = np.linspace(-1, 1, size)
    x, y = np.meshgrid(axis, axis)
    length = np.minimum(np.hypot(x, y), 1)
    speed = SPEED_KNEE_PX_S * np.expm1(length * np.log1p(SPEED_TOP_PX_S / SPEED_KNEE_PX_S))
    angle = np.arctan2(y, x)
    colours = strokes_encoding.colours(
        (speed * np.cos(angle)).ravel(),
        (speed * np.sin(angle)).ravel(),
        change=np.full(size * size, change, np.float32),
    ).reshape(size, size, 3)
    colours[np.hypot(x, y) > 1] = _BACKGROUND
    return colours


def _three_strokes() -> Points:
    rows: list[_Row] = []
    start_us = 0.0
    place = np.array([60.0, 120.0])
    for target, seconds in (((440.0, 150.0), 0.6), ((160.0, 420.0), 0.75), ((180.0, 90.0), 0.45)):
        steps = np.arange(0, seconds, _STEP_US / 1e6) / seconds
        # Minimum-jerk profile (Flash & Hogan 1985).
        way = 10 * steps**3 - 15 * steps**4 + 6 * steps**5
        for step, share in zip(steps, way, strict=True):
            x, y = place + (np.array(target) - place) * share
            rows.append((start_us + step * seconds * 1e6, x, y, MOVE, NONE))
        place = np.array(target)
        start_us += seconds * 1e6
        rows += [(start_us, *place, DOWN, LEFT), (start_us + 80_000, *place, UP, LEFT)]
        start_us += 320_000
    return _points(rows)


def _points(rows: list[_Row]) -> Points:
    table = np.array(rows, np.float64)
    return Points(
        table[:, 0].astype(np.int64),
        table[:, 1].astype(np.float32),
        table[:, 2].astype(np.float32),
        table[:, 3].astype(np.uint8),
        table[:, 4].astype(np.uint8),
    )


def _enlarged(image: NDArray[np.uint8], size: int) -> Image.Image:
    return Image.fromarray(image).resize((size, size), Image.Resampling.NEAREST)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def main() -> None:
    """Writes the picture to where --out says."""
    parser = argparse.ArgumentParser(description="Draws the key to the encodings.")
    parser.add_argument("--out", type=Path, default=PICTURE, help="the PNG file (default: %(default)s)")
    out: Path = parser.parse_args().out
    legend().save(out, optimize=True)
    print(f"wrote {out}")


if __name__ == "__main__":
    main()
