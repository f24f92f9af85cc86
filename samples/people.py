"""People: motor habits that differ from person to person and drift from day to day.

A habit is one number. Across people it follows a log-normal (or, for signed habits, a normal) distribution within human
limits; a person's sessions scatter around the person's own value by DRIFT of the spread between people, so a habit is
recognisable and never exact.

Sources of the ranges: MacKenzie 1992 (Fitts' law for the mouse: 0.1-0.2 s/bit), Meyer et al. 1988 and Plamondon 1995
(primary and corrective sub-movements), Elble & Koller 1990 (physiological tremor, 8-12 Hz).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

import numpy as np

from samples.devices import Device, draw_device

# How far the sessions of one person scatter, as a share of how far people scatter.
DRIFT = 0.28

# Keeps the streams apart that are drawn from equal seeds.
_PEOPLE, _DAYS = 1, 2


def habit(median: float, spread: float, low: float, high: float) -> float:
    """Declares a positive habit: its median over people, its spread (deviation of the logarithm), its limits."""
    return field(metadata={"median": median, "spread": spread, "low": low, "high": high})


def signed(spread: float) -> float:
    """Declares a habit that is zero on average: its standard deviation over people."""
    return field(metadata={"median": None, "spread": spread, "low": -2.5 * spread, "high": 2.5 * spread})


def angle() -> float:
    """Declares a direction in which a habit is strongest, radians, uniform over people."""
    return field(metadata={"median": None, "spread": None, "low": -np.pi, "high": np.pi})


@dataclass(frozen=True)
class Habits:
    """How somebody moves a mouse. Seconds, CSS pixels, radians, or shares."""

    # Fitts' law: duration = a + b log2(distance / width + 1), for horizontal movements
    fitts_a_s: float = habit(0.11, 0.40, 0.04, 0.28)
    fitts_b_s: float = habit(0.125, 0.24, 0.075, 0.23)
    duration_noise: float = habit(0.11, 0.30, 0.05, 0.25)
    vertical_slowdown: float = habit(1.12, 0.09, 0.92, 1.45)
    # the speed-accuracy preference: above 1 is faster and sloppier than the person's Fitts line
    hurry: float = habit(1.1, 0.15, 0.75, 1.6)

    # the primary sub-movement: how skewed its speed profile is (sigma of the lognormal), how far it gets, how straight
    skew: float = habit(0.26, 0.26, 0.13, 0.50)
    primary_gain: float = habit(0.95, 0.045, 0.83, 1.08)
    gain_noise: float = habit(0.045, 0.35, 0.015, 0.13)
    aim_noise: float = habit(0.045, 0.40, 0.015, 0.15)

    # corrections: when, how long, and how far from the middle of a target is close enough (share of its width)
    correction_delay_s: float = habit(0.06, 0.50, 0.01, 0.22)
    correction_duration_s: float = habit(0.18, 0.28, 0.09, 0.36)
    tolerance: float = habit(0.30, 0.25, 0.14, 0.5)

    # curvature: an arc's turning, depending on the direction of the movement by two harmonics
    bow: float = signed(0.16)
    bow_1: float = habit(0.14, 0.50, 0.02, 0.45)
    bow_1_towards: float = angle()
    bow_2: float = habit(0.10, 0.50, 0.01, 0.35)
    bow_2_towards: float = angle()
    bow_noise: float = habit(0.09, 0.30, 0.03, 0.22)

    # physiological tremor
    tremor_hz: float = habit(9.6, 0.07, 8.0, 12.0)
    tremor_px: float = habit(0.20, 0.50, 0.05, 0.8)

    # clicks: dwell on the target before the press, time the button is held, and where on a target (share of its size)
    click_dwell_s: float = habit(0.17, 0.50, 0.04, 0.65)
    dwell_noise: float = habit(0.35, 0.25, 0.15, 0.7)
    click_hold_s: float = habit(0.092, 0.28, 0.045, 0.19)
    hold_noise: float = habit(0.14, 0.30, 0.05, 0.35)
    click_left_of_middle: float = signed(0.10)
    click_above_middle: float = signed(0.10)

    # pauses, restlessness, and what the pointer does meanwhile
    think_s: float = habit(0.55, 0.40, 0.2, 1.8)
    hesitation: float = habit(0.07, 0.60, 0.01, 0.3)
    fidgets_per_s: float = habit(0.35, 0.60, 0.05, 1.2)
    fidget_px: float = habit(45.0, 0.50, 12.0, 140.0)
    line_tracing: float = habit(0.18, 0.80, 0.02, 0.8)
    parking: float = habit(0.15, 0.70, 0.02, 0.7)
    double_click_s: float = habit(0.17, 0.25, 0.09, 0.32)

    # scrolling and dragging
    scroll_tick_s: float = habit(0.085, 0.40, 0.03, 0.25)
    scroll_burst: float = habit(6.0, 0.40, 2.0, 16.0)
    drag_slowdown: float = habit(1.35, 0.15, 1.0, 2.0)


@dataclass(frozen=True)
class Person:
    """Somebody with habits and a device of their own."""

    seed: int
    habits: Habits
    device: Device

    def at(self, device: Device) -> Person:
        """The same hand at another device."""
        return replace(self, device=device)

    def on_day(self, seed: int) -> Habits:
        """The person's habits in one session: the same person, a little different each day."""
        rng = np.random.default_rng([_DAYS, self.seed, seed])
        drifted = {}
        for spec in fields(Habits):
            value = getattr(self.habits, spec.name)
            spread = spec.metadata["spread"]
            step = float(rng.normal()) * DRIFT
            if spread is None:
                drifted[spec.name] = value + 0.3 * step
            elif spec.metadata["median"] is None:
                drifted[spec.name] = _within(value + spread * step, spec.metadata)
            else:
                drifted[spec.name] = _within(value * float(np.exp(spread * step)), spec.metadata)
        return Habits(**drifted)


def person(seed: int) -> Person:
    """The person with this number; always the same one."""
    rng = np.random.default_rng([_PEOPLE, seed])
    drawn = {}
    for spec in fields(Habits):
        median, spread = spec.metadata["median"], spec.metadata["spread"]
        if spread is None:
            drawn[spec.name] = float(rng.uniform(-np.pi, np.pi))
        elif median is None:
            drawn[spec.name] = _within(float(rng.normal()) * spread, spec.metadata)
        else:
            drawn[spec.name] = _within(median * float(np.exp(rng.normal() * spread)), spec.metadata)
    return Person(seed=seed, habits=Habits(**drawn), device=draw_device(rng))


def people(count: int, *, first: int = 100_000) -> list[Person]:
    """Many people, for backgrounds and cohorts; from 100,000 on nobody is in the sample telemetry."""
    return [person(first + number) for number in range(count)]


def _within(value: float, limits: object) -> float:
    return float(min(max(value, limits["low"]), limits["high"]))  # type: ignore[index]
