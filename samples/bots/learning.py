"""The detector's training: kinematic vectors of people and of bots → boosted trees, calibrated on what they had not seen.

scikit-learn grows the trees; ``mousematch.bots`` evaluates them with numpy alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from mousematch.bots import Detector
from mousematch.kinematics import NAMES, REACH_MEASURES, from_texts, kinematics, to_text
from mousematch.telemetry import DRAG, MOVE, Points
from mousematch.windows import WindowSpec, cut
from samples.bots import TRAINED, bot
from samples.bots.timers import Timer

# Lengths that the detector learns and is measured at: active seconds of a person's piece, seconds of a bot's session.
SECONDS = (20.0, 60.0)
TREES, LEAVES, BINS = 150, 15, 255
FOLDS = 4
SINGLE_REACHES = tuple(f"{name}_" for name in REACH_MEASURES if name not in ("length", "duration"))
FRAMES_HZ = (30.0, 60.0, 75.0, 120.0, 144.0)


@dataclass(frozen=True)
class Sessions:
    """Vectors with their origin. vectors: float32 (n, measures). group: the data set or the generator; person: who."""

    vectors: NDArray[np.float32]
    group: NDArray[np.str_]
    person: NDArray[np.str_]

    def where(self, mask: NDArray[np.bool_]) -> Sessions:
        return Sessions(self.vectors[mask], self.group[mask], self.person[mask])

    def __len__(self) -> int:
        return len(self.vectors)


def of_reaches_alone(sessions: Sessions) -> Sessions:
    """The same sessions with all measures blank but how single reaches go: no clock, clicks, pauses, lengths, durations."""
    kept = [name.startswith(SINGLE_REACHES) for name in NAMES]
    return Sessions(np.where(kept, sessions.vectors, np.float32(0)), sessions.group, sessions.person)


def measured(rows: Iterable[tuple[Points, str, str]]) -> tuple[Sessions, int]:
    """The vectors of points with their group and person, as the field kinematics brings them; how many had none."""
    texts, groups, people, without = [], [], [], 0
    for points, group, person in rows:
        vector = kinematics(points)
        if vector is None:
            without += 1
            continue
        texts.append(to_text(vector))
        groups.append(group)
        people.append(person)
    return Sessions(from_texts(texts), np.array(groups), np.array(people)), without


def pieces(recordings: Iterable[tuple[Points, str, str]], *, seconds: float) -> Iterator[tuple[Points, str, str]]:
    """Recordings cut into pieces of so many active seconds."""
    for points, group, person in recordings:
        for window in cut(points, WindowSpec(active_s=seconds)):
            yield points[window], group, person


def on_other_clocks(rows: Iterable[tuple[Points, str, str]]) -> Iterator[tuple[Points, str, str]]:
    """The same movement as a browser with another frame rate would have reported it, so that a clock is no evidence."""
    for number, (points, group, person) in enumerate(rows):
        rng = np.random.default_rng([7, number])
        moves = (points.kind == MOVE) | (points.kind == DRAG)
        time_s = (points.time_us - points.time_us[0]) / 1e6
        timer = Timer("frames", late_ms=float(rng.uniform(0.1, 1.0)), frame_hz=float(rng.choice(FRAMES_HZ)))
        if np.count_nonzero(moves) < 2:
            continue
        at_s, place = timer.heard(time_s[moves], points.x[moves] + 1j * points.y[moves], rng)
        shown = np.clip(np.searchsorted(time_s[moves], at_s, side="right") - 1, 0, None)
        frames = points[np.flatnonzero(moves)[shown]]
        at_us = np.rint(at_s * 1000).astype(np.int64) * 1000 + points.time_us[0]
        moved = Points(at_us, place.real.astype(np.float32), place.imag.astype(np.float32), frames.kind, frames.button)
        yield Points.concatenate((moved, points[~moves])).ordered(), group, person


def bot_sessions(
    generators: Sequence[str],
    *,
    seeds: range,
    seconds: Sequence[float],
    recordings: Sequence[Points],
    as_person: bool | None,
) -> Iterator[tuple[Points, str, str]]:
    """Sessions of bots. as_person: with a person's clock and clicks, with their own, or (None) each in turn."""
    for generator in generators:
        for seed in seeds:
            disguised = bool((seed // len(seconds)) % 2) if as_person is None else as_person
            length = seconds[seed % len(seconds)]
            played = bot(generator, seed=seed, seconds=length, recordings=recordings, as_person=disguised)
            yield played, generator, f"{generator}-{seed}"


def balanced(people: Sessions, bots: Sessions) -> NDArray[np.float64]:
    """Weights: people as much as bots, each data set as much as the other, so each generator; in a data set each person."""
    weights = [_shares(people.group, people.person), _shares(bots.group, bots.person)]
    joined = np.concatenate(weights)
    return joined * (len(joined) / joined.sum())


def _shares(group: NDArray[np.str_], person: NDArray[np.str_]) -> NDArray[np.float64]:
    weights = np.zeros(len(group))
    for name in np.unique(group):
        inside = group == name
        _, number, count = np.unique(person[inside], return_inverse=True, return_counts=True)
        each = 1.0 / count[number]
        weights[inside] = each / each.sum()
    return weights / weights.sum()


def classifier() -> HistGradientBoostingClassifier:
    """The trees before they have seen anything; the same material gives the same trees."""
    return HistGradientBoostingClassifier(
        max_iter=TREES,
        max_leaf_nodes=LEAVES,
        max_bins=BINS,
        learning_rate=0.08,
        l2_regularization=5.0,
        min_samples_leaf=20,
        early_stopping=False,
        random_state=0,
    )


def grown(people: Sessions, bots: Sessions) -> Detector:
    """The trees that tell these apart, not calibrated: the margin itself is the logarithm of the odds."""
    truth = np.concatenate((np.zeros(len(people)), np.ones(len(bots))))
    vectors = np.concatenate((people.vectors, bots.vectors))
    return as_arrays(classifier().fit(vectors, truth, sample_weight=balanced(people, bots)))


def as_arrays(model: HistGradientBoostingClassifier) -> Detector:
    """scikit-learn's trees as arrays. The baseline goes into the first tree's leaves."""
    trees = [stage[0].nodes for stage in model._predictors]
    size = max(len(nodes) for nodes in trees)
    shape = (len(trees), size)
    feature, left, right = (np.zeros(shape, np.int16) for _ in range(3))
    threshold, value = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    missing_left = np.zeros(shape, bool)
    depth = 0
    for number, nodes in enumerate(trees):
        n = len(nodes)
        leaf = nodes["is_leaf"].astype(bool)
        own = np.arange(n)
        feature[number, :n] = np.where(leaf, 0, nodes["feature_idx"])
        threshold[number, :n] = np.where(leaf, 0, nodes["num_threshold"])
        missing_left[number, :n] = nodes["missing_go_to_left"].astype(bool)
        left[number, :n] = np.where(leaf, own, nodes["left"])
        right[number, :n] = np.where(leaf, own, nodes["right"])
        value[number, :n] = np.where(leaf, nodes["value"], 0)
        depth = max(depth, int(nodes["depth"].max()))
    value[0] += np.float32(np.ravel(model._baseline_prediction)[0])
    return Detector(feature, threshold, missing_left, left, right, value, depth=depth, scale=1.0, offset=0.0)


def unseen_margins(people: Sessions, bots: Sessions) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Margins of people by trees that knew other people, and of bots by trees that knew other generators.

    One detector a generator that is left out, each also without one of FOLDS parts of the people.
    """
    assert len(TRAINED) == FOLDS
    persons = np.unique(np.char.add(np.char.add(people.group, "/"), people.person))
    fold = np.random.default_rng(8).permutation(len(persons)) % FOLDS
    number = fold[np.searchsorted(persons, np.char.add(np.char.add(people.group, "/"), people.person))]
    of_people, of_bots = np.zeros(len(people)), np.zeros(len(bots))
    for part, generator in enumerate(TRAINED):
        detector = grown(people.where(number != part), bots.where(bots.group != generator))
        of_people[number == part] = detector.margins(people.vectors[number == part])
        of_bots[bots.group == generator] = detector.margins(bots.vectors[bots.group == generator])
    return of_people, of_bots


def calibration(
    people: Sessions, bots: Sessions, of_people: NDArray[np.float64], of_bots: NDArray[np.float64]
) -> tuple[float, float]:
    """Scale and offset from unseen margins to the logarithm of the odds, with as many bots as people (Platt scaling)."""
    model = LogisticRegression(C=1.0)
    truth = np.concatenate((np.zeros(len(people)), np.ones(len(bots))))
    margins = np.concatenate((of_people, of_bots))[:, None]
    model.fit(margins, truth, sample_weight=balanced(people, bots))
    return float(model.coef_[0, 0]), float(model.intercept_[0])
