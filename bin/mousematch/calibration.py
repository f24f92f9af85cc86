"""Fits the back-end's three numbers on people whom the network has not seen in training.

Logistic calibration (Brümmer & du Preez 2006): scale, offset and the correlation of a session's windows are chosen so
that the fused LLRs of genuine and impostor trials cost the least (Cllr), over sessions of one window up to all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from mousematch.errors import OptionError
from mousematch.matching import Backend, fuse, mean_direction, normalised_similarity
from mousematch.metrics import log_loss

# Sessions are cut to these many windows for the fit, so that the numbers hold for short and long sessions alike.
LENGTHS = (1, 2, 4, 8, 16)


@dataclass(frozen=True)
class Trial:
    """One session against one template. similarities: normalised ones of its windows, float32 (n,), in order."""

    claimed: str
    actual: str
    similarities: NDArray[np.float32]

    @property
    def genuine(self) -> bool:
        return self.claimed == self.actual


def trials(
    enrolled: Mapping[str, NDArray[np.float32]],
    probes: Sequence[tuple[str, NDArray[np.float32]]],
    cohort: NDArray[np.float32],
) -> list[Trial]:
    """Every probe session against everybody's template.

    enrolled: embeddings (n, d) by person. probes: (person, embeddings (n, d)) of sessions that enrolled nobody.
    """
    templates = {person: mean_direction(embeddings) for person, embeddings in enrolled.items()}
    return [
        Trial(claimed, actual, normalised_similarity(embeddings, template, cohort))
        for actual, embeddings in probes
        for claimed, template in templates.items()
        if len(embeddings)
    ]


def pieces(trial: Trial, length: int | None) -> list[NDArray[np.float32]]:
    """The trial's windows in consecutive pieces of this length, None for the whole session; a short rest is left out."""
    values = trial.similarities
    if length is None:
        return [values]
    return [values[start : start + length] for start in range(0, len(values) - length + 1, length)]


def llrs(of: Sequence[Trial], backend: Backend, length: int | None) -> tuple[list[float], list[float]]:
    """Fused LLRs of all pieces of this length: (genuine, impostor)."""
    genuine: list[float] = []
    impostor: list[float] = []
    for trial in of:
        for piece in pieces(trial, length):
            llr = fuse(backend.scale * piece.astype(np.float64) + backend.offset, backend)
            (genuine if trial.genuine else impostor).append(llr)
    return genuine, impostor


def fit(of: Sequence[Trial], cohort: NDArray[np.float32]) -> Backend:
    """The back-end with the lowest mean Cllr over piece lengths. Raises OptionError without both kinds of trials."""
    if len({trial.genuine for trial in of}) < 2:
        raise OptionError(
            "Calibration needs genuine and impostor trials; hold out at least two people with two sessions."
        )
    start = Backend(cohort, scale=1.0, offset=-1.0, correlation=0.2)
    lengths = [length for length in LENGTHS if any(trial.genuine and len(trial.similarities) >= length for trial in of)]

    def cost(numbers: NDArray[np.float64]) -> float:
        backend = _backend(start, numbers)
        return float(np.mean([log_loss(*llrs(of, backend, length)) for length in (*lengths, None)]))

    result = minimize(cost, np.array([0.0, -1.0, -1.4]), method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-5})
    return _backend(start, result.x)


def _backend(start: Backend, numbers: NDArray[np.float64]) -> Backend:
    """Numbers on an unbounded scale, so that the search cannot leave scale > 0 and 0 < correlation < 1."""
    correlation = 1 / (1 + np.exp(-numbers[2]))
    return replace(start, scale=float(np.exp(numbers[0])), offset=float(numbers[1]), correlation=float(correlation))
