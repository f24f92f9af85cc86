"""Draws static/appIcon*.png: a mouse's path, coloured by direction, that ends in the pointer; ``make icons``.

Splunk shows the plain icons on light ground (launcher, app list) and the Alt ones on the app's dark navigation bar.
"""

from __future__ import annotations

import colorsys
import math
from pathlib import Path

from PIL import Image, ImageDraw

STATIC = Path(__file__).resolve().parent.parent / "static"

# File name → size in pixels, as Splunk's developer guide lists them.
ICONS = {"appIcon.png": 36, "appIcon_2x.png": 72, "appIconAlt.png": 36, "appIconAlt_2x.png": 72}

# Drawn so many times larger and reduced, for smooth edges.
SCALE = 16

GROUND = (20, 26, 46)
POINTER = (255, 255, 255)

# All shapes live in the unit square, y downwards.
CORNER = 0.2
PATH_WIDTH = 0.085
PATH_STEPS = 400
KNOTS = (
    *((0.13, 0.8), (0.15, 0.5), (0.3, 0.22), (0.58, 0.15), (0.79, 0.36)),
    *((0.66, 0.62), (0.4, 0.62), (0.36, 0.44), (0.54, 0.42)),
)
# A pointer with its tip at the origin, one unit high.
ARROW = ((0, 0), (0, 0.86), (0.2, 0.67), (0.33, 0.98), (0.47, 0.92), (0.34, 0.62), (0.62, 0.6))
ARROW_HEIGHT = 0.48
ARROW_TIP = (0.54, 0.42)


def draw(size: int, *, ground: bool) -> Image.Image:
    """An RGBA icon of size × size pixels; with a dark rounded square behind it where ``ground``."""
    side = size * SCALE
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    if ground:
        pen.rounded_rectangle((0, 0, side - 1, side - 1), radius=CORNER * side, fill=GROUND)
    points = [path(step / PATH_STEPS) for step in range(PATH_STEPS + 1)]
    radius = PATH_WIDTH * side / 2
    for (x0, y0), (x1, y1) in zip(points, points[1:]):
        colour = direction_colour(math.atan2(y1 - y0, x1 - x0))
        pen.ellipse((x1 * side - radius, y1 * side - radius, x1 * side + radius, y1 * side + radius), fill=colour)
    arrow = [(side * (ARROW_TIP[0] + ARROW_HEIGHT * x), side * (ARROW_TIP[1] + ARROW_HEIGHT * y)) for x, y in ARROW]
    pen.polygon(arrow, fill=POINTER, outline=GROUND, width=round(0.022 * side))
    return image.resize((size, size), Image.Resampling.LANCZOS)


def path(t: float) -> tuple[float, float]:
    """The point at 0–1 of a smooth curve through KNOTS (Catmull-Rom): a swing past the target and back to it."""
    knots = (KNOTS[0], *KNOTS, KNOTS[-1])
    position = t * (len(KNOTS) - 1)
    index = min(int(position), len(KNOTS) - 2)
    u = position - index
    weights = (-u + 2 * u**2 - u**3, 2 - 5 * u**2 + 3 * u**3, u + 4 * u**2 - 3 * u**3, u**3 - u**2)
    near = knots[index : index + 4]
    x, y = (sum(weight * knot[axis] for weight, knot in zip(weights, near)) / 2 for axis in (0, 1))
    return x, y


def direction_colour(angle: float) -> tuple[int, int, int]:
    hue = (angle / (2 * math.pi)) % 1
    return tuple(round(255 * part) for part in colorsys.hsv_to_rgb(hue, 0.75, 1.0))  # type: ignore[return-value]


def main() -> None:
    for name, size in ICONS.items():
        draw(size, ground="Alt" not in name).save(STATIC / name, optimize=True)
        print(f"==> static/{name} ({size} × {size})")


if __name__ == "__main__":
    main()
