"""Kinematics: how movement goes, as one vector a session, and that vector as a short text.

A session is taken apart at pauses and presses into *reaches*. Each reach is put on one clock of CLOCK_US and described by
its shape (straightness, deviation to one side, turning, overshoot), its speed profile (asymmetry, mean against peak, first
and last speed, sub-movements, jerk, roughness) and the time that it spends at its ends. The vector holds the median and
the spread of each over the reaches, then figures of the events: regularity of time steps, repeated and axis-parallel
steps, clicks, pauses, and how duration depends on distance. No figure depends on where on the screen it happened, and
only whole pixels count, so that a screen's resolution says nothing.

Measures after: S. Balasubramanian et al., J. NeuroEng. Rehabil. 12:112 (2015), for jerk; D. Meyer et al., Psychol. Rev.
95 (1988), for sub-movements; A. Feher et al., Inf. Sci. 201 (2012), for curvature and clicks.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mousematch.telemetry import DOWN, DRAG, MOVE, UP, Points

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
SESSION_MEASURES = (
    *("step_spread", "commonest_step", "equal_steps", "step_entropy", "repeated_move", "axis_move", "unit_move"),
    *("move_memory", "move_noise", "hold", "hold_spread", "dwell", "dwell_spread", "hold_move", "clicked"),
    *("pause", "pause_spread", "distance_exponent", "distance_fit", "still"),
)
NAMES = (
    *(f"{name}_median" for name in REACH_MEASURES),
    *(f"{name}_spread" for name in REACH_MEASURES),
    *SESSION_MEASURES,
)
# Names this vector: another one needs another detector.
VERSION = "k1"
_LENGTH = len(VERSION) + 1 + 4 * math.ceil(2 * len(NAMES) / 3)


def kinematics(points: Points) -> NDArray[np.float32] | None:
    """The vector of a session's ordered points: float32 (len(NAMES),), NaN where there is nothing to measure.

    None if there are fewer than MIN_POINTS points or MIN_REACHES reaches.
    """
    if len(points) < MIN_POINTS:
        return None
    time_us = points.time_us
    x, y = np.rint(points.x.astype(np.float64)), np.rint(points.y.astype(np.float64))
    # Several places at one instant: the last one is where the pointer came to be.
    last = np.concatenate((time_us[1:] != time_us[:-1], [True]))
    placed = last & (points.kind <= DRAG)
    # A press begins something new: the wait before it is no part of the reach.
    pressed = np.cumsum((points.kind == DOWN) | (points.kind == UP))
    measured = _reaches(time_us[placed], x[placed], y[placed], pressed[placed])
    if measured is None:
        return None
    reaches, ends_us = measured
    ordered = np.sort(reaches, axis=1)
    count = ordered.shape[1]
    vector = np.concatenate(
        (
            (ordered[:, (count - 1) // 2] + ordered[:, count // 2]) / 2,
            ordered[:, (3 * count) // 4] - ordered[:, count // 4],
            _steps(points, time_us, x, y, placed),
            _clicks(points, x, y, ends_us),
            _pauses(time_us[placed]),
            _distance(reaches),
        )
    )
    return np.clip(vector, -60_000, 60_000).astype(np.float32)


def to_text(vector: NDArray[np.float32]) -> str:
    """A vector as the field ``kinematics``: version, colon, base64 of little-endian float16."""
    return f"{VERSION}:{base64.b64encode(vector.astype('<f2').tobytes()).decode('ascii')}"


def from_texts(texts: Sequence[str]) -> NDArray[np.float32]:
    """The vectors of many texts: float32 (n, len(NAMES)); a row of NaN for a text that is none of this version."""
    head = VERSION + ":"
    usable = [number for number, text in enumerate(texts) if len(text) == _LENGTH and text.startswith(head)]
    vectors = np.full((len(texts), len(NAMES)), np.nan, np.float32)
    for number in usable:
        try:
            vectors[number] = np.frombuffer(base64.b64decode(texts[number][len(head) :], validate=True), "<f2")
        except (binascii.Error, ValueError):
            continue
    return vectors


def _reaches(
    time_us: NDArray[np.int64], x: NDArray[np.float64], y: NDArray[np.float64], pressed: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]] | None:
    """REACH_MEASURES of each reach: float64 (measures, reaches), and when each reach ended."""
    if len(time_us) < MIN_POINTS:
        return None
    cut = (np.diff(time_us) > PAUSE_US) | (np.diff(pressed) != 0)
    starts = np.concatenate(([0], np.flatnonzero(cut) + 1))
    stops = np.concatenate((starts[1:], [len(time_us)]))
    ways = np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))))
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
    steps = (np.diff(gx) + 1j * np.diff(gy))[inner]
    count = ticks - 1
    return _shape_and_profile(steps, count), time_us[stops - 1]


def _shape_and_profile(steps: NDArray[np.complex128], count: NDArray[np.int64]) -> NDArray[np.float64]:
    """REACH_MEASURES from the steps of all reaches behind each other; count: steps of each reach."""
    starts = np.concatenate(([0], np.cumsum(count)[:-1]))
    stops = starts + count
    reach = np.repeat(np.arange(len(count)), count)
    within = np.arange(len(steps)) - starts[reach]

    def total(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.add.reduceat(values, starts)

    speed = np.abs(steps)
    length = total(speed)
    sums = np.concatenate(([0], np.cumsum(steps)))
    chord = sums[stops] - sums[starts]
    chord_px = np.maximum(np.abs(chord), 1e-6)
    # Places relative to the chord: real part along it, imaginary part beside it, in chord lengths.
    relative = (sums[1:] - sums[starts][reach]) * np.conj(chord / chord_px)[reach]
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
    share = np.cumsum(speed) - (np.cumsum(speed)[starts] - speed[starts])[reach]
    duration_s = count * (CLOCK_US / 1e6)

    inner = (within > 0) & (within < (count - 1)[reach])
    acceleration = np.where(within > 0, smooth - smooth[before], 0.0)
    jerk = np.where(inner, smooth[after] - 2 * smooth + smooth[before], 0.0)
    moving = (within > 0) & (speed > 0.5) & (speed[before] > 0.5)
    turn = np.where(moving, np.angle(steps * np.conj(steps[before])), 0.0)
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


def _steps(
    points: Points, time_us: NDArray[np.int64], x: NDArray[np.float64], y: NDArray[np.float64], placed: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """The first nine SESSION_MEASURES: how regular the events' steps in time and place are."""
    moves = placed & ((points.kind == MOVE) | (points.kind == DRAG))
    dt = np.diff(time_us[moves]) / 1000.0
    dx, dy = np.diff(x[moves]), np.diff(y[moves])
    near = dt <= PAUSE_US / 1000.0
    neighbours = near[1:] & near[:-1]
    flow = dt[near]
    if len(flow) < 3 or np.count_nonzero(neighbours) < 3:
        return np.full(9, np.nan)
    counts = np.bincount(np.rint(flow).astype(np.int64))
    shares = counts[counts > 0] / len(flow)
    length = np.hypot(dx, dy)
    moved = neighbours & (length[1:] > 0)
    same = moved & (dx[1:] == dx[:-1]) & (dy[1:] == dy[:-1]) & (length[1:] > 2)
    far = max(1, int(np.count_nonzero(moved & (length[1:] > 2))))
    log_length = np.log1p(length)
    memory = np.abs(log_length[1:] - log_length[:-1])[neighbours].mean() / (log_length[near].std() + 0.05)
    bend = np.hypot(dx[1:] - dx[:-1], dy[1:] - dy[:-1])[neighbours]
    steps = max(1, int(np.count_nonzero(near)))
    return np.array(
        [
            flow.std() / flow.mean(),
            shares.max(),
            np.count_nonzero(np.abs(np.diff(dt))[neighbours] <= 1.0) / np.count_nonzero(neighbours),
            -(shares * np.log(shares)).sum(),
            np.count_nonzero(same) / far,
            np.count_nonzero(near & ((dx == 0) ^ (dy == 0))) / steps,
            np.count_nonzero(near & (length > 0) & (length < 1.5)) / steps,
            memory,
            bend.mean() / (length[near].mean() + 0.1),
        ]
    )


def _clicks(
    points: Points, x: NDArray[np.float64], y: NDArray[np.float64], ends_us: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Six SESSION_MEASURES of presses: how long they last, how long before them the pointer stood, what moved."""
    down = np.flatnonzero(points.kind == DOWN)
    up = np.flatnonzero(points.kind == UP)
    if len(down) < 3 or len(up) < 3:
        return np.full(6, np.nan)
    released = np.searchsorted(up, down)
    down, released = down[released < len(up)], released[released < len(up)]
    moved = np.concatenate(([True], (x[1:] != x[:-1]) | (y[1:] != y[:-1])))
    last_move = np.maximum.accumulate(np.where(moved, np.arange(len(x)), 0))
    hold_s = (points.time_us[up[released]] - points.time_us[down]) / 1e6
    dwell_s = (points.time_us[down] - points.time_us[last_move[down]]) / 1e6
    drift = np.hypot(x[up[released]] - x[down], y[up[released]] - y[down])
    if len(down) < 3:
        return np.full(6, np.nan)
    near = np.searchsorted(ends_us, points.time_us[down] + 1) - np.searchsorted(ends_us, points.time_us[down] - 1_000_000)
    return np.array([*_log_spread(hold_s), *_log_spread(dwell_s), (drift > 1.5).mean(), (near > 0).mean()])


def _pauses(time_us: NDArray[np.int64]) -> NDArray[np.float64]:
    """Two SESSION_MEASURES: how long the pauses are, and how different."""
    pauses_s = np.diff(time_us) / 1e6
    pauses_s = pauses_s[pauses_s > PAUSE_US / 1e6]
    return _log_spread(pauses_s) if len(pauses_s) >= 3 else np.full(2, np.nan)


def _log_spread(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median and interquartile range of the logarithm of times; 10 ms stand for what is shorter."""
    logs = np.sort(np.log(np.maximum(seconds, 0.01)))
    n = len(logs)
    return np.array([logs[n // 2], logs[(3 * n) // 4] - logs[n // 4]])


def _distance(reaches: NDArray[np.float64]) -> NDArray[np.float64]:
    """Three SESSION_MEASURES: how duration grows with distance, how closely, and the share of reaches that end still."""
    length, duration = reaches[0] - reaches[0].mean(), reaches[1] - reaches[1].mean()
    variance = (length**2).mean() + 1e-3
    covariance = (length * duration).mean()
    fit = covariance / math.sqrt(variance * ((duration**2).mean() + 1e-3))
    return np.array([covariance / variance, fit, (reaches[9] < 0.05).mean()])
