"""Which pieces of movement a training sees: drawn once, before the training, from one seed.

They are taken as they were recorded, without jitter, so that rows differ in what they compare and in nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mousematch.telemetry import Points
from mousematch.windows import MIN_POINTS, WindowSpec, active_us
from study.people import Person

# A piece of "session" is this share of one up to all of it: with whole ones there would be two pictures a person.
SHORTEST_SHARE = 1 / 3

# (ordered points of a session, windows of it as slices) → what a network sees of each: (windows, ...)
Draw = Callable[[Points, Sequence[slice]], NDArray]


@dataclass(frozen=True)
class Pieces:
    """inputs: (n, ...), what the network sees. people: int32 (n,), number of the person from 0."""

    inputs: NDArray
    people: NDArray[np.int32]


def drawn(people: Sequence[Person], lengths: Sequence[WindowSpec], draw: Draw, *, count: int, seed: int) -> Pieces:
    """So many random pieces: a person by chance, a session by its length, a length, and a place in the session."""
    random = np.random.default_rng(seed)
    of = random.choice(len(people), count, p=[person.chance for person in people]).astype(np.int32)
    wanted: dict[tuple[int, int], list[tuple[int, slice]]] = {}
    elapsed = [[active_us(points) for points in person.sessions] for person in people]
    for place, number in enumerate(of):
        sizes = np.array([len(points) for points in people[number].sessions], np.float64)
        session = int(random.choice(len(sizes), p=sizes / sizes.sum()))
        length = lengths[random.integers(len(lengths))]
        wanted.setdefault((int(number), session), []).append((place, piece(elapsed[number][session], length, random)))
    inputs: NDArray | None = None
    # Session by session: an encoding looks at a session's points once for all of its windows.
    for (number, session), places in wanted.items():
        seen = draw(people[number].sessions[session], [window for _, window in places])
        if inputs is None:
            inputs = np.empty((count, *seen.shape[1:]), seen.dtype)
        inputs[[place for place, _ in places]] = seen
    assert inputs is not None
    return Pieces(inputs, of)


def piece(elapsed_us: NDArray[np.int64], length: WindowSpec, random: np.random.Generator) -> slice:
    """A random window of that length in a session; all of the session if it is shorter.

    elapsed_us: int64 (n,), active time up to each point, as ``active_us`` gives it.
    """
    n = len(elapsed_us)
    if length.points is None and length.active_s is None:
        points = max(MIN_POINTS, round(n * random.uniform(SHORTEST_SHARE, 1)))
    else:
        points = min(n, length.points or n)
    if length.active_s is None:
        start = int(random.integers(0, max(1, n - points + 1)))
        return slice(start, min(n, start + points))
    wanted_us = min(int(1e6 * length.active_s), int(elapsed_us[-1]))
    begin_us = int(random.integers(0, max(1, int(elapsed_us[-1]) - wanted_us)))
    start = min(int(np.searchsorted(elapsed_us, begin_us)), max(0, n - MIN_POINTS))
    stop = int(np.searchsorted(elapsed_us, begin_us + wanted_us))
    return slice(start, min(n, max(min(stop, start + points), start + MIN_POINTS)))
