"""The executors: all give the same embeddings, for any number of images."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from mousematch.errors import ModelError
from mousematch.registry import ModelVersion, Registry
from mousematch.scorer import executors
from mousematch.scorer.executors import Network
from mousematch.scorer.executors.cpu import cores
from mousematch.scorer.executors.litert import LiteRTNetwork
from mousematch.scorer.executors.openvino import OpenVINONetwork
from tests.mousematch.scorer.conftest import EMBEDDING, SIZE, Head, counters, pictures


@pytest.fixture(scope="module")
def tiny(models: Path) -> ModelVersion:
    return Registry([models]).resolve("tiny")


def noise(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, SIZE, SIZE, 3)).astype(np.uint8)


CPU_NETWORKS = (LiteRTNetwork, OpenVINONetwork)


@pytest.mark.parametrize("network_of", CPU_NETWORKS)
def test_an_image_has_the_same_embedding_in_any_batch(tiny: ModelVersion, network_of: type[Network]) -> None:
    network = network_of(tiny.folder / "model.tflite")
    images = noise(16)

    whole = network.embed(images)

    assert whole.shape == (16, EMBEDDING)
    for start, stop in ((0, 1), (1, 6), (6, 16), (0, 16)):
        np.testing.assert_allclose(network.embed(images[start:stop]), whole[start:stop], atol=1e-5)


def test_openvino_and_litert_give_the_same_embeddings(tiny: ModelVersion) -> None:
    litert, openvino = (network_of(tiny.folder / "model.tflite") for network_of in CPU_NETWORKS)

    np.testing.assert_allclose(openvino.embed(noise(9)), litert.embed(noise(9)), atol=1e-5)


@pytest.mark.parametrize("network_of", CPU_NETWORKS)
def test_a_broken_litert_model_is_named(tmp_path: Path, network_of: type[Network]) -> None:
    (tmp_path / "model.tflite").write_bytes(b"no model")

    with pytest.raises(ModelError, match=r"model\.tflite is no usable LiteRT model"):
        network_of(tmp_path / "model.tflite")


@pytest.mark.parametrize(("installed", "chosen"), [("ai_edge_litert", "litert"), ("openvino", "openvino")])
def test_auto_takes_the_fastest_that_is_installed_where_there_is_no_gpu(
    tiny: ModelVersion, monkeypatch: pytest.MonkeyPatch, installed: str, chosen: str
) -> None:
    monkeypatch.setattr(executors, "_NVIDIA", ())
    monkeypatch.setattr(executors, "_installed", lambda package: package in (installed, "ai_edge_litert", "tensorflow"))

    network = executors.load(tiny, executor="auto", threads=1)

    assert (network.executor, network.device) == (chosen, "CPU")


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


def test_threads_default_to_the_cores_of_this_process() -> None:
    assert cores() >= 1


def test_tensorflow_computes_from_the_weights_of_an_installed_app(head: Head, models: Path, tmp_path: Path) -> None:
    installed = tmp_path / "models" / "tiny" / "1"
    installed.mkdir(parents=True)
    for file in ("model.json", "weights.npz", "cohort.npz"):
        if (models / "tiny" / "1" / file).exists():
            shutil.copy(models / "tiny" / "1" / file, installed)
    tensorflow = head.other(executor="tensorflow", model_roots=(tmp_path / "models",))

    vectors = tensorflow.client().embed(pictures(3))

    np.testing.assert_allclose(vectors, head.client().embed(pictures(3)), atol=2e-3)
    assert sorted(path.name for path in installed.iterdir() if path.name.startswith(("saved", "var"))) == []


def test_tensorflow_and_litert_give_the_same_embeddings(head: Head) -> None:
    images = pictures(21)
    tensorflow = head.other(executor="tensorflow")

    vectors = tensorflow.client().embed(images)

    np.testing.assert_allclose(vectors, head.client().embed(images), atol=2e-3)
    assert counters(tensorflow)["embedded"] == 21
    metadata = tensorflow.client().metadata()["metadata"]["mousematch"]
    assert metadata["executor"] == "tensorflow"
