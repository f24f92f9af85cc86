"""Bézier curves with random control points beside the way, as many "human mouse" scripts draw them."""

from __future__ import annotations

import numpy as np

from samples.bots.linear import EASINGS
from samples.bots.pace import STEPS_S, draw_pace, ticks
from samples.bots.script import Movement, Mover


def mover(rng: np.random.Generator) -> Mover:
    """A session's way of moving."""
    pace, step_s = draw_pace(rng), float(rng.choice(STEPS_S))
    easing = EASINGS[int(rng.integers(len(EASINGS)))]
    spread = float(rng.choice([0.05, 0.15, 0.3, 0.5]))
    one_side = bool(rng.random() < 0.5)
    quadratic = bool(rng.random() < 0.3)

    def move(start: complex, target: complex, width_px: float, rng: np.random.Generator) -> Movement:
        time_s = ticks(pace(abs(target - start), width_px), step_s)
        u = easing(time_s / time_s[-1])
        along = np.sort(rng.uniform(0.1, 0.9, 2))
        beside = rng.normal(size=2) * spread
        if one_side:
            beside = np.abs(beside) * rng.choice([-1, 1])
        first, second = start + (target - start) * (along + 1j * beside)
        if quadratic:
            place = (1 - u) ** 2 * start + 2 * u * (1 - u) * first + u**2 * target
        else:
            place = (1 - u) ** 3 * start + 3 * u * (1 - u) ** 2 * first + 3 * u**2 * (1 - u) * second + u**3 * target
        return Movement(time_s, place)

    return move
