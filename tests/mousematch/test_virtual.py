"""Virtual people: somebody else, and always the same somebody."""

from __future__ import annotations

import numpy as np
import pytest

from mousematch.datasets import Recording
from mousematch.telemetry import Points
from mousematch.virtual import neutral_copies, real_person, virtual_people, with_neutral_people


def recording(person: str, day: int) -> Recording:
    random = np.random.default_rng(day)
    count = 400
    nothing = np.zeros(count, np.uint8)
    x, y = (np.cumsum(random.integers(-9, 10, count)).astype(np.float32) + 500 for _ in range(2))
    return Recording(
        person, f"{person}/{day}", "enroll", Points(np.arange(count, dtype=np.int64) * 17_000, x, y, nothing, nothing)
    )


def pace_and_size(points: Points, of: Points) -> tuple[float, float]:
    length = [np.abs(np.diff(p.x)).sum() + np.abs(np.diff(p.y)).sum() for p in (points, of)]
    return float(np.ptp(points.time_us) / np.ptp(of.time_us)), float(length[0] / length[1])


def test_all_recordings_of_a_virtual_person_are_changed_alike() -> None:
    days = [recording("user1", 1), recording("user1", 2)]

    found = virtual_people(days, 3, seed=1)

    assert [item.person for item in found[:3]] == ["user1~1", "user1~2", "user1~3"]
    first = [item for item in found if item.person == "user1~1"]
    changes = [pace_and_size(item.points, day.points) for item, day in zip(first, days)]
    assert changes[0][0] == pytest.approx(changes[1][0], rel=0.01)
    assert changes[0][1] == pytest.approx(changes[1][1], rel=0.1)


def test_virtual_people_differ_from_each_other() -> None:
    found = virtual_people([recording("user1", 1)], 6, seed=1)

    assert len({round(pace_and_size(item.points, found[0].points)[0], 2) for item in found}) == 6


def test_times_and_places_stay_whole() -> None:
    (found,) = virtual_people([recording("user1", 1)], 1, seed=2)

    assert (found.points.time_us % 1000 == 0).all() and (found.points.x % 1 == 0).all()
    assert (np.diff(found.points.time_us) > 0).all()


def test_neutral_copies_have_no_frame_or_no_timer() -> None:
    points = recording("user1", 1).points

    framed, clocked, both = neutral_copies(points)

    assert framed.x[0] != points.x[0] and len(framed) == len(points)
    assert len(clocked) != len(points) and len(both) == len(clocked)


def test_neutral_people_are_a_source_of_their_own_made_of_the_real_ones() -> None:
    found = with_neutral_people({"sapimouse": [recording("user1", 1)], "other": [recording("user2", 2)]})

    assert list(found) == ["sapimouse", "other", "sapimouse neutral"]
    (neutral,) = found["sapimouse neutral"]
    assert neutral.person == "user1 neutral" and real_person(neutral.person) == "user1" == real_person("user1~2")
    assert (np.diff(neutral.points.time_us) % 25_000 == 0).all()
