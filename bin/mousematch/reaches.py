"""Reaches: a session's movement taken apart at pauses and presses, and the shape and speed profile of each piece.

A reach is put on one clock of CLOCK_US. Its measures are those of REACH_MEASURES; kinematics.py says what they are for. The
reaches of several short sessions are measured at once: with few steps, calling numpy costs more than what it computes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

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


def steps_between(borders: NDArray[np.integer[Any]], count: int) -> NDArray[np.integer[Any]]:
    """The numbers of the steps that lead from one session to the next, and so are none.

    borders: int (sessions + 1,), where each session begins among ``count`` points behind each other, and the last one ends.
    """
    return borders[(borders > 0) & (borders < count)] - 1


class Reaches(NamedTuple):
    """The reaches of some sessions, behind each other.

    sessions: the numbers of the sessions that have enough of them. steps: complex128, px a tick, of all reaches. lengths:
    int64 (reaches,), the steps of each. ends_us: int64 (reaches,), when each ended. borders, step_borders: int64
    (sessions + 1,), where each session's reaches and its steps begin, and where the last ones end.
    """

    sessions: list[int]
    steps: NDArray[np.complex128]
    lengths: NDArray[np.int64]
    ends_us: NDArray[np.int64]
    borders: NDArray[np.int64]
    step_borders: NDArray[np.int64]


def reaches(
    time_us: NDArray[np.int64],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    pressed: NDArray[np.int64],
    borders: NDArray[np.int64],
) -> Reaches:
    """The reaches of sessions with MIN_POINTS points and MIN_REACHES reaches.

    The points of all sessions lie behind each other: borders[i] to borders[i + 1] those of session i.
    """
    spans = list(zip(borders.tolist(), borders[1:].tolist()))
    cut = (steps_of(time_us) > PAUSE_US) | (steps_of(pressed) != 0)
    cut[steps_between(borders, len(time_us))] = True
    starts = np.concatenate(([0], np.flatnonzero(cut) + 1)) if len(time_us) else np.empty(0, np.int64)
    stops = np.append(starts[1:], len(time_us))[: len(starts)]
    way = np.hypot(steps_of(x), steps_of(y))
    ways = np.zeros(len(time_us))
    for start, stop in spans:
        # A session's own sums, so that they are rounded alike whatever else there is. Without a place, stop - 1 may be -1.
        if start < stop:
            np.cumsum(way[start : stop - 1], out=ways[start + 1 : stop])
    ticks = (time_us[stops - 1] - time_us[starts]) // CLOCK_US + 1
    kept = (ticks >= MIN_TICKS) & (ways[stops - 1] - ways[starts] >= MIN_LENGTH_PX)
    session = np.searchsorted(borders, starts, side="right") - 1
    enough = np.bincount(session[kept], minlength=len(spans)) >= MIN_REACHES
    enough &= np.diff(borders) >= MIN_POINTS
    kept &= enough[session]
    starts, stops, ticks, session = starts[kept], stops[kept], ticks[kept], session[kept]
    first = np.cumsum(ticks) - ticks
    within = np.arange(int(ticks.sum())) - np.repeat(first, ticks)
    at = np.repeat(time_us[starts], ticks) + within * CLOCK_US
    sessions = np.flatnonzero(enough).tolist()
    reach_borders = np.searchsorted(session, [*sessions, len(spans)])
    tick_borders = np.append(first, len(at))[reach_borders]
    gx, gy = np.empty(len(at)), np.empty(len(at))
    for number, (begin, end) in zip(sessions, zip(tick_borders.tolist(), tick_borders[1:].tolist())):
        here = slice(*spans[number])
        gx[begin:end] = np.interp(at[begin:end], time_us[here], x[here])
        gy[begin:end] = np.interp(at[begin:end], time_us[here], y[here])
    # Steps between ticks; those from one reach to the next drop out.
    inner = np.ones(len(at), bool)
    inner[first] = False
    inner = inner[1:]
    steps = (steps_of(gx) + 1j * steps_of(gy))[inner]
    step_borders = tick_borders - reach_borders
    return Reaches(sessions, steps, ticks - 1, time_us[stops - 1], reach_borders, step_borders)


def _running_sums(values: NDArray[_Number], parts: Sequence[slice]) -> NDArray[_Number]:
    """Sums up to each number from the beginning of its part, so that they are rounded alike whatever else there is."""
    sums = np.empty_like(values)
    for part in parts:
        np.cumsum(values[part], out=sums[part])
    return sums


def shapes_and_profiles(found: Reaches) -> NDArray[np.float64]:
    """REACH_MEASURES of each reach: float64 (measures, reaches)."""
    count, begins = found.lengths, found.borders[:-1]
    if not len(count):
        return np.empty((len(REACH_MEASURES), 0))
    steps = found.steps
    starts = np.concatenate(([0], np.cumsum(count)[:-1]))
    stops = starts + count
    reach = np.repeat(np.arange(len(count)), count)
    within = np.arange(len(steps)) - starts[reach]
    borders = found.step_borders.tolist()
    parts = [slice(start, stop) for start, stop in zip(borders, borders[1:])]

    def total(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.add.reduceat(values, starts)

    def product(one: NDArray[np.complex128], other: NDArray[np.complex128]) -> NDArray[np.complex128]:
        # numpy rounds the last products of an array in another way than the others, and a way straight back turns left or
        # right by that: so each session's are an array of their own.
        products = np.empty_like(one)
        for part in parts:
            np.multiply(one[part], other[part], out=products[part])
        return products

    speed = np.abs(steps)
    length = total(speed)
    sums = _running_sums(steps, parts)
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
    way = _running_sums(speed, parts)
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
