"""Does an evaluation measure people, or what leaked into it?

Three questions, answered from the movement itself, because names of files and sessions prove nothing:

- Is a test session, or a part of one, also in the enrollment? ``overlaps``
- Has the model seen the people of the test in its training? ``people_in_training``
- How well would the device alone tell the same trials apart? ``device_cues``: where on the screen somebody works, and the
  time steps of the capture, each as a plain histogram, with no look at how the mouse was moved. What a matcher reaches
  beyond that, and what it keeps on neutralised movement (``neutral.py``), is evidence of the person.

Points in, figures out; which sessions and trials there are, the caller says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mousematch import metrics
from mousematch.errors import ModelError, OptionError
from mousematch.telemetry import SCROLL, STROKE_GAP_US, Points

# So many equal steps one after another are a copy: no two movements agree in 32 time steps and 32 ways on the pixel ...
RUN_STEPS = 32
# ... unless the pointer hardly moves, as when a wheel turns at the pace of the timer: so many of the ways must differ from
# the one before.
RUN_CHANGES = 8
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)

# Cells of screen as wide as an icon, up to 4,096 px; beyond is the last cell. Steps in whole milliseconds.
CELL_PX, CELLS = 64, 64
STEP_BINS = STROKE_GAP_US // 1000 + 1
# How much of everybody is mixed into each person's histogram, so that a first visit to a cell is no impossibility.
SMOOTHING = 0.1


def recording_hash(points: Points) -> str:
    """A fingerprint of a recording: 16 hexadecimal digits.

    The same for the same movement in whatever file, order, place of the screen and time of day: of kinds and buttons, and of
    times (milliseconds) and places (eighths of a pixel) from the first point on. Any cut makes another one; ``overlaps``
    finds parts.
    """
    points = points.on_screen().ordered()
    digest = hashlib.sha256()
    if len(points):
        digest.update(((points.time_us - points.time_us[0] + 500) // 1000).astype("<i8").tobytes())
        for axis in (points.x, points.y):
            digest.update(np.rint((axis.astype(np.float64) - float(axis[0])) * 8).astype("<i8").tobytes())
        digest.update(points.kind.tobytes() + points.button.tobytes())
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Overlap:
    """A test session of which something is in the enrollment. share: of its runs of RUN_STEPS steps, 0-1."""

    enrolled: str
    tested: str
    share: float


def overlaps(enrolled: Mapping[str, Points], tested: Mapping[str, Points]) -> list[Overlap]:
    """Sessions with movement that is in both, by name; the largest share first. An empty list is the result to hope for.

    Copies are found under other names, shifted in time and place, cut, and joined to others; not if they were resampled or
    jittered. Sessions of fewer than RUN_STEPS steps can only be found whole.
    """
    names = list(enrolled)
    parts = [_runs(points) for points in enrolled.values()]
    hashes = np.concatenate([*parts, np.empty(0, np.uint64)])
    owners = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    order = np.argsort(hashes, kind="stable")
    hashes, owners = hashes[order], owners[order]
    whole: dict[str, list[str]] = {}
    for name, points in enrolled.items():
        whole.setdefault(recording_hash(points), []).append(name)
    found: list[Overlap] = []
    for name, points in tested.items():
        runs = _runs(points)
        shares = dict.fromkeys(whole.get(recording_hash(points), []) if len(points) > 1 else [], 1.0)
        first, last = (np.searchsorted(hashes, runs, side=side) for side in ("left", "right"))
        shared: dict[int, int] = {}
        for start, stop in zip(first[first < last].tolist(), last[first < last].tolist()):
            for owner in set(owners[start:stop].tolist()):
                shared[owner] = shared.get(owner, 0) + 1
        for owner, number in shared.items():
            shares.setdefault(names[owner], number / len(runs))
        found.extend(Overlap(other, name, share) for other, share in shares.items())
    return sorted(found, key=lambda overlap: (-overlap.share, overlap.tested, overlap.enrolled))


def people_in_training(card: Mapping[str, object], recordings: Iterable[tuple[str, Points]]) -> set[str]:
    """The people of whom a recording is among those that the model was trained or calibrated on.

    card: the model's, whose ``training.recordings`` (and ``calibration.recordings``, if there are any) list the
    recording_hash of each. recordings: (person, points) of all recordings of the evaluation, enrollment and test. Raises
    ModelError if the card does not list its training: then nobody knows.
    """
    trained, calibrated = (_listed(card, part) for part in ("training", "calibration"))
    if not trained:
        raise ModelError(
            "The model card does not list its training recordings (training.recordings), so that nobody can check whether "
            "the people of the test were trained on; publish the model again."
        )
    return {person for person, points in recordings if recording_hash(points) in trained | calibrated}


def _listed(card: Mapping[str, object], part: str) -> set[str]:
    described = card.get(part)
    listed = described.get("recordings") if isinstance(described, Mapping) else None
    return {str(item) for item in listed} if isinstance(listed, (list, tuple)) else set()


@dataclass(frozen=True)
class DeviceCues:
    """AUC, 0-1, with which histograms of the device alone tell the trials apart.

    frame: places on the screen. timer: time steps. both: the sum of the two.
    """

    frame: float
    timer: float
    both: float


def device_cues(
    enrolled: Mapping[str, Sequence[Points]],
    tested: Mapping[str, Points],
    trials: Sequence[tuple[str, str, bool]],
) -> DeviceCues:
    """How far the device alone gets on the same trials.

    enrolled: sessions by person. tested: test sessions by name. trials: (claimed person, name of the test session, whether
    it is genuine). Raises OptionError if a trial names somebody who is not enrolled, or without both kinds of trials.
    """
    people = {person: number for number, person in enumerate(enrolled)}
    sessions = {name: number for number, name in enumerate(tested)}
    strangers = {person for person, _, _ in trials if person not in people} | {
        name for _, name, _ in trials if name not in sessions
    }
    if strangers:
        raise OptionError(f'The trials name "{min(strangers)}", of whom there are no points; give those as well.')
    claimed = np.array([people[person] for person, _, _ in trials], np.intp)
    session = np.array([sessions[name] for _, name, _ in trials], np.intp)
    genuine = np.array([truth for _, _, truth in trials], bool)
    scores = [
        _histogram_scores(
            np.stack([sum((histogram(part) for part in parts), np.zeros(size)) for parts in enrolled.values()]),
            np.stack([histogram(points) for points in tested.values()]),
        )[session, claimed]
        for histogram, size in ((_places, CELLS * CELLS), (_steps, STEP_BINS))
    ]
    aucs = [metrics.auc(score[genuine], score[~genuine]) for score in (*scores, scores[0] + scores[1])]
    return DeviceCues(*aucs)


def _places(points: Points) -> NDArray[np.float64]:
    """How many points are in each cell of the screen: (CELLS * CELLS,)."""
    # Some captures give scrolling no place but 0, 0.
    points = points[points.kind != SCROLL].on_screen()
    column, row = (np.clip(axis / CELL_PX, 0, CELLS - 1).astype(np.intp) for axis in (points.x, points.y))
    return np.bincount(row * CELLS + column, minlength=CELLS * CELLS).astype(np.float64)


def _steps(points: Points) -> NDArray[np.float64]:
    """How many time steps within strokes have each number of milliseconds: (STEP_BINS,)."""
    steps = np.diff(points.time_us)
    steps = steps[(steps >= 0) & (steps <= STROKE_GAP_US)] // 1000
    return np.bincount(steps, minlength=STEP_BINS).astype(np.float64)


def _histogram_scores(people: NDArray[np.float64], sessions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean log-likelihood ratio of each session's counts, each person against everybody: (sessions, people)."""
    shares = people / np.maximum(people.sum(axis=1, keepdims=True), 1)
    everybody = shares.mean(axis=0) + 1e-6
    ratio = np.log(((1 - SMOOTHING) * shares + SMOOTHING * everybody) / everybody)
    return sessions / np.maximum(sessions.sum(axis=1, keepdims=True), 1) @ ratio.T


def _runs(points: Points) -> NDArray[np.uint64]:
    """A hash of each run of RUN_STEPS steps: uint64 (k,), each once."""
    points = points.on_screen().ordered()
    if len(points) <= RUN_STEPS:
        return np.empty(0, np.uint64)
    time_ms = (points.time_us - points.time_us[0] + 500) // 1000
    way = np.zeros(len(points) - 1, np.uint64)
    for axis in (points.x, points.y):
        eighths = np.rint(np.diff(axis.astype(np.float64)) * 8).astype(np.int64)
        way = _mixed(way + eighths.astype(np.uint64))
    step = _mixed(way + _mixed(np.diff(time_ms).astype(np.uint64) * np.uint64(8) + points.kind[1:]))
    # Polynomial hash of a sliding window, modulo 2^64.
    runs = np.zeros(len(step) - RUN_STEPS + 1, np.uint64)
    for place in range(RUN_STEPS):
        runs = runs * _MULTIPLIER + step[place : place + len(runs)]
    changes = np.concatenate(([0], np.cumsum(way[1:] != way[:-1])))
    lively = changes[RUN_STEPS - 1 :] - changes[: len(runs)] >= RUN_CHANGES
    return np.unique(runs[lively])


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scatters 64-bit numbers (the finaliser of SplitMix64, Steele et al. 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
