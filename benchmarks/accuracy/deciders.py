"""What decides on an image by its embedding, learned from other images: a threshold, or a logistic regression."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

# Of the classifier on embeddings of unit length times the square root of their size: a usual strength, never tuned.
_RIDGE = 1.0

Embeddings = NDArray[np.float32]
Decider = Callable[[Embeddings], NDArray[np.bool_]]


def best_threshold(own: NDArray[np.floating], others: NDArray[np.floating]) -> float:
    """Where most of both are right, both counting the same; the middle of the gap between two scores."""
    scores = np.unique(np.concatenate((own, others)).astype(np.float64))
    candidates = np.concatenate(([scores[0] - 1.0], (scores[1:] + scores[:-1]) / 2, [scores[-1] + 1.0]))
    rejected_own = np.searchsorted(np.sort(own), candidates) / len(own)
    rejected_others = np.searchsorted(np.sort(others), candidates) / len(others)
    return float(candidates[int(np.argmax(rejected_others - rejected_own))])


def classifier(own: Embeddings, others: Embeddings) -> Decider:
    """A logistic regression with a ridge, by Newton's method; decides that an embedding belongs to ``own``."""
    scale = np.sqrt(own.shape[1])
    features = _with_constant(np.concatenate((own, others)), scale)
    truth = np.concatenate((np.ones(len(own)), np.zeros(len(others))))
    ridge = np.full(features.shape[1], _RIDGE)
    ridge[-1] = 1e-6  # the constant is free; this keeps the system solvable
    weights = np.zeros(features.shape[1])
    for _ in range(50):
        chance = 1.0 / (1.0 + np.exp(-np.clip(features @ weights, -30, 30)))
        gradient = features.T @ (chance - truth) + ridge * weights
        curvature = (features * (chance * (1 - chance))[:, None]).T @ features + np.diag(ridge)
        step = np.linalg.solve(curvature, gradient)
        weights -= step
        if np.abs(step).max() < 1e-6:
            break

    def decide(embeddings: Embeddings) -> NDArray[np.bool_]:
        return np.asarray(_with_constant(embeddings, scale) @ weights > 0)

    return decide


def _with_constant(embeddings: Embeddings, scale: float) -> NDArray[np.float64]:
    return np.column_stack((np.asarray(embeddings, np.float64) * scale, np.ones(len(embeddings))))
