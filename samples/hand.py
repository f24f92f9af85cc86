"""A hand with a mouse: reaches, clicks, drags, scrolls and rests, one after the other along one time line."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mousematch.telemetry import DOWN, LEFT, NONE, SCROLL, UP
from samples.devices import Device
from samples.movement import TRACE_HZ, Submovement, reach
from samples.people import Habits

# Room for what is under way when the time is up.
_SLACK_S = 15.0
_EDGE_PX = 2.0


@dataclass(frozen=True)
class Mark:
    """A press, a release or a wheel tick: when (s), kind and button as in ``mousematch.telemetry``."""

    time_s: float
    kind: int
    button: int


class Hand:
    """One person's hand in one session, and the trace that it leaves.

    steps: complex (n,), px a trace step. active: bool (n,), whether the hand holds the mouse; a mouse that is let go
    does not tremble. marks: presses, releases, ticks. now_s and place (complex, px): where it has got to.
    """

    def __init__(self, habits: Habits, device: Device, *, seconds: float, rng: np.random.Generator) -> None:
        self.habits = habits
        self.device = device
        self.seconds = seconds
        self.rng = rng
        self.steps: NDArray[np.complex128] = np.zeros(round((seconds + _SLACK_S) * TRACE_HZ), np.complex128)
        self.active = np.zeros(len(self.steps), bool)
        self.marks: list[Mark] = []
        self.now_s = float(rng.uniform(0.1, 0.5))
        width, height = device.viewport_px
        self.start = complex(rng.uniform(0.25, 0.75) * width, rng.uniform(0.25, 0.75) * height)
        self.place = self.start

    @property
    def done(self) -> bool:
        """Whether the session's time is up."""
        return self.now_s >= self.seconds

    def reach(self, target: complex, size_px: tuple[float, float], *, slowdown: float = 1.0) -> None:
        """Moves the pointer into a target of this width and height around ``target``, in one swipe or several."""
        if self.done:
            return
        width, height = size_px
        habits = self.habits
        target = self.on_page(target - complex(habits.click_left_of_middle * width, habits.click_above_middle * height))
        while abs(target - self.place) > self.device.swipe_px:
            share = self.device.swipe_px * float(self.rng.uniform(0.7, 0.95)) / abs(target - self.place)
            self._move(self.place + (target - self.place) * share, 160.0, slowdown)
            self.now_s += 0.09 + 0.05 * float(self.rng.random())
        self._move(target, _apparent_width(target - self.place, width, height), slowdown)

    def click(self, button: int = LEFT, *, times: int = 1) -> None:
        """Dwells on the target, presses and lets go."""
        if self.done:
            return
        habits = self.habits
        dwell = habits.click_dwell_s * math.exp(habits.dwell_noise * self.rng.normal())
        self._hold_on(dwell)
        for number in range(times):
            if number:
                self._hold_on(habits.double_click_s * math.exp(habits.hold_noise * self.rng.normal()))
            hold = habits.click_hold_s * math.exp(habits.hold_noise * self.rng.normal())
            self.marks.append(Mark(self.now_s, DOWN, button))
            self._hold_on(hold)
            self.marks.append(Mark(self.now_s, UP, button))
        self._hold_on(0.03)

    def drag(self, target: complex, size_px: tuple[float, float]) -> None:
        """Presses here, moves to the target with the button down, lets go there."""
        if self.done:
            return
        habits = self.habits
        self._hold_on(habits.click_dwell_s * math.exp(habits.dwell_noise * self.rng.normal()))
        self.marks.append(Mark(self.now_s, DOWN, LEFT))
        self._hold_on(0.5 * habits.click_hold_s)
        self.reach(target, size_px, slowdown=habits.drag_slowdown)
        self._hold_on(habits.click_hold_s)
        self.marks.append(Mark(self.now_s, UP, LEFT))

    def scroll(self, ticks: int) -> None:
        """Turns the wheel by so many ticks, in bursts."""
        habits = self.habits
        while ticks > 0 and not self.done:
            burst = min(ticks, max(1, round(habits.scroll_burst * math.exp(0.3 * self.rng.normal()))))
            for _ in range(burst):
                self.marks.append(Mark(self.now_s, SCROLL, NONE))
                self.now_s += habits.scroll_tick_s * math.exp(0.25 * self.rng.normal())
            ticks -= burst
            self.rest(habits.think_s * 0.5)

    def rest(self, seconds: float) -> None:
        """Lets go of the mouse for about so long."""
        self.now_s += seconds * math.exp(0.45 * self.rng.normal())

    def on_page(self, place: complex) -> complex:
        """The nearest place within the viewport."""
        width, height = self.device.viewport_px
        return complex(
            min(max(place.real, _EDGE_PX), width - _EDGE_PX), min(max(place.imag, _EDGE_PX), height - _EDGE_PX)
        )

    def _move(self, target: complex, width_px: float, slowdown: float) -> None:
        end_s = 0.0
        for movement in reach(self.place, target, width_px, habits=self.habits, rng=self.rng):
            self._add(movement, slowdown)
            self.place += movement.vector
            end_s = max(end_s, (movement.start_s + movement.duration_s) * slowdown)
        self._hold_on(end_s)

    def _add(self, movement: Submovement, slowdown: float) -> None:
        start_s, duration_s = movement.start_s * slowdown, movement.duration_s * slowdown
        slowed = replace(movement, start_s=start_s, duration_s=duration_s)
        way = slowed.steps()
        start = round((self.now_s + slowed.start_s) * TRACE_HZ)
        way = way[: max(0, len(self.steps) - start)]
        self.steps[start : start + len(way)] += way

    def _hold_on(self, seconds: float) -> None:
        """Lets time pass with the hand on the mouse."""
        start = round(self.now_s * TRACE_HZ)
        self.now_s += seconds
        self.active[start : round(self.now_s * TRACE_HZ)] = True


def _apparent_width(way: complex, width: float, height: float) -> float:
    """How wide a target is for somebody who comes this way: its extent along the way, within limits."""
    length = abs(way)
    if length < 1.0:
        return min(width, height)
    along = min(
        width / max(abs(way.real) / length, 1e-6),
        height / max(abs(way.imag) / length, 1e-6),
    )
    return min(along, 3 * min(width, height))
