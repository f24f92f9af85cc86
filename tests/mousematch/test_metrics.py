"""Error rates of genuine and impostor scores, against cases worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousematch import metrics
from mousematch.errors import OptionError

scores = st.lists(st.floats(-5, 5, width=16), min_size=1, max_size=40)


def test_eer_is_zero_when_scores_separate():
    assert metrics.eer([3, 4, 5], [0, 1, 2]) == 0
    assert metrics.auc([3, 4, 5], [0, 1, 2]) == 1


def test_eer_is_one_when_scores_are_swapped():
    assert metrics.eer([0, 1], [2, 3]) == 1
    assert metrics.auc([0, 1], [2, 3]) == 0


def test_auc_counts_ties_half():
    assert metrics.auc([1, 2], [1, 2]) == 0.5
    # Pairs: 2>1, 2=2 half, 3>1, 3>2.
    assert metrics.auc([2, 3], [1, 2]) == 3.5 / 4


def test_eer_of_a_case_worked_by_hand():
    # At a threshold between 2 and 3 one of four impostors is accepted and one of four owners rejected.
    assert metrics.eer([2, 3, 4, 5], [0, 1, 1.5, 3.5]) == 0.25


def test_roc_runs_from_everybody_accepted_to_nobody():
    curve = metrics.roc([2, 3], [1, 2])

    assert (curve.far[0], curve.frr[0]) == (1, 0)
    assert (curve.far[-1], curve.frr[-1]) == (0, 1)
    assert list(curve.thresholds[:3]) == [1, 2, 3]
    assert list(curve.far[:3]) == [1, 0.5, 0]


def test_threshold_accepts_at_most_the_target_share_of_impostors():
    impostor = np.arange(100.0)

    threshold = metrics.threshold_at_far(impostor, 0.05)

    assert (impostor >= threshold).mean() == 0.05


@given(scores, st.floats(0, 1))
def test_no_threshold_exceeds_its_target(impostor, target):
    threshold = metrics.threshold_at_far(impostor, target)

    assert (np.asarray(impostor) >= threshold).mean() <= target + 1e-9


@given(scores, scores)
def test_rates_are_shares_and_monotone(genuine, impostor):
    curve = metrics.roc(genuine, impostor)

    assert (np.diff(curve.far) <= 0).all() and (np.diff(curve.frr) >= 0).all()
    assert 0 <= metrics.eer(genuine, impostor) <= 1


@given(scores, scores)
def test_auc_equals_the_count_over_all_pairs(genuine, impostor):
    own, other = np.asarray(genuine)[:, None], np.asarray(impostor)[None, :]

    assert metrics.auc(genuine, impostor) == pytest.approx(((own > other) + 0.5 * (own == other)).mean())


def test_log_loss_is_one_bit_for_scores_that_say_nothing():
    assert metrics.log_loss([0, 0], [0]) == pytest.approx(1)
    assert metrics.log_loss([math.log(3)], [-math.log(3)]) == pytest.approx(math.log2(4 / 3))


def test_calibration_error_of_a_case_worked_by_hand():
    # Four statements of 0.75, of which half are true: off by 0.25.
    assert metrics.expected_calibration_error([0.75] * 4, [1, 1, 0, 0]) == pytest.approx(0.25)
    assert metrics.brier_score([0.75] * 4, [1, 1, 0, 0]) == pytest.approx((0.0625 * 2 + 0.5625 * 2) / 4)


def test_certain_and_right_is_perfectly_calibrated():
    assert metrics.expected_calibration_error([1.0, 0.0], [1, 0]) == 0


@pytest.mark.parametrize("genuine, impostor", [([], [1]), ([1], []), ([math.nan], [1])])
def test_missing_or_infinite_scores_are_refused(genuine, impostor):
    with pytest.raises(OptionError, match="at least one"):
        metrics.eer(genuine, impostor)


def test_reliability_of_a_case_worked_by_hand():
    # Bins of a half: 0.2 and 0.4 stated of which one is true; 0.9 stated, true, with the weight of two.
    found = metrics.reliability([0.2, 0.4, 0.9], [1, 0, 1], [1, 1, 2], bins=2)

    assert list(found.weight) == [0.5, 0.5] and list(found.trials) == [2, 1]
    assert list(found.stated) == pytest.approx([0.3, 0.9]) and list(found.observed) == [0.5, 1]
    assert found.error == pytest.approx(0.5 * 0.2 + 0.5 * 0.1)


def test_trials_weigh_as_if_the_prior_were_their_share():
    genuine = np.array([True, False, False, False])

    weights = metrics.weights_at_prior(genuine, 0.5)

    assert list(weights) == pytest.approx([2, 2 / 3, 2 / 3, 2 / 3])
    assert metrics.brier_score([0.5, 0, 0, 0.5], genuine, weights) == pytest.approx(0.25 / 2 + 0.25 / 6)
    assert list(metrics.weights_at_prior(genuine, 0.25)) == pytest.approx([1, 1, 1, 1])


def test_normal_deviates_are_those_of_the_tables():
    deviates = metrics.normal_deviate([0.5, 0.0228, 0.8413, 0, 1])

    assert list(deviates[:3]) == pytest.approx([0, -2, 1], abs=1e-3)
    assert np.isnan(deviates[3:]).all()


@given(scores, scores)
def test_a_short_curve_is_not_thinned_and_a_thinned_one_is_part_of_the_whole(genuine, impostor):
    curve = metrics.roc(genuine, impostor)

    assert metrics.thinned(curve, 1000) is curve
    few = metrics.thinned(curve, 4)
    assert set(zip(few.far, few.frr)) <= set(zip(curve.far, curve.frr))
    assert (few.far[0], few.frr[0], few.far[-1], few.frr[-1]) == (1, 0, 0, 1)
