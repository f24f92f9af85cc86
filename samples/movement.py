"""Movement: how a hand gets from here to there.

Each sub-movement has a lognormal speed profile and turns along an arc; a reach is their vector sum: the sigma-lognormal
model of R. Plamondon (Biol. Cybern. 72, 1995) and C. O'Reilly & R. Plamondon (Pattern Recognition 42, 2009). The first
sub-movement covers most of the way and misses by a noise that grows with the distance; corrections follow until the
pointer is close enough to the target (Meyer et al., Psychol. Rev. 95, 1988). Places are complex numbers, x + iy, in CSS
pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samples.people import Habits

# The trace of a hand is kept at this rate; devices sample it more coarsely.
TRACE_HZ = 500
STEP_S = 1 / TRACE_HZ

# A lognormal has no end: a sub-movement lasts from minus to plus this many standard deviations of log time.
_TAIL = 2.7
_MAX_CORRECTIONS = 4
_MIN_SUBMOVEMENT_S = 0.07


@dataclass(frozen=True)
class Submovement:
    """One burst of muscle: when it starts within the reach and how long it lasts (s), where it leads (complex, px)."""

    start_s: float
    duration_s: float
    vector: complex
    turning: float
    skew: float

    def steps(self) -> NDArray[np.complex128]:
        """The way made in each 1 / TRACE_HZ of it: complex (n,), px; adds up to ``vector``."""
        n = max(3, round(self.duration_s * TRACE_HZ))
        # log time runs over +-_TAIL standard deviations while time runs linearly over the duration
        fastest, slowest = math.exp(-_TAIL * self.skew), math.exp(_TAIL * self.skew)
        tau = fastest + (slowest - fastest) * (np.arange(n) + 0.5) / n
        share = np.exp(-0.5 * (np.log(tau) / self.skew) ** 2) / tau
        share /= share.sum()
        direction = self.turning * (np.cumsum(share) - 0.5)
        way = share * np.exp(1j * direction)
        return way * (self.vector / way.sum())


def reach(
    start: complex, target: complex, width_px: float, *, habits: Habits, rng: np.random.Generator
) -> list[Submovement]:
    """The sub-movements that bring the pointer from ``start`` to within a target of ``width_px`` around ``target``."""
    aim = target - start
    distance = abs(aim)
    if distance < 1.0:
        return []
    duration = _fitts_s(aim, width_px, habits) * math.exp(habits.duration_noise * rng.normal()) / habits.hurry
    sloppiness = habits.hurry**1.5
    # Corrections are only needed where the target is small for its distance: short hops land at once.
    miss = min(1.0, distance / 150.0)
    gain = 1.0 + miss * (habits.primary_gain - 1.0 + habits.gain_noise * sloppiness * rng.normal())
    swerve = habits.aim_noise * sloppiness * rng.normal()
    first = Submovement(
        start_s=0.0,
        duration_s=max(_MIN_SUBMOVEMENT_S, 0.8 * duration),
        vector=aim * gain * complex(math.cos(swerve), math.sin(swerve)),
        turning=bow(math.atan2(aim.imag, aim.real), habits) + habits.bow_noise * rng.normal(),
        skew=habits.skew,
    )
    if rng.random() < habits.hesitation and distance > 200:
        movements = _in_two(first, habits, rng)
    else:
        movements = [first]
    return movements + _corrections(movements, aim, width_px, habits=habits, rng=rng)


def bow(direction: float, habits: Habits) -> float:
    """How far a movement in this direction turns from start to end: radians, positive is clockwise on the screen."""
    return (
        habits.bow
        + habits.bow_1 * math.cos(direction - habits.bow_1_towards)
        + habits.bow_2 * math.cos(2 * direction - habits.bow_2_towards)
    )


def _fitts_s(aim: complex, width_px: float, habits: Habits) -> float:
    """How long a reach takes by Fitts' law, slower the more vertical it is."""
    distance = abs(aim)
    steepness = abs(aim.imag) / distance
    bits = math.log2(distance / max(4.0, width_px) + 1)
    return (habits.fitts_a_s + habits.fitts_b_s * bits) * (1 + (habits.vertical_slowdown - 1) * steepness)


def _in_two(whole: Submovement, habits: Habits, rng: np.random.Generator) -> list[Submovement]:
    """The same movement with a hesitation on the way: two bursts, the second a moment after the first."""
    share = float(rng.uniform(0.35, 0.7))
    first_s = max(_MIN_SUBMOVEMENT_S, whole.duration_s * (0.25 + 0.6 * share))
    gap_s = float(rng.uniform(-0.04, 0.16)) + habits.correction_delay_s
    return [
        Submovement(whole.start_s, first_s, whole.vector * share, whole.turning, whole.skew),
        Submovement(
            max(0.0, whole.start_s + first_s + gap_s),
            max(_MIN_SUBMOVEMENT_S, whole.duration_s * (0.95 - 0.6 * share)),
            whole.vector * (1 - share),
            whole.turning,
            whole.skew,
        ),
    ]


def _corrections(
    movements: list[Submovement], aim: complex, width_px: float, *, habits: Habits, rng: np.random.Generator
) -> list[Submovement]:
    """The corrections after a primary movement: each halves the error or better, until it is within tolerance."""
    close_enough = max(1.5, habits.tolerance * width_px)
    error = aim - sum(movement.vector for movement in movements)
    end_s = movements[-1].start_s + movements[-1].duration_s
    corrections: list[Submovement] = []
    while abs(error) > close_enough and len(corrections) < _MAX_CORRECTIONS:
        # the eye has seen the error before the hand comes to rest, so a correction may start in the primary's tail
        start_s = end_s - 0.12 * movements[-1].duration_s + habits.correction_delay_s * math.exp(0.4 * rng.normal())
        size = 1 + 0.25 * math.log1p(abs(error) / 40)
        duration_s = max(_MIN_SUBMOVEMENT_S, habits.correction_duration_s * math.exp(0.2 * rng.normal()) * size)
        gain = 0.95 + 1.6 * habits.gain_noise * rng.normal()
        swerve = 2.5 * habits.aim_noise * rng.normal()
        vector = error * gain * complex(math.cos(swerve), math.sin(swerve))
        turning = habits.bow_noise * rng.normal()
        corrections.append(Submovement(start_s, duration_s, vector, turning, habits.skew))
        error -= vector
        end_s = start_s + duration_s
    return corrections
