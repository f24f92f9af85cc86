"""Minimum-jerk movements (T. Flash & N. Hogan, J. Neurosci. 5, 1985), straight or through a point beside the way.

With an aim that misses, a second movement of the same kind corrects the first.
"""

from __future__ import annotations

import numpy as np

from samples.bots.pace import STEPS_S, draw_pace, ticks
from samples.bots.script import Movement, Mover


def mover(rng: np.random.Generator) -> Mover:
    """A session's way of moving."""
    pace, step_s = draw_pace(rng), float(rng.choice(STEPS_S))
    bend = float(rng.choice([0.0, 0.05, 0.15]))
    miss = float(rng.choice([0.0, 0.05, 0.12]))

    def burst(start: complex, target: complex, width_px: float, rng: np.random.Generator) -> Movement:
        time_s = ticks(pace(abs(target - start), width_px), step_s)
        tau = time_s / time_s[-1]
        way = tau**3 * (10 - 15 * tau + 6 * tau**2)
        arc = 1j * bend * rng.normal() * 16 * way**2 * (1 - way) ** 2
        return Movement(time_s, start + (target - start) * (way + arc))

    def move(start: complex, target: complex, width_px: float, rng: np.random.Generator) -> Movement:
        aim = target + (target - start) * miss * complex(*rng.normal(size=2))
        first = burst(start, aim, width_px, rng)
        if abs(aim - target) < 2:
            return first
        second = burst(aim, target, width_px, rng)
        late_s = first.time_s[-1] + float(rng.uniform(0.0, 0.12))
        return Movement(
            np.concatenate((first.time_s, late_s + second.time_s[1:])), np.concatenate((first.place, second.place[1:]))
        )

    return move
