"""How a training goes on after an interruption, and how it ends when it cannot: on random images, with a narrow network."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import keras
import numpy as np
import pytest

from mousematch import checkpoints, sampling, schedule, training, weights
from mousematch.errors import OptionError, TrainingError, TrainingStopped
from mousematch.initialisation import Start, frozen_blocks
from mousematch.model import build_model
from mousematch.registry import CLASSIFY, EMBED
from mousematch.schedule import Phase

APP = Path(__file__).resolve().parents[2]
SIZE, NARROW = 32, 1 / 16


class Noise(sampling.Batches):
    """Two classes: dark and bright noise."""

    def __init__(self, batch, seed):
        super().__init__(np.ones(2), batch=batch, steps=1000, seed=seed)

    def _image(self, person, random):
        return random.integers(128 * person, 128 * (person + 1), (SIZE, SIZE, 3)).astype(np.uint8)


def phase(steps=6, **more):
    return Phase(width=NARROW, minutes=None, steps=steps, batch=4, dropout=0.3, **{"rate": 1e-3, **more})


class Recorder:
    """Progress that is kept."""

    def __init__(self):
        self.notes, self.steps = [], []

    def step(self, figures):
        self.steps.append(figures["step"])

    def epoch(self, figures):
        pass

    def note(self, text):
        self.notes.append(text)


def train(folder, phases, *, task=EMBED, start=None, seed=1, **more):
    progress = more.pop("progress", None) or Recorder()
    return training.train_network(
        Noise, phases, size=SIZE, task=task, folder=folder, seed=seed, start=start or Start(), progress=progress, **more
    )


def numbers(network):
    return [np.asarray(weight) for weight in network.weights]


def test_an_interrupted_training_goes_on_and_ends_where_an_uninterrupted_one_does(tmp_path):
    whole = train(tmp_path / "whole", [phase()])

    seen = Recorder()
    with pytest.raises(TrainingStopped, match="stopped at step 4 of phase 1; the same command goes on"):
        train(tmp_path / "parts", [phase()], progress=seen, stop=lambda: len(seen.steps) == 3)
    later = Recorder()
    parts = train(tmp_path / "parts", [phase()], progress=later)

    assert later.steps == [5, 6]
    assert later.notes == ["Training goes on from step 4 of phase 1."]
    for ours, theirs in zip(numbers(parts), numbers(whole), strict=True):
        assert ours == pytest.approx(theirs, abs=1e-5)
    # A finished phase is not trained again, and no checkpoint of it is left.
    again = Recorder()
    same = train(tmp_path / "parts", [phase()], progress=again)
    assert again.steps == [] and not (tmp_path / "parts" / "checkpoint.npz").exists()
    assert all((a == b).all() for a, b in zip(numbers(same), numbers(parts), strict=True))


def test_a_work_folder_of_another_training_is_refused(tmp_path, monkeypatch):
    train(tmp_path, [phase(steps=1)])

    with pytest.raises(TrainingError, match="is of another training"):
        train(tmp_path, [phase(steps=1)], seed=2)
    monkeypatch.setattr(Noise, "material", "other images")
    with pytest.raises(TrainingError, match="is of another training"):
        train(tmp_path, [phase(steps=1)])


def test_a_loss_that_is_no_number_ends_the_training_and_keeps_no_such_weights(tmp_path, monkeypatch):
    monkeypatch.setattr(schedule, "WARM_UP_STEPS", 1)

    with pytest.raises(TrainingError, match="no number any more at step .* lower rate"):
        train(tmp_path, [phase(steps=20, rate=1e30)], task=CLASSIFY)

    assert not list(tmp_path.glob("*.npz"))


def test_a_full_disk_leaves_the_old_checkpoint(tmp_path):
    path = tmp_path / "checkpoint.npz"
    position = checkpoints.Position("key", 0, 1, 1.0)
    checkpoints.save(path, position, [np.zeros(3, np.float32)])
    # A file of its own size is the most that this process may write: what a full disk does, without filling one.
    script = f"""
        import resource, signal, sys
        import numpy as np
        from mousematch import checkpoints
        from mousematch.errors import TrainingError
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        position = checkpoints.Position("key", 0, 2, 2.0)
        from pathlib import Path
        try:
            checkpoints.save(Path({str(path)!r}), position, [np.zeros(100_000, np.float32)])
        except TrainingError as exc:
            print(exc)
    """

    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True, text=True, timeout=120, env={"PATH": "", "PYTHONPATH": str(APP / "bin")},
    )  # fmt: skip

    assert "of step 2 cannot be written" in done.stdout and "make room" in done.stdout
    kept = checkpoints.read(path)
    assert kept is not None and kept[0] == position
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.npz"]


def test_a_damaged_checkpoint_is_named(tmp_path):
    (tmp_path / "checkpoint.npz").write_bytes(b"half of it")

    with pytest.raises(TrainingError, match=r"checkpoint.npz cannot be read .* delete it"):
        checkpoints.read(tmp_path / "checkpoint.npz")


def test_frozen_blocks_stay_as_they_were_and_the_rest_learns(tmp_path):
    before = build_model(size=SIZE, width=NARROW, embedding=8)
    weights.save_weights(before, tmp_path / "weights.npz")
    kept = weights.load_model(tmp_path / "weights.npz", size=SIZE)

    start = Start(weights=tmp_path / "weights.npz", frozen=2)
    after = train(tmp_path / "work", [phase(steps=2)], start=start)

    for layer in kept.layers:
        same = [
            np.array_equal(old, new)
            for old, new in zip(layer.get_weights(), after.get_layer(layer.name).get_weights(), strict=True)
            if old.dtype == np.float32
        ]
        if layer.name.startswith(("block1", "block2")):
            assert all(same), layer.name
        elif layer.name.endswith("conv3"):
            assert not any(same), layer.name


@pytest.mark.parametrize("text, blocks", [("0", 0), ("5", 5), ("all", 5), ("ALL ", 5)])
def test_freeze_reads_numbers_of_blocks_and_all(text, blocks):
    assert frozen_blocks(text) == blocks


@pytest.mark.parametrize("text", ["6", "-1", "", "two"])
def test_freeze_refuses_what_is_no_number_of_blocks(text):
    with pytest.raises(OptionError, match="write 0 to 5, or all"):
        frozen_blocks(text)


@pytest.mark.parametrize(
    "start, widths, words",
    [
        (Start(frozen=1), [1.0], "would keep random weights"),
        (Start(imagenet=Path("vgg.h5")), [0.25, 1.0], "full width"),
        (Start(weights=Path("w"), imagenet=Path("vgg.h5")), [1.0], "give one of the two"),
    ],
)
def test_starts_that_make_no_sense_are_refused(start, widths, words):
    with pytest.raises(OptionError, match=words):
        start.check(widths)


def test_two_devices_train_one_network(tmp_path):
    """On logical CPU devices, in a process of its own: TensorFlow divides the CPU before its first use only."""
    script = f"""
        import os
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
        import tensorflow as tf
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
        import sys
        sys.path.insert(0, {str(APP)!r})
        from pathlib import Path
        from tests.mousematch.test_training_engine import phase, train
        seen = []
        work = Path({str(tmp_path)!r})
        network = train(work, [phase(steps=2)], device_names=["CPU:0", "CPU:1"])
        print(type(network.weights[0].value).__name__, network.distribute_strategy.num_replicas_in_sync)
        again = train(work, [phase(steps=2), phase(steps=1)], device_names=["CPU:0", "CPU:1"])
        print("went on")
    """

    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True, text=True, timeout=300, env={"PATH": "", "PYTHONPATH": str(APP / "bin")},
    )  # fmt: skip

    assert done.stdout.split() == ["MirroredVariable", "2", "went", "on"], done.stderr[-3000:]


def test_batches_depend_on_seed_and_number_alone():
    rest = sampling.From(Noise(4, 1), 5)

    images, people = rest[0]

    again, _ = Noise(4, 1)[5]
    assert np.array_equal(images, again) and len(rest) == 995
    assert images.shape == (4, SIZE, SIZE, 3) and images.dtype == np.float32 and 0 <= images.min() <= images.max() <= 1
    assert people.dtype == np.int32


def test_slow_and_fast_sessions_of_a_person_are_drawn_alike():
    chances = sampling.session_chances([100, 300, 50], [60, 60, 10])

    assert chances == pytest.approx([0.125, 0.375, 0.5])


def test_variation_of_an_image_keeps_place_hue_and_direction():
    random = np.random.default_rng(1)
    image = np.full((64, 64, 3), 128, np.uint8)
    image[10:50, 5:30] = (200, 128, 60)

    results = [sampling.varied(image, random) for _ in range(50)]

    outside = np.ones((64, 64), bool)
    outside[10:50, 5:30] = False
    for result in results:
        assert (result[outside] == 128).all()
        colours = {tuple(colour) for colour in result[10:50, 5:30].reshape(-1, 3)}
        red, green, blue = max(colours)
        assert red > 128 == green > blue
        assert (128 - blue) / (red - 128) == pytest.approx(68 / 72, abs=0.05)
    assert len({result.tobytes() for result in results}) > 10


def test_what_a_gpu_machine_without_tensorflow_runs_names_it_in_one_guarded_place():
    """Of the modules that training loads, only ``devices`` imports TensorFlow, and only behind a look at the backend."""
    code = (
        "import sys, keras; before = set(sys.modules); sys.modules['tensorflow'] = None; "
        "from mousematch import training; print(sorted(m for m in sys.modules if m.startswith('mousematch.')))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120,
        env={"PATH": "", "PYTHONPATH": str(APP / "bin")},
    )  # fmt: skip

    assert "mousematch.training" in done.stdout, done.stderr[-2000:]
    assert "mousematch.export" not in done.stdout


def test_classifier_learns_two_classes(tmp_path, monkeypatch):
    monkeypatch.setattr(schedule, "WARM_UP_STEPS", 1)
    network = train(tmp_path, [phase(steps=12, rate=5e-3)], task=CLASSIFY)

    images, classes = Noise(16, 99)[0]
    assert isinstance(network, keras.Model)
    # In training mode: after a dozen steps the moving statistics have hardly moved.
    chosen = np.asarray(network(images, training=True)).argmax(axis=1)
    assert (chosen == classes).mean() >= 0.9
