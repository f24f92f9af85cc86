"""Bots: synthetic mice as a red team, to measure ``match_bot`` and the finding of replays with.

    script.py   what they do: targets, clicks, waits; timers.py when the page hears of it; pace.py how fast they are
    linear, bezier, minimum_jerk, sigma_lognormal, ghost_cursor   one file a way of moving
    replay, replay_jitter                                         recordings of people, played again
    learning.py, table.py, __main__.py                            the detector's training and its measurement

Everything is a function of its seed (``bot("bezier", seed=1)``). None of it is installed with the app.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mousematch.telemetry import Points
from samples.bots import bezier, ghost_cursor, linear, minimum_jerk, sigma_lognormal
from samples.bots.replay import replay
from samples.bots.replay_jitter import replay_with_jitter
from samples.bots.script import Mover, borrowed_manners, draw_manners, play
from samples.bots.timers import borrowed_clock, draw_timer

MOVERS: dict[str, Callable[[np.random.Generator], Mover]] = {
    "linear": linear.mover,
    "bezier": bezier.mover,
    "minimum-jerk": minimum_jerk.mover,
    "sigma-lognormal": sigma_lognormal.mover,
    "ghost-cursor": ghost_cursor.mover,
}
REPLAYS = {"replay": replay, "replay-with-jitter": replay_with_jitter}
GENERATORS = (*MOVERS, *REPLAYS)
# ghost-cursor stays unseen; the movement of a replay is a person's.
TRAINED = ("linear", "bezier", "minimum-jerk", "sigma-lognormal")


def bot(
    generator: str, *, seed: int, seconds: float = 60.0, recordings: Sequence[Points] = (), as_person: bool = False
) -> Points:
    """A session of a bot: ordered points with times from 0. Equal arguments give equal points.

    recordings: people's, which replays play, and of whom one lends the others the clock of
    the events, the clicks and the pauses where ``as_person`` is set.
    """
    rng = np.random.default_rng([6, GENERATORS.index(generator), seed])
    if generator in REPLAYS:
        return REPLAYS[generator](recordings, seconds=seconds, rng=rng)
    mover, timer, manners = MOVERS[generator](rng), draw_timer(rng), draw_manners(rng)
    if as_person:
        lender = recordings[int(rng.integers(len(recordings)))]
        timer, manners = borrowed_clock(lender), borrowed_manners(lender, noise=manners)
    return play(mover, timer, manners, seconds=seconds, rng=rng).ordered()
