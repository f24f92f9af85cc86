"""Reaches: a session's movement taken apart at pauses and presses, and the shape and speed profile of each piece.

A reach is put on one clock of CLOCK_US. Its measures are those of REACH_MEASURES; kinematics.py says what they are for. The
reaches of several short sessions are measured at once: with few steps, calling numpy costs more than what it computes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

CLOCK_US = 20_000
# Shorter than the pause that ends a stroke: a bot's wait between two targets may be short. Capture at 10 Hz has no gaps
# below this within a movement.
PAUSE_US = 300_000
# A reach needs this much movement to have a speed profile at all.
MIN_TICKS, MIN_LENGTH_PX = 7, 30.0
MIN_REACHES = 5
MIN_POINTS = 60

REACH_MEASURES = (
    *("length", "duration", "straightness", "deviation", "one_sided", "mean_to_peak", "peak_time", "mean_time"),
    *("first_speed", "last_speed", "submovements", "jerk", "roughness", "turning", "turn_changes", "turn_roughness"),
    *("overshoot", "speed_turning", "last_tenth", "first_tenth"),
)

_Number = TypeVar("_Number", bound=np.generic)


def steps_of(values: NDArray[_Number]) -> NDArray[_Number]:
    """What np.diff gives of one axis, without what it does for others: half of its time for a session."""
    steps: NDArray[_Number] = np.subtract(values[1:], values[:-1])
    return steps


def reaches(
    time_us: NDArray[np.int64], x: NDArray[np.float64], y: NDArray[np.float64], pressed: NDArray[np.int64]
) -> tuple[NDArray[np.complex128], NDArray[np.int64], NDArray[np.int64]] | None:
    """The steps of a session's reaches behind each other (complex128, px a tick), how many steps each has (int64) and when
    each ended (int64, µs); None if there are too few points or reaches."""
    if len(time_us) < MIN_POINTS:
        return None
    cut = (steps_of(time_us) > PAUSE_US) | (steps_of(pressed) != 0)
    starts = np.concatenate(([0], np.flatnonzero(cut) + 1))
    stops = np.concatenate((starts[1:], [len(time_us)]))
    ways = np.concatenate(([0.0], np.cumsum(np.hypot(steps_of(x), steps_of(y)))))
    ticks = (time_us[stops - 1] - time_us[starts]) // CLOCK_US + 1
    long_enough = (ticks >= MIN_TICKS) & (ways[stops - 1] - ways[starts] >= MIN_LENGTH_PX)
    if np.count_nonzero(long_enough) < MIN_REACHES:
        return None
    starts, stops, ticks = starts[long_enough], stops[long_enough], ticks[long_enough]
    first = np.concatenate(([0], np.cumsum(ticks)[:-1]))
    within = np.arange(int(ticks.sum())) - np.repeat(first, ticks)
    at = np.repeat(time_us[starts], ticks) + within * CLOCK_US
    gx, gy = np.interp(at, time_us, x), np.interp(at, time_us, y)
    # Steps between ticks; those from one reach to the next drop out.
    inner = np.ones(len(at), bool)
    inner[first] = False
    inner = inner[1:]
    steps = (steps_of(gx) + 1j * steps_of(gy))[inner]
    return steps, ticks - 1, time_us[stops - 1]


def shapes_and_profiles(
    sessions: Sequence[tuple[NDArray[np.complex128], NDArray[np.int64]]],
) -> list[NDArray[np.float64]]:
    """REACH_MEASURES of each session, float64 (measures, reaches), from the steps and the count of its reaches."""
    if not sessions:
        return []
    begins = np.cumsum([0, *(len(count) for _, count in sessions)])
    steps, counts = [steps for steps, _ in sessions], [count for _, count in sessions]
    measures = _shape_and_profile(steps, np.concatenate(counts), begins[:-1])
    # A copy each: sums over numbers that lie apart are rounded in another order.
    return [np.ascontiguousarray(measures[:, start:stop]) for start, stop in zip(begins, begins[1:])]


def _running_sums(parts: Sequence[NDArray[_Number]]) -> NDArray[_Number]:
    """Sums up to each number from the beginning of its part, so that they are rounded alike whatever else there is."""
    return np.concatenate([np.cumsum(part) for part in parts])


def _shape_and_profile(
    sessions: Sequence[NDArray[np.complex128]], count: NDArray[np.int64], begins: NDArray[np.intp]
) -> NDArray[np.float64]:
    """REACH_MEASURES of the reaches of all sessions behind each other.

    sessions: the steps of each one's reaches. count: steps of each reach. begins: the first reach of each session.
    """
    steps = np.concatenate(sessions)
    starts = np.concatenate(([0], np.cumsum(count)[:-1]))
    stops = starts + count
    reach = np.repeat(np.arange(len(count)), count)
    within = np.arange(len(steps)) - starts[reach]
    borders = np.cumsum([0, *map(len, sessions)]).tolist()
    parts = [slice(start, stop) for start, stop in zip(borders, borders[1:])]

    def total(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.add.reduceat(values, starts)

    def product(one: NDArray[np.complex128], other: NDArray[np.complex128]) -> NDArray[np.complex128]:
        # numpy rounds the last products of an array in another way than the others, and a way straight back turns left or
        # right by that: so each session's are an array of their own.
        return np.concatenate([one[part] * other[part] for part in parts])

    speed = np.abs(steps)
    length = total(speed)
    sums = _running_sums(sessions)
    origin = sums[starts - 1]
    origin[begins] = 0
    chord = sums[stops - 1] - origin
    chord_px = np.maximum(np.abs(chord), 1e-6)
    # Places relative to the chord: real part along it, imaginary part beside it, in chord lengths.
    relative = product(sums - origin[reach], np.conj(chord / chord_px)[reach])
    beside = relative.imag
    deviation = np.maximum.reduceat(np.abs(beside), starts)
    overshoot = np.maximum.reduceat(relative.real, starts) - chord_px

    # Smoothed over three steps, without reaching into the neighbours.
    index = np.arange(len(steps))
    before, after = np.maximum(index - 1, starts[reach]), np.minimum(index + 1, (stops - 1)[reach])
    smooth = (speed[before] + 2 * speed + speed[after]) / 4
    peak = np.maximum.reduceat(smooth, starts)
    mean = length / count
    is_peak = (smooth > smooth[before]) & (smooth >= smooth[after]) & (smooth > 0.1 * peak[reach])
    peak_at = np.minimum.reduceat(np.where(smooth >= peak[reach], within, len(steps)), starts)
    way = _running_sums([speed[part] for part in parts])
    share = way - (way[starts] - speed[starts])[reach]
    duration_s = count * (CLOCK_US / 1e6)

    inner = (within > 0) & (within < (count - 1)[reach])
    acceleration = np.where(within > 0, smooth - smooth[before], 0.0)
    jerk = np.where(inner, smooth[after] - 2 * smooth + smooth[before], 0.0)
    moving = (within > 0) & (speed > 0.5) & (speed[before] > 0.5)
    turn = np.where(moving, np.angle(product(steps, np.conj(steps[before]))), 0.0)
    turned = total(np.abs(turn)) + 1e-3
    both = moving & moving[before]
    changes = total((both & (turn * turn[before] < 0)).astype(np.float64))
    roughness = total(np.where(both, np.abs(turn - turn[before]), 0.0))
    slowness = 1.0 - smooth / peak[reach]
    return np.stack(
        (
            np.log(length),
            np.log(duration_s),
            chord_px / length,
            deviation / length,
            np.abs(total(beside)) / (total(np.abs(beside)) + 0.5),
            mean / peak,
            peak_at / count,
            total(speed * within) / (length * count),
            speed[starts] / peak,
            speed[stops - 1] / peak,
            total(is_peak.astype(np.float64)) / duration_s,
            np.log(total(jerk**2) * count**3 / length**2 + 1e-3),
            total(np.abs(jerk)) / (total(np.abs(acceleration)) + 1e-3),
            turned / duration_s,
            changes / np.maximum(1.0, total(both.astype(np.float64))),
            roughness / turned,
            overshoot / length,
            total(np.abs(turn) * slowness) / turned,
            total((share > 0.9 * length[reach]).astype(np.float64)) / count,
            total((share < 0.1 * length[reach]).astype(np.float64)) / count,
        )
    )
