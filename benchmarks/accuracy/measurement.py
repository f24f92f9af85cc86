"""The rows of the table, data set by data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.accuracy import audit, balabit, classification, evaluation, pipelines, sapimouse
from benchmarks.accuracy.classification import DRAWS, Pool, Task
from benchmarks.accuracy.errors import DataMissing
from benchmarks.accuracy.head import Head
from benchmarks.accuracy.pipelines import AS_IS, Neutralised
from benchmarks.accuracy.recordings import Balabit, Recording, SapiMouse, link
from benchmarks.accuracy.report import Report
from mousematch.matching import Backend
from mousematch.registry import ERRORS
from samples.searches import Row

TARGET_FARS = (0.1, 0.05, 0.01)
# Of each Balabit test session, so that a run takes minutes: the network is the slowest part.
MOST_WINDOWS = 20
# Seven of Balabit's ten owners have an event every 109 ms, three every 17 ms: one clock has to be coarser than both.
BALABIT_CLOCK_MS = 125.0


@dataclass(frozen=True)
class Options:
    """What a run is asked for. people: only these, if any. most_windows: of a Balabit session."""

    people: tuple[str, ...] = ()
    most_windows: int = MOST_WINDOWS
    draws: int = DRAWS
    enroll_window: str = ""
    neutral: bool = True
    tasks: bool = True

    def wants(self, person: str) -> bool:
        """Whether this person is to be in the table."""
        return not self.people or person in self.people

    def movements(self, clock_ms: float, *names: str) -> list[Neutralised]:
        """As it is, and neutralised in these ways."""
        every = pipelines.neutralisations(clock_ms)
        return [each for each in every if each is AS_IS or (self.neutral and each.what in names)]


def sapimouse_rows(head: Head, found: SapiMouse, report: Report, options: Options) -> None:
    """Everything on SapiMouse, for the people whom the model does not know. Raises DataMissing if they are too few."""
    if found.left_out:
        report.notes.append(f"SapiMouse: {', '.join(found.left_out)} lack one of the two sessions and are left out.")
    wanted = [recording for recording in found.recordings if options.wants(recording.person)]
    data = SapiMouse(_unknown_people(wanted, head, report), [])
    report.about["sapimouse"] = {"people": len(data.people), "recordings": len(data.recordings)}
    if len(data.people) < 2:
        raise DataMissing(f"SapiMouse is left out: {len(data.people)} people are left, and an impostor takes two.")
    link(data.recordings, head.lookups)
    _audit("SapiMouse", data.recordings, head, report)
    protocol = sapimouse.Protocol(head, data, report.notes, options.enroll_window)
    for neutralised in options.movements(sapimouse.CLOCK_MS, "frame", "timer", "both"):
        for trials in protocol.trials(neutralised):
            measured, calibration = evaluation.evaluated(head, trials, report.notes)
            report.trials.append(measured)
            if neutralised is AS_IS:
                report.calibration.append(calibration)
        if neutralised is AS_IS:
            _promises(head, protocol, report)
    if options.tasks:
        enroll, test = protocol.pool()
        pool = Pool(_embedded(head, enroll), _embedded(head, test), {})
        _tasks(
            "SapiMouse",
            f"{sapimouse.EVENTS}p",
            head,
            pool,
            report,
            (classification.groups, classification.owner),
            options.draws,
        )


def balabit_rows(head: Head, found: Balabit, report: Report, options: Options) -> None:
    """Everything on Balabit. Raises DataMissing if no session is left to score."""
    if found.unlabelled:
        report.notes.append(f"Balabit: {found.unlabelled} test sessions have no label and are left out.")
    training = [recording for recording in found.training if options.wants(recording.person)]
    owners = {recording.person for recording in training}
    test = [recording for recording in found.test if recording.person in owners]
    strange = [
        recording for recording in found.test if options.wants(recording.person) and recording.person not in owners
    ]
    if strange:
        report.notes.append(f"Balabit: {len(strange)} test sessions of accounts without training files are left out.")
    test = _unknown_sessions(test, head, report)
    if not test:
        raise DataMissing("Balabit: no labelled session of an enrolled owner is left; Balabit is left out.")
    data = Balabit(training, test)
    report.about["balabit"] = {"owners": len(data.owners), "sessions": len(test)}
    link([*training, *test], head.lookups)
    _audit("Balabit", [*training, *test], head, report)
    protocol = balabit.Protocol(head, data, report.notes, options.most_windows)
    for neutralised in options.movements(BALABIT_CLOCK_MS, "both"):
        trials = protocol.trials(neutralised)
        measured, calibration = evaluation.evaluated(head, trials, report.notes)
        report.trials.append(measured)
        report.calibration.append(calibration)
        by_user = evaluation.mean_by_user(head, trials)
        if by_user is not None:
            report.trials.append(by_user)
    if options.tasks:
        legal, illegal = "| where genuine=1", "| where genuine=0"
        tested = balabit.test_windows(AS_IS)
        pool = Pool(
            _embedded(head, balabit.enroll_windows(AS_IS)),
            _embedded(head, tested, legal),
            _embedded(head, tested, illegal),
        )
        tasks = (classification.groups, classification.owner, classification.owner_against_strangers)
        _tasks("Balabit", str(head.encoding.window), head, pool, report, tasks, options.draws)


def _promises(head: Head, protocol: sapimouse.Protocol, report: Report) -> None:
    if not (head.model.folder / ERRORS).is_file():
        report.notes.append(
            f"Model {head.model.reference} has no held-out scores ({ERRORS}), from which policies choose a threshold for "
            "a target FAR; what they keep is not measured."
        )
        return
    for target_far in TARGET_FARS:
        for trials in protocol.promised(target_far):
            report.promises.append(evaluation.promise(head, trials, target_far))


def _audit(dataset: str, recordings: Sequence[Recording], head: Head, report: Report) -> None:
    with head.console.status(f"{dataset}: device cues, and movement that is in two sessions"):
        report.notes.append(audit.overlap(dataset, recordings))
        cues = audit.cues(dataset, recordings)
    if cues is not None:
        report.cues.append(cues)


def _unknown_people(found: Sequence[Recording], head: Head, report: Report) -> list[Recording]:
    """The recordings of people of whom the model knows none."""
    known = audit.known_recordings(head.model.card)
    if known is None:
        report.notes.append(audit.no_list(head.model.reference, "SapiMouse"))
        return list(found)
    people = {recording.person for recording in audit.known(found, known)}
    everybody = {recording.person for recording in found}
    report.notes.append(
        f"SapiMouse: {len(people)} of {len(everybody)} people are left out, because the model was trained or calibrated on "
        "recordings of theirs."
    )
    return [recording for recording in found if recording.person not in people]


def _unknown_sessions(found: Sequence[Recording], head: Head, report: Report) -> list[Recording]:
    """The test sessions that the model does not know. Whom it knows by training files, as the protocol has it, stays."""
    known = audit.known_recordings(head.model.card)
    if known is None:
        report.notes.append(audit.no_list(head.model.reference, "Balabit"))
        return list(found)
    these = {recording.name for recording in audit.known(found, known)}
    if these:
        report.notes.append(f"Balabit: {len(these)} test sessions are known to the model and are left out.")
    return [recording for recording in found if recording.name not in these]


def _embedded(head: Head, lookup: str, condition: str = "") -> dict[str, classification.Embeddings]:
    """User → embeddings of the windows in a lookup."""
    rows: list[Row] = head.search(
        f"read the windows of {lookup}", f"| inputlookup {lookup} {condition}\n| table user image"
    )
    vectors = head.embed([str(row["image"]) for row in rows if row.get("image")])
    users = np.array([str(row["user"]) for row in rows if row.get("image")])
    return {user: vectors[users == user] for user in sorted(set(users.tolist()))}


def _tasks(
    dataset: str,
    window: str,
    head: Head,
    pool: Pool,
    report: Report,
    measures: Sequence[Callable[..., list[Task]]],
    draws: int,
) -> None:
    backend = Backend.from_card(head.model.card["backend"], head.model.cohort())
    for measure in measures:
        tasks = measure(pool, backend, draws=draws)
        if not tasks:
            task = measure.__name__.replace("_", " ")
            report.notes.append(f"{dataset}: there are too few images or people for the task of 2017 by {task}.")
        report.tasks.extend((dataset, window, task) for task in tasks)
