"""Pieces lie in their session, have the length asked for, and follow from the seed."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mousematch.windows import MIN_POINTS, WindowSpec, active_us
from study.people import Study, trained_on
from study.pieces import SHORTEST_SHARE, drawn, piece
from study.rows import Row


def _first_x(points, windows):
    return np.array([[points.x[window][0], window.stop - window.start] for window in windows])


@given(
    steps=st.lists(st.integers(0, 600_000), min_size=MIN_POINTS - 1, max_size=60),
    length=st.sampled_from(("session", "16p", "128p", "0.5s", "2s", "16p,0.5s")),
    seed=st.integers(0, 1000),
)
def test_a_piece_lies_in_its_session_and_is_no_longer_than_asked_for(steps, length, seed):
    elapsed = np.concatenate(([0], np.cumsum(np.minimum(steps, 500_000))))
    spec = WindowSpec.parse(length)

    window = piece(elapsed, spec, np.random.default_rng(seed))

    assert 0 <= window.start < window.stop <= len(elapsed)
    points = window.stop - window.start
    assert points >= MIN_POINTS
    if spec.points is not None:
        assert points <= spec.points
    if spec.active_s is not None and points > MIN_POINTS:
        assert elapsed[window.stop - 1] - elapsed[window.start] <= spec.active_s * 1e6
    if spec == WindowSpec(points=16):
        assert points == min(16, len(elapsed))
    if spec == WindowSpec():
        assert points >= min(len(elapsed), round(len(elapsed) * SHORTEST_SHARE))


def test_pieces_follow_from_the_seed_and_every_person_has_some(recordings):
    people = trained_on(Row("row", ""), Study.of(recordings), None)
    lengths = [WindowSpec(points=32), WindowSpec(points=64)]

    first, again, other = (drawn(people, lengths, _first_x, count=60, seed=seed) for seed in (1, 1, 2))

    np.testing.assert_array_equal(first.inputs, again.inputs)
    assert (first.inputs != other.inputs).any()
    assert set(first.people) == {0, 1, 2}
    assert set(first.inputs[:, 1]) == {32, 64}


def test_every_piece_is_of_the_person_it_is_said_to_be(recordings):
    people = trained_on(Row("row", ""), Study.of(recordings), None)
    totals = {float(points.x.sum()): number for number, person in enumerate(people) for points in person.sessions}

    pieces = drawn(
        people,
        [WindowSpec(points=16)],
        lambda points, windows: np.full((len(windows), 1), float(points.x.sum())),
        count=40,
        seed=3,
    )

    assert [totals[float(total)] for total in pieces.inputs[:, 0]] == list(pieces.people)


def test_active_time_is_what_a_piece_in_seconds_is_measured_in(recordings):
    points = recordings[0].points
    elapsed = active_us(points)

    window = piece(elapsed, WindowSpec(active_s=3.0), np.random.default_rng(4))

    assert 2.0e6 < elapsed[window.stop - 1] - elapsed[window.start] <= 3.0e6
