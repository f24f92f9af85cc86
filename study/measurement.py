"""AUC and EER on the people held out: enrolled with their 3-minute session, tested with their 1-minute one.

Everybody is an impostor of everybody else. The score is the cohort-normalised cosine to the template, the mean over
the pictures of the evidence; the cohort is the people of the training.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mousematch.datasets import Recording
from mousematch.intervals import People, WeightedRates, bootstrap
from mousematch.matching import mean_direction, normalised_similarity
from mousematch.windows import WindowSpec, cut
from study.pieces import Draw

# What a decision is made on. Pictures of a longer window than the evidence show all of the evidence.
EVIDENCE = {"128 events": WindowSpec(points=128), "640 events": WindowSpec(points=640), "session": WindowSpec()}
# A mean direction needs no more pictures of anybody.
COHORT_PICTURES = 40
DRAWS = 1000

# (n, ...) as Draw gives → float32 (n, d), unit length
Embed = Callable[[NDArray], NDArray[np.float32]]


@dataclass(frozen=True)
class Figures:
    """Error rates with their 95 % intervals by person, 0-1. genuine, impostor: how many trials."""

    genuine: int
    impostor: int
    auc: float
    auc_low: float
    auc_high: float
    eer: float
    eer_low: float
    eer_high: float


def cohort_of(recordings: Sequence[Recording], draw: Draw, embed: Embed, window: WindowSpec) -> NDArray[np.float32]:
    """One embedding a person: float32 (people, d), unit length."""
    windows = [cut(recording.points, window) for recording in recordings]
    counts: Counter[str] = Counter()
    for recording, found in zip(recordings, windows):
        counts[recording.person] += len(found)
    pictures: dict[str, list[NDArray]] = {}
    for recording, found in zip(recordings, windows):
        chosen = found[:: max(1, counts[recording.person] // COHORT_PICTURES)]
        pictures.setdefault(recording.person, []).append(draw(recording.points, chosen))
    parts = [np.concatenate(drawn) for drawn in pictures.values()]
    return np.stack([mean_direction(part) for part in _embedded(parts, embed)])


def measure(
    recordings: Sequence[Recording], draw: Draw, embed: Embed, cohort: NDArray[np.float32], window: WindowSpec
) -> dict[str, Figures]:
    """Figures by the evidence of a decision."""
    enrolled: dict[str, list[NDArray]] = {}
    for recording in recordings:
        if recording.purpose == "enroll":
            enrolled.setdefault(recording.person, []).append(draw(recording.points, cut(recording.points, window)))
    people = sorted(enrolled)
    templates = [
        mean_direction(part) for part in _embedded([np.concatenate(enrolled[person]) for person in people], embed)
    ]
    probes = [recording for recording in recordings if recording.purpose == "test" and recording.person in enrolled]
    return {
        name: _figures(*_trials(probes, people, templates, draw, embed, cohort, evidence, window))
        for name, evidence in EVIDENCE.items()
    }


def _trials(
    probes: Sequence[Recording],
    people: Sequence[str],
    templates: Sequence[NDArray[np.float32]],
    draw: Draw,
    embed: Embed,
    cohort: NDArray[np.float32],
    evidence: WindowSpec,
    window: WindowSpec,
) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp]]:
    """Every piece of evidence against everybody: scores, claimed, actual, each (trials,)."""
    actual: list[int] = []
    pictures: list[NDArray] = []
    for probe in probes:
        for piece in cut(probe.points, evidence):
            windows = [
                slice(piece.start + part.start, piece.start + part.stop) for part in cut(probe.points[piece], window)
            ]
            pictures.append(draw(probe.points, windows))
            actual.append(people.index(probe.person))
    embedded = _embedded(pictures, embed)
    stacked = np.concatenate(embedded)
    counts = np.array([len(part) for part in embedded])
    begins = np.concatenate(([0], np.cumsum(counts)[:-1]))
    scores = [
        np.add.reduceat(normalised_similarity(stacked, template, cohort).astype(np.float64), begins) / counts
        for template in templates
    ]
    claimed = np.repeat(np.arange(len(people)), len(actual))
    return np.concatenate(scores), claimed, np.tile(np.array(actual, np.intp), len(people))


def _figures(scores: NDArray[np.float64], claimed: NDArray[np.intp], actual: NDArray[np.intp]) -> Figures:
    genuine = claimed == actual
    rates = WeightedRates(scores, genuine)
    auc, eer = rates(np.ones(len(scores)))
    low, high = bootstrap(lambda weights: np.array(rates(weights)), People(claimed, actual), draws=DRAWS)
    return Figures(
        genuine=int(genuine.sum()),
        impostor=int((~genuine).sum()),
        auc=auc,
        auc_low=float(low[0]),
        auc_high=float(high[0]),
        eer=eer,
        eer_low=float(low[1]),
        eer_high=float(high[1]),
    )


def _embedded(parts: Sequence[NDArray], embed: Embed) -> list[NDArray[np.float32]]:
    """Embeddings of each part; all are embedded at once, in full batches."""
    embeddings = embed(np.concatenate(parts))
    return np.split(embeddings, np.cumsum([len(part) for part in parts])[:-1])
