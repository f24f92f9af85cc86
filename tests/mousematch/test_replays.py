"""Path hashes: replays share them with their original, other movement does not."""

from __future__ import annotations

import numpy as np
import pytest

from mousematch.replays import MAX_HASHES, path_hashes, path_hashes_of
from mousematch.telemetry import Points
from samples.bots.replay_jitter import Disguise, disguised
from samples.people import people, person
from samples.sessions import session

ORIGINAL = session(person(5), seconds=90, seed=1)


def shared(points: Points) -> int:
    return len(set(path_hashes(points)) & set(path_hashes(ORIGINAL)))


def test_hashes_are_twelve_hexadecimal_digits_each_once():
    hashes = path_hashes(ORIGINAL)

    assert 5 <= len(hashes) <= MAX_HASHES
    assert len(set(hashes)) == len(hashes)
    assert all(len(text) == 12 and int(text, 16) >= 0 for text in hashes)


def test_start_and_place_do_not_matter_at_all():
    moved = Points(
        ORIGINAL.time_us + 86_400_000_000, ORIGINAL.x + 300, ORIGINAL.y - 50, ORIGINAL.kind, ORIGINAL.button
    )

    assert path_hashes(moved) == path_hashes(ORIGINAL)


@pytest.mark.parametrize(
    "disguise",
    [
        Disguise(place_px=1.0, shift_px=150.0),
        Disguise(place_px=2.0, time_ms=3.0),
        Disguise(size=1.1),
        Disguise(size=0.9),
        Disguise(speed=1.15),
        Disguise(speed=0.85),
        Disguise(place_px=1.0, time_ms=2.0, size=1.08, speed=1.12, shift_px=150.0),
    ],
    ids=str,
)
def test_a_disguised_replay_shares_at_least_two(disguise):
    assert shared(disguised(ORIGINAL, disguise, np.random.default_rng(3))) >= 2


def test_a_piece_of_a_recording_shares_hashes_with_the_whole():
    middle = ORIGINAL[len(ORIGINAL) // 3 : 2 * len(ORIGINAL) // 3]

    assert shared(middle) >= 2


def test_half_the_events_are_enough():
    moves = np.flatnonzero(ORIGINAL.kind == 0)
    keep = np.ones(len(ORIGINAL), bool)
    keep[moves[::2]] = False

    assert shared(ORIGINAL[keep]) >= 2


def test_different_people_share_none_that_count():
    sessions = [path_hashes(session(who, seconds=90, seed=1)) for who in people(12)]

    pairs = [len(set(a) & set(b)) for number, a in enumerate(sessions) for b in sessions[:number]]

    assert max(pairs) < 2


def test_the_same_task_done_twice_by_one_person_is_no_replay():
    assert shared(session(person(5), seconds=90, seed=2)) < 2


@pytest.mark.parametrize("count", [0, 1, 5, 30])
def test_short_sessions_have_none(count):
    assert path_hashes(ORIGINAL[:count]) == []


def test_a_pointer_that_stands_still_has_none():
    still = Points(
        ORIGINAL.time_us, np.full(len(ORIGINAL), 5, np.float32), ORIGINAL.y * 0, ORIGINAL.kind, ORIGINAL.button
    )

    assert path_hashes(still) == []


@pytest.mark.parametrize("seed", range(4))
def test_sessions_hashed_together_have_the_hashes_that_they_have_alone(seed):
    random = np.random.default_rng(seed)
    whole = [ORIGINAL, *(session(one, seconds=40, seed=seed) for one in people(3))]
    pieces = [one[: int(random.integers(0, len(one)))] for one in whole]
    sessions = [Points.empty(), *whole, *pieces, Points.empty()]

    assert path_hashes_of(sessions) == [path_hashes(points) for points in sessions]
    assert path_hashes_of(sessions[:1]) == [[]]
    assert path_hashes_of([]) == []


def test_sessions_without_pieces_are_not_computed_with_what_memory_held(monkeypatch):
    short = ORIGINAL[:10]
    empty_like = np.empty_like
    monkeypatch.setattr(np, "empty_like", lambda values: np.full_like(empty_like(values), 1e308))

    with np.errstate(all="raise"):
        assert path_hashes_of([short, ORIGINAL]) == [[], path_hashes(ORIGINAL)]
