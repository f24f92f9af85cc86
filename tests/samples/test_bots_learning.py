"""The detector's training and its figures, on small sets with known answers."""

from __future__ import annotations

import numpy as np
import pytest

from mousematch.kinematics import NAMES
from mousematch.telemetry import DOWN
from samples.bots import TRAINED, learning, replays, table
from samples.bots.learning import Sessions
from samples.people import people
from samples.sessions import session


def sessions(vectors: np.ndarray, *, groups: list[str], people_each: int = 5) -> Sessions:
    number = np.arange(len(vectors))
    group = np.array([groups[n % len(groups)] for n in number])
    return Sessions(vectors.astype(np.float32), group, np.array([f"p{n % people_each}" for n in number]))


@pytest.fixture(autouse=True)
def small_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "TREES", 20)
    monkeypatch.setattr(learning, "BINS", 12)


@pytest.fixture(scope="module")
def material() -> tuple[Sessions, Sessions]:
    """People and bots that differ in one measure, with some measures missing."""
    rng = np.random.default_rng(1)
    humans, bots = (rng.normal(size=(400, len(NAMES))) for _ in range(2))
    bots[:, 3] += 3
    for table_ in (humans, bots):
        table_[rng.random(table_.shape) < 0.1] = np.nan
        table_[:, 0] = 1
    return sessions(humans, groups=["one", "two"]), sessions(bots, groups=list(TRAINED))


def test_the_arrays_say_what_scikit_learn_says(material):
    humans, bots = material
    vectors = np.concatenate((humans.vectors, bots.vectors))
    model = learning.classifier().fit(
        vectors, np.arange(len(vectors)) >= len(humans), sample_weight=learning.balanced(humans, bots)
    )

    ours = learning.as_arrays(model).margins(vectors)

    np.testing.assert_allclose(ours, model.decision_function(vectors), atol=1e-4)


def test_unseen_margins_tell_bots_and_calibration_makes_them_odds(material):
    humans, bots = material

    of_people, of_bots = learning.unseen_margins(humans, bots)
    scale, offset = learning.calibration(humans, bots, of_people, of_bots)

    assert np.mean(of_bots > 0) > 0.8 > 0.2 > np.mean(of_people > 0)
    probabilities = 1 / (1 + np.exp(-(scale * np.concatenate((of_people, of_bots)) + offset)))
    assert probabilities.mean() == pytest.approx(0.5, abs=0.05)


def test_data_sets_generators_and_people_weigh_the_same(material):
    humans, bots = material

    weights = learning.balanced(humans.where(np.arange(len(humans)) % 4 != 0), bots)

    split = len(weights) - len(bots)
    assert weights[:split].sum() == pytest.approx(weights[split:].sum())
    one = humans.where(np.arange(len(humans)) % 4 != 0).group == "one"
    assert weights[:split][one].sum() == pytest.approx(weights[:split][~one].sum())


def test_another_clock_keeps_the_movement_and_the_presses():
    points = session(people(1)[0], seconds=30, seed=1)

    ((moved, group, person),) = learning.on_other_clocks([(points, "set", "p")])

    assert (group, person) == ("set", "p")
    assert np.count_nonzero(moved.kind == DOWN) == np.count_nonzero(points.kind == DOWN)
    assert np.all(np.diff(moved.time_us) >= 0) and not np.array_equal(moved.time_us, points.time_us)
    assert set(zip(moved.x.tolist(), moved.y.tolist())) <= set(zip(points.x.tolist(), points.y.tolist()))


def test_auc_of_a_case_worked_by_hand():
    humans, weights = np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 2.0])

    # Above 1 and 2 (half of the weight), and level with 3 (half of the other half); above everybody.
    assert table.weighted_auc(humans, weights, np.array([3.0, 4.0])) == (0.75 + 1.0) / 2


def test_detection_is_above_the_score_that_one_in_a_hundred_people_exceeds():
    humans = np.arange(200.0)

    # Two of the 200 may be above: 198 and 199.
    assert table.detection_rate(humans, np.ones(200), np.array([197.0, 197.5, 500.0])) == 2 / 3


def test_the_replay_report_finds_replays_of_its_recordings():
    data_sets = ("SapiMouse", "Balabit")
    rows = [(session(who, seconds=90, seed=1), name, str(who.seed)) for who, name in zip(people(2), data_sets)]

    text = replays.report(rows)

    as_it_was = next(line for line in text.splitlines() if line.startswith("| as it was"))
    assert "| 100.0 % |" in as_it_was


def test_reaches_alone_leave_only_what_single_reaches_say(material):
    humans, _ = material

    blank = learning.of_reaches_alone(humans)

    changed = [name for name, before, after in zip(NAMES, humans.vectors[1], blank.vectors[1]) if before != after]
    assert {"length_median", "duration_spread", "hold", "pause", "equal_steps", "distance_fit"} <= set(changed)
    assert not {"straightness_median", "jerk_spread", "first_tenth_median"} & set(changed) - {
        name for name, value in zip(NAMES, humans.vectors[1]) if np.isnan(value)
    }
