"""Trains the embedding network on background people, from scratch.

    python -m mousematch train --sapimouse DIR --balabit DIR --work DIR --out models/base/1

Each person is a class; the loss is an additive-margin softmax on cosines (Wang et al. 2018), so that the embedding
left after training compares people that it has never seen. Every image is drawn anew from a random stretch of a random
session, so no two steps see the same windows. Training starts narrow, where a step costs a sixteenth, and goes on at
full width with the filters copied (``growth``). Keras only, for any Keras backend.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from mousematch.datasets import Recording
from mousematch.encoding import Encoding
from mousematch.errors import OptionError
from mousematch.growth import grown
from mousematch.model import build_model
from mousematch.stretches import Session

# Additive-margin softmax: the scale that cosines need before a softmax over a hundred classes can become confident, and
# the margin by which the right class has to win.
SCALE, MARGIN = 20.0, 0.1
# Share of the images that each source of people gives, whatever its size; of those given, scaled to a sum of 1.
SHARES = {"sapimouse": 0.7, "balabit": 0.1, "synthetic": 0.2}
# A save of the weights and a line of progress each so many steps.
STEPS_AN_EPOCH = 50


@dataclass(frozen=True)
class Phase:
    """A part of the training: at what width, for how long, with which highest learning rate.

    The learning rate rises over the first WARM_UP_STEPS and falls along a cosine to nearly zero at ``minutes``.
    """

    width: float
    minutes: float
    rate: float
    batch: int = 64
    dropout: float = 0.3


WARM_UP_STEPS = 60


def phases_of(text: str) -> list[Phase]:
    """Reads phases as the command line writes them: ``width:minutes:rate,...``, such as ``0.25:25:2e-3,1:40:5e-4``."""
    try:
        parts = [[float(number) for number in part.split(":")] for part in text.split(",")]
        return [Phase(width=width, minutes=minutes, rate=rate) for width, minutes, rate in parts]
    except (TypeError, ValueError) as exc:
        raise OptionError(
            f'phases="{text}" is no schedule; write width:minutes:rate, such as 0.25:25:2e-3,1:40:5e-4.'
        ) from exc


class Windows(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of freshly drawn windows: float32 (batch, size, size, 3) in 0-1 and int32 (batch,) person numbers.

    Sources are drawn by their share, then people with equal probability, then their sessions by length; so nobody
    dominates by having more data.
    """

    def __init__(
        self, sources: dict[str, list[Recording]], encoding: Encoding, *, batch: int, steps: int, seed: int
    ) -> None:
        super().__init__()
        self._encoding, self._batch, self._steps, self._seed = encoding, batch, steps, seed
        self._people: list[list[Session]] = []
        chances: list[float] = []
        for name, recordings in sources.items():
            by_person: dict[str, list[Session]] = {}
            for recording in recordings:
                by_person.setdefault(recording.person, []).append(Session(recording.points))
            self._people.extend(by_person.values())
            chances.extend([SHARES[name] / len(by_person)] * len(by_person))
        self._chances = np.array(chances) / sum(chances)

    @property
    def people(self) -> int:
        """How many classes there are."""
        return len(self._people)

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        random = np.random.default_rng((self._seed, index))
        people = random.choice(self.people, self._batch, p=self._chances).astype(np.int32)
        images = [self._image(self._people[person], random) for person in people]
        return np.stack(images).astype(np.float32) / np.float32(255), people

    def _image(self, sessions: list[Session], random: np.random.Generator) -> NDArray[np.uint8]:
        lengths = np.array([session.length_us for session in sessions], np.float64)
        session = sessions[random.choice(len(sessions), p=lengths / lengths.sum())]
        return next(self._encoding.images(session.stretch(self._encoding.window, random), [slice(0, None)]))


class PersonCosines(keras.layers.Layer):  # type: ignore[misc]
    """Cosine of each embedding to one learned direction per person: (n, d) → (n, people)."""

    def __init__(self, people: int, **options: object) -> None:
        super().__init__(dtype="float32", **options)
        self.people = people

    def build(self, shape: tuple[int | None, int]) -> None:
        self.directions = self.add_weight(
            name="directions", shape=(shape[-1], self.people), initializer="glorot_uniform"
        )

    def call(self, embeddings: keras.KerasTensor) -> keras.KerasTensor:
        return keras.ops.matmul(embeddings, keras.ops.normalize(self.directions, axis=0))


def margin_loss(people: keras.KerasTensor, cosines: keras.KerasTensor) -> keras.KerasTensor:
    """Additive-margin softmax loss per image: int (n,) and float (n, people) → (n,)."""
    right = keras.ops.one_hot(keras.ops.cast(keras.ops.reshape(people, (-1,)), "int32"), cosines.shape[-1])
    logits = SCALE * (cosines - MARGIN * right)
    return keras.losses.categorical_crossentropy(right, logits, from_logits=True)


class Timetable(keras.callbacks.Callback):  # type: ignore[misc]
    """Sets the learning rate by the share of the phase's minutes that has passed, and ends the phase with them."""

    def __init__(self, phase: Phase, log: Path) -> None:
        super().__init__()
        self._phase, self._log = phase, log
        self._started, self._step = time.monotonic(), 0

    def on_train_batch_begin(self, batch: int, logs: object = None) -> None:
        share = (time.monotonic() - self._started) / (60 * self._phase.minutes)
        self.model.stop_training = share >= 1
        rate = (
            self._phase.rate * min(1.0, (self._step + 1) / WARM_UP_STEPS) * 0.5 * (1 + np.cos(np.pi * min(share, 1.0)))
        )
        self.model.optimizer.learning_rate.assign(max(rate, 1e-6))
        self._step += 1

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        # Keras looks at stop_training after an epoch only when validating; a phase may be shorter than an epoch.
        if self.model.stop_training:
            raise _PhaseOver

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        minutes = (time.monotonic() - self._started) / 60
        losses = " ".join(f"{name} {value:.3f}" for name, value in (logs or {}).items())
        with self._log.open("a") as lines:
            print(
                f"width {self._phase.width:g} minute {minutes:.1f} step {self._step} {losses}", file=lines, flush=True
            )


class _PhaseOver(Exception):
    """The phase's minutes have passed."""


def train(
    sources: dict[str, list[Recording]],
    encoding: Encoding,
    phases: Sequence[Phase],
    *,
    folder: Path,
    seed: int = 1,
    verbose: int = 1,
) -> keras.Model:
    """The trained network at the width of the last phase.

    sources: recordings by name of their source (see SHARES). folder: gets a log and, after each epoch, the weights; a
    phase whose final weights are there already is not run again.
    """
    keras.utils.set_random_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    classifier: keras.Model | None = None
    for number, phase in enumerate(phases):
        data = Windows(sources, encoding, batch=phase.batch, steps=STEPS_AN_EPOCH * 1000, seed=seed + number)
        if data.people < 2:
            raise OptionError(f"Training needs sessions of at least two people; there is {data.people}.")
        before, classifier = classifier, _classifier(encoding.size, phase, data.people)
        if before is not None:
            grown(before, classifier, seed=seed)
        finished = folder / f"phase{number}.weights.h5"
        if finished.exists():
            classifier.load_weights(finished)
            continue
        _fit(classifier, data, phase, folder=folder, verbose=verbose)
        classifier.save_weights(finished)
    if classifier is None:
        raise OptionError("Training needs at least one phase.")
    return embedder_of(classifier)


def _fit(classifier: keras.Model, data: Windows, phase: Phase, *, folder: Path, verbose: int) -> None:
    classifier.compile(
        keras.optimizers.AdamW(phase.rate, weight_decay=1e-4), loss=margin_loss, metrics=["sparse_categorical_accuracy"]
    )
    with contextlib.suppress(_PhaseOver):
        classifier.fit(
            data,
            epochs=len(data) // STEPS_AN_EPOCH,
            steps_per_epoch=STEPS_AN_EPOCH,
            shuffle=False,
            verbose=verbose,
            callbacks=[
                Timetable(phase, folder / "training.log"),
                keras.callbacks.ModelCheckpoint(str(folder / "latest.weights.h5"), save_weights_only=True),
            ],
        )


def _classifier(size: int, phase: Phase, people: int) -> keras.Model:
    embedder = build_model(size=size, width=phase.width, dropout=phase.dropout)
    return keras.Model(embedder.input, PersonCosines(people, name="people")(embedder.output), name="classifier")


def embedder_of(classifier: keras.Model) -> keras.Model:
    """The part of a classifier up to the embedding."""
    return keras.Model(classifier.input, classifier.get_layer("embedding").output, name="mousematch_vgg16_bn")
