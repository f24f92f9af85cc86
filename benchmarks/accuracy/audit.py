"""What the raw files say beside the scores: whom the model knows, what is in two sessions, what device cues alone reach.

People are known by material, never by name or number: a model card lists the recordings that trained the network
(``training.recordings``) and those that calibrated its scores (``calibration.recordings``), each as
``mousematch.leakage.recording_hash`` gives it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.accuracy.recordings import ENROLL, Recording
from mousematch.datasets import MILLISECONDS_US, SECONDS_US, read_recording
from mousematch.errors import TelemetryError
from mousematch.leakage import device_cues, overlaps, recording_hash
from mousematch.telemetry import Points

UNITS_US = {"sapimouse": MILLISECONDS_US, "balabit": SECONDS_US}


@dataclass(frozen=True)
class Cues:
    """AUC of device cues alone on the same trials. frame: places on the screen, timer: time steps, both: their sum."""

    dataset: str
    frame: float
    timer: float
    both: float
    genuine: int
    impostor: int


def known_recordings(card: Mapping[str, Any]) -> frozenset[str] | None:
    """The hashes of all recordings that the model has learned from; None if its card has no such list."""
    parts = [card.get("training"), card.get("calibration")]
    lists = [part.get("recordings") for part in parts if isinstance(part, Mapping)]
    found = [names for names in lists if isinstance(names, list)]
    return frozenset(str(name) for names in found for name in names) if found else None


def known(recordings: Sequence[Recording], hashes: frozenset[str]) -> list[Recording]:
    """The recordings among these that the model has learned from."""
    found = []
    for recording in recordings:
        points = _points(recording.path, UNITS_US[recording.dataset])
        if points is not None and recording_hash(points) in hashes:
            found.append(recording)
    return found


def no_list(model: str, dataset: str) -> str:
    """The note for a model whose card lists no recordings."""
    return (
        f"{dataset}: the card of model {model} does not list the recordings that it has learned from, so that these figures "
        "may be of people whom it knows."
    )


def overlap(dataset: str, recordings: Sequence[Recording]) -> str:
    """A sentence on whether test sessions share movement with enrollment sessions, compared step by step."""
    enrolled, tested = _sessions(recordings, enroll=True), _sessions(recordings, enroll=False)
    shared = overlaps(enrolled, tested)
    if not shared:
        return f"{dataset}: none of {len(tested)} test sessions shares movement with one of {len(enrolled)} for enrollment."
    worst = shared[0]
    return (
        f"{dataset}: {len({each.tested for each in shared})} of {len(tested)} test sessions share movement with enrollment; "
        f"the most {worst.tested}, {100 * worst.share:.0f} % of it with {worst.enrolled}."
    )


def cues(dataset: str, recordings: Sequence[Recording]) -> Cues | None:
    """What device cues alone reach on the trials of these recordings; None without trials of both kinds.

    A session with a label is one trial against its account, one without is one against everybody who is enrolled.
    """
    enrolled: dict[str, list[Points]] = {}
    for name, points in _sessions(recordings, enroll=True).items():
        enrolled.setdefault(_person(recordings, name), []).append(points)
    tested = _sessions(recordings, enroll=False)
    trials = [
        (claimed, recording.name, claimed == recording.person if recording.genuine is None else recording.genuine)
        for recording in recordings
        if recording.name in tested
        for claimed in ([recording.person] if recording.genuine is not None else enrolled)
        if claimed in enrolled
    ]
    genuine = sum(truth for _, _, truth in trials)
    if not 0 < genuine < len(trials):
        return None
    found = device_cues(enrolled, tested, trials)
    return Cues(dataset, found.frame, found.timer, found.both, genuine, len(trials) - genuine)


def _person(recordings: Sequence[Recording], name: str) -> str:
    return next(recording.person for recording in recordings if recording.name == name)


def _sessions(recordings: Sequence[Recording], *, enroll: bool) -> dict[str, Points]:
    """Name → points, of the sessions that have any."""
    read = {
        recording.name: _points(recording.path, UNITS_US[recording.dataset])
        for recording in recordings
        if (recording.purpose == ENROLL) == enroll
    }
    return {name: points for name, points in read.items() if points is not None and len(points)}


@cache
def _points(path: Path, unit_us: int) -> Points | None:
    """The points of a raw file; None if it has none."""
    try:
        return read_recording(path, unit_us=unit_us)
    except TelemetryError:
        return None
