"""The networks that rows compare, each trained on the same number of pieces.

image          VGG16 with batch normalisation, the app's own
fcn, resnet    1D networks on sequences of events (Wang, Yan & Oates 2017), about as costly as the quarter-width VGG16
linear         linear discriminant analysis of the pixels
wide-and-deep  the linear one and the image network, side by side (after Cheng et al. 2016)
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from mousematch import discriminant
from mousematch.heads import PersonCosines, margin_loss
from mousematch.initialisation import Start
from mousematch.model import EMBEDDING
from mousematch.schedule import Phase
from study.measurement import Embed
from study.pieces import Pieces
from study.rows import FCN, LINEAR, RESNET, WIDE_AND_DEEP, Row

BATCH, RATE, DROPOUT, WEIGHT_DECAY = 64, 2e-3, 0.3, 1e-4
STEPS_A_LINE = 50
# Filters and kernels of the fully convolutional network; half as many filters again as published, for equal cost.
FCN_LAYERS = ((192, 8), (384, 5), (192, 3))
RESNET_BLOCKS, RESNET_KERNELS = (64, 128, 128), (8, 5, 3)

Say = Callable[[str], None]


def trained(row: Row, pieces: Pieces, *, steps: int, imagenet: Path | None, say: Say) -> tuple[Embed, int]:
    """The embedder that a row's training gives, and how many numbers it has."""
    keras.utils.set_random_seed(row.seed)
    if row.network == LINEAR:
        linear = _discriminant(pieces)
        return linear.project, linear.kernel.size + linear.bias.size
    network = _network(row, pieces, imagenet)
    _fit(network, pieces, steps, say)
    deep, numbers = _embedder(network), network.count_params()
    if row.network != WIDE_AND_DEEP:
        return deep, numbers
    wide = _discriminant(pieces)
    weight = row.deep_weight

    def both(inputs: NDArray) -> NDArray[np.float32]:
        joined = np.concatenate((wide.project(inputs), np.float32(weight) * deep(inputs)), axis=1)
        return joined / np.float32(np.hypot(1, weight))

    return both, numbers + wide.kernel.size + wide.bias.size


def _discriminant(pieces: Pieces) -> discriminant.Discriminant:
    people = [str(number) for number in pieces.people]
    return discriminant.fit(pieces.inputs, people, ["all"] * len(people), weights={"all": 1.0})


def _network(row: Row, pieces: Pieces, imagenet: Path | None) -> keras.Model:
    if row.network == FCN:
        return _sequence_network(pieces.inputs.shape[1:], _fully_convolutional)
    if row.network == RESNET:
        return _sequence_network(pieces.inputs.shape[1:], _residual)
    start = Start()
    if row.imagenet:
        sample = pieces.inputs[:BATCH].astype(np.float32) / np.float32(255)
        start = Start(imagenet=imagenet, frozen=row.frozen, sample=sample)
    return start.network(size=row.size, width=row.width, dropout=DROPOUT, before=None, seed=row.seed)


def _fit(network: keras.Model, pieces: Pieces, steps: int, say: Say) -> None:
    people = int(pieces.people.max()) + 1
    classifier = keras.Model(network.input, PersonCosines(people, name="people")(network.output))
    classifier.compile(
        keras.optimizers.AdamW(RATE, weight_decay=WEIGHT_DECAY),
        loss=margin_loss,
        metrics=["sparse_categorical_accuracy"],
    )
    phase = Phase(width=0, minutes=None, rate=RATE, batch=BATCH, dropout=DROPOUT, steps=steps)
    classifier.fit(_Batches(pieces, steps), epochs=1, shuffle=False, verbose=0, callbacks=[_Pace(phase, say)])


class _Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """The pieces in their order, each once."""

    def __init__(self, pieces: Pieces, steps: int) -> None:
        super().__init__()
        self._pieces, self._steps = pieces, steps

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        part = slice(index * BATCH, (index + 1) * BATCH)
        return _seen(self._pieces.inputs[part]), self._pieces.people[part]


class _Pace(keras.callbacks.Callback):  # type: ignore[misc]
    """Sets the learning rate, and says now and then how it goes."""

    def __init__(self, phase: Phase, say: Say) -> None:
        super().__init__()
        self._phase, self._say, self._began = phase, say, time.monotonic()

    def on_train_batch_begin(self, batch: int, logs: object = None) -> None:
        self.model.optimizer.learning_rate.assign(self._phase.rate_at(batch, self._phase.share(batch, 0)))

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        step = batch + 1
        if step % STEPS_A_LINE == 0 or step == self._phase.steps:
            figures = logs or {}
            accuracy = figures.get("sparse_categorical_accuracy", float("nan"))
            self._say(
                f"step {step} of {self._phase.steps}, loss {figures.get('loss', float('nan')):.2f}, "
                f"training accuracy {accuracy:.2f}, {time.monotonic() - self._began:.0f} s"
            )


def _embedder(network: keras.Model) -> Embed:
    def embed(inputs: NDArray) -> NDArray[np.float32]:
        # Padded to full batches: another batch shape would be compiled anew.
        padded = np.concatenate((inputs, np.zeros((-len(inputs) % BATCH, *inputs.shape[1:]), inputs.dtype)))
        parts = [
            np.asarray(network.predict_on_batch(_seen(padded[start : start + BATCH])), np.float32)
            for start in range(0, len(padded), BATCH)
        ]
        return np.concatenate(parts)[: len(inputs)]

    return embed


def _seen(inputs: NDArray) -> NDArray[np.float32]:
    """Images as 0-1, sequences as they are."""
    return inputs.astype(np.float32) / np.float32(255) if inputs.dtype == np.uint8 else inputs


def _sequence_network(shape: tuple[int, ...], body: Callable[[Any], Any]) -> keras.Model:
    """From sequences to embeddings, with the head of the image network."""
    sequences = keras.Input(shape, name="sequences")
    x = keras.layers.GlobalAveragePooling1D()(body(sequences))
    x = keras.layers.Dropout(DROPOUT)(x)
    x = keras.layers.Dense(EMBEDDING, use_bias=False)(x)
    x = keras.layers.BatchNormalization()(x)
    return keras.Model(sequences, keras.layers.UnitNormalization(axis=-1, dtype="float32", name="embedding")(x))


def _normalised(x: Any, filters: int, kernel: int) -> Any:
    x = keras.layers.Conv1D(filters, kernel, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    return keras.layers.BatchNormalization()(x)


def _fully_convolutional(x: Any) -> Any:
    for filters, kernel in FCN_LAYERS:
        x = keras.layers.ReLU()(_normalised(x, filters, kernel))
    return x


def _residual(x: Any) -> Any:
    for filters in RESNET_BLOCKS:
        short = _normalised(x, filters, 1)
        for kernel in RESNET_KERNELS[:-1]:
            x = keras.layers.ReLU()(_normalised(x, filters, kernel))
        x = keras.layers.ReLU()(keras.layers.Add()([_normalised(x, filters, RESNET_KERNELS[-1]), short]))
    return x
