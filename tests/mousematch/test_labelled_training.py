"""What is made of a network that a search has trained; the whole way is tested with the command."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mousematch import crossfit, labelled, labelled_training, publishing, weights
from mousematch.architecture import DEEP_WEIGHT
from mousematch.errors import OptionError, TrainingStopped
from mousematch.initialisation import Start
from mousematch.labelled import LabelledSession
from mousematch.labelled_training import Task
from mousematch.model import build_model
from mousematch.progress import Lines
from mousematch.schedule import Phase

SIZE, TAG = 32, "trial/1/32"
PHASES = [Phase(width=1 / 16, minutes=None, steps=1, rate=1e-3)]


def collected(folder: Path, people: int = 8) -> labelled.LabelledImages:
    """Noise around a colour of each person's own."""
    folder.mkdir()
    writer = labelled.Writer(folder, encoding=TAG, most_images=1000)
    for person in range(people):
        random = np.random.default_rng(person)
        colour = random.integers(60, 200, 3)
        for number in range(2):
            session = writer.session(LabelledSession(f"p{person}", f"s{number}", window_s=10.0))
            for _ in range(3):
                noise = random.normal(0, 10, (SIZE, SIZE, 3))
                writer.add(session, np.clip(colour + noise, 0, 255).astype(np.uint8))
    writer.finish()
    return labelled.read(folder)


def people_of(data: labelled.LabelledImages, start: Start) -> Any:
    sessions = {label: data.of_label(label) for label in data.labels}
    return labelled_training._People(data, sessions, Task("embed", PHASES, start, 1), Lines(io.StringIO()))


@pytest.mark.parametrize("best", ["none", "kept", "fitted"])
def test_the_wide_part_that_does_best_on_the_calibration_people_is_shipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, best: str
) -> None:
    data = collected(tmp_path / "images")
    deep = build_model(size=SIZE, width=1 / 16, embedding=8)
    other = people_of(collected(tmp_path / "others", 9), Start())._fitted()
    weights.save_weights(weights.with_wide_part(deep, other), tmp_path / "weights.npz")
    people = people_of(data, Start(weights=tmp_path / "weights.npz"))
    order = iter(["none", "kept", "fitted"])
    monkeypatch.setattr(people, "_cost", lambda embed: float(next(order) != best))

    network = people.network(deep)

    images = np.asarray(data.pixels[:5])
    embed = publishing.embedder(deep)
    wide = {"none": None, "kept": people._begun, "fitted": people._fitted()}[best]
    expected = embed(images) if wide is None else crossfit.wide_and_deep(wide, embed, DEEP_WEIGHT)(images)
    assert publishing.embedder(network)(images) == pytest.approx(expected, abs=1e-3)
    assert people._wide == best


def test_a_version_that_reads_other_images_cannot_be_begun_with(tmp_path: Path) -> None:
    collected(tmp_path / "images")
    (tmp_path / "model.json").write_text(json.dumps({"encoding": "other/2/32"}))
    task = Task("embed", PHASES, Start(weights=tmp_path / "weights.npz"), 1)

    with pytest.raises(OptionError, match='reads images of "other/2/32", these are of "trial/1/32"'):
        run(tmp_path, task)


def test_who_is_stopped_before_it_begins_writes_nothing(tmp_path: Path) -> None:
    collected(tmp_path / "images")

    with pytest.raises(TrainingStopped):
        run(tmp_path, Task("embed", PHASES, Start(), 1), stop=lambda: True)

    assert not (tmp_path / "out").exists() and not (tmp_path / "work").exists()


def run(folder: Path, task: Task, stop: Any = lambda: False) -> None:
    labelled_training.train(
        folder / "images", task, work=folder / "work", out=folder / "out", progress=Lines(io.StringIO()), stop=stop
    )
