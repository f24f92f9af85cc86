"""Pictures of the sessions: which one explains the most, and how far the paths can be enlarged."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from mousematch import images

# A path's frame shows this share of the picture's height below its width (style.css says the same).
_ASPECT = 150 / 256
_MOST = 2.0


def richest(pngs: Iterable[str]) -> str:
    """The base64 PNG with the most contrast, empty if there is none: a hand at rest explains nothing."""
    return max(pngs, key=lambda png: float(images.from_png(images.from_base64(png)).std()), default="")


def zoom(pngs: Iterable[str]) -> float:
    """How many times the paths can be enlarged so that each still fits its frame; one scale for all of a user's."""
    best = _MOST
    for png in pngs:
        if not png:
            continue
        picture = images.from_png(images.from_base64(png))
        rows, columns = np.nonzero(picture.any(axis=2))
        if len(rows):
            best = min(best, len(picture) / (columns.max() + 4), len(picture) * _ASPECT / (rows.max() + 4))
    return max(1.0, float(best))
