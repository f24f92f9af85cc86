"""How well path hashes find replays: sessions of different people that share some, and replays that share enough."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations

import numpy as np

from mousematch.replays import path_hashes
from mousematch.telemetry import Points
from samples.bots.replay import replay
from samples.bots.replay_jitter import Disguise, disguised

# What default/macros.conf asks for: one shared hash is chance now and then.
ENOUGH = 2
SECONDS = 60.0
DISGUISES = (
    ("as it was", Disguise()),
    ("shifted, noise of 1 px", Disguise(place_px=1.0, shift_px=150.0)),
    ("noise of 2 px and 3 ms", Disguise(place_px=2.0, time_ms=3.0)),
    ("noise of 4 px and 5 ms", Disguise(place_px=4.0, time_ms=5.0)),
    ("10 % larger", Disguise(size=1.1)),
    ("15 % slower", Disguise(speed=0.85)),
    ("8 % larger, 12 % faster, shifted, noise of 1 px and 2 ms", Disguise(1.0, 2.0, 1.08, 1.12, 150.0)),
    ("10 % smaller, 15 % slower, shifted, noise of 2 px and 3 ms", Disguise(2.0, 3.0, 0.9, 0.85, 150.0)),
)


def report(people: list[tuple[Points, str, str]]) -> str:
    """The tables of docs/bots.md from recordings with data set and person."""
    hashes = [path_hashes(points) for points, _, _ in people]
    return f"{_collisions(people, hashes)}\n\n{_recall(people, hashes)}\n"


def _collisions(people: list[tuple[Points, str, str]], hashes: list[list[str]]) -> str:
    owners: defaultdict[str, list[int]] = defaultdict(list)
    for number, found in enumerate(hashes):
        for value in found:
            owners[value].append(number)
    shared = Counter(pair for numbers in owners.values() for pair in combinations(numbers, 2))
    pairs = len(people) * (len(people) - 1) // 2
    once, enough = len(shared), sum(count >= ENOUGH for count in shared.values())
    per_session = np.array([len(found) for found in hashes])
    return (
        f"{len(people)} sessions, {pairs:,} pairs of sessions, {per_session.sum():,} hashes "
        f"(median {np.median(per_session):.0f} a session): {once} pairs share a hash, {enough} share {ENOUGH} or more."
    )


def _recall(people: list[tuple[Points, str, str]], hashes: list[list[str]]) -> str:
    text = [
        f"| {SECONDS:.0f} s of a recording, replayed | SapiMouse | Balabit | … too short | hashes shared |",
        "|---|---|---|---|---|",
    ]
    for name, disguise in DISGUISES:
        rng = np.random.default_rng(11)
        found: defaultdict[str, list[bool]] = defaultdict(list)
        short: list[bool] = []
        shared = total = 0
        for (points, data_set, _), original in zip(people, hashes):
            copy = path_hashes(disguised(replay([points], seconds=SECONDS, rng=rng), disguise, rng))
            same = len(set(copy) & set(original))
            found[data_set].append(same >= ENOUGH)
            if data_set == "Balabit":
                short.append(len(copy) < ENOUGH)
            shared, total = shared + same, total + len(copy)
        rates = [f"{100 * np.mean(found[data_set]):.1f} %" for data_set in ("SapiMouse", "Balabit")]
        rates.append(f"{100 * np.mean(short):.1f} %")
        text.append(f"| {name} | {' | '.join(rates)} | {100 * shared / max(1, total):.0f} % |")
    return "\n".join(text)
