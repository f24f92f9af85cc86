"""What a bot does on a page: it moves to targets, clicks most of them and waits, for as long as its session lasts.

A bot's way from one target to the next is a ``Movement``; how it looks is the generator's matter, when the page hears of
it the timer's. Places are complex numbers, x + iy, in CSS pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mousematch.telemetry import DOWN, DRAG, LEFT, MOVE, NONE, UP, Points
from samples.bots.timers import Timer

VIEWPORTS = ((1920, 969), (1536, 730), (1440, 789), (1366, 657), (1280, 720), (800, 600))


@dataclass(frozen=True)
class Movement:
    """A way as a bot makes it. time_s: float64 (n,), rising from 0. place: complex128 (n,), px."""

    time_s: NDArray[np.float64]
    place: NDArray[np.complex128]


# start, target, width of the target (px), the session's random numbers
Mover = Callable[[complex, complex, float, np.random.Generator], Movement]


@dataclass(frozen=True)
class Manners:
    """How a bot clicks and waits. Each is a pair of median (s) and spread; a spread of 0 is a constant, as sleep() is."""

    dwell: tuple[float, float]
    hold: tuple[float, float]
    wait: tuple[float, float]
    clicks: float  # share of the targets that it clicks
    drags: float  # share of the movements with the button down
    noise_px: float  # deviation that is added to every place on the way
    noise_memory: float  # 0: new at every place; towards 1: wanders


def draw_manners(rng: np.random.Generator) -> Manners:
    """Manners as scripts have them: constants, uniform random waits, and waits drawn to look human."""
    spread = float(rng.choice([0.0, 0.15, 0.4]))
    noise_px = float(rng.choice([0.0, 0.0, 0.4, 1.0, 2.5]))
    return Manners(
        dwell=(float(rng.choice([0.0, 0.02, 0.1, 0.25])), spread),
        hold=(float(rng.choice([0.0, 0.03, 0.05, 0.09, 0.12])), spread),
        wait=(float(rng.choice([0.1, 0.3, 0.6, 1.0, 1.8])), float(rng.choice([0.0, 0.3, 0.7]))),
        clicks=float(rng.uniform(0.3, 1.0)),
        drags=float(rng.choice([0.0, 0.0, 0.1])),
        noise_px=noise_px,
        noise_memory=float(rng.choice([0.0, 0.6, 0.95])),
    )


def borrowed_manners(points: Points, *, noise: Manners) -> Manners:
    """Manners with the clicks and pauses of a person's points, and the noise of others."""
    down, up = np.flatnonzero(points.kind == DOWN), np.flatnonzero(points.kind == UP)
    after = np.searchsorted(up, down)
    down, after = down[after < len(up)], after[after < len(up)]
    steps_s = np.diff(points.time_us) / 1e6
    strokes = max(1, np.count_nonzero(steps_s > 0.3))
    return replace(
        noise,
        dwell=_median_and_spread(steps_s[down[down > 0] - 1]),
        hold=_median_and_spread((points.time_us[up[after]] - points.time_us[down]) / 1e6),
        wait=_median_and_spread(steps_s[steps_s > 0.3]),
        clicks=min(1.0, len(down) / strokes),
    )


def play(mover: Mover, timer: Timer, manners: Manners, *, seconds: float, rng: np.random.Generator) -> Points:
    """A session of about so many seconds: points with times from 0, whole pixels, as the page hears of them."""
    width, height = VIEWPORTS[int(rng.integers(len(VIEWPORTS)))]
    place = complex(rng.uniform(0, width), rng.uniform(0, height))
    now_s = 0.0
    times: list[NDArray[np.float64]] = []
    places: list[NDArray[np.complex128]] = []
    kinds: list[NDArray[np.uint8]] = []

    def tell(time_s: NDArray[np.float64], where: NDArray[np.complex128], kind: int) -> None:
        times.append(time_s)
        places.append(where)
        kinds.append(np.full(len(time_s), kind, np.uint8))

    def press(kind: int) -> None:
        tell(np.array([now_s]), np.array([place]), kind)

    while now_s < seconds:
        size_px = float(rng.choice([18, 24, 36, 80, 120, 200]))
        target = _next_target(place, width, height, rng)
        movement = _noisy(mover(place, target, size_px, rng), manners, rng)
        dragging = rng.random() < manners.drags
        if dragging:
            press(DOWN)
            now_s += _drawn(manners.hold, rng)
        heard_s, heard = timer.heard(movement.time_s, movement.place, rng)
        tell(now_s + heard_s, heard, DRAG if dragging else MOVE)
        now_s += float(max(movement.time_s[-1], heard_s[-1] if len(heard_s) else 0.0)) + 0.001
        place = complex(movement.place[-1])
        if dragging:
            press(UP)
        elif rng.random() < manners.clicks:
            now_s += _drawn(manners.dwell, rng)
            press(DOWN)
            now_s += _drawn(manners.hold, rng)
            press(UP)
        now_s += _drawn(manners.wait, rng)
    kind = np.concatenate(kinds)
    where = np.concatenate(places)
    pressed = np.where((kind == DOWN) | (kind == UP), LEFT, NONE).astype(np.uint8)
    time_us = np.floor(np.concatenate(times) * 1e6 / timer.clock_us).astype(np.int64) * timer.clock_us
    order = np.argsort(time_us, kind="stable")
    x, y = np.rint(where.real).astype(np.float32), np.rint(where.imag).astype(np.float32)
    return Points(time_us[order], x[order], y[order], kind[order], pressed[order])


def _next_target(place: complex, width: int, height: int, rng: np.random.Generator) -> complex:
    """Somewhere on the page, at least a little way off; now and then near by, as fields of a form are."""
    while True:
        if rng.random() < 0.35:
            length = math.exp(rng.uniform(math.log(40), math.log(300)))
            target = place + length * np.exp(1j * rng.uniform(-math.pi, math.pi))
        else:
            target = complex(rng.uniform(0, width), rng.uniform(0, height))
        if 0 <= target.real < width and 0 <= target.imag < height and abs(target - place) > 20:
            return complex(target)


def _noisy(movement: Movement, manners: Manners, rng: np.random.Generator) -> Movement:
    """The movement with the manners' noise on the way; its ends stay."""
    n = len(movement.place)
    if not manners.noise_px or n < 3:
        return movement
    noise = np.array([1, 1j]) @ rng.normal(size=(2, n))
    memory = manners.noise_memory
    for step in range(1, n):
        noise[step] = memory * noise[step - 1] + math.sqrt(1 - memory**2) * noise[step]
    fade = np.minimum(1.0, np.minimum(np.arange(n), np.arange(n)[::-1]) / 3.0)
    return Movement(movement.time_s, movement.place + manners.noise_px * fade * noise)


def _drawn(median_and_spread: tuple[float, float], rng: np.random.Generator) -> float:
    median, spread = median_and_spread
    return median * math.exp(spread * rng.normal())


def _median_and_spread(seconds: NDArray[np.float64]) -> tuple[float, float]:
    logs = np.log(np.maximum(seconds, 0.001)) if len(seconds) else np.log([0.1])
    return float(np.exp(np.median(logs))), float(logs.std())
