"""The tasks of 2017 on embeddings whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.accuracy import classification
from benchmarks.accuracy.classification import CLASSIFIER, TEMPLATES, Pool, even_shares
from benchmarks.accuracy.deciders import best_threshold, classifier
from mousematch.matching import Backend

D = 16
BACKEND = Backend(np.eye(D, dtype=np.float32), 1.0, 0.0, 0.2)


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def pool(*, train=300, test=150, people=10, noise=0.3, own=True, impostors=0):
    """Everybody's images lie around an axis of their own; without ``own``, all around nothing."""
    random = np.random.default_rng(1)

    def images(axis, number):
        centre = np.eye(D)[axis] if own else np.zeros(D)
        return unit(centre + noise * random.normal(size=(number, D)))

    names = [f"user{number}" for number in range(people)]
    strangers = {
        name: images(people + number % (D - people), impostors) for number, name in enumerate(names) if impostors
    }
    return Pool(
        {name: images(number, train) for number, name in enumerate(names)},
        {name: images(number, test) for number, name in enumerate(names)},
        strangers,
    )


@pytest.mark.parametrize("measure", [classification.groups, classification.owner])
def test_people_who_differ_are_told_apart_by_both_ways(measure):
    tasks = measure(pool(noise=0.05), BACKEND, draws=3)

    assert [task.method for task in tasks] == [TEMPLATES, CLASSIFIER]
    assert all(task.accuracy > 0.98 for task in tasks)


@pytest.mark.parametrize("measure", [classification.groups, classification.owner])
def test_people_who_do_not_differ_are_told_apart_as_by_a_coin(measure):
    tasks = measure(pool(own=False, noise=1.0), BACKEND, draws=10)

    assert all(0.44 < task.accuracy < 0.56 for task in tasks)


def test_the_sizes_are_the_original_ones_where_there_are_enough_images():
    (groups, _), (owner, _) = (
        measure(pool(), BACKEND, draws=2) for measure in (classification.groups, classification.owner)
    )

    assert (groups.train, groups.test) == (2000, 800)
    assert (owner.train, owner.test) == (360, 180)


def test_with_fewer_images_both_sets_shrink_alike():
    (task, _) = classification.owner(pool(train=90, test=90), BACKEND, draws=2)

    assert (task.train, task.test) == (180, 90)


def test_impostors_of_the_test_are_people_of_whom_training_has_seen_nothing(monkeypatch: pytest.MonkeyPatch):
    marked = pool(noise=0.0)
    seen = []
    original = classification._owner_sets

    def spy(given, backend, random, person, training, impostors):
        seen.append((person, set(training), set(impostors)))
        return original(given, backend, random, person, training, impostors)

    monkeypatch.setattr(classification, "_owner_sets", spy)
    classification.owner(marked, BACKEND, draws=20)

    assert len(seen) == 20 and len({person for person, _, _ in seen}) > 3
    assert all(person not in training | unseen and not training & unseen for person, training, unseen in seen)
    assert all(training and unseen for _, training, unseen in seen)


def test_strangers_on_the_account_are_impostors_where_a_data_set_has_them():
    tasks = classification.owner_against_strangers(pool(noise=0.05, impostors=120), BACKEND, draws=3)

    assert tasks and all(task.accuracy > 0.9 for task in tasks)
    assert classification.owner_against_strangers(pool(), BACKEND, draws=3) == []


def test_too_few_people_or_images_are_no_task():
    assert classification.groups(pool(people=1), BACKEND, draws=2) == []
    assert classification.owner(pool(people=2), BACKEND, draws=2) == []
    assert classification.owner(pool(train=9, test=4), BACKEND, draws=2) == []


def test_the_same_seed_gives_the_same_figures():
    assert classification.groups(pool(noise=0.6), BACKEND, draws=2) == classification.groups(
        pool(noise=0.6), BACKEND, draws=2
    )


def test_shares_are_even_and_nobody_gives_more_than_there_is():
    assert even_shares([10, 10, 10], 9) == [3, 3, 3]
    assert even_shares([1, 10, 10], 9) == [1, 4, 4]
    assert sum(even_shares([7, 9, 2], 11)) == 11
    assert even_shares([2, 3], 9) == [2, 3]


def test_the_threshold_lies_in_the_gap_between_both_kinds():
    assert 2.0 < best_threshold(np.array([3.0, 4.0, 5.0]), np.array([0.0, 1.0, 2.0])) < 3.0


def test_the_classifier_learns_the_direction_that_differs_among_others_that_do_not():
    random = np.random.default_rng(3)
    shift = np.eye(D)[0]
    own, others = (unit(random.normal(size=(400, D)) + sign * shift) for sign in (1, -1))

    decide = classifier(own[:200], others[:200])

    # One standard deviation from the border: 84 % of both are on their side of it.
    assert decide(own[200:]).mean() == pytest.approx(0.84, abs=0.07)
    assert 1 - decide(others[200:]).mean() == pytest.approx(0.84, abs=0.07)
