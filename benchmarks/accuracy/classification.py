"""The tasks of 2017 at their original sizes, image by image.

- groups: two groups of people, 2,000 images to train on and 800 to test with, of sessions that training has not seen.
- owner: one person against others who do the same thing, 360 images to train on and 180 to test with; the test images come
  from other sessions, and their impostors are people of whom training has not seen an image.

An image is one window. Both halves of every set are equally large, so that chance is 50 %. Where there are too few images
both sets shrink by the same factor, and the result says so. Two ways decide, neither retrains the network:

- templates: as the app enrolls and scores. A group is its members' templates, and the group of the best score wins; an
  owner's threshold is the best one on training images that the template was not made of.
- classifier: a logistic regression on the embeddings.

The embeddings come from the scorer, each image once: the draws share them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.deciders import Decider, Embeddings, best_threshold, classifier
from mousematch.matching import Backend, mean_direction, window_llrs

DRAWS = 20
# Of each class, to train on and to test with.
GROUPS, OWNER = (1000, 400), (180, 90)
TEMPLATES, CLASSIFIER = "templates", "classifier"
# A set that is smaller than this measures nothing.
_FEWEST = 10


@dataclass(frozen=True)
class Pool:
    """Embeddings of windows by person: float32 (n, d) each, of sessions for training and of other sessions for tests.

    impostors: windows of strangers who used a person's account, where a data set has such.
    """

    train: dict[str, Embeddings]
    test: dict[str, Embeddings]
    impostors: dict[str, Embeddings]

    @property
    def people(self) -> list[str]:
        """Everybody with images of both kinds."""
        return [person for person in self.train if person in self.test]


@dataclass(frozen=True)
class Task:
    """One measurement: accuracy over the draws. train, test: images of both classes together, the smallest draw's."""

    name: str
    method: str
    people: int
    draws: int
    train: int
    test: int
    accuracy: float
    spread: float
    lowest: float
    highest: float


@dataclass(frozen=True)
class Sets:
    """One draw. own, others: of the two classes, to train on; own_test, others_test: to test with."""

    own: Embeddings
    others: Embeddings
    own_test: Embeddings
    others_test: Embeddings
    deciders: dict[str, Decider]

    def accuracies(self) -> dict[str, float]:
        """Share of right decisions of each way, both classes counting the same."""
        return {
            method: float((decide(self.own_test).mean() + 1 - decide(self.others_test).mean()) / 2)
            for method, decide in self.deciders.items()
        }


def groups(pool: Pool, backend: Backend, *, draws: int = DRAWS, seed: int = 2017) -> list[Task]:
    """Group against group: people are split into two halves anew for each draw."""
    return _measured("group vs group", pool, backend, _draw_groups, draws, seed)


def owner(pool: Pool, backend: Backend, *, draws: int = DRAWS, seed: int = 2017) -> list[Task]:
    """One person against others: the owner, the impostors in training and those in the test are drawn anew each time."""
    return _measured("one user vs others", pool, backend, _draw_owner, draws, seed)


def owner_against_strangers(pool: Pool, backend: Backend, *, draws: int = DRAWS, seed: int = 2017) -> list[Task]:
    """The same with the strangers who used the owner's account as impostors of the test."""
    return _measured("one user vs strangers on the account", pool, backend, _draw_strangers, draws, seed)


def _measured(
    name: str,
    pool: Pool,
    backend: Backend,
    draw: Callable[[Pool, Backend, np.random.Generator], Sets | None],
    draws: int,
    seed: int,
) -> list[Task]:
    random = np.random.default_rng(seed)
    drawn = [sets for sets in (draw(pool, backend, random) for _ in range(draws)) if sets is not None]
    if not drawn:
        return []
    accuracies = [sets.accuracies() for sets in drawn]
    tasks = []
    for method in (TEMPLATES, CLASSIFIER):
        values = np.array([each[method] for each in accuracies])
        tasks.append(
            Task(
                name=name,
                method=method,
                people=len(pool.people),
                draws=len(drawn),
                train=min(len(sets.own) + len(sets.others) for sets in drawn),
                test=min(len(sets.own_test) + len(sets.others_test) for sets in drawn),
                accuracy=float(values.mean()),
                spread=float(values.std(ddof=1)) if len(values) > 1 else 0.0,
                lowest=float(values.min()),
                highest=float(values.max()),
            )
        )
    return tasks


def _draw_groups(pool: Pool, backend: Backend, random: np.random.Generator) -> Sets | None:
    people = list(random.permutation(pool.people))
    half = len(people) // 2
    if half < 1:
        return None
    one, other = people[:half], people[half : 2 * half]
    sides = (one, other)
    sizes = _sizes(GROUPS, [_count(pool.train, side) for side in sides], [_count(pool.test, side) for side in sides])
    if sizes is None:
        return None
    own, own_by = _some(pool.train, one, sizes[0], random)
    others, others_by = _some(pool.train, other, sizes[0], random)
    own_test, _ = _some(pool.test, one, sizes[1], random)
    others_test, _ = _some(pool.test, other, sizes[1], random)

    def nearest(embeddings: Embeddings) -> NDArray[np.bool_]:
        best = [
            np.max([window_llrs(embeddings, template, backend) for template in _templates(images, by)], axis=0)
            for images, by in ((own, own_by), (others, others_by))
        ]
        return np.asarray(best[0] > best[1])

    return Sets(own, others, own_test, others_test, {TEMPLATES: nearest, CLASSIFIER: classifier(own, others)})


def _draw_owner(pool: Pool, backend: Backend, random: np.random.Generator) -> Sets | None:
    people = list(random.permutation(pool.people))
    if len(people) < 3:
        return None
    person = _owner(pool, pool.people, random)
    others = [other for other in people if other != person]
    seen, unseen = others[: len(others) // 2], others[len(others) // 2 :]
    return _owner_sets(pool, backend, random, person, seen, _by(pool.test, unseen))


def _draw_strangers(pool: Pool, backend: Backend, random: np.random.Generator) -> Sets | None:
    candidates = [person for person in pool.people if len(pool.impostors.get(person, ())) >= _FEWEST]
    if not candidates or len(pool.people) < 2:
        return None
    person = _owner(pool, candidates, random)
    seen = [other for other in pool.people if other != person]
    return _owner_sets(pool, backend, random, person, seen, {"strangers": pool.impostors[person]})


def _owner_sets(
    pool: Pool,
    backend: Backend,
    random: np.random.Generator,
    person: str,
    seen: Sequence[str],
    impostors: dict[str, Embeddings],
) -> Sets | None:
    sizes = _sizes(
        OWNER,
        [_count(pool.train, [person]), _count(pool.train, seen)],
        [_count(pool.test, [person]), _count(impostors, list(impostors))],
    )
    if sizes is None:
        return None
    own, _ = _some(pool.train, [person], sizes[0], random)
    others, _ = _some(pool.train, seen, sizes[0], random)
    own_test, _ = _some(pool.test, [person], sizes[1], random)
    others_test, _ = _some(impostors, list(impostors), sizes[1], random)
    half = len(own) // 2
    template = mean_direction(own[:half])
    threshold = best_threshold(window_llrs(own[half:], template, backend), window_llrs(others, template, backend))

    def above(embeddings: Embeddings) -> NDArray[np.bool_]:
        return np.asarray(window_llrs(embeddings, template, backend) >= threshold)

    return Sets(own, others, own_test, others_test, {TEMPLATES: above, CLASSIFIER: classifier(own, others)})


def _owner(pool: Pool, candidates: Sequence[str], random: np.random.Generator) -> str:
    """Anybody of whom there are images for a task of full size; where that is nobody, anybody."""
    rich = [
        person for person in candidates if len(pool.train[person]) >= OWNER[0] and len(pool.test[person]) >= OWNER[1]
    ]
    return str(random.choice(rich or list(candidates)))


def _templates(images: Embeddings, by: NDArray[np.intp]) -> list[Embeddings]:
    """One template for each person among the images."""
    return [mean_direction(images[by == person]) for person in np.unique(by)]


def _by(embeddings: dict[str, Embeddings], people: Sequence[str]) -> dict[str, Embeddings]:
    return {person: embeddings[person] for person in people}


def _count(embeddings: dict[str, Embeddings], people: Sequence[str]) -> int:
    """How many images these people have."""
    return sum(len(embeddings[person]) for person in people)


def even_shares(available: Sequence[int], number: int) -> list[int]:
    """Splits a number as evenly as it goes between people who have so many: who has too few gives all."""
    shares = [0] * len(available)
    while number > sum(shares):
        short = [person for person, has in enumerate(available) if shares[person] < has]
        if not short:
            break
        each, rest = divmod(number - sum(shares), len(short))
        for place, person in enumerate(short):
            shares[person] = min(available[person], shares[person] + each + (place < rest))
    return shares


def _sizes(wanted: tuple[int, int], train: Sequence[int], test: Sequence[int]) -> tuple[int, int] | None:
    """Images of each class to train on and to test with; None where there are too few to measure anything."""
    share = min(1.0, min(train) / wanted[0], min(test) / wanted[1])
    sizes = (int(share * wanted[0]), int(share * wanted[1]))
    return sizes if min(sizes) >= _FEWEST else None


def _some(
    embeddings: dict[str, Embeddings], people: Sequence[str], number: int, random: np.random.Generator
) -> tuple[Embeddings, NDArray[np.intp]]:
    """So many images in random order, as evenly of all these people as they have them, and whose they are."""
    each = even_shares([len(embeddings[person]) for person in people], number)
    chosen = [random.permutation(embeddings[person])[:count] for person, count in zip(people, each)]
    by = np.repeat(np.arange(len(people)), [len(part) for part in chosen])
    order = random.permutation(len(by))
    return np.concatenate(chosen)[order], by[order]
