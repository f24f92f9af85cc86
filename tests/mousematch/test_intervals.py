"""Intervals by people: wide where people differ, right against simulation, and the same figures as metrics gives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousematch import metrics
from mousematch.intervals import UNKNOWN, People, WeightedRates, bootstrap

scores = st.lists(st.integers(-4, 4), min_size=1, max_size=30)


@given(scores, scores)
def test_without_weights_the_rates_are_those_of_metrics(genuine, impostor):
    both = np.array(genuine + impostor, np.float64)
    rates = WeightedRates(both, np.arange(len(both)) < len(genuine))

    auc, eer = rates(np.ones(len(both)))

    assert auc == pytest.approx(metrics.auc(genuine, impostor))
    assert eer == pytest.approx(metrics.eer(genuine, impostor))


@given(scores, scores, st.integers(0, 2**32 - 1))
def test_a_weight_is_a_number_of_repeats(genuine, impostor, seed):
    repeats = np.random.default_rng(seed).integers(1, 4, len(genuine) + len(impostor))
    own, other = repeats[: len(genuine)], repeats[len(genuine) :]
    rates = WeightedRates(np.array(genuine + impostor, np.float64), np.arange(len(repeats)) < len(genuine))

    auc, eer = rates(repeats.astype(np.float64))

    assert auc == pytest.approx(metrics.auc(np.repeat(genuine, own), np.repeat(impostor, other)))
    assert eer == pytest.approx(metrics.eer(np.repeat(genuine, own), np.repeat(impostor, other)))


def test_weights_that_leave_one_kind_have_no_rates():
    rates = WeightedRates(np.array([1.0, 2.0]), np.array([True, False]))

    assert all(math.isnan(rate) for rate in rates(np.array([0.0, 1.0])))


def test_a_trial_of_two_people_counts_as_often_as_both_were_drawn():
    # Three people: 0 and 1 genuine, 0 by 1, 2 by nobody knows whom.
    people = People(np.array([0, 1, 0, 2]), np.array([0, 1, 1, UNKNOWN]))

    for weights in people.draws(50):
        assert weights[2] == weights[0] * weights[1]
        assert weights[0] + weights[1] + weights[3] == 3


def test_the_interval_of_a_mean_is_that_of_the_people_not_of_their_trials():
    """Ten people with a hundred equal trials each: as uncertain as ten numbers, not as a thousand."""
    random = np.random.default_rng(3)
    level = random.normal(size=10)
    person = np.repeat(np.arange(10), 100)

    (low,), (high,) = bootstrap(
        lambda weights: np.array([weights @ level[person] / weights.sum()]), People(person, person), draws=2000
    )

    expected = 1.96 * level.std() / math.sqrt(10)
    assert (high - low) / 2 == pytest.approx(expected, rel=0.1)
    assert low < level.mean() < high


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    random = np.random.default_rng(11)
    covered = 0
    for _ in range(60):
        ease = random.normal(1.5, 0.7, 12)
        claimed, actual = (grid.ravel() for grid in np.meshgrid(np.arange(12), np.arange(12)))
        genuine = claimed == actual
        score = random.normal(size=144) + np.where(genuine, ease[actual], 0)
        rates = WeightedRates(score, genuine)
        low, high = bootstrap(lambda w, r=rates: np.array(r(w)), People(claimed, actual), draws=150)[:, 0]
        # A genuine score is above an impostor's with Φ(1.5 / √(1 + 0.7² + 1)).
        covered += low <= 0.829 <= high
    assert covered >= 48


@pytest.mark.parametrize(("claimed", "draws"), [([0, 0, 0], 100), ([0, 1, 1], 0)])
def test_one_person_or_no_draw_makes_no_interval(claimed, draws):
    people = People(np.array(claimed), np.array([0, 1, UNKNOWN] if draws == 0 else [0, UNKNOWN, UNKNOWN]))

    assert np.isnan(bootstrap(lambda weights: np.ones(2), people, draws=draws)).all()


def test_the_same_trials_give_the_same_interval():
    people = People(np.arange(6), np.arange(6))

    def statistic(weights):
        return np.array([weights @ np.arange(6.0)])

    assert np.array_equal(bootstrap(statistic, people, draws=40), bootstrap(statistic, people, draws=40))
