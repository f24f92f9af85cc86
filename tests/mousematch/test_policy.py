"""Thresholds from held-out trials keep what a policy promises, at each amount of evidence."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from mousematch.errors import ModelError
from mousematch.policy import (
    HeldOut,
    decider,
    held_out,
    score_to_llr,
)
from mousematch.settings import PolicySettings

SECONDS = (10.0, 20.0, 40.0, 80.0)


def simulated(n: int, seed: int, seconds: tuple[float, ...] = SECONDS) -> HeldOut:
    """n trials of each kind at each length. Calibrated Gaussian LLRs, whose spread grows with evidence."""
    random = np.random.default_rng(seed)
    s = np.repeat(seconds, n)
    mean, spread = s / 20, np.sqrt(s / 10)
    return held_out(
        genuine_llr=random.normal(mean, spread),
        genuine_s=s,
        impostor_llr=random.normal(-mean, spread),
        impostor_s=s,
    )


def deciding(trials: HeldOut | None, prior: float = 0.5, **policy: Any) -> Any:
    return decider(PolicySettings(**policy), prior=prior, trials=trials, model="base/1")


@pytest.mark.parametrize("target", [0.2, 0.05, 0.01])
def test_a_target_far_is_kept_on_new_sessions_at_each_amount_of_evidence(target: float) -> None:
    chosen = deciding(simulated(10_000, seed=1), target_far=target)
    new = simulated(20_000, seed=2)

    thresholds = chosen.thresholds(new.impostor_s.astype(np.float64))
    for seconds in SECONDS:
        here = new.impostor_s == seconds
        far = float((new.impostor_llr[here] >= thresholds[here]).mean())
        assert far == pytest.approx(target, rel=0.35), seconds


@pytest.mark.parametrize("share", [0.2, 0.05, 0.01])
def test_an_alert_budget_is_kept_on_new_sessions_at_each_amount_of_evidence(share: float) -> None:
    chosen = deciding(simulated(10_000, seed=1), alerts_per_day=share * 500, sessions_per_day=500)
    new = simulated(20_000, seed=2)

    thresholds = chosen.thresholds(new.genuine_s.astype(np.float64))
    for seconds in SECONDS:
        here = new.genuine_s == seconds
        frr = float((new.genuine_llr[here] < thresholds[here]).mean())
        assert frr == pytest.approx(share, rel=0.35), seconds


def test_one_threshold_for_all_evidence_would_break_the_promise() -> None:
    """The reason for levels: at the threshold of ten seconds the FAR after eighty is another one altogether."""
    chosen = deciding(simulated(2_000, seed=1), target_far=0.2)
    at_ten = np.repeat(chosen.thresholds(np.array([10.0])), 2)

    short, long = chosen.far(at_ten, np.array([10.0, 80.0]))

    assert short == pytest.approx(0.2, rel=0.01)
    assert long < 0.2 / 2.5


def test_the_stated_rates_are_those_of_new_sessions_between_lengths_too() -> None:
    chosen = deciding(simulated(2_000, seed=1), target_far=0.05)
    evidence = np.array([12.0, 28.0, 60.0])
    thresholds = chosen.thresholds(evidence)

    far, frr = chosen.far(thresholds, evidence), chosen.frr(thresholds, evidence)
    for at, seconds in enumerate(evidence):
        new = simulated(20_000, seed=3, seconds=(float(seconds),))
        assert far[at] == pytest.approx(float((new.impostor_llr >= thresholds[at]).mean()), rel=0.35)
        assert frr[at] == pytest.approx(float((new.genuine_llr < thresholds[at]).mean()), rel=0.35)


def test_beyond_the_held_out_lengths_the_nearest_one_counts() -> None:
    chosen = deciding(simulated(200, seed=1), target_far=0.05)

    thresholds = chosen.thresholds(np.array([0.0, 1.0, 10.0, 80.0, 5_000.0]))
    assert thresholds[0] == thresholds[1] == thresholds[2]
    assert thresholds[3] == thresholds[4]


def test_rates_are_never_zero_or_more_than_one() -> None:
    chosen = deciding(simulated(50, seed=1), threshold=0.5)
    evidence = np.array([10.0, 10.0, 10.0])
    thresholds = np.array([-np.inf, 0.0, np.inf])

    assert chosen.far(thresholds, evidence)[[0, 2]] == pytest.approx([1.0, 1 / 51])
    assert chosen.frr(thresholds, evidence)[[0, 2]] == pytest.approx([1 / 51, 1.0])


def test_unknown_evidence_leaves_threshold_and_rates_unknown() -> None:
    nothing = np.array([np.nan])
    target = deciding(simulated(50, seed=1), target_far=0.1)
    fixed = deciding(simulated(50, seed=1), threshold=0.5)

    assert np.isnan(target.thresholds(nothing)).all()
    assert np.isnan(target.far(np.array([0.0]), nothing)).all()
    assert fixed.thresholds(nothing)[0] == 0.0
    assert np.isnan(fixed.frr(fixed.thresholds(nothing), nothing)).all()


def test_no_rows_have_no_thresholds() -> None:
    chosen = deciding(simulated(50, seed=1), target_far=0.1)

    assert len(chosen.thresholds(np.empty(0))) == len(chosen.far(np.empty(0), np.empty(0))) == 0


@pytest.mark.parametrize(
    ("policy", "option"),
    [({"target_far": 0.01}, "target_far"), ({"alerts_per_day": 1, "sessions_per_day": 9}, "alerts_per_day")],
)
def test_a_target_without_held_out_trials_says_which_model_and_what_to_do(
    policy: dict[str, float], option: str
) -> None:
    with pytest.raises(ModelError, match=rf"Model base/1 has no held-out scores .*{option}.*; publish"):
        deciding(None, **policy)


def test_a_threshold_without_held_out_trials_has_no_rates() -> None:
    chosen = deciding(None, threshold=0.7)
    evidence = np.array([10.0])

    assert np.isnan(chosen.far(chosen.thresholds(evidence), evidence)).all()
    assert chosen.doubt() == ""


def test_a_sample_too_small_for_the_target_is_said() -> None:
    few = simulated(100, seed=1)

    assert deciding(few, target_far=0.05).doubt() == ""
    assert deciding(few, threshold=0.5).doubt() == ""
    said = deciding(few, target_far=0.001).doubt()
    assert "FAR of 0.001 needs 3000 held-out impostor trials" in said and "there are 100" in said and "0.03" in said
    said = deciding(few, alerts_per_day=5, sessions_per_day=1000).doubt()
    assert "FRR of 0.005 needs 600 held-out genuine trials" in said


def test_what_a_small_sample_gives_instead_is_stated() -> None:
    chosen = deciding(simulated(50, seed=1), target_far=0.001)
    evidence = np.array([10.0, 80.0])

    assert chosen.far(chosen.thresholds(evidence), evidence) == pytest.approx([1 / 51, 1 / 51])


@pytest.mark.parametrize("prior", [0.5, 0.01, 0.99])
@pytest.mark.parametrize("score", [0.001, 0.5, 0.9])
def test_a_threshold_on_the_score_is_one_on_the_llr(score: float, prior: float) -> None:
    llr = score_to_llr(score, prior)

    assert 1 / (1 + math.exp(-llr - math.log(prior / (1 - prior)))) == pytest.approx(score)


def test_thresholds_at_the_ends_accept_everybody_and_nobody() -> None:
    assert score_to_llr(0.0, 0.3) == -math.inf
    assert score_to_llr(1.0, 0.3) == math.inf


@pytest.mark.parametrize(
    "changes",
    [
        {"genuine_llr": []},
        {"impostor_s": [1.0]},
        {"impostor_llr": [1.0, math.nan]},
        {"genuine_s": [-1.0, 2.0]},
        {"genuine_s": [math.inf, 2.0]},
        {"genuine_llr": [[1.0, 2.0]]},
    ],
)
def test_held_out_trials_that_do_not_fit_are_refused(changes: dict[str, Any]) -> None:
    two = {name: [1.0, 2.0] for name in ("genuine_llr", "genuine_s", "impostor_llr", "impostor_s")}

    held_out(**two)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="The held-out (genuine|impostor) trials"):
        held_out(**{**two, **changes})  # type: ignore[arg-type]


def test_people_are_all_told_or_none() -> None:
    two = {name: [1.0, 2.0] for name in ("genuine_llr", "genuine_s", "impostor_llr", "impostor_s")}
    people = {"genuine_owner": [0, 1], "impostor_owner": [0, 1], "impostor_mover": [1, 0]}

    assert set(held_out(**two, **people).arrays()) == {*two, *people}  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="have impostor_owner; give all of"):
        held_out(**two, impostor_owner=[0, 1])  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="impostor_mover of the shape"):
        held_out(**two, **{**people, "impostor_mover": [1]})  # type: ignore[arg-type]


def test_rates_at_a_chosen_threshold_are_those_of_new_people() -> None:
    trials = simulated(60, seed=1, seconds=(10.0,))
    # Five people, of whom one is like everybody: without him the others choose a threshold that he is above.
    mover = np.repeat(np.arange(5), 12)
    alike = held_out(
        genuine_llr=trials.genuine_llr,
        genuine_s=trials.genuine_s,
        impostor_llr=np.where(mover == 4, 5.0, trials.impostor_llr),
        impostor_s=trials.impostor_s,
        genuine_owner=mover,
        impostor_owner=(mover + 1) % 5,
        impostor_mover=mover,
    )
    chosen = deciding(alike, target_far=0.1)
    evidence = np.array([10.0])
    threshold = chosen.thresholds(evidence)

    assert 5.0 < threshold[0] < 5.001
    # None of sixty is accepted, which would be 1 in 61; but twelve of sixty were above what the others chose.
    assert chosen.far(threshold, evidence)[0] == pytest.approx(0.2, abs=0.05)
    assert deciding(alike, threshold=0.5).far(threshold, evidence)[0] == pytest.approx(1 / 61)
