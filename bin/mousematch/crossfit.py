"""Scores of training people by a model that has not seen them: what calibration and thresholds are fitted on.

The training people are dealt into folds. For each fold, the discriminant is fitted, a network is trained and a cohort is
made without its people, and these then enroll and are scored. So everybody trains the shipped model, and everybody is
held out once for its back-end (cross-fitting, as in stacked generalisation, Wolpert 1992).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mousematch import accuracy, calibration, discriminant
from mousematch.accuracy import Embed
from mousematch.datasets import Recording
from mousematch.discriminant import Discriminant
from mousematch.encoding import Encoding
from mousematch.virtual import NEUTRAL, real_person
from mousematch.windows import MIN_POINTS

FOLDS = 3
# Pieces that the discriminant is fitted on are of these lengths, in points, so that it reads pictures of two seconds and
# of a whole minute alike; at most so many of each length from a recording, from all over it.
PIECE_POINTS = (128, 256, 640, 2000)
MOST_PIECES = 16
# How much one person of each source counts; whoever is generated counts little.
WEIGHTS = {
    "sapimouse": 1.0,
    "balabit": 2.0,
    "synthetic": 0.25,
    "sapimouse" + NEUTRAL: 0.5,
    "balabit" + NEUTRAL: 2.0,
}


@dataclass(frozen=True)
class Material:
    """Images of people's pieces. images: uint8 (n, size, size, 3); people, sources: of each image."""

    images: NDArray[np.uint8]
    people: NDArray[np.str_]
    sources: NDArray[np.str_]

    def discriminant(self, without: Sequence[str] = ()) -> Discriminant:
        """The discriminant of everybody but these people, and whoever is made of their recordings."""
        kept = ~np.isin([real_person(name) for name in self.people.tolist()], list(without))
        return discriminant.fit(self.images[kept], self.people[kept], self.sources[kept], weights=WEIGHTS)


def material_of(sources: Mapping[str, Sequence[Recording]], encoding: Encoding) -> Material:
    """Pieces of all recordings."""
    images: list[NDArray[np.uint8]] = []
    people: list[str] = []
    origins: list[str] = []
    for name, recordings in sources.items():
        for recording in recordings:
            drawn = list(encoding.images(recording.points, pieces(len(recording.points))))
            images += drawn
            people += [recording.person] * len(drawn)
            origins += [name] * len(drawn)
    return Material(np.stack(images), np.array(people), np.array(origins))


def pieces(points: int) -> list[slice]:
    """Evenly spread pieces of a recording of so many points: of each length as many as fit, at most MOST_PIECES."""
    found = []
    for length in PIECE_POINTS:
        count = min(MOST_PIECES, points // length)
        starts = np.linspace(0, max(0, points - length), count).astype(np.int64)
        found += [slice(start, start + length) for start in starts.tolist()]
    return found or ([slice(0, points)] if points >= MIN_POINTS else [])


def folds(people: Sequence[str], count: int = FOLDS) -> list[list[str]]:
    """People dealt into folds, in order."""
    names = sorted(set(people), key=lambda name: (len(name), name))
    return [names[number::count] for number in range(count)]


def wide_and_deep(wide: Discriminant, deep: Embed | None, deep_weight: float) -> Embed:
    """What model.build_model computes of both parts, from parts that are apart; ``deep`` None leaves it out."""

    def embed(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        embeddings = wide.project(images)
        if deep is not None:
            embeddings = np.concatenate((embeddings, np.float32(deep_weight) * deep(images)), axis=1)
        return embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)

    return embed


def held_out_trials(
    source: str,
    sources: Mapping[str, Sequence[Recording]],
    encoding: Encoding,
    material: Material,
    embed_of: Callable[[int, Discriminant], Embed],
) -> list[calibration.Trial]:
    """Every test recording of a source against all templates of its fold, by parts that have seen none of the fold.

    embed_of: (fold, discriminant without the fold) → images to embeddings.
    """
    trials: list[calibration.Trial] = []
    for number, held_out in enumerate(folds([recording.person for recording in sources[source]])):
        embed = embed_of(number, material.discriminant(without=held_out))
        background = [
            recording
            for recordings in sources.values()
            for recording in recordings
            if real_person(recording.person) not in held_out
        ]
        cohort = accuracy.cohort_of(background, encoding, embed)
        probes = [recording for recording in sources[source] if recording.person in held_out]
        trials += accuracy.trials(probes, encoding, embed, cohort)
    return trials
