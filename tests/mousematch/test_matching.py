"""Embeddings against templates: similarity, calibration, fusion, verdicts."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mousematch import matching
from mousematch.errors import ModelError, TemplateError


def unit(*rows):
    array = np.array(rows, np.float32)
    return array / np.linalg.norm(array, axis=-1, keepdims=True)


@pytest.fixture
def backend():
    random = np.random.default_rng(5)
    return matching.Backend(unit(*random.normal(size=(40, 8))), scale=1.5, offset=-2.0, correlation=0.25)


def around(direction, spread, n, seed=0):
    """Embeddings of a person: n directions near one."""
    random = np.random.default_rng(seed)
    return unit(*(direction + spread * random.normal(size=(n, len(direction)))))


ALICE, BOB = np.eye(8)[0], np.eye(8)[1]


def test_owner_scores_above_a_stranger(backend):
    template = matching.mean_direction(around(ALICE, 0.1, 20))

    own = matching.window_llrs(around(ALICE, 0.1, 5, seed=1), template, backend)
    other = matching.window_llrs(around(BOB, 0.1, 5, seed=2), template, backend)

    assert own.min() > 0 > other.max()


def test_similarity_is_measured_in_standard_deviations_of_the_cohort():
    cohort = unit([1, 1], [1, -1])
    template = unit([1, 0])[0]

    # Both cohort members are equally near, so the spread is numerical noise and the score saturates, not overflows.
    score = matching.normalised_similarity(unit([1, 0]), template, cohort)

    assert np.isfinite(score).all() and score[0] > 0


def test_template_is_the_mean_direction_at_unit_length():
    template = matching.mean_direction(unit([1, 0], [0, 1]))

    assert template == pytest.approx([math.sqrt(0.5)] * 2)


@pytest.mark.parametrize("embeddings", [np.empty((0, 4)), unit([1, 0], [-1, 0]), np.full((2, 3), np.nan)])
def test_no_template_from_nothing_from_opposites_or_from_nan(embeddings):
    with pytest.raises(TemplateError, match="enroll"):
        matching.mean_direction(embeddings)


def test_more_windows_of_the_same_evidence_give_more_certainty_up_to_a_limit(backend):
    fused = [matching.fuse([1.0] * n, backend) for n in (1, 2, 10, 1000)]

    assert fused == sorted(fused)
    assert fused[0] == pytest.approx(1)
    assert fused[1] == pytest.approx(2 / 1.25)
    assert fused[-1] < 1 / 0.25


def test_independent_windows_add_up(backend):
    independent = matching.Backend(backend.cohort, 1, 0, correlation=0)

    assert matching.fuse([1.0, -3.0, 0.5], independent) == pytest.approx(-1.5)


def test_probability_follows_bayes():
    assert matching.probability(0.0) == 0.5
    assert matching.probability(math.log(9)) == pytest.approx(0.9)
    assert matching.probability(math.log(9), prior=0.1) == pytest.approx(0.5)
    assert matching.probability(50.0, prior=0.999) == pytest.approx(1)


@pytest.mark.parametrize(
    "score, evidence_s, verdict",
    [
        (0.9, 60, "match"),
        (0.5, 60, "match"),
        (0.4, 60, "mismatch"),
        (0.99, 5, "insufficient"),
        (0.01, 5, "insufficient"),
    ],
)
def test_verdict_is_never_a_guess(score, evidence_s, verdict):
    assert matching.verdict(score, evidence_s=evidence_s, threshold=0.5, min_evidence_s=10) == verdict


def test_a_foreign_session_shows_as_inconsistency(backend):
    own = [around(ALICE, 0.2, 5, seed=seed) for seed in range(3)]
    mixed = [*own[:2], around(-ALICE + BOB, 0.2, 5, seed=9)]

    assert matching.consistency(own, backend) > 0 > matching.consistency(mixed, backend)


def test_one_session_is_split_and_one_window_is_refused(backend):
    session = around(ALICE, 0.2, 6)

    assert matching.consistency([session], backend) > 0
    with pytest.raises(TemplateError, match="at least two"):
        matching.consistency([session[:1]], backend)


def test_backend_reads_a_model_card(backend):
    card = {"scale": 1.5, "offset": -2, "correlation": 0.25}

    assert matching.Backend.from_card(card, backend.cohort).offset == -2
    with pytest.raises(ModelError, match="scale"):
        matching.Backend.from_card({}, backend.cohort)
    with pytest.raises(ModelError, match="at least two people"):
        matching.Backend.from_card(card, backend.cohort[:1])
