"""The bot detector: its trees in numpy, what it reads, and the shipped one on movement with a known answer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mousematch.bots import CARD, TREES, Detector
from mousematch.errors import ModelError
from mousematch.kinematics import NAMES, kinematics, to_text
from samples.bots import bot

SHIPPED = Path(__file__).resolve().parents[2] / "models" / "bots" / "1"


def stump(**changes) -> Detector:
    """One tree: more than 0.5 in the first measure says 2, less -1, missing goes left."""
    parts = {
        "feature": np.array([[0, 0, 0]], np.int16),
        "threshold": np.array([[0.5, 0, 0]], np.float32),
        "missing_left": np.array([[True, False, False]]),
        "left": np.array([[1, 1, 2]], np.int16),
        "right": np.array([[2, 1, 2]], np.int16),
        "value": np.array([[0, -1, 2]], np.float32),
    }
    return Detector(**{**parts, **changes}, depth=1, scale=2.0, offset=0.5)


def vectors(*first: float) -> np.ndarray:
    table = np.zeros((len(first), len(NAMES)), np.float32)
    table[:, 0] = first
    return table


def test_rows_go_down_the_tree_by_their_measures():
    assert stump().margins(vectors(0.4, 0.5, 0.6)).tolist() == [-1, -1, 2]


def test_a_missing_measure_goes_where_the_tree_says():
    detector = stump(feature=np.array([[1, 0, 0]], np.int16))
    rows = vectors(1.0)
    rows[0, 1] = np.nan

    assert detector.margins(rows).tolist() == [-1]


def test_the_margin_becomes_a_probability_by_scale_and_offset():
    low, high, none = stump().probabilities(vectors(0, 1, np.nan))

    assert low == pytest.approx(1 / (1 + np.exp(1.5)))
    assert high == pytest.approx(1 / (1 + np.exp(-4.5)))
    assert np.isnan(none)


def test_many_rows_are_the_same_as_each_alone():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(5000, len(NAMES))).astype(np.float32)
    detector = Detector.read(SHIPPED)

    together = detector.probabilities(rows)

    assert np.array_equal(together[::500], [detector.probabilities(rows[n : n + 1])[0] for n in range(0, 5000, 500)])


def test_rows_without_kinematics_have_no_answer_in_their_place():
    texts = ["", to_text(vectors(1)[0]), "k0:of another version", to_text(vectors(0)[0])]

    answers = stump().texts(texts)

    assert [bool(answer) for answer in answers] == [False, True, False, True]
    assert float(answers[1]) > 0.5 > float(answers[3])


def test_the_shipped_detector_knows_straight_lines_and_curves():
    played = [bot(name, seed=seed) for name in ("linear", "bezier") for seed in range(70_000, 70_010)]
    found = [vector for points in played if (vector := kinematics(points)) is not None]

    probabilities = Detector.read(SHIPPED).probabilities(np.stack(found))

    assert len(found) > 15
    assert np.mean(probabilities > 0.9) > 0.9


def test_the_shipped_files_are_small():
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 300_000


def test_a_folder_without_a_detector_is_named(tmp_path):
    with pytest.raises(ModelError, match=str(tmp_path)):
        Detector.read(tmp_path)


@pytest.mark.parametrize("card", ["", "[]", "{}", '{"vector": "k0", "depth": 1, "scale": 1, "offset": 0}'])
def test_a_damaged_or_foreign_card_is_refused(tmp_path, card):
    (tmp_path / CARD).write_text(card)
    (tmp_path / TREES).write_bytes((SHIPPED / TREES).read_bytes())

    with pytest.raises(ModelError, match="install the app again"):
        Detector.read(tmp_path)


def test_cut_off_trees_are_refused(tmp_path):
    (tmp_path / CARD).write_text(json.dumps(json.loads((SHIPPED / CARD).read_text())))
    (tmp_path / TREES).write_bytes((SHIPPED / TREES).read_bytes()[:500])

    with pytest.raises(ModelError, match="cannot be read"):
        Detector.read(tmp_path)
