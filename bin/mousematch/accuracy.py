"""How well a model tells people apart that its training has not seen.

The SapiMouse protocol of Antal, Fejér & Buza 2021: enroll everybody on the 3-minute session, test with the 1-minute
one, everybody an impostor of everybody else. Sessions never straddle enrollment and test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mousematch import calibration, metrics
from mousematch.datasets import Recording
from mousematch.encoding import Encoding
from mousematch.matching import Backend, mean_direction, probability
from mousematch.policy import HeldOut, held_out
from mousematch.windows import WindowSpec, cut

COHORT_WINDOWS = 40

# uint8 (n, size, size, 3) → float32 (n, d), unit length
Embed = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


@dataclass(frozen=True)
class Accuracy:
    """Error rates of fused LLRs. windows: pieces of so many windows, None for whole sessions; rates are 0-1."""

    windows: int | None
    genuine: int
    impostor: int
    auc: float
    eer: float
    cllr: float
    calibration_error: float
    far_at_half: float
    frr_at_half: float


def embeddings_of(
    recordings: Sequence[Recording], encoding: Encoding, embed: Embed, window: WindowSpec | None = None
) -> list[NDArray[np.float32]]:
    """Embeddings of each recording's windows, float32 (n, d), in order. All are embedded at once, in full batches."""
    drawn = [
        list(encoding.images(recording.points, cut(recording.points, window or encoding.window)))
        for recording in recordings
    ]
    embeddings = embed(np.stack([image for images in drawn for image in images]))
    return np.split(embeddings, np.cumsum([len(images) for images in drawn])[:-1])


def trials(
    recordings: Sequence[Recording],
    encoding: Encoding,
    embed: Embed,
    cohort: NDArray[np.float32],
    window: WindowSpec | None = None,
) -> list[calibration.Trial]:
    """Every test recording against everybody enrolled by the enroll recordings."""
    enrolled: dict[str, list[NDArray[np.float32]]] = {}
    probes = []
    for recording, embeddings in zip(recordings, embeddings_of(recordings, encoding, embed, window)):
        if recording.purpose == "enroll":
            enrolled.setdefault(recording.person, []).append(embeddings)
        else:
            probes.append((recording.person, embeddings))
    return calibration.trials({person: np.concatenate(parts) for person, parts in enrolled.items()}, probes, cohort)


def cohort_of(recordings: Sequence[Recording], encoding: Encoding, embed: Embed) -> NDArray[np.float32]:
    """One embedding per background person, float32 (people, d), unit length.

    Of their own devices alone: who is averaged over several is like nobody's sessions, and everybody stands out from them.
    Of people with hours of recordings, COHORT_WINDOWS windows from all over them are taken: a mean needs no more.
    """
    recordings = [recording for recording in recordings if recording.purpose != "elsewhere"]
    recorded = Counter(recording.person for recording in recordings)
    by_person: dict[str, list[NDArray[np.uint8]]] = {}
    for recording in recordings:
        windows = cut(recording.points, encoding.window)
        step = max(1, len(windows) * recorded[recording.person] // COHORT_WINDOWS)
        by_person.setdefault(recording.person, []).extend(encoding.images(recording.points, windows[::step]))
    embeddings = embed(np.stack([image for images in by_person.values() for image in images]))
    parts = np.split(embeddings, np.cumsum([len(images) for images in by_person.values()])[:-1])
    return np.stack([mean_direction(part) for part in parts])


def measured(of: Sequence[calibration.Trial], backend: Backend, windows: int | None) -> Accuracy:
    """Error rates over all pieces of that many windows.

    far_at_half and frr_at_half: error rates at a match score of 0.5. The calibration error weighs genuine and impostor
    trials equally, because the score's prior is a half while trials are mostly impostors.
    """
    genuine, impostor = calibration.pieces(of, windows).llrs(backend)
    scores = [np.array([probability(llr) for llr in llrs]) for llrs in (genuine, impostor)]
    return Accuracy(
        windows=windows,
        genuine=len(genuine),
        impostor=len(impostor),
        auc=metrics.auc(genuine, impostor),
        eer=metrics.eer(genuine, impostor),
        cllr=metrics.log_loss(genuine, impostor),
        calibration_error=_balanced_calibration_error(*scores),
        far_at_half=float((scores[1] >= 0.5).mean()),
        frr_at_half=float((scores[0] < 0.5).mean()),
    )


def held_out_of(trials: Sequence[calibration.Trial], backend: Backend, window_s: Mapping[str, float]) -> HeldOut:
    """The trials cut to several lengths, from which policies choose thresholds.

    window_s: active seconds of a window by who moved the mouse.
    """
    number = {person: place for place, person in enumerate(sorted({trial.claimed for trial in trials} | set(window_s)))}
    rows: dict[bool, list[tuple[float, float, int, int]]] = {True: [], False: []}
    for trial in trials:
        for length in sorted({*calibration.LENGTHS, len(trial.similarities)}):
            for llr in np.concatenate(calibration.pieces([trial], length).llrs(backend)):
                evidence_s = length * window_s[trial.actual]
                rows[trial.genuine].append((llr, evidence_s, number[trial.claimed], number[trial.actual]))
    genuine, impostor = (np.array(rows[kind], np.float64).reshape(-1, 4).T for kind in (True, False))
    return held_out(
        genuine_llr=genuine[0],
        genuine_s=genuine[1],
        genuine_owner=genuine[2],
        impostor_llr=impostor[0],
        impostor_s=impostor[1],
        impostor_owner=impostor[2],
        impostor_mover=impostor[3],
    )


def auc_interval(
    of: Sequence[calibration.Trial], backend: Backend, *, draws: int = 1000, seed: int = 1
) -> tuple[float, float]:
    """The 95 % interval of the AUC over whole sessions, from a bootstrap by person: (low, high).

    People are drawn with replacement, with all their sessions and templates: what varies from person to person is the
    largest source of doubt, and trials that share a person are not independent.
    """
    people = sorted({trial.actual for trial in of} & {trial.claimed for trial in of})
    scores: dict[tuple[str, str], list[float]] = {}
    for trial in of:
        llrs = np.concatenate(calibration.pieces([trial], None).llrs(backend))
        scores.setdefault((trial.claimed, trial.actual), []).extend(llrs)
    random = np.random.default_rng(seed)
    aucs = []
    for _ in range(draws):
        drawn = random.choice(people, len(people))
        own = [score for person in drawn for score in scores[person, person]]
        others = [
            score for claimed in drawn for actual in drawn if claimed != actual for score in scores[claimed, actual]
        ]
        if others:
            aucs.append(metrics.auc(own, others))
    low, high = np.percentile(aucs, (2.5, 97.5))
    return float(low), float(high)


def _balanced_calibration_error(genuine: NDArray[np.float64], impostor: NDArray[np.float64]) -> float:
    repeats = max(1, round(len(impostor) / len(genuine)))
    stated = np.concatenate((np.repeat(genuine, repeats), impostor))
    true = np.concatenate((np.ones(len(genuine) * repeats), np.zeros(len(impostor))))
    return metrics.expected_calibration_error(stated, true)
