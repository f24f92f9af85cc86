"""Sigma-lognormal movements: overlapping bursts with lognormal speed, the model that synthetic handwriting is made with.

The bursts are those of ``samples.movement`` (Plamondon 1995; O'Reilly & Plamondon 2009); the parameters of each session
are drawn anew, wider than the sample's people have them.
"""

from __future__ import annotations

import math

import numpy as np

from samples.bots.pace import STEPS_S, draw_pace
from samples.bots.script import Movement, Mover
from samples.movement import TRACE_HZ, Submovement


def mover(rng: np.random.Generator) -> Mover:
    """A session's way of moving."""
    pace, step_s = draw_pace(rng), float(rng.choice(STEPS_S))
    skew = float(rng.uniform(0.15, 0.5))
    turning = float(rng.choice([0.0, 0.1, 0.35]))
    miss = float(rng.choice([0.0, 0.06, 0.15]))
    overlap = float(rng.uniform(0.0, 0.5))

    def move(start: complex, target: complex, width_px: float, rng: np.random.Generator) -> Movement:
        bursts, begin_s, reached = [], 0.0, start
        for number in range(int(rng.integers(1, 4))):
            rest = target - reached
            vector = rest * (1 + miss * complex(*rng.normal(size=2))) if number == 0 else rest
            if abs(vector) < 2:
                break
            duration_s = max(0.1, pace(abs(vector), width_px))
            how_skew = skew * math.exp(0.1 * rng.normal())
            bursts.append(Submovement(begin_s, duration_s, vector, turning * rng.normal(), how_skew))
            begin_s += duration_s * (1 - overlap)
            reached += vector
        end_s = max(burst.start_s + burst.duration_s for burst in bursts) + 0.02
        steps = np.zeros(round(end_s * TRACE_HZ) + 8, np.complex128)
        for burst in bursts:
            way = burst.steps()
            first = round(burst.start_s * TRACE_HZ)
            steps[first : first + len(way)] += way[: len(steps) - first]
        every = max(1, round(step_s * TRACE_HZ))
        place = start + np.concatenate(([0], np.cumsum(steps)))
        return Movement((np.arange(len(place)) / TRACE_HZ)[::every], place[::every])

    return move
