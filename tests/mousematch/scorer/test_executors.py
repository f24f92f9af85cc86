"""The executors: all give the same embeddings, for any number of images."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from mousematch.errors import ModelError
from mousematch.model import build_model
from mousematch.registry import ModelVersion, Registry
from mousematch.scorer import executors
from mousematch.scorer.executors import Network
from mousematch.scorer.executors.cpu import cores
from mousematch.scorer.executors.handover import Handover
from mousematch.scorer.executors.litert import LiteRTNetwork
from mousematch.scorer.executors.mnn import MNNNetwork
from mousematch.weights import load_model, save_weights
from tests.mousematch.scorer.conftest import EMBEDDING, SIZE, Head, counters, pictures


@pytest.fixture(scope="module")
def tiny(models: Path) -> ModelVersion:
    return Registry([models]).resolve("tiny")


def noise(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, SIZE, SIZE, 3)).astype(np.uint8)


def litert_of(model: ModelVersion) -> Network:
    return LiteRTNetwork(model.folder / "model.tflite")


def mnn_of(model: ModelVersion) -> Network:
    return MNNNetwork(model.folder / "weights.npz", size=SIZE)


@pytest.mark.parametrize("network_of", [litert_of, mnn_of])
def test_an_image_has_the_same_embedding_in_any_batch(
    tiny: ModelVersion, network_of: Callable[[ModelVersion], Network]
) -> None:
    network = network_of(tiny)
    images = noise(16)

    whole = network.embed(images)

    assert whole.shape == (16, EMBEDDING)
    for start, stop in ((0, 1), (1, 6), (6, 16), (0, 16)):
        np.testing.assert_allclose(network.embed(images[start:stop]), whole[start:stop], atol=1e-5)


@pytest.mark.parametrize("options", [{}, {"wide": 8}, {"normalisation": "imagenet"}, {"size": 48, "embedding": 20}])
def test_mnn_gives_the_embeddings_of_keras(tmp_path: Path, options: dict[str, Any]) -> None:
    keras.utils.set_random_seed(3)
    model = build_model(**{"size": SIZE, "width": 1 / 16, **options})
    random = np.random.default_rng(3)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            count = layer.gamma.shape[0]
            numbers = [random.uniform(*ends, count) for ends in ((0.8, 1.2), (-0.1, 0.1), (-0.1, 0.1), (0.5, 2.0))]
            layer.set_weights(numbers)
    save_weights(model, tmp_path / "weights.npz")
    size = options.get("size", SIZE)
    images = random.integers(0, 256, (5, size, size, 3)).astype(np.uint8)

    embeddings = MNNNetwork(tmp_path / "weights.npz", size=size).embed(images)

    exact = load_model(tmp_path / "weights.npz", size=size)
    expected = exact.predict(images.astype(np.float32) / np.float32(255), verbose=0)
    np.testing.assert_allclose(embeddings, expected, atol=3e-5)


def test_a_broken_litert_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(b"no model")

    with pytest.raises(ModelError, match=r"model\.tflite is no usable LiteRT model"):
        LiteRTNetwork(tmp_path / "model.tflite")


def test_weights_that_mnn_cannot_use_are_named(tiny: ModelVersion, tmp_path: Path) -> None:
    with np.load(tiny.folder / "weights.npz") as arrays:
        np.savez(tmp_path / "part.npz", **{name: arrays[name] for name in arrays.files if "block3" not in name})
        mixed = {**arrays, "block1_conv1/kernel": arrays["block1_conv1/kernel"][..., :-1]}
        np.savez(tmp_path / "mixed.npz", **mixed)
    (tmp_path / "broken.npz").write_bytes(b"no weights")

    with pytest.raises(ModelError, match=r"part\.npz lack 'block3_conv1_bn/gamma'"):
        MNNNetwork(tmp_path / "part.npz", size=SIZE)
    with pytest.raises(ModelError, match=r"mixed\.npz do not fit together .*; publish the model again"):
        MNNNetwork(tmp_path / "mixed.npz", size=SIZE)
    with pytest.raises(ModelError, match=r"broken\.npz cannot be read"):
        MNNNetwork(tmp_path / "broken.npz", size=SIZE)


class Constant:
    """A network whose embeddings are all the same number."""

    device, max_batch = "CPU", 4

    def __init__(self, executor: str, number: float) -> None:
        self.executor, self.number = executor, number

    def embed(self, images: np.ndarray) -> np.ndarray:
        return np.full((len(images), 1), self.number, np.float32)


def test_the_faster_network_takes_over_with_the_first_full_batch() -> None:
    network = Handover(Constant("first", 1), lambda: Constant("faster", 2))

    assert [network.embed(noise(count))[0, 0] for count in (1, 3, 3, 4, 1)] == [1, 1, 1, 2, 2]
    assert network.executor == "faster"


@pytest.mark.parametrize(
    ("error", "why"), [(ModelError("The disk is full."), "The disk is full."), (MemoryError(), "memory is short.")]
)
def test_the_first_network_stays_if_the_faster_one_fails(
    caplog: pytest.LogCaptureFixture, error: Exception, why: str
) -> None:
    attempts = []

    def fail() -> Network:
        attempts.append(1)
        raise error

    network = Handover(Constant("first", 1), fail)

    assert [network.embed(noise(4))[0, 0] for _ in range(3)] == [1, 1, 1]
    assert (network.executor, len(attempts)) == ("first", 1)
    assert f"stays with first: {why}" in caplog.text


@pytest.mark.parametrize(
    ("installed", "chosen"),
    [
        (("ai_edge_litert", "MNN", "flatbuffers", "tensorflow"), ("litert", "mnn")),
        (("MNN", "flatbuffers", "tensorflow"), ("mnn", "mnn")),
        (("ai_edge_litert", "MNN", "tensorflow"), ("litert", "litert")),
        (("ai_edge_litert", "tensorflow"), ("litert", "litert")),
    ],
)
def test_auto_takes_what_is_installed_where_there_is_no_gpu(
    tiny: ModelVersion, monkeypatch: pytest.MonkeyPatch, installed: tuple[str, ...], chosen: tuple[str, str]
) -> None:
    monkeypatch.setattr(executors, "_NVIDIA", ())
    monkeypatch.setattr(executors, "_installed", lambda package: package in installed)

    network = executors.load(tiny, executor="auto", threads=1)
    before = network.executor
    few = network.embed(noise(16)[:3])
    many = network.embed(noise(16))

    assert (before, network.executor, network.device) == (*chosen, "CPU")
    np.testing.assert_allclose(many[:3], few, atol=1e-5)


def test_auto_without_tensorflow_names_the_missing_export(
    tiny: ModelVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executors.importlib.util, "find_spec", lambda name: None)
    shutil.copytree(tiny.folder, tmp_path / "1", ignore=shutil.ignore_patterns("*.tflite"))
    without = ModelVersion(tiny.name, 1, tmp_path / "1", tiny.card)

    with pytest.raises(ModelError, match=r"tiny/1 has no model\.tflite in .*; run python -m mousematch\.export"):
        executors.load(without, executor="auto", threads=1)


def test_a_missing_package_is_named(tiny: ModelVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "mousematch.scorer.executors.savedmodel", None)

    with pytest.raises(ModelError, match=r"needs tensorflow, which this Python cannot import .* \[scorer\]"):
        executors.load(tiny, executor="tensorflow", threads=1)


def test_threads_default_to_the_cores_that_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 3, 5}, raising=False)
    assert cores() == 3

    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert cores() == 7


def test_tensorflow_computes_from_the_weights_of_an_installed_app(head: Head, models: Path, tmp_path: Path) -> None:
    installed = tmp_path / "models" / "tiny" / "1"
    installed.mkdir(parents=True)
    for file in ("model.json", "weights.npz", "cohort.npz"):
        if (models / "tiny" / "1" / file).exists():
            shutil.copy(models / "tiny" / "1" / file, installed)
    tensorflow = head.other(executor="tensorflow", model_roots=(tmp_path / "models",))

    vectors = tensorflow.client().embed(pictures(3))

    np.testing.assert_allclose(vectors, head.client().embed(pictures(3)), atol=1e-5)
    assert sorted(path.name for path in installed.iterdir() if path.name.startswith(("saved", "var"))) == []


def test_tensorflow_and_litert_give_the_same_embeddings(head: Head) -> None:
    images = pictures(21)
    tensorflow = head.other(executor="tensorflow")

    vectors = tensorflow.client().embed(images)

    np.testing.assert_allclose(vectors, head.client().embed(images), atol=1e-5)
    assert counters(tensorflow)["embedded"] == 21
    metadata = tensorflow.client().metadata()["metadata"]["mousematch"]
    assert metadata["executor"] == "tensorflow"
