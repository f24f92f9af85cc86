"""Replays with jitter: a recording moved, resized, slowed down or sped up, with noise in place and time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mousematch.telemetry import Points
from samples.bots.replay import replay


@dataclass(frozen=True)
class Disguise:
    """How a replay hides. place_px, time_ms: deviation of each event's noise; size, speed: factors; shift_px: how far."""

    place_px: float = 0.0
    time_ms: float = 0.0
    size: float = 1.0
    speed: float = 1.0
    shift_px: float = 0.0


def draw_disguise(rng: np.random.Generator) -> Disguise:
    """A disguise as an attacker may choose it without harming what the session is to do."""
    return Disguise(
        place_px=float(rng.choice([0.5, 1.0, 2.0])),
        time_ms=float(rng.choice([0.0, 1.0, 3.0])),
        size=float(rng.uniform(0.9, 1.1)),
        speed=float(rng.uniform(0.85, 1.15)),
        shift_px=float(rng.uniform(0.0, 200.0)),
    )


def disguised(points: Points, disguise: Disguise, rng: np.random.Generator) -> Points:
    """The points in this disguise, in order, on whole pixels and milliseconds."""
    n = len(points)
    time_us = (points.time_us - points.time_us[0]) / disguise.speed
    time_us = np.maximum.accumulate(np.maximum(time_us + rng.normal(size=n) * disguise.time_ms * 1e3, 0))
    angle = rng.uniform(-np.pi, np.pi)
    shift = disguise.shift_px * np.exp(1j * angle)
    way = points.x.astype(np.float64) + 1j * points.y
    middle = way.mean()
    place = middle + (way - middle) * disguise.size + shift
    place += disguise.place_px * (rng.normal(size=n) + 1j * rng.normal(size=n))
    whole_ms = (np.rint(time_us / 1000) * 1000).astype(np.int64)
    x, y = np.rint(place.real).astype(np.float32), np.rint(place.imag).astype(np.float32)
    return Points(whole_ms, x, y, points.kind, points.button).ordered()


def replay_with_jitter(recordings: Sequence[Points], *, seconds: float, rng: np.random.Generator) -> Points:
    """About so many seconds of one recording, in a disguise."""
    return disguised(replay(recordings, seconds=seconds, rng=rng), draw_disguise(rng), rng)
