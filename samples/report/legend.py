"""The legend of the report: the colours of the two encodings, drawn from the encodings' own constants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mousematch import images, path_encoding
from mousematch.colours import SPEED_KNEE_PX_S, SPEED_TOP_PX_S, compressed, wheel

_SIZE = 200


@dataclass(frozen=True)
class Reading:
    """How to read the pictures of one encoding: what they are, and their parts, each a word and what it means."""

    what: str
    parts: tuple[tuple[str, str], ...]


READINGS = {
    "motion": Reading(
        "every moment of a window against every other. Place and screen do not enter.",
        (
            ("Down the diagonal", "time passes, from top left to bottom right."),
            ("Above it", "is the mean velocity from one moment to a later one; rest is olive."),
            ("Below it", "is how the velocity changed between them; no change is grey."),
            ("More red", "is rightwards, more green downwards, more blue faster."),
        ),
    ),
    "portrait": Reading(
        "no drawing but twelve counts of how each step follows from the one before, three in each panel.",
        (
            ("Top left, rhythm:", "how often points come (further right: less often), how far and how straight."),
            ("Top right, step:", "each step and speed against the one before; a steady hand stays on the diagonal."),
            ("Bottom left, direction:", "right, down, left, up: how fast and how curved each of them is."),
            ("Bottom right, place:", "where the pointer was (red), its steps (green), clicks and scrolls (blue)."),
        ),
    ),
    "strokes": Reading(
        "one row a stroke, each from its onset. Place and screen do not enter.",
        (
            ("Along a row", "time passes, about a second of it; the next stroke is the next row."),
            ("Bright red", "is rightwards, dark leftwards; bright green downwards, dark upwards."),
            ("Bright blue", "is speeding up, dark braking."),
            ("Grey", "is rest; black is nothing recorded."),
        ),
    ),
}


def reading(encoding_tag: str) -> Reading:
    """How to read the pictures of an encoding, by its tag."""
    return READINGS.get(
        encoding_tag.partition("/")[0], Reading(f"the encoding {encoding_tag}; see docs/encoding.md.", ())
    )


def direction_disc(acceleration: float) -> NDArray[np.uint8]:
    """The path's colours: direction around the disc, speed from its middle (rest) to its rim (fast).

    acceleration: -1 (braking) to 1 (speeding up). Returns uint8 (size, size, 3), black outside.
    """
    axis = (np.arange(_SIZE) - (_SIZE - 1) / 2) / (_SIZE / 2 - 1)
    x, y = np.meshgrid(axis, axis)
    radius = np.hypot(x, y)
    # The axis of speed is the encoding's own: equal steps of the radius are equal steps of brightness.
    speed = SPEED_KNEE_PX_S * np.expm1(np.clip(radius, 0, 1) * np.log1p(SPEED_TOP_PX_S / SPEED_KNEE_PX_S))
    brightness = path_encoding.MIN_BRIGHTNESS + (1 - path_encoding.MIN_BRIGHTNESS) * compressed(speed)
    saturation = path_encoding.STEADY_SATURATION + path_encoding.SATURATION_SPAN * acceleration
    colours = (1 - saturation * (1 - wheel(np.arctan2(y, x)))) * brightness[..., None]
    colours[radius > 1] = 0
    return np.rint(colours * 255).astype(np.uint8)


def data_uri(picture: NDArray[np.uint8]) -> str:
    """A picture as a data URI."""
    return "data:image/png;base64," + images.to_base64(images.to_png(picture, "legend/1"))
