"""Embeddings → probabilities of a closed set of classes, as a classifier's softmax head gives them.

The head is two small arrays beside the weights, so the scorer computes embeddings as for any model, and the classes are
numpy alone. Arrays in, arrays out: no files, no clock, no logging.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mousematch.errors import ModelError, TemplateError

# How alike the windows of one session are, as evidence: what the calibration of people finds (0.2-0.4). A classifier's
# own sessions are too few to fit it.
CORRELATION = 0.3


@dataclass(frozen=True)
class Head:
    """A softmax over classes: logits = embedding @ directions + bias.

    directions: float32 (d, classes). bias: float32 (classes,).
    """

    classes: tuple[str, ...]
    directions: NDArray[np.float32]
    bias: NDArray[np.float32]

    def __post_init__(self) -> None:
        if len(self.classes) < 2 or self.directions.ndim != 2 or self.directions.shape[1] != len(self.classes):
            raise ModelError(
                f"The head has directions of the shape {self.directions.shape} for {len(self.classes)} classes; publish "
                "the model again."
            )
        if self.bias.shape != (len(self.classes),) or not np.isfinite(self.directions).all():
            raise ModelError("The head's bias or directions are unusable; publish the model again.")


def class_probabilities(embeddings: NDArray[np.floating], head: Head) -> NDArray[np.float32]:
    """Probability of each class for each window alone: (n, d) → float32 (n, classes), rows sum to 1."""
    return _softmax(_logits(embeddings, head)).astype(np.float32)


def session_probabilities(embeddings: NDArray[np.floating], head: Head) -> NDArray[np.float32]:
    """Probability of each class for a session, fused over its windows: (n, d) → float32 (classes,), sum 1.

    The windows' mean log-probability counts as often as n windows with CORRELATION are worth independent ones. Raises
    TemplateError without a window.
    """
    n = len(embeddings)
    if n == 0:
        raise TemplateError("There is no window to classify; a class needs at least one.")
    logits = _logits(embeddings, head)
    logs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    effective = n / (1.0 + (n - 1) * CORRELATION)
    return _softmax(effective * logs.mean(axis=0, keepdims=True))[0].astype(np.float32)


def _logits(embeddings: NDArray[np.floating], head: Head) -> NDArray[np.float64]:
    return np.asarray(embeddings, np.float64) @ head.directions.astype(np.float64) + head.bias


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
