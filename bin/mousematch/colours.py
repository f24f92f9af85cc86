"""How velocities become colour values: one compressed, signed scale for every encoding."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Speeds of pointing range over three decades; a logarithm gives slow corrections as many colours as fast flights.
# Below SPEED_KNEE the scale is linear (a pixel of jitter is no movement); SPEED_TOP is a fast flick across the screen.
SPEED_KNEE_PX_S = 50.0
SPEED_TOP_PX_S = 4000.0


def compressed(velocity_px_s: NDArray[np.floating]) -> NDArray[np.float32]:
    """Signed velocity on the compressed scale: float32 in -1 to 1, 0 at rest, same shape."""
    velocity = velocity_px_s.astype(np.float32)
    scale = np.float32(1.0 / np.log1p(SPEED_TOP_PX_S / SPEED_KNEE_PX_S))
    level = np.log1p(np.abs(velocity) * np.float32(1.0 / SPEED_KNEE_PX_S)) * scale
    return np.copysign(np.minimum(level, np.float32(1.0)), velocity)


def to_levels(value: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Colour levels of values in -1 to 1: uint8, 128 for 0 (mid-grey), 1 for -1, 255 for 1."""
    return np.rint(value * np.float32(127.0) + np.float32(128.0)).astype(np.uint8)


def wheel(angle: NDArray[np.floating]) -> NDArray[np.float32]:
    """Colours around the wheel for directions in radians: float32 (..., 3), 0-1, full brightness, equal steps.

    0 (to the right) is red, then yellow, green (down, since y grows downwards on screens), cyan, blue, magenta.
    """
    sixth = (angle.astype(np.float32) * np.float32(3.0 / np.pi))[..., None] + np.array([0.0, 4.0, 2.0], np.float32)
    turn = np.float32(6.0)
    if ((sixth >= -turn) & (sixth < 2 * turn)).all():
        # What np.mod gives, far faster; angles from arctan2 are all like this.
        sixth += turn * (sixth < 0)
        sixth -= turn * (sixth >= turn)
    else:
        sixth = np.mod(sixth, turn)
    return np.clip(np.abs(sixth - np.float32(3.0)) - np.float32(1.0), 0, 1)
