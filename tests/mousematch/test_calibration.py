"""The back-end's numbers, fitted to trials whose statistics are known, and the error rates that come of them."""

from __future__ import annotations

import numpy as np
import pytest

from mousematch import accuracy, calibration
from mousematch.calibration import Trial
from mousematch.errors import OptionError
from mousematch.matching import Backend, fused, probability

COHORT = np.eye(4, dtype=np.float32)


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def trials(count: int, mean: float, *, windows: int = 8, shared: float = 0.0, seed: int = 1) -> list[Trial]:
    """Genuine trials around ``mean`` and impostor ones around minus it, with a standard deviation of 1.

    shared: correlation between the windows of one trial.
    """
    random = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        for claimed, centre in (("owner", mean), ("stranger", -mean)):
            own = random.normal(size=windows) * np.sqrt(1 - shared) + random.normal() * np.sqrt(shared)
            made.append(Trial(claimed, "owner", np.float32(centre + own)))
    return made


def test_every_probe_meets_every_template() -> None:
    random = np.random.default_rng(2)
    people = {name: unit(random.normal(size=(5, 4)) * 0.1 + np.eye(4)[axis]) for axis, name in enumerate("ab")}
    probes = [("a", people["a"][:2]), ("b", people["b"]), ("b", people["b"][:0])]

    made = calibration.trials(people, probes, unit(random.normal(size=(6, 4))))

    assert [(trial.claimed, trial.actual, len(trial.similarities)) for trial in made] == [
        ("a", "a", 2),
        ("b", "a", 2),
        ("a", "b", 5),
        ("b", "b", 5),
    ]
    assert made[0].similarities.min() > made[1].similarities.max()


def test_a_trial_is_cut_into_whole_pieces_in_order() -> None:
    trial = Trial("a", "a", np.arange(5, dtype=np.float32))

    twos, whole = calibration.pieces([trial], 2), calibration.pieces([trial], None)

    assert (twos.mean.tolist(), twos.windows.tolist()) == ([0.5, 2.5], [2, 2])
    assert (whole.mean.tolist(), whole.windows.tolist()) == ([2], [5])
    assert len(calibration.pieces([trial], 6).mean) == 0


def test_the_fit_finds_the_line_that_made_the_trials() -> None:
    # Two normal distributions at +1 and -1 with variance 1: the LLR of one window is 2 x, windows are independent.
    backend = calibration.fit(trials(400, 1.0, windows=4), COHORT)

    assert backend.scale == pytest.approx(2.0, rel=0.25)
    assert backend.offset == pytest.approx(0.0, abs=0.3)
    assert backend.correlation < 0.1
    assert backend.cohort is COHORT


def test_windows_that_repeat_one_another_are_found_correlated() -> None:
    backend = calibration.fit(trials(60, 1.0, windows=4, shared=0.6), COHORT)

    assert backend.correlation > 0.3


def test_a_few_owners_who_look_like_strangers_do_not_flatten_the_line() -> None:
    made = trials(200, 3.0, windows=4)
    strangers = [
        Trial(trial.claimed, trial.actual, -trial.similarities) if trial.genuine and number % 20 < 2 else trial
        for number, trial in enumerate(made)
    ]

    clean, mixed = calibration.fit(made, COHORT), calibration.fit(strangers, COHORT)

    assert clean.lapse < 0.03 < mixed.lapse < 0.2
    assert mixed.scale > 0.5 * clean.scale
    lowest = float(fused(-50.0, 4, mixed))
    assert lowest == pytest.approx(np.log(mixed.lapse))


def test_a_calibration_needs_owners_and_strangers() -> None:
    genuine = [trial for trial in trials(3, 1.0) if trial.genuine]

    with pytest.raises(OptionError, match="genuine and impostor trials"):
        calibration.fit(genuine, COHORT)


def test_more_windows_tell_people_apart_better_and_scores_stay_calibrated() -> None:
    made = trials(400, 1.0, seed=3)
    backend = Backend(COHORT, scale=2.0, offset=0.0, correlation=0.0)

    one, all_of_them = (accuracy.measured(made, backend, windows) for windows in (1, None))

    # One window at a distance of two standard deviations: AUC = Phi(sqrt 2) = 0.921, EER = Phi(-1) = 0.159.
    assert (one.auc, one.eer) == (pytest.approx(0.921, abs=0.01), pytest.approx(0.159, abs=0.01))
    assert (one.genuine, one.impostor) == (3200, 3200)
    assert all_of_them.eer < 0.01 < one.eer and all_of_them.cllr < one.cllr
    assert one.calibration_error < 0.02


def test_rates_at_a_half_count_scores_on_the_wrong_side() -> None:
    backend = Backend(COHORT, scale=1.0, offset=0.0, correlation=0.0)
    made = [Trial("a", "a", np.float32([value])) for value in (2, 1, -1, 3)]
    made += [Trial("b", "a", np.float32([value])) for value in (-2, 0.5, 0.25, -1, -3)]

    rates = accuracy.measured(made, backend, None)

    assert (rates.frr_at_half, rates.far_at_half) == (pytest.approx(1 / 4), pytest.approx(2 / 5))
    assert probability(0.0) == 0.5
