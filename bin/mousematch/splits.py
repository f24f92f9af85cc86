"""Which sessions train, which fit the back-end and which measure: never one session, or one person, in two parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mousematch.errors import TrainingError

# Of each class's sessions, and of the people, this share measures; of the people as much again calibrates.
TEST_SHARE, PEOPLE_SHARE = 0.3, 0.2
# Two people make one impostor of each other; four in training are the least cohort that is more than one opinion.
LEAST_HELD_OUT, LEAST_TRAINING = 2, 4
LEAST_PEOPLE = 2 * LEAST_HELD_OUT + LEAST_TRAINING


@dataclass(frozen=True)
class ClassSplit:
    """Session numbers of a closed set's training and test."""

    training: list[int]
    test: list[int]


@dataclass(frozen=True)
class PeopleSplit:
    """Labels by part."""

    training: list[str]
    calibration: list[str]
    test: list[str]


def by_session(sessions: Mapping[str, Sequence[int]], *, seed: int) -> ClassSplit:
    """Splits each class's sessions. sessions: numbers by class. Raises TrainingError.

    Every class needs two sessions: one that is both trained on and measured on would prove nothing.
    """
    if len(sessions) < 2:
        raise TrainingError(f"A classifier needs at least two classes; there is {len(sessions)}. Check the label field.")
    single = sorted(name for name, numbers in sessions.items() if len(numbers) < 2)
    if single:
        names = ", ".join(f'"{name}"' for name in single[:5]) + (" and others" if len(single) > 5 else "")
        raise TrainingError(
            f"{len(single)} of {len(sessions)} labels have one session ({names}); each class needs two, one to train and "
            "one to measure: collect more, or leave these labels out."
        )
    random = np.random.default_rng(seed)
    training: list[int] = []
    test: list[int] = []
    for name in sorted(sessions):
        shuffled = random.permutation(np.array(sessions[name])).tolist()
        held_out = max(1, round(TEST_SHARE * len(shuffled)))
        test += shuffled[:held_out]
        training += shuffled[held_out:]
    return ClassSplit(sorted(training), sorted(test))


def by_person(sessions: Mapping[str, Sequence[int]], *, seed: int) -> PeopleSplit:
    """Splits people. Those with one session train only: they cannot be enrolled in one and tested in another.

    Raises TrainingError if there are fewer than LEAST_PEOPLE, or fewer than twice LEAST_HELD_OUT with two sessions.
    """
    if len(sessions) < LEAST_PEOPLE:
        raise TrainingError(
            f"There are {len(sessions)} people; a model needs at least {LEAST_PEOPLE}: {LEAST_TRAINING} to train on, and "
            f"{LEAST_HELD_OUT} each, unseen in training, to calibrate and to measure. Collect more, or use task=classify."
        )
    several = sorted(name for name, numbers in sessions.items() if len(numbers) >= 2)
    if len(several) < 2 * LEAST_HELD_OUT:
        raise TrainingError(
            f"{len(several)} of {len(sessions)} people have two sessions; at least {2 * LEAST_HELD_OUT} need them, to be "
            "enrolled in one and tested in another. Collect more sessions, or check the session field."
        )
    held_out = max(LEAST_HELD_OUT, min(round(PEOPLE_SHARE * len(sessions)), len(several) // 3))
    shuffled = np.random.default_rng(seed).permutation(np.array(several, object)).tolist()
    calibration, test = shuffled[:held_out], shuffled[held_out : 2 * held_out]
    training = set(sessions) - set(calibration) - set(test)
    return PeopleSplit(sorted(training), sorted(calibration), sorted(test))
