"""Trials → figures, against cases worked by hand and against scores that are calibrated by construction."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mousematch import evaluation, metrics
from mousematch.evaluation import ACCEPTED, LLR, PLAIN, PROBABILITY, REJECTED, UNDECIDED, Trials
from mousematch.intervals import People


def trials_of(genuine, impostor, *, decisions=None, scale=LLR):
    n = len(genuine) + len(impostor)
    claimed = np.arange(n) % 4
    own = np.arange(n) < len(genuine)
    return Trials(
        scores=np.array([*genuine, *impostor], np.float64),
        genuine=own,
        people=People(claimed, np.where(own, claimed, (claimed + 1) % 4)),
        decisions=np.full(n, UNDECIDED, np.uint8) if decisions is None else np.array(decisions, np.uint8),
        scale=scale,
    )


def calibrated(n=20_000, share=0.1):
    """LLRs whose genuine distribution is e^llr times their impostors': normal with mean ± half the variance."""
    random = np.random.default_rng(5)
    own = int(n * share)
    return trials_of(random.normal(2, 2, own), random.normal(-2, 2, n - own))


def summary(trials, **more):
    return evaluation.summary(trials, **{"targets": (0.1,), "prior": 0.5, "draws": 0, **more})


def test_rates_at_the_rows_own_decisions_leave_the_undecided_out():
    found = summary(
        trials_of(
            [1, 2, 3, 4], [0, 1, 5], decisions=[REJECTED, ACCEPTED, ACCEPTED, UNDECIDED, REJECTED, ACCEPTED, ACCEPTED]
        )
    ).at_threshold

    assert (found.false_accepts, found.false_rejects, found.undecided) == (2, 1, 1)
    assert found.far.value == pytest.approx(2 / 3) and found.frr.value == pytest.approx(1 / 3)


def test_without_decisions_there_are_no_rates():
    found = summary(trials_of([1, 2], [0, 1])).at_threshold

    assert math.isnan(found.far.value) and math.isnan(found.frr.value) and found.undecided == 4


def test_figures_are_those_of_metrics():
    genuine, impostor = [2.0, 3, 4, 5, 0.5], [0.0, 1, 1.5, 3.5, -2, 0]

    found = summary(trials_of(genuine, impostor))

    assert found.auc.value == pytest.approx(metrics.auc(genuine, impostor))
    assert found.eer.value == pytest.approx(metrics.eer(genuine, impostor))
    assert found.cllr.value == pytest.approx(metrics.log_loss(genuine, impostor))
    assert (found.genuine, found.impostor, found.people) == (5, 6, 4)


@pytest.mark.parametrize("prior", [0.5, 0.9, None])
def test_calibrated_llrs_are_calibrated_at_any_prior(prior):
    found = summary(calibrated(), prior=prior)

    assert found.ece < 0.02
    assert found.prior == (0.1 if prior is None else prior)


def test_overconfident_llrs_are_found_out():
    true = calibrated()
    doubled = Trials(true.scores * 3, true.genuine, true.people, true.decisions)

    assert summary(doubled).ece > 0.05
    assert summary(doubled).cllr.value > summary(true).cllr.value
    assert summary(doubled).auc.value == summary(true).auc.value


def test_probabilities_are_read_as_made_with_even_odds():
    llrs = calibrated(2_000)
    stated = Trials(1 / (1 + np.exp(-llrs.scores)), llrs.genuine, llrs.people, llrs.decisions, PROBABILITY)

    assert summary(stated).brier == pytest.approx(summary(llrs).brier, abs=1e-6)
    assert summary(stated).cllr.value == pytest.approx(summary(llrs).cllr.value, abs=1e-3)


def test_scores_on_no_scale_have_no_calibration():
    found = summary(trials_of([3, 4], [1, 2], scale=PLAIN))

    assert all(map(math.isnan, (found.cllr.value, found.brier, found.ece)))
    assert found.auc.value == 1
    assert evaluation.reliability(trials_of([3], [1], scale=PLAIN), prior=0.5) is None


def test_a_target_far_has_its_threshold_where_there_are_impostors_enough_for_it():
    found = summary(trials_of([5, 95, 99], np.arange(100.0)), targets=(0.1, 0.001)).targets

    assert (found[0].far, found[0].frr) == (0.1, pytest.approx(1 / 3))
    assert 89 < found[0].threshold <= 90
    assert math.isnan(found[1].threshold) and math.isnan(found[1].frr)


def test_intervals_hold_their_estimates():
    found = summary(calibrated(400, 0.25), draws=100)

    for estimate in (found.auc, found.eer, found.cllr):
        assert estimate.low < estimate.value < estimate.high


@pytest.mark.parametrize(("genuine", "impostor", "missing"), [([1], [], "impostor"), ([], [1, 2], "genuine")])
def test_one_kind_alone_is_said_to_lack_the_other(genuine, impostor, missing):
    assert f"no {missing} trial" in trials_of(genuine, impostor).lacks()
    assert trials_of([1], [2]).lacks() == ""


def test_a_curve_is_thinned_to_points_that_keep_its_ends_and_its_shape():
    trials = calibrated()

    curve = evaluation.curve(trials, 100)

    assert 50 <= len(curve.far) <= 102
    assert (curve.far[0], curve.frr[0], curve.far[-1], curve.frr[-1]) == (1, 0, 0, 1)
    area = float(np.sum(np.diff(curve.far[::-1]) * (2 - curve.frr[::-1][1:] - curve.frr[::-1][:-1]) / 2))
    assert area == pytest.approx(summary(trials).auc.value, abs=0.001)
    # The corner of few false accepts is where thresholds are chosen.
    assert ((curve.far > 0) & (curve.far < 0.001)).sum() >= 5
