"""Draws docs/images/people.png, the README's picture, from the sample itself: ``python -m samples.pictures``.

Two sessions of one person and one of somebody else at the same device: on the left the paths, on the right the windows
that are scored.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mousematch.encoding import DEFAULT, encoding_named
from mousematch.windows import cut
from samples.roster import OWNER, UNLOCKED, Visit, visits
from samples.searches import ROOT
from samples.sessions import session

PICTURE = ROOT / "docs" / "images" / "people.png"

ENCODING = encoding_named(DEFAULT)
_USER = "amara"
_SCALE = 2  # whole pixels of the encodings, so that nothing is blurred
_PATH_PX = (256, 128)
_COLUMNS, _ROWS, _TILE = 6, 2, 64
_GAP, _MARGIN, _LABEL = 8, 36, 44
_BACKGROUND, _INK, _SOFT = (13, 18, 23), (230, 236, 241), (151, 165, 179)


def people() -> Image.Image:
    """The picture."""
    own = [visit for visit in visits() if visit.user == _USER and visit.purpose == "test"]
    genuine = [visit for visit in own if visit.scenario == OWNER][:2]
    other = next(visit for visit in own if visit.scenario == UNLOCKED)
    rows = [
        (f"{_USER}, one day", genuine[0]),
        (f"{_USER}, another day", genuine[1]),
        (f"{other.moved_by}, under {_USER}'s name, at {_USER}'s desk", other),
    ]
    tile = _TILE * _SCALE
    row_height = _ROWS * tile + (_ROWS - 1) * _GAP
    left = _MARGIN + _PATH_PX[0] * _SCALE + 3 * _GAP
    width = left + _COLUMNS * tile + (_COLUMNS - 1) * _GAP + _MARGIN
    sheet = Image.new("RGB", (width, _MARGIN // 2 + len(rows) * (row_height + _LABEL + _GAP) + _MARGIN), _BACKGROUND)
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(22)
    for number, (label, visit) in enumerate(rows):
        top = _MARGIN // 2 + number * (row_height + _LABEL + _GAP) + _LABEL
        pen.text((_MARGIN, top - 34), label, _INK, font)
        if number == 0:
            pen.text((left, top - 34), f"what is scored: {ENCODING.name}, windows of {ENCODING.window} by time", _SOFT, font)
        sheet.paste(_path(visit), (_MARGIN, top))
        for place, window in enumerate(_windows(visit)):
            row, column = divmod(place, _COLUMNS)
            sheet.paste(_enlarged(window), (left + column * (tile + _GAP), top + row * (tile + _GAP)))
    return sheet


def _path(visit: Visit) -> Image.Image:
    path = encoding_named("path")
    points = session(visit.mover, seconds=visit.seconds, seed=visit.seed)
    picture = next(path.images(points, cut(points, path.window)))
    return _enlarged(picture[: _PATH_PX[1], : _PATH_PX[0]])


def _windows(visit: Visit) -> list[np.ndarray]:
    points = session(visit.mover, seconds=visit.seconds, seed=visit.seed)
    return list(ENCODING.images(points, cut(points, ENCODING.window)[: _COLUMNS * _ROWS]))


def _enlarged(picture: np.ndarray) -> Image.Image:
    return Image.fromarray(picture.repeat(_SCALE, axis=0).repeat(_SCALE, axis=1))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m samples.pictures", description=__doc__)
    parser.add_argument("--output", type=Path, default=PICTURE, help="the PNG file to write (default: the README's)")
    path = parser.parse_args().output
    path.parent.mkdir(parents=True, exist_ok=True)
    people().save(path, optimize=True)
    print(f"==> {path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
