"""Random stretches of training sessions: augmentation that keeps what makes a person."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mousematch.errors import OptionError
from mousematch.telemetry import Points
from mousematch.windows import MIN_POINTS, WindowSpec, active_us

# People sit at other pointer speeds and clocks now and then: a few percent of each. A slight tilt stands for the way
# the mouse is held; large rotations would destroy direction, which is informative.
SIZE_JITTER, PACE_JITTER, TILT_RADIANS = 0.08, 0.05, 0.05
# Stretches of a third of a window up to a whole one, so that short sessions are no strangers to the network.
SHORTEST_SHARE = 0.33
# Of windows of so many points: from two seconds to four windows, short ones as often as long ones in the logarithm.
SHORTEST_POINTS, LONGEST_WINDOWS = 100, 4


class Session:
    """A training session that gives random stretches of itself."""

    def __init__(self, points: Points) -> None:
        if len(points) < MIN_POINTS:
            raise OptionError(f"A training session has {len(points)} points; leave out those below {MIN_POINTS}.")
        self.points = points
        self._active_us = active_us(points)
        self.length_us = int(self._active_us[-1])

    def piece(self, spec: WindowSpec, random: np.random.Generator) -> Points:
        """Points of a piece that starts anywhere, as they were recorded: for windows of so many points, and for pictures
        of whole pixels and milliseconds, in which the slightest tilt would show.
        """
        longest = min(len(self.points), LONGEST_WINDOWS * (spec.points or len(self.points)))
        shortest = min(SHORTEST_POINTS, longest)
        count = int(np.exp(random.uniform(np.log(shortest), np.log(longest))))
        start = random.integers(0, len(self.points) - count + 1)
        return self.points[start : start + count]

    def stretch(self, spec: WindowSpec, random: np.random.Generator) -> Points:
        """Points of a piece of at most one window that starts anywhere, at slightly other size, pace and tilt."""
        whole_us = int(1e6 * spec.active_s) if spec.active_s else self.length_us
        length_us = int(min(whole_us, self.length_us) * random.uniform(SHORTEST_SHARE, 1))
        begin_us = random.integers(0, max(1, self.length_us - length_us))
        start, stop = np.searchsorted(self._active_us, (begin_us, begin_us + length_us))
        stop = min(max(stop, start + MIN_POINTS), len(self.points))
        part = self.points[slice(min(start, stop - MIN_POINTS), stop)]
        size, pace = np.exp(random.normal(0, (SIZE_JITTER, PACE_JITTER)))
        tilt = random.normal(0, TILT_RADIANS)
        right, down = np.float32(size * np.cos(tilt)), np.float32(size * np.sin(tilt))
        return replace(
            part,
            time_us=np.rint((part.time_us - part.time_us[0]) * pace).astype(np.int64),
            x=part.x * right - part.y * down,
            y=part.x * down + part.y * right,
        )
