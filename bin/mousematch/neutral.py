"""Movement without the traces of the device: no screen frame, no event rate, no timer granularity.

A matcher can do well on device traces alone: where on the screen somebody works, how many events a second the capture
gives, the steps of its clock. They tell computers apart, not people. Scores of neutralised movement show what is left
without them, and belong beside every result as it is.

``clock``: the path of each stroke is read off at the ticks of one clock, the same for all sessions (whole multiples of
its period since the epoch). The path goes straight from event to event, and of all events only the last one in each
THINNING periods counts, with the first and the last one of the stroke: that many a coarse capture has too. A tick in a
stroke has exactly one point, also while the pointer stands still. Gone are the event rate, gaps of events within a
stroke, doubled timestamps, the timer's granularity, the fractions of a pixel, and the pointer places that some captures
give scrolling (always 0, 0). What cannot be removed: a capture that is coarser than the clock has lost its fast
movements, and straight lines between its points still show it. So the clock must be at least as coarse as the coarsest
capture that is compared: 25 ms for captures of 60 Hz; for a comparison of 60 Hz with 10 Hz, 125 ms.
``capture_interval_ms`` measures how coarse a capture is. A little stays visible whatever the clock; docs/evaluation.md
says how much.

``frame``: each stroke is moved so that it begins at PLACE_PX. Gone are the absolute place, the size of the screen and the
ways between the strokes. What cannot be removed: how far a single stroke reaches, where it was stopped by the edge of
the screen, and the scale of the screen itself (pixels per millimetre of hand movement, pointer acceleration).

Neither removes the length of the rests between strokes, the number of clicks, or the task.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mousematch.errors import OptionError
from mousematch.telemetry import DOWN, DRAG, MOVE, NONE, SCROLL, STROKE_GAP_US, UP, Points

# What the option neutralise can be.
WORDS = ("frame", "timer", "both")
# Every stroke begins here: far enough from 0 that most strokes stay on a positive screen.
PLACE_PX = 1000.0
# Eight steps of the usual timer of 15.6 ms: coarser than captures of 10 Hz, whose events are 109 ms apart.
DEFAULT_CLOCK_MS = 125.0
# Of so many ticks one event counts: without that, whoever has more events has rounder turns. No whole number of ticks, so
# that bends do not fall on every other one.
THINNING = 1.618
# A clock this much coarser than the capture leaves least of it.
MARGIN = 1.15
# A faster clock than timers have means nothing; two strokes must stay apart by at least two ticks.
CLOCK_RANGE_MS = (1.0, STROKE_GAP_US / 2e3)


@dataclass(frozen=True)
class Neutralisation:
    """What is to be taken from movement. clock_ms: of the common clock; None leaves the times as they are."""

    frame: bool
    clock_ms: float | None

    @classmethod
    def parse(cls, what: str, clock_ms: str | None = None) -> Neutralisation:
        """Reads ``frame``, ``timer`` or ``both``, and the clock's milliseconds as text. Raises OptionError."""
        if what not in WORDS:
            raise OptionError(
                f'neutralise="{what}" is unknown; write neutralise=frame, neutralise=timer or neutralise=both.'
            )
        if clock_ms is not None and what == "frame":
            raise OptionError(
                "clock_ms is for neutralise=timer and neutralise=both; neutralise=frame leaves the times alone."
            )
        try:
            period = checked_clock(DEFAULT_CLOCK_MS if clock_ms is None else float(clock_ms))
        except ValueError as exc:
            raise OptionError(f'clock_ms="{clock_ms}" is no number; write milliseconds, such as clock_ms=25.') from exc
        return cls(frame=what != "timer", clock_ms=None if what == "frame" else period)

    def applied(self, points: Points) -> Points:
        """The points without it."""
        return neutralised(points, frame=self.frame, clock_ms=self.clock_ms)


class Coarse:
    """Counts captures that are coarser than the clock: interpolation does not hide those."""

    def __init__(self, clock_ms: float) -> None:
        self._clock_ms = clock_ms
        self._sessions = self._coarse = 0
        self._interval_ms = 0.0

    def add(self, points: Points) -> None:
        """Takes in a session's points as they were captured."""
        interval_ms = capture_interval_ms(points)
        self._sessions += 1
        if interval_ms > self._clock_ms:
            self._coarse += 1
            self._interval_ms = max(self._interval_ms, interval_ms)

    def sentence(self) -> str | None:
        """A warning, if there is reason for one."""
        if not self._coarse:
            return None
        enough = min(math.ceil(MARGIN * self._interval_ms), int(CLOCK_RANGE_MS[1]))
        return (
            f"{self._coarse} of {self._sessions} sessions were captured more coarsely than clock_ms={self._clock_ms:g} and "
            f"still show it; with clock_ms={enough} they would not."
        )


def neutralised(points: Points, *, frame: bool = False, clock_ms: float | None = None) -> Points:
    """The points without their screen frame (``frame``), read off a common clock (``clock_ms``), or both.

    points: ordered, as from ``Points.ordered``; so is what is given. Each press and each release of a button stays, on a
    tick of its own; of scroll events one stays a tick. Raises OptionError if the clock is outside CLOCK_RANGE_MS.
    """
    if clock_ms is not None:
        points = _on_clock(points, checked_clock(clock_ms))
    return _without_frame(points) if frame else points


def checked_clock(clock_ms: float) -> float:
    """The period of a clock, if it is one that can be used. Raises OptionError."""
    low, high = CLOCK_RANGE_MS
    if not low <= clock_ms <= high:
        raise OptionError(f"clock_ms={clock_ms:g} is no usable clock; write milliseconds from {low:g} to {high:g}.")
    return clock_ms


def capture_interval_ms(points: Points) -> float:
    """The typical time between two events of a stroke, in milliseconds: the median; NaN if there are none."""
    steps = np.diff(points.time_us)
    steps = steps[(steps > 0) & (steps <= STROKE_GAP_US)]
    return float(np.median(steps)) / 1e3 if len(steps) else float("nan")


def _without_frame(points: Points) -> Points:
    if len(points) == 0:
        return points
    starts = np.flatnonzero(np.concatenate(([True], np.diff(points.time_us) > STROKE_GAP_US)))
    lengths = np.diff(np.append(starts, len(points)))
    moved = [
        (axis.astype(np.float64) - np.repeat(axis[starts].astype(np.float64), lengths) + PLACE_PX).astype(np.float32)
        for axis in (points.x, points.y)
    ]
    return replace(points, x=moved[0], y=moved[1])


def _on_clock(points: Points, clock_ms: float) -> Points:
    if len(points) == 0:
        return points
    period_us = round(clock_ms * 1000)
    first, last = _strokes(points.time_us)
    begins, ends = _tick(first, period_us), _tick(last, period_us)
    lengths = ends - begins + 1
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    path_ticks = np.repeat(begins, lengths) + within

    events = np.flatnonzero((points.kind == DOWN) | (points.kind == UP))
    event_ticks = _ticks_of_their_own(_tick(points.time_us[events], period_us))
    scrolls = points.kind == SCROLL
    scroll_ticks = _tick(points.time_us[scrolls], period_us)

    ticks = np.union1d(path_ticks, event_ticks)
    kind, button = _movement_at(points, ticks * period_us)
    kind[np.searchsorted(ticks, scroll_ticks)] = SCROLL
    button[np.searchsorted(ticks, scroll_ticks)] = NONE
    at = np.searchsorted(ticks, event_ticks)
    kind[at], button[at] = points.kind[events], points.button[events]
    # No tick reads the way between two strokes: what lies before a stroke's first event or after its last one, by less
    # than a tick or because a click was moved there, is read at that event.
    stroke = np.maximum(np.searchsorted(begins, ticks, side="right") - 1, 0)
    moments = np.clip(ticks * period_us, first[stroke], last[stroke])
    x, y = _path(points, moments, period_us)
    return Points(ticks * period_us, x, y, kind, button)


def _tick(time_us: NDArray[np.int64], period_us: int) -> NDArray[np.int64]:
    """The number of the nearest tick."""
    return (time_us + period_us // 2) // period_us


def _strokes(time_us: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Times of the first and the last event of each stroke."""
    breaks = np.flatnonzero(np.diff(time_us) > STROKE_GAP_US)
    return time_us[np.append(0, breaks + 1)], time_us[np.append(breaks, len(time_us) - 1)]


def _ticks_of_their_own(ticks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rising ticks → strictly rising ones, each as early as it can be: no two clicks become one."""
    order = np.arange(len(ticks))
    return np.maximum.accumulate(ticks - order) + order if len(ticks) else ticks


def _movement_at(points: Points, time_us: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Kind and button of the captured movement nearest to each time: MOVE, or DRAG with its button."""
    moving = np.flatnonzero((points.kind == MOVE) | (points.kind == DRAG))
    if len(moving) == 0:
        return np.full(len(time_us), MOVE, np.uint8), np.full(len(time_us), NONE, np.uint8)
    times = points.time_us[moving]
    after = np.minimum(np.searchsorted(times, time_us), len(times) - 1)
    before = np.maximum(after - 1, 0)
    nearest = moving[np.where(time_us - times[before] < times[after] - time_us, before, after)]
    return points.kind[nearest], points.button[nearest]


def _path(
    points: Points, time_us: NDArray[np.int64], period_us: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where the pointer was, in whole pixels, by as many events as a coarse capture has.

    Events of one instant count with their mean.
    """
    placed = points.kind != SCROLL
    if not placed.any():
        placed = np.ones(len(points), bool)
    times, instant = np.unique(points.time_us[placed], return_inverse=True)
    events = np.bincount(instant)
    kept = _one_in(times, round(THINNING * period_us))
    # From the first event on, floating point holds microseconds exactly.
    since, wanted = (times[kept] - times[0]).astype(np.float64), (time_us - times[0]).astype(np.float64)
    x, y = (
        _whole(np.interp(wanted, since, (np.bincount(instant, axis[placed]) / events)[kept])).astype(np.float32)
        for axis in (points.x, points.y)
    )
    return x, y


def _one_in(time_us: NDArray[np.int64], span_us: int) -> NDArray[np.bool_]:
    """The last event in each span of time, and the first and the last one of each stroke."""
    last = np.append(time_us[1:] // span_us != time_us[:-1] // span_us, True)
    pause = np.diff(time_us) > STROKE_GAP_US
    return last | np.append(True, pause) | np.append(pause, True)


def _whole(px: NDArray[np.float64]) -> NDArray[np.float64]:
    """Whole pixels, halves upwards: the same movement elsewhere is rounded in the same way."""
    return np.asarray(np.floor(np.round(px, 6) + 0.5))
