"""Straight lines, as pyautogui and Playwright move: at constant speed, or eased in and out."""

from __future__ import annotations

import numpy as np

from samples.bots.pace import STEPS_S, draw_pace, ticks
from samples.bots.script import Movement, Mover

EASINGS = (
    lambda u: u,
    lambda u: u,
    lambda u: 1 - (1 - u) ** 2,
    lambda u: np.where(u < 0.5, 2 * u**2, 1 - 2 * (1 - u) ** 2),
    lambda u: 0.5 - 0.5 * np.cos(np.pi * u),
)


def mover(rng: np.random.Generator) -> Mover:
    """A session's way of moving."""
    pace, step_s = draw_pace(rng), float(rng.choice(STEPS_S))
    easing = EASINGS[int(rng.integers(len(EASINGS)))]

    def move(start: complex, target: complex, width_px: float, rng: np.random.Generator) -> Movement:
        time_s = ticks(pace(abs(target - start), width_px), step_s)
        return Movement(time_s, start + (target - start) * easing(time_s / time_s[-1]))

    return move
