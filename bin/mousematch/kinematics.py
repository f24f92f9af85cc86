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
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mousematch.reaches import MIN_POINTS, PAUSE_US, REACH_MEASURES, reaches, shapes_and_profiles, steps_of
from mousematch.telemetry import DOWN, DRAG, MOVE, UP, Points

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
    return kinematics_of([points])[0]


def kinematics_of(sessions: Sequence[Points]) -> list[NDArray[np.float32] | None]:
    """The vector of each session, the same as ``kinematics`` gives; short sessions cost half of it together."""
    found = [_Movement.of(points) for points in sessions]
    moved = [movement for movement in found if movement is not None]
    measures = iter(shapes_and_profiles([(movement.steps, movement.count) for movement in moved]))
    return [None if movement is None else movement.vector(next(measures)) for movement in found]


@dataclass(frozen=True)
class _Movement:
    """A session's points on whole pixels, and the steps of its reaches on the clock.

    x, y: float64 (n,), px. placed: bool (n,), whether the pointer was there, the last place of an instant. steps:
    complex128, px a tick, of all reaches behind each other. count: int64 (reaches,), the steps of each. ends_us: int64
    (reaches,), when each ended.
    """

    points: Points
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    placed: NDArray[np.bool_]
    steps: NDArray[np.complex128]
    count: NDArray[np.int64]
    ends_us: NDArray[np.int64]

    @classmethod
    def of(cls, points: Points) -> _Movement | None:
        """What of a session can be measured; None if there is too little."""
        if len(points) < MIN_POINTS:
            return None
        time_us = points.time_us
        x, y = np.rint(points.x.astype(np.float64)), np.rint(points.y.astype(np.float64))
        # Several places at one instant: the last one is where the pointer came to be.
        placed = points.kind <= DRAG
        placed[:-1] &= time_us[1:] != time_us[:-1]
        # A press begins something new: the wait before it is no part of the reach.
        pressed = np.cumsum((points.kind == DOWN) | (points.kind == UP))
        found = reaches(time_us[placed], x[placed], y[placed], pressed[placed])
        return None if found is None else cls(points, x, y, placed, *found)

    def vector(self, measures: NDArray[np.float64]) -> NDArray[np.float32]:
        """The session's vector. measures: float64 (measures, reaches), REACH_MEASURES of each reach."""
        ordered = np.sort(measures, axis=1)
        count = ordered.shape[1]
        vector = np.concatenate(
            (
                (ordered[:, (count - 1) // 2] + ordered[:, count // 2]) / 2,
                ordered[:, (3 * count) // 4] - ordered[:, count // 4],
                _steps(self.points, self.x, self.y, self.placed),
                _clicks(self.points, self.x, self.y, self.ends_us),
                _pauses(self.points.time_us[self.placed]),
                _distance(measures),
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


def _steps(
    points: Points, x: NDArray[np.float64], y: NDArray[np.float64], placed: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """The first nine SESSION_MEASURES: how regular the events' steps in time and place are."""
    moves = placed & ((points.kind == MOVE) | (points.kind == DRAG))
    dt = steps_of(points.time_us[moves]) / 1000.0
    dx, dy = steps_of(x[moves]), steps_of(y[moves])
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
            np.count_nonzero(np.abs(steps_of(dt))[neighbours] <= 1.0) / np.count_nonzero(neighbours),
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
    near = np.searchsorted(ends_us, points.time_us[down] + 1) - np.searchsorted(
        ends_us, points.time_us[down] - 1_000_000
    )
    return np.array([*_log_spread(hold_s), *_log_spread(dwell_s), (drift > 1.5).mean(), (near > 0).mean()])


def _pauses(time_us: NDArray[np.int64]) -> NDArray[np.float64]:
    """Two SESSION_MEASURES: how long the pauses are, and how different."""
    pauses_s = steps_of(time_us) / 1e6
    pauses_s = pauses_s[pauses_s > PAUSE_US / 1e6]
    return _log_spread(pauses_s) if len(pauses_s) >= 3 else np.full(2, np.nan)


def _log_spread(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median and interquartile range of the logarithm of times; 10 ms stand for what is shorter."""
    logs = np.sort(np.log(np.maximum(seconds, 0.01)))
    n = len(logs)
    return np.array([logs[n // 2], logs[(3 * n) // 4] - logs[n // 4]])


def _distance(measures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Three SESSION_MEASURES: how duration grows with distance, how closely, and the share of reaches that end still."""
    length, duration = measures[0] - measures[0].mean(), measures[1] - measures[1].mean()
    variance = (length**2).mean() + 1e-3
    covariance = (length * duration).mean()
    fit = covariance / math.sqrt(variance * ((duration**2).mean() + 1e-3))
    return np.array([covariance / variance, fit, (measures[9] < 0.05).mean()])
