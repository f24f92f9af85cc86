"""Which sessions train and which measure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousematch import splits
from mousematch.errors import TrainingError


def numbered(counts):
    """Session numbers by name, for so many sessions each."""
    sessions, first = {}, 0
    for name, count in counts.items():
        sessions[name] = list(range(first, first + count))
        first += count
    return sessions


@given(st.lists(st.integers(2, 40), min_size=2, max_size=6), st.integers(0, 10))
def test_no_session_of_a_class_is_in_both_parts_and_every_class_is_in_each(counts, seed):
    sessions = numbered({f"c{number}": count for number, count in enumerate(counts)})

    parts = splits.by_session(sessions, seed=seed)

    assert not set(parts.training) & set(parts.test)
    assert sorted(parts.training + parts.test) == sorted(number for numbers in sessions.values() for number in numbers)
    for numbers in sessions.values():
        assert set(numbers) & set(parts.training) and set(numbers) & set(parts.test)


@given(st.lists(st.integers(1, 5), min_size=8, max_size=60), st.integers(0, 10))
def test_no_person_is_in_two_parts_and_held_out_people_have_two_sessions(counts, seed):
    sessions = numbered({f"p{number:02}": count for number, count in enumerate(counts)})
    if sum(count >= 2 for count in counts) < 4:
        with pytest.raises(TrainingError, match="have two sessions"):
            splits.by_person(sessions, seed=seed)
        return

    parts = splits.by_person(sessions, seed=seed)

    assert sorted(parts.training + parts.calibration + parts.test) == sorted(sessions)
    assert len(parts.training) >= splits.LEAST_TRAINING
    for part in (parts.calibration, parts.test):
        assert len(part) >= splits.LEAST_HELD_OUT
        assert all(len(sessions[name]) >= 2 for name in part)


def test_a_label_with_one_session_is_named():
    with pytest.raises(TrainingError, match=r'1 of 3 labels have one session \("bob"\); each class needs two'):
        splits.by_session(numbered({"alice": 3, "bob": 1, "carol": 2}), seed=1)


def test_one_class_is_no_classifier():
    with pytest.raises(TrainingError, match="at least two classes; there is 1"):
        splits.by_session(numbered({"alice": 3}), seed=1)


@pytest.mark.parametrize("people", [1, 7])
def test_too_few_people_are_told_the_minimum(people):
    with pytest.raises(TrainingError, match=f"There are {people} people; a model needs at least 8"):
        splits.by_person(numbered({f"p{number}": 3 for number in range(people)}), seed=1)
