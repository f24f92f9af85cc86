"""Fits the back-end's numbers on people whom the network has not seen in training.

Logistic calibration (Brümmer & du Preez 2006): scale, offset, the correlation of a session's windows and the share of
genuine sessions that look like somebody else's are chosen so that the fused LLRs of genuine and impostor trials cost the
least (Cllr), over sessions of one window up to all of them. Without that share, the few owners who sat at another device
would make the line flatter for everybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from mousematch.errors import OptionError
from mousematch.matching import Backend, fused, log_odds, mean_direction, normalised_similarity
from mousematch.metrics import log_loss

# A dozen genuine sessions say little about how alike their windows are. The correlation is held near this value, with
# the weight of bits that this many genuine sessions would cost for one unit of log-odds.
EXPECTED_CORRELATION, EXPECTATION_WEIGHT = 0.3, 0.2
# As little is known of lapses; at most LARGEST_LAPSE of the sessions.
EXPECTED_LAPSE, LARGEST_LAPSE = 0.02, 0.2
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


@dataclass(frozen=True)
class Pieces:
    """Sessions cut to one length, as arrays of one entry a piece: mean similarity, windows, whether it is genuine."""

    mean: NDArray[np.float64]
    windows: NDArray[np.float64]
    genuine: NDArray[np.bool_]

    def llrs(self, backend: Backend) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Fused LLRs: (genuine, impostor)."""
        llr = fused(backend.scale * self.mean + backend.offset, self.windows, backend)
        return llr[self.genuine], llr[~self.genuine]


def pieces(of: Sequence[Trial], length: int | None) -> Pieces:
    """The trials' windows in consecutive pieces of this length, None for whole sessions; a short rest is left out."""
    rows: list[tuple[float, int, bool]] = []
    for trial in of:
        values = trial.similarities.astype(np.float64)
        size = length or len(values)
        whole = values[: len(values) // size * size].reshape(-1, size)
        rows.extend((mean, size, trial.genuine) for mean in whole.mean(axis=1))
    table = np.array(rows, np.float64).reshape(-1, 3)
    return Pieces(table[:, 0], table[:, 1], table[:, 2].astype(bool))


def fit(of: Sequence[Trial], cohort: NDArray[np.float32]) -> Backend:
    """The back-end with the lowest mean Cllr over piece lengths. Raises OptionError without both kinds of trials."""
    if len({trial.genuine for trial in of}) < 2:
        raise OptionError(
            "Calibration needs genuine and impostor trials; hold out at least two people with two sessions."
        )
    start = Backend(cohort, scale=1.0, offset=-1.0, correlation=0.2, lapse=EXPECTED_LAPSE)
    lengths = [pieces(of, length) for length in (*LENGTHS, None)]
    genuine = sum(trial.genuine for trial in of)
    both = [cut for cut in lengths if cut.genuine.any() and not cut.genuine.all()]

    expected = np.array([log_odds(EXPECTED_CORRELATION), log_odds(EXPECTED_LAPSE / LARGEST_LAPSE)])

    def cost(numbers: NDArray[np.float64]) -> float:
        backend = _backend(start, numbers)
        doubt = float(((numbers[2:] - expected) ** 2).sum()) * EXPECTATION_WEIGHT / genuine
        return float(np.mean([log_loss(*cut.llrs(backend)) for cut in both]) + doubt)

    result = minimize(
        cost,
        np.array([0.0, -1.0, *expected]),
        method="Nelder-Mead",
        options={"xatol": 1e-3, "fatol": 1e-5, "maxiter": 4000},
    )
    return _backend(start, result.x)


def _backend(start: Backend, numbers: NDArray[np.float64]) -> Backend:
    """Numbers on an unbounded scale, so that the search cannot leave what they may be."""
    correlation, lapse = 1 / (1 + np.exp(-np.clip(numbers[2:], -30, 30)))
    return replace(
        start,
        scale=float(np.exp(numbers[0])),
        offset=float(numbers[1]),
        correlation=float(correlation),
        lapse=float(LARGEST_LAPSE * lapse),
    )
