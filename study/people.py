"""Who trains and who is measured, and further people to train on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mousematch import datasets
from mousematch.datasets import Recording
from mousematch.errors import OptionError
from mousematch.neutral import neutralised
from mousematch.telemetry import Points
from mousematch.virtual import virtual_people
from study.rows import BALABIT, BOTH, COPIES, FRAME, STRETCHED, SYNTHETIC, TIMER, Row

# Every third of the SapiMouse users below those that the shipped model is measured on.
HELD_OUT_EACH = 3
# Share of the pictures that further people give: enough to matter, and the real ones still dominate.
FURTHER_SHARE = 0.3
SYNTHETIC_PEOPLE, COPIES_EACH = 60, 3
# A clock that is a little coarser than captures of 60 Hz.
CLOCK_MS = 25.0
# The path's frame, CSS pixels.
FRAME_PX = 2048.0


class DataMissing(OptionError):
    """A row that needs data which are not given."""


@dataclass(frozen=True)
class Study:
    """SapiMouse recordings by what the study does with them; no person is in both parts."""

    training: list[Recording]
    measured: list[Recording]

    @classmethod
    def of(cls, recordings: Sequence[Recording]) -> Study:
        """Users below 55, by number: those divisible by three are measured, the others train. Raises OptionError."""
        below = [one for one in recordings if datasets.number_of(one.person) < datasets.TEST_FROM]
        measured = [one for one in below if datasets.number_of(one.person) % HELD_OUT_EACH == 0]
        training = [one for one in below if datasets.number_of(one.person) % HELD_OUT_EACH]
        for name, part in (("trained on", training), ("measured", measured)):
            if len({one.person for one in part}) < 2:
                raise OptionError(f"Fewer than two people would be {name}; give the whole SapiMouse data set.")
        return cls(training, measured)

    def prepared(self, how: str) -> Study:
        """The same recordings with all movement changed alike."""
        return Study(*([replace(one, points=_prepared(one.points, how)) for one in part]
                       for part in (self.training, self.measured)))  # fmt: skip


@dataclass(frozen=True)
class Person:
    """A class of the training. chance: of a picture to be this person's."""

    sessions: list[Points]
    chance: float


def trained_on(row: Row, study: Study, balabit: Path | None) -> list[Person]:
    """Everybody whom a row trains on, chances of sum 1. Raises DataMissing if Balabit is wanted and not given."""
    real = _by_person(study.training)
    further: list[list[Points]] = []
    if row.further == SYNTHETIC:
        from mousematch.publishing import synthetic_people

        further = _by_person(synthetic_people(SYNTHETIC_PEOPLE))
    elif row.further == COPIES:
        further = _by_person(virtual_people(study.training, COPIES_EACH, seed=row.seed))
    elif row.further == BALABIT:
        if balabit is None:
            raise DataMissing(f"The row {row.name} trains on Balabit too; give its folder with --balabit.")
        further = _by_person(datasets.balabit_training(balabit))
    share = FURTHER_SHARE if further else 0.0
    return [
        *(Person(sessions, (1 - share) / len(real)) for sessions in real),
        *(Person(sessions, share / len(further)) for sessions in further),
    ]


def _by_person(recordings: Sequence[Recording]) -> list[list[Points]]:
    people: dict[str, list[Points]] = {}
    for recording in recordings:
        people.setdefault(recording.person, []).append(recording.points)
    return list(people.values())


def _prepared(points: Points, how: str) -> Points:
    if how == STRETCHED:
        # What is known of the screen is how far the pointer went.
        width, height = (max(float(values.max()), 1.0) for values in (points.x, points.y))
        last = np.float32(FRAME_PX - 1)
        return replace(points, x=points.x * (last / np.float32(width)), y=points.y * (last / np.float32(height)))
    if how in (FRAME, TIMER, BOTH):
        return neutralised(points, frame=how != TIMER, clock_ms=None if how == FRAME else CLOCK_MS)
    if how:
        raise OptionError(f'prepared="{how}" is unknown; write {FRAME}, {TIMER}, {BOTH} or {STRETCHED}.')
    return points
