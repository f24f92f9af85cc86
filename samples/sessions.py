"""Sessions: a person at a device for some time, as the points that a browser would report."""

from __future__ import annotations

import numpy as np

from mousematch.telemetry import DOWN, DRAG, MOVE, UP, Points
from samples.devices import Device
from samples.hand import Hand
from samples.movement import TRACE_HZ
from samples.people import Habits, Person
from samples.tasks import choose_task

_SESSIONS, _LAYOUTS = 3, 4


def session(person: Person, *, seconds: float, seed: int) -> Points:
    """A session of about so many seconds: points with times from 0, microseconds (whole milliseconds).

    Equal person, seconds and seed give equal points. Sessions of one person with different seeds are different days.
    """
    rng = np.random.default_rng([_SESSIONS, person.seed, seed])
    layout = np.random.default_rng([_LAYOUTS, person.seed, seed])
    habits = person.on_day(seed)
    hand = Hand(habits, person.device, seconds=seconds, rng=rng)
    while not hand.done:
        choose_task(layout)(hand, layout)
    return record(hand, habits, person.device, seconds=seconds, rng=rng)


def record(hand: Hand, habits: Habits, device: Device, *, seconds: float, rng: np.random.Generator) -> Points:
    """What the browser reports of the trace that a hand left."""
    x, y = _trace(hand, habits, rng)
    frames = np.arange(1, int(seconds * device.frame_hz)) / device.frame_hz
    frames = frames + rng.uniform(0, 1 / device.frame_hz) + rng.normal(size=len(frames)) * device.jitter_ms / 1000
    frames = np.sort(frames[frames > 0])
    # a frame shows the hardware's last report before it
    reported_s = np.floor(frames * device.report_hz) / device.report_hz
    frame_x, frame_y = (_pixels(values, reported_s, device.dpr) for values in (x, y))
    moved = np.concatenate(([True], (np.diff(frame_x) != 0) | (np.diff(frame_y) != 0)))
    moves_s, moves_x, moves_y = frames[moved], frame_x[moved], frame_y[moved]

    marks = [mark for mark in sorted(hand.marks, key=lambda mark: mark.time_s) if mark.time_s < seconds]
    marks_s = np.array([mark.time_s for mark in marks])
    kinds = np.array([mark.kind for mark in marks], np.uint8)
    buttons = np.array([mark.button for mark in marks], np.uint8)

    times_s = np.concatenate((moves_s, marks_s))
    order = np.argsort(times_s, kind="stable")
    kind = np.concatenate((np.full(len(moves_s), MOVE, np.uint8), kinds))[order]
    button = np.concatenate((np.zeros(len(moves_s), np.uint8), buttons))[order]
    pressed = np.cumsum(np.where(kind == DOWN, 1, 0) - np.where(kind == UP, 1, 0)) > 0
    kind[(kind == MOVE) & pressed] = DRAG
    clock_us = round(device.clock_ms * 1000)
    time_us = np.floor(times_s[order] * 1e6 / clock_us).astype(np.int64) * clock_us
    place_x = np.concatenate((moves_x, _pixels(x, marks_s, device.dpr)))[order]
    place_y = np.concatenate((moves_y, _pixels(y, marks_s, device.dpr)))[order]
    # two events within one tick of the clock: a page sees them in order, one tick after the other
    keep = np.concatenate(([True], (np.diff(time_us) > 0) | (kind[1:] != MOVE))) if len(time_us) else slice(0)
    return Points(
        time_us[keep], place_x[keep].astype(np.float32), place_y[keep].astype(np.float32), kind[keep], button[keep]
    )


def _trace(hand: Hand, habits: Habits, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Where the pointer is in each trace step: x and y, float64 (n,), px; the way of the hand plus its tremor."""
    way = hand.start + np.cumsum(hand.steps)
    time_s = np.arange(len(way)) / TRACE_HZ
    held = _smooth(hand.active.astype(np.float64), round(0.06 * TRACE_HZ))
    wander = np.cumsum(rng.normal(size=len(way))) * 0.02  # the tremor's phase is no clockwork
    phase = 2 * np.pi * habits.tremor_hz * time_s + wander
    tilt = rng.uniform(0, 2 * np.pi)
    size = habits.tremor_px * held * (0.6 + 0.4 * np.sin(2 * np.pi * 0.7 * time_s + tilt))
    width, height = hand.device.viewport_px
    x = np.clip(way.real + size * np.sin(phase), 0, width - 1)
    y = np.clip(way.imag + 0.8 * size * np.sin(phase + tilt), 0, height - 1)
    return x, y


def _smooth(values: np.ndarray, width: int) -> np.ndarray:
    """A moving average, so that the tremor swells and fades."""
    return np.convolve(values, np.ones(width) / width, mode="same")


def _pixels(values: np.ndarray, at_s: np.ndarray, dpr: float) -> np.ndarray:
    """The trace at these times, in CSS px, on whole device pixels."""
    sampled = np.interp(at_s * TRACE_HZ, np.arange(len(values)), values)
    return np.round(np.round(sampled * dpr) / dpr, 2)
