"""The raw files of the data sets: which are whose, and in which role.

    DATA/sapimouse/userN/session_3min.csv, session_1min.csv      userN.1, userN.2: one person, recorded twice
    DATA/balabit/training_files/userN/session_*
    DATA/balabit/test_files/userN/session_*, labels.csv          filename,is_illegal

Only names and labels are read here. The points are for the searches.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.accuracy.errors import DataMissing

ENROLL, TEST = "enroll", "test"
# Names go into searches and file names as they are.
_SAFE = re.compile(r"[A-Za-z0-9_.-]+")


@dataclass(frozen=True)
class Recording:
    """One raw file. person: whose account. genuine: whether its owner moved the mouse, None if the file does not say."""

    dataset: str
    person: str
    name: str
    purpose: str
    path: Path
    genuine: bool | None = None

    @property
    def lookup(self) -> str:
        """The name under which searches read the file."""
        return f"{self.dataset}.{self.purpose}.{self.name.replace('/', '.')}.csv".replace(".csv.csv", ".csv")


@dataclass(frozen=True)
class SapiMouse:
    """People with a session of each kind. left_out: folders that have only one kind."""

    recordings: list[Recording]
    left_out: list[str]

    @property
    def people(self) -> list[str]:
        """Everybody, in order."""
        return sorted({recording.person for recording in self.recordings}, key=_natural)


@dataclass(frozen=True)
class Balabit:
    """training: the owners' sessions, test: the labelled sessions. unlabelled: how many test sessions have no label."""

    training: list[Recording]
    test: list[Recording]
    unlabelled: int = 0

    @property
    def owners(self) -> list[str]:
        """The accounts that can be enrolled, in order."""
        return sorted({recording.person for recording in self.training}, key=_natural)


def sapimouse(folder: Path) -> SapiMouse:
    """The recordings of people who have a three-minute and a one-minute session. Raises DataMissing."""
    found: list[Recording] = []
    for path in sorted(folder.glob("*/*min.csv")):
        if _SAFE.fullmatch(path.parent.name) and _SAFE.fullmatch(path.name):
            purpose = ENROLL if path.name.endswith("3min.csv") else TEST
            person = path.parent.name.partition(".")[0]
            found.append(Recording("sapimouse", person, f"{path.parent.name}/{path.stem}", purpose, path))
    if not found:
        raise DataMissing(f"{folder} holds no userN/session_3min.csv and session_1min.csv; SapiMouse is left out.")
    purposes: dict[str, set[str]] = {}
    for recording in found:
        purposes.setdefault(recording.person, set()).add(recording.purpose)
    left_out = sorted((person for person, kinds in purposes.items() if len(kinds) < 2), key=_natural)
    return SapiMouse([recording for recording in found if recording.person not in left_out], left_out)


def balabit(folder: Path, training: Path | None = None) -> Balabit:
    """The recordings of a Balabit folder. training: a folder whose training_files serve where it has none of its own.

    Raises DataMissing if there is nothing to score, or nobody to score it against.
    """
    source = next((path for path in (folder, training) if path and list(path.glob("training_files/*/session_*"))), None)
    labels = _labels(folder)
    owned = [] if source is None else _sessions(source / "training_files", ENROLL, {})
    tested = _sessions(folder / "test_files", TEST, labels)
    known = [recording for recording in tested if recording.genuine is not None]
    if not tested:
        raise DataMissing(f"{folder} holds no test_files/userN/session_*; Balabit's sessions are left out.")
    if not known:
        raise DataMissing(
            f"{folder} holds {len(tested)} test sessions and no label for any of them; put labels.csv "
            "(filename,is_illegal) beside test_files."
        )
    if not owned:
        raise DataMissing(
            f"{folder} holds no training_files/userN/session_*, so that nobody can be enrolled to score its "
            f"{len(known)} labelled sessions against; name a folder that has them with --balabit-training."
        )
    return Balabit(owned, known, len(tested) - len(known))


def _sessions(folder: Path, purpose: str, labels: dict[str, bool]) -> list[Recording]:
    return [
        Recording("balabit", path.parent.name, f"{path.parent.name}/{path.name}", purpose, path, labels.get(path.name))
        for path in sorted(folder.glob("*/session_*"))
        if _SAFE.fullmatch(path.parent.name) and _SAFE.fullmatch(path.name)
    ]


def _labels(folder: Path) -> dict[str, bool]:
    """File name → whether the owner moved the mouse."""
    for path in sorted(folder.glob("*labels*.csv")):
        with path.open(newline="", encoding="utf-8-sig") as lines:
            return {Path(row["filename"]).name: row["is_illegal"].strip() == "0" for row in csv.DictReader(lines)}
    return {}


def link(recordings: Sequence[Recording], folder: Path) -> None:
    """Puts the raw files, unchanged, where searches look lookups up: a link each."""
    folder.mkdir(parents=True, exist_ok=True)
    for recording in recordings:
        target = folder / recording.lookup
        if not target.is_symlink():
            target.symlink_to(recording.path.resolve())


def _natural(name: str) -> tuple[object, ...]:
    """user9 before user10."""
    return tuple((1, int(part)) if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name))
