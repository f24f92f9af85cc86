"""Virtual people: copies of a person's recordings, changed so much that they are somebody else's.

A network that is to compare people whom it has never seen has to see many. Speaker recognition makes further speakers by
playing recordings faster and slower (Yamamoto et al. 2019); here, a person's movement is mirrored, turned on its side,
scaled and paced, the same way in all recordings, and counts as another person. Times and places stay whole, as recorders
give them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from mousematch.datasets import Recording
from mousematch.neutral import neutralised
from mousematch.telemetry import Points

# Standard deviations of the logarithms of pace and size.
PACE_SPREAD, SIZE_SPREAD = 0.2, 0.3
# The screen in which movement is mirrored, and by what its sides are changed where it is turned on its side.
SCREEN_PX = (1919.0, 1079.0)
TURNED = (1.7, 0.56)
# What follows the name of a person.
VIRTUAL, NEUTRAL = "~", " neutral"
# The clock on which a source's people are neutral: as coarse as its slowest recorder (mousematch.neutral).
NEUTRAL_CLOCKS_MS = {"sapimouse": 25.0, "balabit": 125.0}


def virtual_people(recordings: Iterable[Recording], copies: int, *, seed: int) -> list[Recording]:
    """So many virtual people for each person, named after them, with all of their recordings."""
    found = []
    for recording in recordings:
        for copy in range(copies):
            # Not of the recording: all recordings of a virtual person are changed in the same way.
            random = np.random.default_rng([seed, copy, *recording.person.encode()])
            found.append(
                replace(
                    recording,
                    person=f"{recording.person}{VIRTUAL}{copy + 1}",
                    name=f"{recording.name}{VIRTUAL}{copy + 1}",
                    points=_changed(recording.points, random),
                )
            )
    return found


def _changed(points: Points, random: np.random.Generator) -> Points:
    pace, size = np.exp(random.normal(0, (PACE_SPREAD, SIZE_SPREAD)))
    mirrored_x, mirrored_y, turned = random.integers(2, size=3)
    x, y = points.x.astype(np.float64), points.y.astype(np.float64)
    if mirrored_x:
        x = SCREEN_PX[0] - x
    if mirrored_y:
        y = SCREEN_PX[1] - y
    if turned:
        x, y = y * TURNED[0], x * TURNED[1]
    elapsed_ms = np.rint((points.time_us - points.time_us[:1]) * pace / 1000)
    return replace(
        points,
        time_us=elapsed_ms.astype(np.int64) * 1000,
        x=np.rint(x * size).astype(np.float32),
        y=np.rint(y * size).astype(np.float32),
    )


def neutral_copies(points: Points) -> list[Points]:
    """The same person without screen frame, without timer, and without both: what is left is to be known as theirs too."""
    clock_ms = NEUTRAL_CLOCKS_MS["sapimouse"]
    return [
        neutralised(points, frame=True),
        neutralised(points, clock_ms=clock_ms),
        neutralised(points, frame=True, clock_ms=clock_ms),
    ]


def with_neutral_people(sources: Mapping[str, Sequence[Recording]]) -> dict[str, Sequence[Recording]]:
    """The sources, and for each in NEUTRAL_CLOCKS_MS another one of the same people without screen frame and timer.

    They are people of their own: a discriminant then also learns what tells movement apart once its device is gone, and
    movement of that kind meets its like in a cohort.
    """
    found = dict(sources)
    for name, clock_ms in NEUTRAL_CLOCKS_MS.items():
        if name in sources:
            found[name + NEUTRAL] = [
                replace(
                    recording,
                    person=recording.person + NEUTRAL,
                    name=recording.name + NEUTRAL,
                    points=neutralised(recording.points, frame=True, clock_ms=clock_ms),
                )
                for recording in sources[name]
            ]
    return found


def real_person(name: str) -> str:
    """Whose recordings a virtual or neutral person is made of."""
    return name.partition(VIRTUAL)[0].removesuffix(NEUTRAL)
