"""From labelled images to a model version's folder: what ``| mousetrain`` runs.

    python -m mousematch train --images DIR --work DIR --out models/trained/1 --task embed --phases 0.25:10:2e-3

    task embed      people: some train, some calibrate, some measure    weights, cohort, back-end, errors.npz
    task classify   every class's sessions: some train, some measure    weights, classes.npz

The folder is complete when this returns, and nobody but the caller publishes it.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from mousematch import (
    __version__,
    accuracy,
    calibration,
    checkpoints,
    crossfit,
    devices,
    discriminant,
    export,
    labelled,
    publishing,
    splits,
    training,
    weights,
)
from mousematch.architecture import DEEP_WEIGHT
from mousematch.classes import Head, class_probabilities, session_probabilities
from mousematch.discriminant import Discriminant
from mousematch.errors import OptionError, TrainingError, TrainingStopped
from mousematch.heads import embedder_of
from mousematch.initialisation import Start
from mousematch.labelled import LabelledImages
from mousematch.matching import Backend, mean_direction
from mousematch.progress import Progress
from mousematch.registry import CARD, CLASSES, CLASSIFY, COHORT, ERRORS, WEIGHTS
from mousematch.sampling import Batches, Images, in_processes
from mousematch.schedule import Phase

# With fewer calibration people than this the error rates of the thresholds are hardly known.
FEW_PEOPLE = 10
_SAMPLE = 64


@dataclass(frozen=True)
class Task:
    """What is to be trained, and from where.

    fingerprint: of the images, as labelled.Writer gave it. workers: processes that vary images. options: for the card.
    """

    kind: str
    phases: Sequence[Phase]
    start: Start
    seed: int
    precision: str = "float32"
    fingerprint: str = ""
    workers: int = 1
    options: dict[str, Any] = dataclasses.field(default_factory=dict)


def train(
    images: Path,
    task: Task,
    *,
    work: Path,
    out: Path,
    progress: Progress,
    stop: Callable[[], bool],
    **engine: Any,
) -> None:
    """Trains, measures and exports a version into the folder ``out``. engine: options of training.train_network.

    Raises TrainingError for material that cannot be trained on, TrainingStopped after ``stop``.
    """
    if stop():
        raise TrainingStopped("Training was stopped before it began.")
    data = labelled.read(images)
    _check_encoding(task.start, data.encoding)
    sessions = {label: data.of_label(label) for label in data.labels}
    trainer = _Classes(data, sessions, task) if task.kind == CLASSIFY else _People(data, sessions, task, progress)
    start = task.start
    if start.imagenet is not None:
        sample, _ = trainer.batches(_SAMPLE, task.seed + 1_000_003)[0]
        start = dataclasses.replace(start, sample=sample)
    keras.mixed_precision.set_global_policy(task.precision)
    classifier = training.train_network(
        trainer.batches,
        task.phases,
        size=data.size,
        task=task.kind,
        folder=work,
        seed=task.seed,
        start=start,
        progress=progress,
        stop=stop,
        **engine,
    )
    keras.mixed_precision.set_global_policy("float32")
    if stop():
        raise TrainingStopped("Training was stopped before the version was complete; the same command completes it.")
    progress.note("The network is trained; it is measured on what was held out.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        weights.save_weights(trainer.network(embedder_of(classifier)), out / WEIGHTS)
        # What is measured is what is shipped: kernels at half precision, computing in float32.
        embed = publishing.embedder(weights.load_model(out / WEIGHTS, size=data.size))
        found = trainer.publish(classifier, embed, out)
        card = _card(data, task, work)
        card["training"].update(found.pop("training"))
        weights.write_card(out, {**card, **found})
        progress.note("LiteRT and SavedModel are made from the weights.")
        export.record(out, export.export(out))
    except OSError as exc:
        raise TrainingError(
            f"The version cannot be written to {out} ({exc.strerror or exc}); make room there and run the same command "
            "again."
        ) from exc


def _check_encoding(start: Start, encoding: str) -> None:
    if start.weights is None:
        return
    try:
        found = json.loads((start.weights.parent / CARD).read_text("utf-8"))["encoding"]
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise OptionError(f"{start.weights.parent} has no readable model card to begin from ({exc!r}).") from exc
    if found != encoding:
        raise OptionError(
            f'The model to begin from reads images of "{found}", these are of "{encoding}"; run mouseencode with '
            f"encoding={found.split('/')[0]}, or begin from scratch."
        )


def _card(data: LabelledImages, task: Task, work: Path) -> dict[str, Any]:
    finished = [checkpoints.read(work / f"phase{number}.npz") for number in range(len(task.phases))]
    positions = [found[0] for found in finished if found is not None]
    return {
        "created": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "task": task.kind,
        "encoding": data.encoding,
        "size": data.size,
        "training": {
            "code_version": __version__,
            "data": {"images": task.fingerprint},
            "sessions": len(data.sessions),
            "images": sum(map(len, data.images)),
            "phases": [dataclasses.asdict(phase) for phase in task.phases],
            "steps": sum(position.step for position in positions),
            "seconds": round(sum(position.seconds for position in positions), 1),
            "precision": task.precision,
            "seed": task.seed,
            "computed_on": devices.describe(),
            "options": task.options,
        },
    }


class _Material:
    """What both tasks share: which image numbers each class has for training."""

    def __init__(self, data: LabelledImages, groups: Sequence[Sequence[int]], *, workers: int) -> None:
        self._data, self._workers = data, workers
        self._images = [[data.images[number] for number in group] for group in groups]
        self._rates = [[data.sessions[number].rate_hz for number in group] for group in groups]

    def batches(self, batch: int, seed: int) -> Batches:
        """Training batches; classes alike, slow and fast captures alike."""
        spread = in_processes(self._workers)
        return Images(
            self._data.pixels, self._images, self._rates, batch=batch, steps=training.MOST_STEPS, seed=seed, **spread
        )

    def network(self, deep: keras.Model) -> keras.Model:
        """What is shipped of the trained network, the deep part."""
        return deep

    def _embedded(self, embed: accuracy.Embed, sessions: Sequence[int]) -> list[NDArray[np.float32]]:
        """The embeddings of each of these sessions' images."""
        numbers = [self._data.images[number] for number in sessions]
        embeddings = embed(np.concatenate([self._data.pixels[images] for images in numbers]))
        return np.split(embeddings, np.cumsum([len(images) for images in numbers])[:-1])


class _Classes(_Material):
    """A closed set of classes."""

    def __init__(self, data: LabelledImages, sessions: dict[str, list[int]], task: Task) -> None:
        self._classes = sorted(sessions)
        self._split = splits.by_session(sessions, seed=task.seed)
        training_ones = set(self._split.training)
        groups = [[number for number in sessions[name] if number in training_ones] for name in self._classes]
        super().__init__(data, groups, workers=task.workers)

    def publish(self, classifier: keras.Model, embed: accuracy.Embed, out: Path) -> dict[str, Any]:
        """Writes classes.npz, and gives the card's part on classes and metrics."""
        layer = classifier.get_layer("classes")
        directions, bias = (keras.ops.convert_to_numpy(value) for value in (layer.directions, layer.bias))
        head = Head(tuple(self._classes), np.asarray(directions, np.float32), np.asarray(bias, np.float32))
        np.savez(out / CLASSES, directions=head.directions, bias=head.bias)
        test = self._split.test
        truth = np.array([self._classes.index(self._data.sessions[number].label) for number in test])
        embedded = self._embedded(embed, test)
        windows = np.concatenate(
            [class_probabilities(part, head).argmax(axis=1) == true for part, true in zip(embedded, truth)]
        )
        right = np.array([session_probabilities(part, head).argmax() for part in embedded]) == truth
        recalls = [float(right[truth == number].mean()) for number in range(len(self._classes))]
        measured = {
            "sessions": len(test),
            "windows": len(windows),
            "window_accuracy": round(float(windows.mean()), 4),
            "session_accuracy": round(float(right.mean()), 4),
            "balanced_session_accuracy": round(float(np.mean(recalls)), 4),
            "largest_class_share": round(float(np.bincount(truth).max() / len(truth)), 4),
        }
        split = f"{len(self._split.training)} sessions train, {len(test)} other sessions of the same classes measure"
        return {
            "embedding": head.directions.shape[0],
            "classes": self._classes,
            "training": {"split": split},
            "metrics": {"held_out_sessions": measured},
        }


class _People(_Material):
    """People, to be told apart from people unseen."""

    def __init__(self, data: LabelledImages, sessions: dict[str, list[int]], task: Task, progress: Progress) -> None:
        self._sessions = sessions
        self._wide = "none"
        self._begun = weights.wide_part(task.start.weights) if task.start.weights is not None else None
        self._split = splits.by_person(sessions, seed=task.seed)
        super().__init__(data, [sessions[name] for name in self._split.training], workers=task.workers)
        if len(self._split.calibration) < FEW_PEOPLE:
            progress.note(
                f"Only {len(self._split.calibration)} people calibrate the scores and {len(self._split.test)} measure them; "
                "take the probabilities as rough."
            )

    def publish(self, classifier: keras.Model, embed: accuracy.Embed, out: Path) -> dict[str, Any]:
        """Writes cohort.npz and errors.npz, and gives the card's part on the back-end and metrics."""
        cohort = self._cohort(embed)
        backend = calibration.fit(self._trials(embed, self._split.calibration, cohort), cohort)
        np.savez(out / COHORT, cohort=cohort.astype(np.float16))
        test = self._trials(embed, self._split.test, cohort)
        self._write_errors(test, backend, out / ERRORS)
        split = (
            f"{len(self._split.training)} people train and are the cohort, {len(self._split.calibration)} others calibrate, "
            f"{len(self._split.test)} others measure; the earlier half of a person's sessions enrolls"
        )
        return {
            "embedding": cohort.shape[1],
            "people": len(self._sessions),
            "backend": backend.card(),
            "training": {"split": split, "wide_part": self._wide},
            "metrics": {"held_out_people": publishing.figures(test, backend)},
        }

    def network(self, deep: keras.Model) -> keras.Model:
        """The deep part, with the wide part that costs the least on the calibration people (Cllr), if any.

        Offered are the one of the version that training began with, which has seen other people, and one that is fitted on
        these training people.
        """
        offered = {"none": None, "kept": self._begun, "fitted": self._fitted()}
        embed = publishing.embedder(deep)
        costs = {
            name: self._cost(embed if wide is None else crossfit.wide_and_deep(wide, embed, DEEP_WEIGHT))
            for name, wide in offered.items()
            if wide is not None or name == "none"
        }
        self._wide = min(costs, key=lambda name: costs[name])
        wide = offered[self._wide]
        return deep if wide is None else weights.with_wide_part(deep, wide)

    def _fitted(self) -> Discriminant:
        numbers = [self._data.images[number] for name in self._split.training for number in self._sessions[name]]
        names = [name for name in self._split.training for _ in self._sessions[name]]
        people = np.repeat(names, [len(images) for images in numbers])
        pixels = self._data.pixels[np.concatenate(numbers)]
        return discriminant.fit(pixels, people, np.full(len(people), "search"), weights={"search": 1.0})

    def _cost(self, embed: accuracy.Embed) -> float:
        """Mean Cllr of the calibration people's windows and sessions, after calibration on the same."""
        cohort = self._cohort(embed)
        trials = self._trials(embed, self._split.calibration, cohort)
        backend = calibration.fit(trials, cohort)
        return float(np.mean([accuracy.measured(trials, backend, windows).cllr for windows in (1, None)]))

    def _cohort(self, embed: accuracy.Embed) -> NDArray[np.float32]:
        return np.stack([mean_direction(self._some(embed, name)) for name in self._split.training])

    def _some(self, embed: accuracy.Embed, name: str) -> NDArray[np.float32]:
        """Embeddings from all over a person's sessions; a mean needs no more than COHORT_WINDOWS."""
        numbers = np.concatenate([self._data.images[number] for number in self._sessions[name]])
        return embed(self._data.pixels[numbers[:: max(1, len(numbers) // accuracy.COHORT_WINDOWS)]])

    def _trials(
        self, embed: accuracy.Embed, people: Sequence[str], cohort: NDArray[np.float32]
    ) -> list[calibration.Trial]:
        enrolled: dict[str, NDArray[np.float32]] = {}
        probes: list[tuple[str, NDArray[np.float32]]] = []
        for name in people:
            embedded = self._embedded(embed, self._sessions[name])
            earlier = len(embedded) // 2
            enrolled[name] = np.concatenate(embedded[:earlier])
            probes += [(name, part) for part in embedded[earlier:]]
        return calibration.trials(enrolled, probes, cohort)

    def _write_errors(self, trials: Sequence[calibration.Trial], backend: Backend, path: Path) -> None:
        """errors.npz: the held-out trials cut to several lengths, from which policies choose thresholds."""
        seconds = {
            name: float(np.mean([self._data.sessions[number].window_s for number in self._sessions[name]]))
            for name in self._split.test
        }
        if not np.isfinite(list(seconds.values())).all():
            # Rows without their active seconds: a policy that needs these trials says that the model has none.
            return
        np.savez(path, **accuracy.held_out_of(trials, backend, seconds).arrays())
