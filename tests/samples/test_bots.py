"""The bots: sessions as a page hears of them, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from mousematch.telemetry import DOWN, UP, Points
from samples.bots import GENERATORS, MOVERS, bot, ghost_cursor
from samples.bots.replay_jitter import Disguise, disguised
from samples.people import person
from samples.sessions import session

RECORDINGS = [session(person(number), seconds=60, seed=1) for number in (3, 4)]
needs_ghost_cursor = pytest.mark.skipif(bool(ghost_cursor.missing()), reason=ghost_cursor.missing() or "-")
EVERY = [pytest.param(name, marks=needs_ghost_cursor if name == "ghost-cursor" else ()) for name in GENERATORS]


def same(first: Points, second: Points) -> bool:
    return all(
        np.array_equal(getattr(first, part), getattr(second, part)) for part in ("time_us", "x", "y", "kind", "button")
    )


@pytest.mark.parametrize("as_person", [False, True], ids=["own clock", "a person's clock"])
@pytest.mark.parametrize("generator", EVERY)
def test_a_session_is_a_function_of_its_seed(generator, as_person):
    first, again, other = (
        bot(generator, seed=seed, seconds=20, recordings=RECORDINGS, as_person=as_person) for seed in (1, 1, 2)
    )

    assert same(first, again)
    assert not same(first, other)


@pytest.mark.parametrize("generator", EVERY)
def test_points_are_in_order_on_whole_pixels_and_milliseconds(generator):
    points = bot(generator, seed=3, seconds=20, recordings=RECORDINGS)

    assert len(points) > 30
    assert np.all(np.diff(points.time_us) >= 0) and points.time_us[0] >= 0
    assert 10e6 < points.time_us[-1] < 35e6
    assert np.all(points.time_us % 1000 == 0)
    assert np.array_equal(points.x, np.rint(points.x)) and np.array_equal(points.y, np.rint(points.y))


@pytest.mark.parametrize("generator", [name for name in MOVERS if name != "ghost-cursor"])
def test_bots_press_and_let_go(generator):
    kinds = np.concatenate([bot(generator, seed=seed, seconds=20).kind for seed in range(5)])

    assert np.count_nonzero(kinds == DOWN) == np.count_nonzero(kinds == UP) > 5


def test_a_borrowed_clock_has_the_persons_time_steps():
    own, borrowed = (
        bot("bezier", seed=5, seconds=60, recordings=RECORDINGS, as_person=as_person) for as_person in (False, True)
    )
    of_people = np.median([np.median(np.diff(points.time_us)) for points in RECORDINGS])

    assert abs(np.median(np.diff(borrowed.time_us)) - of_people) <= 2000
    assert not same(own, borrowed)


def test_a_replay_is_a_piece_of_a_recording():
    points = bot("replay", seed=1, seconds=20, recordings=RECORDINGS)

    found = []
    for recording in RECORDINGS:
        for first in np.flatnonzero(recording.x == points.x[0]):
            piece = recording[first : first + len(points)]
            found.append(np.array_equal(piece.x, points.x) and np.array_equal(piece.y, points.y))
    assert any(found)


def test_no_disguise_leaves_the_points_as_they_were():
    points = bot("replay", seed=1, seconds=20, recordings=RECORDINGS)
    whole = Points(points.time_us, np.rint(points.x), np.rint(points.y), points.kind, points.button).ordered()

    assert same(disguised(whole, Disguise(), np.random.default_rng(1)), whole)


@needs_ghost_cursor
def test_ghost_cursor_goes_from_start_to_target():
    box = {"x": 400, "y": 300, "width": 40, "height": 20}
    order = [{"from": {"x": 0, "y": 0}, "to": box, "options": {}}]

    (path,) = ghost_cursor.paths(order, seed=1)
    (again,) = ghost_cursor.paths(order, seed=1)

    assert path[0] == 0 and path[-1] == 400 + 300j and len(path) > 5
    assert np.array_equal(path, again)
