"""Training on people that are easy to tell apart, growth of a trained network, and what a card says of it."""

from __future__ import annotations

import csv
import json

import keras
import numpy as np
import pytest

from mousematch import datasets, heads, publishing, schedule, training
from mousematch.__main__ import main
from mousematch.datasets import Recording
from mousematch.encoding import DEFAULT, ENCODINGS, encoding_named
from mousematch.errors import OptionError
from mousematch.growth import grown
from mousematch.leakage import recording_hash
from mousematch.model import build_model
from mousematch.telemetry import Points

ENCODING = ENCODINGS["strokes"]
NARROW = 1 / 16


def swinging(person, seed, *, pixels_s, seconds=20, purpose="enroll"):
    """A person who swings from side to side (even seeds of people) or up and down, at a speed of their own."""
    random = np.random.default_rng(seed)
    t = np.arange(0, seconds, 0.016)
    swing = (np.cumsum(np.sign(np.sin(t * 4)) * pixels_s * 0.016) + random.normal(0, 1, len(t))).astype(np.float32)
    still = np.zeros(len(t), np.float32)
    x, y = (swing, still) if person.endswith("x") else (still, swing)
    kinds = np.zeros(len(t), np.uint8)
    return Recording(
        person, f"{person}/{seed}", purpose, Points((t * 1e6).astype(np.int64), x + 500, y + 500, kinds, kinds)
    )


def random_images(n, size):
    return np.random.default_rng(0).random((n, size, size, 3), np.float32)


def test_growth_keeps_what_the_network_computes():
    narrow, wide = build_model(size=32, width=NARROW, embedding=8), build_model(size=32, width=4 * NARROW, embedding=8)
    for weight in narrow.weights:
        if "moving" in weight.path or "gamma" in weight.path:
            weight.assign(np.random.default_rng(1).uniform(0.5, 1.5, weight.shape))

    grown(narrow, wide, noise=0)

    images = random_images(4, 32)
    assert np.asarray(wide(images)) == pytest.approx(np.asarray(narrow(images)), abs=1e-4)


def test_growth_noise_makes_the_copies_differ():
    narrow, wide = build_model(size=32, width=NARROW, embedding=8), build_model(size=32, width=2 * NARROW, embedding=8)

    grown(narrow, wide)

    kernel = np.asarray(wide.get_layer("block1_conv2").kernel)
    assert not np.allclose(kernel[..., 0], kernel[..., 1])


def test_growth_refuses_widths_that_are_no_multiple():
    narrow, wide = (
        build_model(size=32, width=NARROW, embedding=8),
        build_model(size=32, width=1.5 * NARROW, embedding=8),
    )

    with pytest.raises(OptionError, match="no whole multiple"):
        grown(narrow, wide)


def test_margin_loss_of_a_case_worked_by_hand():
    cosines = keras.ops.convert_to_tensor(np.array([[0.5, 0.5], [0.9, 0.1]], np.float32))

    loss = np.asarray(heads.margin_loss(np.array([0, 0]), cosines))

    right = heads.SCALE * (np.array([0.5, 0.9]) - heads.MARGIN)
    other = heads.SCALE * np.array([0.5, 0.1])
    assert loss == pytest.approx(np.log1p(np.exp(other - right)), rel=1e-4, abs=1e-6)


@pytest.fixture(scope="module")
def sources():
    people = [swinging(person, seed, pixels_s=800) for person in ("a-x", "b-y") for seed in (1, 2)]
    return {"sapimouse": people}


def test_training_separates_people_resumes_and_keeps_a_log(sources, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "STEPS_AN_EPOCH", 5)
    monkeypatch.setattr(schedule, "WARM_UP_STEPS", 1)
    phases = [schedule.Phase(width=NARROW, minutes=None, steps=60, rate=2e-3, batch=8, dropout=0.0)]

    network = training.train(sources, ENCODING, phases, folder=tmp_path, verbose=0)
    again = training.train(sources, ENCODING, phases, folder=tmp_path, verbose=0)

    probes = [swinging(person, 9, pixels_s=800) for person in ("a-x", "b-y")]
    embeddings = [
        publishing.embedder(network)(np.stack(list(ENCODING.images(probe.points, [slice(0, None)]))))
        for probe in probes
    ]
    assert all(np.linalg.norm(vector) == pytest.approx(1, abs=1e-3) for vector in embeddings)
    log = (tmp_path / "training.log").read_text().splitlines()
    last = log[-1].split()
    assert float(last[last.index("accuracy") + 1]) > 0.8
    assert all((np.asarray(a) == np.asarray(b)).all() for a, b in zip(network.weights, again.weights, strict=True))


def test_one_person_is_no_training_set(tmp_path):
    alone = {"sapimouse": [swinging("a-x", 1, pixels_s=800)]}

    with pytest.raises(OptionError, match="at least two people; there is 1"):
        training.train(alone, ENCODING, [schedule.Phase(NARROW, 0.1, 1e-3)], folder=tmp_path)


@pytest.mark.parametrize("text", ["", "1", "1:2", "a:b:c", "1:2:3:4"])
def test_a_schedule_that_cannot_be_read_is_refused_with_an_example(text):
    with pytest.raises(OptionError, match=r"width:minutes:rate"):
        schedule.phases_of(text)


def write_sapimouse(folder):
    """A data set of the kind that the reader expects, with movement made here."""
    for number in (1, 2, 3, 43, 44, 45, 55, 56, 57):
        axis = "x" if number % 2 else "y"
        for minutes in (3, 1):
            points = swinging(f"{number}-{axis}", number * 10 + minutes, pixels_s=300 + 10 * number, seconds=62).points
            path = folder / f"user{number}" / f"session_{minutes}min.csv"
            path.parent.mkdir(exist_ok=True)
            with path.open("w", newline="") as lines:
                rows = csv.writer(lines)
                rows.writerow(["client timestamp", "button", "state", "x", "y"])
                for t, x, y in zip(points.time_us // 1000, points.x, points.y, strict=True):
                    rows.writerow([t, "NoButton", "Move", round(float(x)), round(float(y))])
    return folder


def test_train_publishes_a_version_with_its_card_and_accuracy_measures_it(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(training, "STEPS_AN_EPOCH", 1)
    data = write_sapimouse(tmp_path)
    out = tmp_path / "models" / "tiny" / "1"

    train = ["train", "--sapimouse", str(data), "--work", str(tmp_path / "work"), "--out", str(out)]
    phases = ["--phases", f"{NARROW}:2steps:1e-3", "--fold-phases", f"{NARROW}:1steps:1e-3"]
    assert main([*train, *phases, "--virtual", "1"]) == 0
    assert main(["accuracy", str(out), "--sapimouse", str(data)]) == 0

    card = json.loads((out / "model.json").read_text())
    assert card["encoding"] == encoding_named(DEFAULT).tag
    assert card["training"]["people"] == {"sapimouse": 6}
    recordings = [recording_hash(recording.points) for recording in datasets.sapimouse(data)]
    assert set(card["training"]["recordings"]) < set(recordings) and len(card["training"]["recordings"]) == 12
    assert card["metrics"]["held_out_training_people"][-1]["impostor"] == 6
    with np.load(out / "errors.npz") as trials:
        assert len(trials["genuine_llr"]) == len(trials["genuine_s"]) >= 6
    assert set(card["backend"]) == {"scale", "offset", "correlation", "lapse"}
    assert card["metrics"]["sapimouse_unseen_users"][-1]["genuine"] == 3
    assert "95 % interval" in capsys.readouterr().out


def test_a_folder_without_recordings_is_an_error_of_one_line(tmp_path, capsys):
    assert main(["accuracy", str(tmp_path), "--sapimouse", str(tmp_path)]) == 1

    error = capsys.readouterr().err
    assert error.startswith("mousematch: ") and "Traceback" not in error
