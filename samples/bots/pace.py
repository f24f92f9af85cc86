"""Pace: how long a bot takes from one target to the next, and in which steps."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

# distance (px), width of the target (px) → seconds
Pace = Callable[[float, float], float]
STEPS_S = (0.002, 0.004, 0.008, 0.010, 0.0167, 0.020)


def draw_pace(rng: np.random.Generator) -> Pace:
    """A pace as scripts have it: always the same time, a constant speed, or Fitts' law, with or without noise."""
    noise = float(rng.choice([0.0, 0.1, 0.25]))
    kind = rng.choice(["time", "speed", "fitts"])
    seconds = float(rng.uniform(0.25, 1.2))
    speed_px_s = float(rng.uniform(500, 2500))
    intercept_s, slope_s = float(rng.uniform(0.05, 0.3)), float(rng.uniform(0.08, 0.22))

    def pace(distance_px: float, width_px: float) -> float:
        if kind == "time":
            planned = seconds
        elif kind == "speed":
            planned = distance_px / speed_px_s
        else:
            planned = intercept_s + slope_s * math.log2(distance_px / width_px + 1)
        return max(0.05, planned * math.exp(noise * rng.normal()))

    return pace


def ticks(duration_s: float, step_s: float) -> NDArray[np.float64]:
    """The times of a movement's steps: from 0 to its duration, about ``step_s`` apart."""
    return np.linspace(0.0, duration_s, max(4, round(duration_s / step_s) + 1))
