"""Timers: when a page hears of a bot's places.

A program moves the pointer in steps. An automation library awaits each step (DevTools protocol: some milliseconds a round
trip); a program at the level of the operating system sleeps between steps, and the browser passes on the last place once
a frame. A careful attacker replays the clock of a recorded person, so that timing tells nothing: ``borrowed``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mousematch.telemetry import Points


@dataclass(frozen=True)
class Timer:
    """One way of delivery.

    kind: ``steps`` (each step is an event), ``frames`` (the last place, once a frame) or ``borrowed`` (a person's steps).
    late_ms: how much later than planned an event comes, on average. frame_hz: of ``frames``. clock_us: granularity of the
    page's time stamps. borrowed_s: the time steps of a person's events, in their order.
    """

    kind: str
    late_ms: float = 0.0
    frame_hz: float = 60.0
    clock_us: int = 1000
    borrowed_s: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def heard(
        self, time_s: NDArray[np.float64], place: NDArray[np.complex128], rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.complex128]]:
        """The events of a movement: when, from the movement's start, and where."""
        if self.kind == "steps":
            late = np.cumsum(rng.gamma(2.0, self.late_ms / 2000.0, len(time_s))) if self.late_ms else 0.0
            return time_s + late, place
        if self.kind == "frames":
            at = np.arange(rng.random(), time_s[-1] * self.frame_hz + 1.0) / self.frame_hz
            at = np.maximum.accumulate(at + rng.normal(size=len(at)) * self.late_ms / 1000.0)
        else:
            first = int(rng.integers(len(self.borrowed_s)))
            steps = np.take(self.borrowed_s, np.arange(first, first + 4096), mode="wrap")
            at = np.cumsum(steps)
            at = at[: int(np.searchsorted(at, time_s[-1])) + 1]
        shown = place[np.clip(np.searchsorted(time_s, at, side="right") - 1, 0, len(place) - 1)]
        moved = np.concatenate(([True], np.diff(np.rint(shown.real)) != 0)) | np.concatenate(
            ([True], np.diff(np.rint(shown.imag)) != 0)
        )
        return at[moved], shown[moved]


def draw_timer(rng: np.random.Generator) -> Timer:
    """A timer as automation has them."""
    if rng.random() < 0.5:
        return Timer("steps", late_ms=float(rng.choice([0.0, 0.3, 1.0, 3.0, 6.0])))
    frame_hz = float(rng.choice([60.0, 60.0, 75.0, 120.0, 144.0]))
    return Timer("frames", late_ms=float(rng.uniform(0.1, 1.0)), frame_hz=frame_hz)


def borrowed_clock(points: Points) -> Timer:
    """A timer with the clock of a person's points: their time steps without pauses."""
    steps_s = np.diff(points.time_us) / 1e6
    return Timer("borrowed", borrowed_s=steps_s[(steps_s > 0) & (steps_s < 0.2)])
