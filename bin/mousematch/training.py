"""Trains the network, phase by phase, in a folder from which an interrupted training goes on.

    python -m mousematch train --sapimouse DIR --balabit DIR --work DIR --out models/base/1

Each person is a class; the loss is an additive-margin softmax on cosines (Wang et al. 2018), so that the embedding
left after training compares people that it has never seen; or, for a closed set of classes, a plain softmax (``heads``).
Training may start narrow, where a step costs a sixteenth, and go on at full width with the filters copied (``growth``).
Keras only, for any Keras backend.
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

import keras

from mousematch import checkpoints, devices
from mousematch.checkpoints import Position
from mousematch.datasets import Recording
from mousematch.encoding import Encoding
from mousematch.errors import OptionError, TrainingError, TrainingStopped
from mousematch.heads import embedder_of, loss_of, with_head
from mousematch.initialisation import Start
from mousematch.progress import Logged, Progress, suited_to
from mousematch.registry import EMBED
from mousematch.sampling import Batches, From, Windows, in_processes
from mousematch.schedule import Phase

# A line of progress each so many steps, and a checkpoint if the last one is this old.
STEPS_AN_EPOCH = 50
CHECKPOINT_S = 60.0
# Batches of a phase; more than any phase sees.
MOST_STEPS = 10_000_000
WEIGHT_DECAY = 1e-4

# What a phase is trained on, for its batch size and a seed.
BatchesOf = Callable[[int, int], Batches]


def train(
    sources: dict[str, list[Recording]],
    encoding: Encoding,
    phases: Sequence[Phase],
    *,
    folder: Path,
    seed: int = 1,
    verbose: int = 1,
    workers: int = 1,
    start: Start | None = None,
    **options: Any,
) -> keras.Model:
    """The embedding network of background people, trained on windows of their recordings.

    sources: recordings by name of their source (see sampling.SHARES). workers: processes that draw images. options: of
    ``train_network``.
    """

    def batches(batch: int, seed: int) -> Batches:
        return Windows(sources, encoding, batch=batch, steps=MOST_STEPS, seed=seed, **in_processes(workers))

    if start is not None and start.imagenet is not None:
        sample, _ = batches(64, seed + 1_000_003)[0]
        start = Start(imagenet=start.imagenet, frozen=start.frozen, sample=sample)
    if not verbose:
        options.setdefault("progress", _Silent())
    classifier = train_network(
        batches, phases, size=encoding.size, task=EMBED, folder=folder, seed=seed, start=start or Start(), **options
    )
    return embedder_of(classifier)


def train_network(
    batches: BatchesOf,
    phases: Sequence[Phase],
    *,
    size: int,
    task: str,
    folder: Path,
    seed: int,
    start: Start,
    progress: Progress | None = None,
    stop: Callable[[], bool] = lambda: False,
    tensorboard: bool = False,
    device_names: Sequence[str] | None = None,
) -> keras.Model:
    """The trained network with its head, at the width of the last phase.

    folder: gets a log, checkpoints, and the weights of each finished phase; a training that finds them there goes on
    behind them. stop: is asked after each step whether the training should end; it then leaves a checkpoint.
    device_names: what to compute on, the machine's GPUs if None.

    Raises TrainingStopped after ``stop``; TrainingError if the loss is no number, the folder cannot be written, or holds
    another training; OptionError for phases or people that cannot be trained.
    """
    if not phases:
        raise OptionError("Training needs at least one phase.")
    start.check([phase.width for phase in phases])
    keras.utils.set_random_seed(seed)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise TrainingError(f"The work folder {folder} cannot be made ({exc.strerror}); name another one.") from exc
    told = Logged(progress or suited_to(), folder / "training.log")
    found = devices.gpus() if device_names is None else list(device_names)
    classifier: keras.Model | None = None
    embedder: keras.Model | None = None
    for number, phase in enumerate(phases):
        data = batches(phase.batch, seed + number)
        with devices.scope(found):
            embedder = start.network(
                size=size, width=phase.width, dropout=phase.dropout, before=embedder, seed=seed + number
            )
            classifier = with_head(embedder, task=task, classes=data.people)
            classifier.compile(
                keras.optimizers.AdamW(phase.rate, weight_decay=WEIGHT_DECAY),
                loss=loss_of(task),
                metrics=["sparse_categorical_accuracy"],
                # XLA and mirrored variables do not go together in every release.
                jit_compile=False if len(found) > 1 else "auto",
            )
            # Now, and not with the first step: a checkpoint may have to be read into its variables.
            classifier.optimizer.build(classifier.trainable_variables)
        finished = folder / f"phase{number}.npz"
        key = _key(phases[: number + 1], data, task=task, size=size, seed=seed, start=start)
        kept = checkpoints.read(finished)
        if kept is not None:
            _check_key(kept[0], key, finished)
            checkpoints.restore(finished, kept[1], classifier.variables)
            continue
        run = _Run(classifier, phase, number, len(phases), key=key, folder=folder, progress=told, stop=stop)
        run.resume()
        run.fit(data, _tensorboard(folder, number, told) if tensorboard else [])
        checkpoints.save(finished, run.position, classifier.variables)
        (folder / "checkpoint.npz").unlink(missing_ok=True)
    assert classifier is not None
    return classifier


class _Run(keras.callbacks.Callback):  # type: ignore[misc]
    """One phase: sets the learning rate, reports, keeps checkpoints, and ends when it should."""

    def __init__(
        self,
        classifier: keras.Model,
        phase: Phase,
        number: int,
        phases: int,
        *,
        key: str,
        folder: Path,
        progress: Progress,
        stop: Callable[[], bool],
    ) -> None:
        super().__init__()
        self._classifier, self._phase, self._number, self._phases = classifier, phase, number, phases
        self._key, self._path, self._progress, self._stop = key, folder / "checkpoint.npz", progress, stop
        self._step, self._before_s = 0, 0.0
        self._began = self._saved = time.monotonic()
        self._diverged = self._stopped = False

    @property
    def position(self) -> Position:
        return Position(self._key, self._number, self._step, round(self._seconds, 3))

    @property
    def _seconds(self) -> float:
        return self._before_s + time.monotonic() - self._began

    @property
    def _variables(self) -> list[Any]:
        return [*self._classifier.variables, *self._classifier.optimizer.variables]

    def resume(self) -> None:
        """Takes up the checkpoint of this phase, if there is one."""
        kept = checkpoints.read(self._path)
        if kept is None or kept[0].phase != self._number:
            return
        position, arrays = kept
        _check_key(position, self._key, self._path)
        checkpoints.restore(self._path, arrays, self._variables)
        self._step, self._before_s = position.step, position.seconds
        self._progress.note(f"Training goes on from step {position.step} of phase {self._number + 1}.")

    def fit(self, data: Batches, callbacks: Sequence[keras.callbacks.Callback]) -> None:
        """Trains to the end of the phase. Raises TrainingStopped and TrainingError."""
        self._began = self._saved = time.monotonic()
        if self._phase.share(self._step, self._before_s) < 1:
            rest = From(data, self._step)
            self._classifier.fit(
                rest,
                epochs=len(rest) // STEPS_AN_EPOCH,
                steps_per_epoch=STEPS_AN_EPOCH,
                shuffle=False,
                verbose=0,
                callbacks=[self, *callbacks],
            )
        if self._diverged:
            raise TrainingError(
                f"The loss is no number any more at step {self._step} of phase {self._number + 1} (width "
                f"{self._phase.width:g}, rate {self._phase.rate:g}); train with a lower rate, in a work folder of its own."
            )
        if self._stopped:
            checkpoints.save(self._path, self.position, self._variables)
            raise TrainingStopped(
                f"Training was stopped at step {self._step} of phase {self._number + 1}; the same command goes on from "
                f"there ({self._path})."
            )

    def on_train_batch_begin(self, batch: int, logs: object = None) -> None:
        share = self._phase.share(self._step, self._seconds)
        self._classifier.optimizer.learning_rate.assign(self._phase.rate_at(self._step, share))

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self._step += 1
        figures = self._figures(logs)
        if not math.isfinite(figures["loss"]):
            self._diverged = True
        elif self._stop():
            self._stopped = True
        else:
            self._progress.step(figures)
        if self._diverged or self._stopped or figures["share"] >= 1:
            self._classifier.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if self._diverged:
            return
        self._progress.epoch(self._figures(logs))
        if time.monotonic() - self._saved >= CHECKPOINT_S and not self._classifier.stop_training:
            checkpoints.save(self._path, self.position, self._variables)
            self._saved = time.monotonic()

    def _figures(self, logs: dict[str, float] | None) -> dict[str, Any]:
        seen = logs or {}
        return {
            "phase": self._number + 1,
            "phases": self._phases,
            "width": self._phase.width,
            "step": self._step,
            "minutes": self._seconds / 60,
            "share": self._phase.share(self._step, self._seconds),
            "loss": float(seen.get("loss", math.nan)),
            "accuracy": float(seen.get("sparse_categorical_accuracy", math.nan)),
        }


class _Silent:
    """Progress that nobody wants to see; the log has it."""

    def step(self, figures: object) -> None:
        pass

    def epoch(self, figures: object) -> None:
        pass

    def note(self, text: str) -> None:
        pass


def _key(phases: Sequence[Phase], data: Batches, *, task: str, size: int, seed: int, start: Start) -> str:
    """What must be the same for a training to go on: the phases so far, the material, and where it began."""
    begins = (str(start.weights or ""), str(start.imagenet or ""), start.frozen)
    text = repr(([astuple(phase) for phase in phases], data.people, data.material, task, size, seed, begins))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _check_key(position: Position, key: str, path: Path) -> None:
    if position.key != key:
        raise TrainingError(
            f"{path} is of another training (other phases, images, seed or start); give another work folder, or delete it."
        )


def _tensorboard(folder: Path, number: int, progress: Progress) -> list[keras.callbacks.Callback]:
    """Keras's TensorBoard callback, or none where the package is not installed."""
    if importlib.util.find_spec("tensorboard") is None:
        progress.note("There is no package tensorboard, so no logs for it are written; install it to have them.")
        return []
    return [keras.callbacks.TensorBoard(str(folder / "tensorboard" / f"phase{number}"), update_freq=STEPS_AN_EPOCH)]
