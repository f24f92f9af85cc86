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
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mousematch.reaches import (
    MIN_POINTS,
    PAUSE_US,
    REACH_MEASURES,
    Reaches,
    reaches,
    shapes_and_profiles,
    steps_between,
    steps_of,
)
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
    """The vector of each session, the same as ``kinematics`` gives.

    What is computed of each point is computed of all of them at once: for a short session numpy's calls take longer than
    their work. Sums are each session's own, so that they are rounded alike whatever else there is.
    """
    found: list[NDArray[np.float32] | None] = [None] * len(sessions)
    long_enough = [number for number, points in enumerate(sessions) if len(points) >= MIN_POINTS]
    movement = _Movement.of([sessions[number] for number in long_enough]) if long_enough else None
    if movement is not None:
        for number, vector in zip(long_enough, movement.vectors()):
            found[number] = vector
    return found


class _Movement(NamedTuple):
    """Points of sessions behind each other, on whole pixels.

    time_us: int64 (n,). kind: uint8 (n,). x, y: float64 (n,), px. borders: int64 (sessions + 1,), where each session begins
    and the last one ends. placed: int64, the numbers of the points at which the pointer was there: the last place of an
    instant.
    """

    time_us: NDArray[np.int64]
    kind: NDArray[np.uint8]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    borders: NDArray[np.int64]
    placed: NDArray[np.int64]

    @classmethod
    def of(cls, sessions: Sequence[Points]) -> _Movement:
        """The movement of some sessions, of one point or more each."""
        points = sessions[0] if len(sessions) == 1 else Points.concatenate(sessions)
        borders = np.cumsum([0, *map(len, sessions)])
        x, y = np.rint(points.x.astype(np.float64)), np.rint(points.y.astype(np.float64))
        # Several places at one instant: the last one is where the pointer came to be.
        placed = points.kind <= DRAG
        last = np.not_equal(points.time_us[1:], points.time_us[:-1])
        last[borders[1:-1] - 1] = True
        placed[:-1] &= last
        return cls(points.time_us, points.kind, x, y, borders, np.flatnonzero(placed))

    def vectors(self) -> list[NDArray[np.float32] | None]:
        """The vector of each session; None if it has too little."""
        time_us, at = self.time_us, self.placed
        # A press begins something new: the wait before it is no part of the reach.
        pressed = np.cumsum((self.kind == DOWN) | (self.kind == UP))
        found = reaches(time_us[at], self.x[at], self.y[at], pressed[at], self._borders_of(at))
        vectors = np.empty((len(found.sessions), len(NAMES)))
        measures = shapes_and_profiles(found)
        borders = found.borders.tolist()
        count = len(REACH_MEASURES)
        for vector, start, stop in zip(vectors, borders, borders[1:]):
            ordered = np.sort(measures[:, start:stop], axis=1)
            n = stop - start
            vector[:count] = (ordered[:, (n - 1) // 2] + ordered[:, n // 2]) / 2
            vector[count : 2 * count] = ordered[:, (3 * n) // 4] - ordered[:, n // 4]
            vector[-3:] = _distance(measures[:, start:stop])
        measured = found.sessions
        vectors[:, 2 * count : 2 * count + 9] = self._steps(measured)
        vectors[:, 2 * count + 9 : 2 * count + 15] = self._clicks(measured, found)
        vectors[:, 2 * count + 15 : 2 * count + 17] = self._pauses(measured)
        given: list[NDArray[np.float32] | None] = [None] * (len(self.borders) - 1)
        for session, vector in zip(measured, np.clip(vectors, -60_000, 60_000).astype(np.float32)):
            given[session] = vector
        return given

    def _borders_of(self, points: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where each session begins among some of the points, whose numbers rise, and where the last one ends."""
        return np.searchsorted(points, self.borders)

    def _steps(self, sessions: Sequence[int]) -> NDArray[np.float64]:
        """The first nine SESSION_MEASURES: how regular the events' steps in time and place are."""
        kind = self.kind[self.placed]
        at = self.placed[(kind == MOVE) | (kind == DRAG)]
        borders = self._borders_of(at)
        dt = steps_of(self.time_us[at]) / 1000.0
        dx, dy = steps_of(self.x[at]), steps_of(self.y[at])
        near = dt <= PAUSE_US / 1000.0
        near[steps_between(borders, len(at))] = False
        neighbours = near[1:] & near[:-1]
        length = np.hypot(dx, dy)
        moved = neighbours & (length[1:] > 0)
        far = moved & (length[1:] > 2)
        same = far & (dx[1:] == dx[:-1]) & (dy[1:] == dy[:-1])
        equal = neighbours & (np.abs(steps_of(dt)) <= 1.0)
        along_axis = near & ((dx == 0) ^ (dy == 0))
        unit = near & (length > 0) & (length < 1.5)
        log_length = np.log1p(length)
        flow = dt[near]
        ticks = np.rint(flow).astype(np.int64)
        near_log_length, near_length = log_length[near], length[near]
        memory = np.abs(steps_of(log_length))[neighbours]
        bend = np.hypot(steps_of(dx), steps_of(dy))[neighbours]
        near_before = np.concatenate(([0], np.cumsum(near)))
        neighbours_before = np.concatenate(([0], np.cumsum(neighbours)))

        measures = np.full((len(sessions), 9), np.nan)
        for row, session in zip(measures, sessions):
            start, stop = int(borders[session]), int(borders[session + 1]) - 1
            if stop - start < 3:
                continue
            here, after = slice(start, stop), slice(start, stop - 1)
            nears = slice(near_before[start], near_before[stop])
            pairs = slice(neighbours_before[start], neighbours_before[stop - 1])
            steps, joints = np.count_nonzero(near[here]), np.count_nonzero(neighbours[after])
            if steps < 3 or joints < 3:
                continue
            counts = np.bincount(ticks[nears])
            shares = counts[counts > 0] / steps
            row[:] = (
                _std(flow[nears]) / _mean(flow[nears]),
                shares.max(),
                np.count_nonzero(equal[after]) / joints,
                -np.add.reduce(shares * np.log(shares)),
                np.count_nonzero(same[after]) / (np.count_nonzero(far[after]) or 1),
                np.count_nonzero(along_axis[here]) / steps,
                np.count_nonzero(unit[here]) / steps,
                _mean(memory[pairs]) / (_std(near_log_length[nears]) + 0.05),
                _mean(bend[pairs]) / (_mean(near_length[nears]) + 0.1),
            )
        return measures

    def _clicks(self, sessions: Sequence[int], found: Reaches) -> NDArray[np.float64]:
        """Six SESSION_MEASURES of presses: how long they last, how long before them the pointer stood, what moved."""
        measures = np.full((len(sessions), 6), np.nan)
        down, up = np.flatnonzero(self.kind == DOWN), np.flatnonzero(self.kind == UP)
        enough = (np.diff(self._borders_of(down)) >= 3) & (np.diff(self._borders_of(up)) >= 3)
        if not enough.any():
            return measures
        ends = self.borders[np.searchsorted(self.borders, down, side="right")]
        released = np.append(up, len(self.kind))[np.searchsorted(up, down)]
        down, up = down[released < ends], released[released < ends]
        borders = self._borders_of(down)
        x, y, time_us = self.x, self.y, self.time_us
        moved = np.concatenate(([True], (x[1:] != x[:-1]) | (y[1:] != y[:-1])))
        moved[self.borders[:-1]] = True
        last_move = np.maximum.accumulate(np.where(moved, np.arange(len(x)), 0))
        down_us = time_us[down]
        hold = _logs((time_us[up] - down_us) / 1e6)
        dwell = _logs((down_us - time_us[last_move[down]]) / 1e6)
        drifted = np.hypot(x[up] - x[down], y[up] - y[down]) > 1.5
        for number, session in enumerate(sessions):
            here = slice(int(borders[session]), int(borders[session + 1]))
            count = here.stop - here.start
            if not enough[session] or count < 3:
                continue
            ends_us = found.ends_us[found.borders[number] : found.borders[number + 1]]
            near = np.searchsorted(ends_us, down_us[here] + 1) > np.searchsorted(ends_us, down_us[here] - 1_000_000)
            measures[number] = (
                *_spread(hold[here]),
                *_spread(dwell[here]),
                np.count_nonzero(drifted[here]) / count,
                np.count_nonzero(near) / count,
            )
        return measures

    def _pauses(self, sessions: Sequence[int]) -> NDArray[np.float64]:
        """Two SESSION_MEASURES: how long the pauses are, and how different."""
        pauses_s = steps_of(self.time_us[self.placed]) / 1e6
        paused = pauses_s > PAUSE_US / 1e6
        borders = self._borders_of(self.placed)
        paused[steps_between(borders, len(self.placed))] = False
        at = np.flatnonzero(paused)
        logs = _logs(pauses_s[at])
        borders = np.searchsorted(at, borders)
        measures = np.full((len(sessions), 2), np.nan)
        for row, session in zip(measures, sessions):
            here = logs[borders[session] : borders[session + 1]]
            if len(here) >= 3:
                row[:] = _spread(here)
        return measures


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


def _logs(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logarithm of times; 10 ms stand for what is shorter."""
    logs: NDArray[np.float64] = np.log(np.maximum(seconds, 0.01))
    return logs


def _spread(values: NDArray[np.float64]) -> tuple[float, float]:
    """Median and interquartile range."""
    ordered = np.sort(values)
    n = len(ordered)
    return ordered[n // 2], ordered[(3 * n) // 4] - ordered[n // 4]


def _mean(values: NDArray[np.float64]) -> float:
    """What ``values.mean()`` gives, in a third of its time for few values."""
    mean: float = np.add.reduce(values) / len(values)
    return mean


def _std(values: NDArray[np.float64]) -> float:
    """What ``values.std()`` gives, in a third of its time for few values."""
    off = values - _mean(values)
    return math.sqrt(_mean(off * off))


def _distance(measures: NDArray[np.float64]) -> tuple[float, float, float]:
    """Three SESSION_MEASURES: how duration grows with distance, how closely, and the share of reaches that end still."""
    length, duration = measures[0] - _mean(measures[0]), measures[1] - _mean(measures[1])
    variance = _mean(length * length) + 1e-3
    covariance = _mean(length * duration)
    fit = covariance / math.sqrt(variance * (_mean(duration * duration) + 1e-3))
    return covariance / variance, fit, np.count_nonzero(measures[9] < 0.05) / measures.shape[1]
