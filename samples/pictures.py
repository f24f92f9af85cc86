"""Draws docs/images/people.png, the README's picture, from the sample itself: ``python -m samples.pictures``.

Two sessions of one person and one of somebody else at the same device: on the left the paths, on the right the first
windows that are scored.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mousematch.encoding import DEFAULT, encoding_named
from mousematch.windows import WindowSpec, cut
from samples.roster import OWNER, UNLOCKED, Visit, visits
from samples.searches import ROOT
from samples.sessions import session

PICTURE = ROOT / "docs" / "images" / "people.png"

ENCODING, PATH = encoding_named(DEFAULT), encoding_named("path")
_USER = "amara"
# Pictures are enlarged by whole numbers, so that nothing is blurred; this part of a path's frame is shown.
_PATH_SCALE, _PATH_PX = 2, (256, 128)
_WINDOWS = 2
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
    height = _PATH_PX[1] * _PATH_SCALE
    left = _MARGIN + _PATH_PX[0] * _PATH_SCALE + 3 * _GAP
    width = left + _WINDOWS * (height + _GAP) - _GAP + _MARGIN
    sheet = Image.new("RGB", (width, len(rows) * (height + _LABEL + _GAP) + 2 * _GAP + _MARGIN), _BACKGROUND)
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(22)
    for number, (label, visit) in enumerate(rows):
        top = 2 * _GAP + number * (height + _LABEL + _GAP) + _LABEL
        pen.text((_MARGIN, top - 34), label, _INK, font)
        if number == 0:
            pen.text((left, top - 34), f"what is scored: {ENCODING.name}, {_words(ENCODING.window)} each", _SOFT, font)
        path, windows = _pictures(visit)
        sheet.paste(_enlarged(path, _PATH_SCALE), (_MARGIN, top))
        for column, window in enumerate(windows):
            sheet.paste(_enlarged(window, height // ENCODING.size), (left + column * (height + _GAP), top))
    return sheet


def _pictures(visit: Visit) -> tuple[np.ndarray, list[np.ndarray]]:
    """The upper part of a session's path, and its first windows."""
    points = session(visit.mover, seconds=visit.seconds, seed=visit.seed)
    path = next(PATH.images(points, cut(points, PATH.window)))[: _PATH_PX[1], : _PATH_PX[0]]
    return path, list(ENCODING.images(points, cut(points, ENCODING.window)[:_WINDOWS]))


def _words(window: WindowSpec) -> str:
    """How long a window is, such as "640 points or 30 s"."""
    parts = []
    if window.points is not None:
        parts.append(f"{window.points} points")
    if window.active_s is not None:
        parts.append(f"{window.active_s:g} s")
    return " or ".join(parts) or "the session"


def _enlarged(picture: np.ndarray, scale: int) -> Image.Image:
    return Image.fromarray(picture.repeat(scale, axis=0).repeat(scale, axis=1))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m samples.pictures", description=__doc__)
    parser.add_argument("--output", type=Path, default=PICTURE, help="the PNG file to write (default: the README's)")
    path = parser.parse_args().output
    path.parent.mkdir(parents=True, exist_ok=True)
    people().save(path, optimize=True)
    print(f"==> {path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
