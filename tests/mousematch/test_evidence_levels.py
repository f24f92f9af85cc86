"""Held-out trials by amount of evidence, and thresholds that hold for people who are not among them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousematch.evidence_levels import LEVEL_TRIALS, Level, far_cut, frr_cut, levels


def level(*llr: float) -> Level:
    return Level(0.0, np.sort(np.asarray(llr, np.float64)))


def test_a_target_far_of_a_case_worked_by_hand() -> None:
    # Of nine impostors two may lie above: the next one does so with a chance of 3 in 10.
    impostors = level(1, 2, 3, 4, 5, 6, 7, 8, 9)

    assert 7 < far_cut(impostors, 0.3).threshold < 7.001
    assert 7 < far_cut(impostors, 0.39).threshold < 7.001
    assert 9 < far_cut(impostors, 0.1).threshold < 9.001
    assert 9 < far_cut(impostors, 0.0001).threshold < 9.001, "no more than the sample supports"


def test_an_alert_budget_of_a_case_worked_by_hand() -> None:
    genuine = level(1, 2, 3, 4, 5, 6, 7, 8, 9)

    assert frr_cut(genuine, 0.3).threshold == 3
    assert frr_cut(genuine, 0.1).threshold == 1
    assert frr_cut(genuine, 0.0001).threshold == 1


@given(
    st.lists(st.floats(-50, 50, width=16), min_size=1, max_size=60),
    st.floats(1e-6, 0.5),
)
def test_no_more_held_out_trials_err_than_the_target_allows(scores: list[float], target: float) -> None:
    of = level(*scores)
    n = len(scores)

    accepted = int((of.llr >= far_cut(of, target).threshold).sum())
    rejected = int((of.llr < frr_cut(of, target).threshold).sum())
    assert accepted == 0 or (accepted + 1) / (n + 1) <= target * (1 + 1e-6)
    assert rejected == 0 or (rejected + 1) / (n + 1) <= target * (1 + 1e-6)


def test_a_level_holds_the_trials_of_one_doubling_of_evidence() -> None:
    found = levels(np.arange(120.0), np.repeat([10.0, 20.0, 40.0], 40))

    assert [len(one.llr) for one in found] == [40, 40, 40]
    assert [math.exp(one.log_s) for one in found] == pytest.approx([10, 20, 40])
    assert found[1].llr[0] == 40 and found[1].llr[-1] == 79


@pytest.mark.parametrize(
    ("counts", "sizes"),
    [((10, 40, 40), [50, 40]), ((40, 10, 40), [40, 50]), ((40, 40, 10), [40, 50]), ((5, 5, 5), [15]), ((1,), [1])],
)
def test_a_length_with_few_trials_joins_its_neighbour(counts: tuple[int, ...], sizes: list[int]) -> None:
    assert max(counts) == 1 or LEVEL_TRIALS == 30
    seconds = np.repeat([10.0, 20.0, 40.0][: len(counts)], counts)

    assert [len(one.llr) for one in levels(np.zeros(len(seconds)), seconds)] == sizes


def crowd(people: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """LLRs of eight trials of everybody against everybody else, owners, movers. Half of the variance is the people's own."""
    random = np.random.default_rng(seed)
    owner, mover = (np.repeat(side, 8) for side in np.nonzero(~np.eye(people, dtype=bool)))
    wolf, lamb = random.normal(0, 0.5, (2, people))
    return wolf[mover] + lamb[owner] + random.normal(0, 0.7, len(owner)), owner, mover


def far_on_others(target: float, *, told: bool, draws: int = 100) -> float:
    """Mean FAR on twelve new people at thresholds from twelve others."""
    rates = []
    for seed in range(draws):
        llr, owner, mover = crowd(12, seed)
        (one,) = levels(llr, np.full(len(llr), 10.0), *((owner, mover) if told else ()))
        rates.append(float((crowd(12, 1_000 + seed)[0] >= far_cut(one, target).threshold).mean()))
    return float(np.mean(rates))


@pytest.mark.parametrize("target", [0.05, 0.02])
def test_a_target_is_kept_on_other_people_where_it_is_known_whose_trials_they_are(target: float) -> None:
    trials_alone, people = far_on_others(target, told=False), far_on_others(target, told=True)

    assert trials_alone > 1.15 * target, "a dozen people promise too much"
    assert people < trials_alone
    assert people == pytest.approx(target, rel=0.2)


def test_trials_of_many_alike_people_are_taken_at_their_word() -> None:
    random = np.random.default_rng(1)
    owner, mover = random.integers(0, 200, (2, 4_000))
    llr = random.normal(size=4_000)
    (one,) = levels(llr, np.full(4_000, 10.0), owner, mover)

    cut = far_cut(one, 0.1)

    assert float((one.llr >= cut.threshold).mean()) == pytest.approx(0.1, rel=0.15)
    assert cut.inflation < 1.15


def test_genuine_trials_are_held_to_people_too() -> None:
    # Nine people at 2 and one at -2, whom the thresholds of the others had not foreseen.
    owner = np.repeat(np.arange(10), 10)
    llr = np.where(owner == 9, -2.0, 2.0) + np.tile(np.arange(10) / 100, 10)
    (one,) = levels(llr, np.full(100, 10.0), owner, owner)

    cut = frr_cut(one, 0.05)

    assert cut.threshold == -2.0
    assert cut.threshold < frr_cut(level(*llr), 0.05).threshold < -1.9
    assert cut.inflation * 1 / 101 > 0.1, "one person in ten is below what the others choose"


def test_two_people_alone_promise_nothing() -> None:
    (one,) = levels(np.zeros(40), np.full(40, 10.0), np.repeat([0, 1], 20), np.repeat([1, 0], 20))

    cut = far_cut(one, 0.1)

    assert cut.inflation * 1 / 41 == pytest.approx(1.0)


def test_of_many_pairs_a_part_is_asked_and_says_about_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    llr, owner, mover = crowd(12, 1)
    (one,) = levels(llr, np.full(len(llr), 10.0), owner, mover)
    whole = far_cut(one, 0.1)

    monkeypatch.setattr("mousematch.evidence_levels._MOST_CELLS", len(llr) * 30)
    assert far_cut(one, 0.1).threshold == pytest.approx(whole.threshold, abs=0.4)
