"""Windows: a session's points cut into pieces of comparable evidence.

A window ends when it holds enough points or enough *active* time, whichever its specification says. Active time counts
a pause as IDLE_CAP_US at most: a coffee break is no evidence, and a window never waits for one to end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mousematch.errors import OptionError
from mousematch.telemetry import Points

IDLE_CAP_US = 500_000
# A last piece with less than this share of a full window is no window of its own ...
MIN_SHARE = 0.5
# ... unless it is all that the session has; then this many points are needed to draw anything at all.
MIN_POINTS = 8

_PART = re.compile(r"(\d+(?:\.\d+)?)(p|s)")


@dataclass(frozen=True)
class WindowSpec:
    """How long a window is: at most ``points`` points and at most ``active_s`` seconds; None means no such limit."""

    points: int | None = None
    active_s: float | None = None

    @classmethod
    def parse(cls, text: str) -> WindowSpec:
        """Reads ``128p`` (points), ``5s`` (active seconds), ``128p,5s`` (what comes first) or ``session`` (one window)."""
        words = [word.strip() for word in text.strip().lower().split(",")]
        if words == ["session"]:
            return cls()
        points: int | None = None
        active_s: float | None = None
        for word in words:
            match = _PART.fullmatch(word)
            if match is None or float(match[1]) <= 0:
                raise OptionError(
                    f'window="{text}" is no window; write 128p (points), 5s (active seconds), 128p,5s or session.'
                )
            if match[2] == "p":
                points = int(float(match[1]))
                if points < MIN_POINTS:
                    raise OptionError(f'window="{text}" is too short; a window needs at least {MIN_POINTS} points.')
            else:
                active_s = float(match[1])
        return cls(points, active_s)

    def __str__(self) -> str:
        parts = []
        if self.points is not None:
            parts.append(f"{self.points}p")
        if self.active_s is not None:
            parts.append(f"{self.active_s:g}s")
        return ",".join(parts) or "session"


def active_us(points: Points) -> NDArray[np.int64]:
    """Active time from the first point up to each point: int64 (n,), microseconds, starts at 0, never falls."""
    if len(points) == 0:
        return np.empty(0, np.int64)
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(_active_steps_us(points))))


def _active_steps_us(points: Points) -> NDArray[np.int64]:
    steps: NDArray[np.int64] = points.time_us[1:] - points.time_us[:-1]
    return np.minimum(np.maximum(steps, 0), IDLE_CAP_US)


def active_s(points: Points) -> float:
    """Active seconds of the points."""
    return float(_active_steps_us(points).sum()) / 1e6 if len(points) else 0.0


def cut(points: Points, spec: WindowSpec) -> list[slice]:
    """The windows of a session, as slices of its ordered points; in order, without overlap.

    A last piece of less than MIN_SHARE of a window is left out, unless it is the session's only one and has MIN_POINTS.
    """
    n = len(points)
    if n < MIN_POINTS:
        return []
    limit_us = None if spec.active_s is None else round(spec.active_s * 1e6)
    # Where only points count, how long they took does not matter.
    elapsed = np.empty(0, np.int64) if limit_us is None else active_us(points)
    windows: list[slice] = []
    start = 0
    while start < n:
        stop = n
        if spec.points is not None:
            stop = min(stop, start + spec.points)
        if limit_us is not None:
            stop = min(stop, max(start + 1, int(np.searchsorted(elapsed, elapsed[start] + limit_us, side="left"))))
        windows.append(slice(start, stop))
        start = stop
    last = windows[-1]
    if len(windows) > 1 and _share(last, elapsed, spec, limit_us) < MIN_SHARE:
        windows.pop()
    return [window for window in windows if window.stop - window.start >= MIN_POINTS]


def _share(window: slice, elapsed: NDArray[np.int64], spec: WindowSpec, limit_us: int | None) -> float:
    """Which share of a full window this piece is, by the limit that it comes nearest to."""
    shares = [0.0]
    if spec.points is not None:
        shares.append((window.stop - window.start) / spec.points)
    if limit_us is not None:
        shares.append(float(elapsed[window.stop - 1] - elapsed[window.start]) / limit_us)
    return max(shares)
