"""From one set of weights to SavedModel and LiteRT."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from mousematch import export, images, weights
from mousematch.errors import ModelError
from mousematch.model import build_model

SIZE, EMBEDDING = 32, 16


@pytest.fixture(scope="module")
def network() -> keras.Model:
    """A narrow network whose batch normalisations do something."""
    keras.utils.set_random_seed(3)
    network = build_model(size=SIZE, width=1 / 16, embedding=EMBEDDING)
    random = np.random.default_rng(3)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            n = layer.gamma.shape[0]
            layer.set_weights(
                [random.uniform(0.8, 1.2, n), random.normal(0, 0.1, n), random.normal(0, 0.1, n), random.uniform(0.5, 2, n)]
            )
    return network


@pytest.fixture(scope="module")
def version(network: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exported version's folder."""
    folder = tmp_path_factory.mktemp("version")
    weights.save_weights(network, folder / "weights.npz")
    weights.write_card(folder, {"encoding": f"motion/1/{SIZE}", "size": SIZE, "embedding": EMBEDDING})
    export.export(folder)
    return folder


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return np.random.default_rng(4).integers(0, 256, (5, SIZE, SIZE, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def wanted(version: Path, pixels: np.ndarray) -> np.ndarray:
    """The embeddings by Keras itself, of the weights as they are stored."""
    return np.asarray(weights.load_model(version / "weights.npz", size=SIZE)(pixels / np.float32(255), training=False))


def test_weights_are_named_by_layer_and_kernels_are_float16(version: Path) -> None:
    with np.load(version / "weights.npz") as arrays:
        kinds = {name: arrays[name].dtype for name in arrays.files}

    assert kinds["block1_conv1/kernel"] == kinds["projection/kernel"] == np.float16
    assert kinds["block5_conv3_bn/moving_variance"] == np.float32
    assert len(kinds) == 14 * 5


def test_weights_come_back_as_they_were_stored_and_give_the_same_bytes(
    version: Path, network: keras.Model, tmp_path: Path
) -> None:
    loaded = weights.load_model(version / "weights.npz", size=SIZE)

    weights.save_weights(loaded, tmp_path / "again.npz")

    assert (tmp_path / "again.npz").read_bytes() == (version / "weights.npz").read_bytes()
    for ours, theirs in zip(loaded.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-6)


def test_the_saved_model_takes_png_files_as_tensorflow_serving_sends_them(
    version: Path, pixels: np.ndarray, wanted: np.ndarray
) -> None:
    pngs = [images.to_png(picture, f"motion/1/{SIZE}") for picture in pixels]
    saved_model = tf.saved_model.load(str(version))

    found = saved_model.signatures["serving_default"](image_bytes=tf.constant(pngs))["embedding"].numpy()

    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_the_saved_model_takes_floats_and_computes_in_bfloat16_on_request(
    version: Path, pixels: np.ndarray, wanted: np.ndarray
) -> None:
    saved_model = tf.saved_model.load(str(version))
    floats = tf.constant(pixels / np.float32(255))

    exact = saved_model.signatures["images"](images=floats)["embedding"].numpy()
    fast = saved_model.signatures["images_bfloat16"](images=floats)["embedding"].numpy()

    np.testing.assert_allclose(exact, wanted, atol=1e-5)
    difference = np.abs(fast - wanted).max()
    assert 1e-6 < difference < 0.05
    np.testing.assert_allclose(np.linalg.norm(fast, axis=1), 1, atol=1e-5)


def test_both_precisions_share_one_set_of_variables(version: Path) -> None:
    variables = (version / "variables" / "variables.data-00000-of-00001").stat().st_size
    numbers = sum(array.size for array in weights.read_weights(version / "weights.npz").values())

    assert variables < 4.1 * numbers + 20_000


def test_litert_gives_the_same_embeddings_for_any_number_of_images(
    version: Path, pixels: np.ndarray, wanted: np.ndarray
) -> None:
    interpreter = Interpreter(model_path=str(version / "model.tflite"))
    (given,) = interpreter.get_input_details()
    (output,) = interpreter.get_output_details()
    assert (given["name"], list(given["shape_signature"])) == ("images", [-1, SIZE, SIZE, 3])

    for count in (5, 1, 3):
        interpreter.resize_tensor_input(given["index"], (count, SIZE, SIZE, 3))
        interpreter.allocate_tensors()
        interpreter.set_tensor(given["index"], pixels[:count] / np.float32(255))
        interpreter.invoke()
        np.testing.assert_allclose(interpreter.get_tensor(output["index"]), wanted[:count], atol=1e-5)


def test_batch_normalisation_is_folded_or_one_operation(version: Path) -> None:
    interpreter = Interpreter(
        model_path=str(version / "model.tflite"),
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    operations = [operation["op_name"] for operation in interpreter._get_ops_details()]

    assert operations.count("CONV_2D") == 13
    # Blocks 3 to 5; their ReLUs are part of it.
    assert operations.count("DEPTHWISE_CONV_2D") == 9
    assert operations.count("RELU") == 0
    # What is left multiplies and adds is the centring of the input and the unit length of the output.
    assert operations.count("MUL") + operations.count("ADD") + operations.count("SUB") <= 4


def test_litert_has_the_kernels_as_they_are_stored_in_float16_and_rounds_none(version: Path) -> None:
    with np.load(version / "weights.npz") as arrays:
        stored = {name.partition("/")[0]: arrays[name] for name in arrays.files if name.endswith("/kernel")}
    interpreter = Interpreter(
        model_path=str(version / "model.tflite"),
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    halves = [detail for detail in interpreter.get_tensor_details() if detail["dtype"] == np.float16]

    found = {}
    for detail in halves:
        layer = next(layer for layer in stored if layer in detail["name"])
        found[layer] = np.moveaxis(interpreter.get_tensor(detail["index"]), 0, -1)

    kept = {name for name in stored if name.startswith(("block3", "block4", "block5"))}
    assert set(found) >= kept
    for layer, kernel in found.items():
        np.testing.assert_array_equal(kernel, stored[layer])


def test_numbers_that_float16_does_not_hold_stay_float32(network: keras.Model, pixels: np.ndarray) -> None:
    """The network's kernels as they are before they are published."""
    interpreter = Interpreter(model_content=export.litert_bytes(network))
    index = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(index, pixels.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(index, pixels / np.float32(255))
    interpreter.invoke()

    found = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])

    np.testing.assert_allclose(found, network(pixels / np.float32(255), training=False), atol=1e-5)


def test_the_same_weights_give_the_same_litert_bytes(version: Path) -> None:
    again = export.litert_bytes(weights.load_model(version / "weights.npz", size=SIZE))

    assert again == (version / "model.tflite").read_bytes()


def test_weights_are_stored_in_half_the_space(version: Path) -> None:
    numbers = sum(array.size for array in weights.read_weights(version / "weights.npz").values())

    assert (version / "model.tflite").stat().st_size < 2.1 * numbers + 40_000


def test_exporting_again_replaces_what_is_there(version: Path, tmp_path: Path) -> None:
    shutil.copytree(version, tmp_path / "1")
    (tmp_path / "1" / "model.tflite").write_bytes(b"old")
    (tmp_path / "1" / "variables" / "old").write_bytes(b"old")

    assert export.main(["--record", str(tmp_path / "1")]) == 0

    assert (tmp_path / "1" / "model.tflite").read_bytes() == (version / "model.tflite").read_bytes()
    files = sorted(path.name for path in (tmp_path / "1").rglob("*"))
    assert "old" not in files
    card = json.loads((tmp_path / "1" / "model.json").read_text())
    assert 0 < card["export"]["largest_difference"] < export.AGREEMENT
    assert card["size"] == SIZE
    assert not [name for name in files if name.startswith(".")]


def test_a_process_that_trains_in_mixed_precision_loads_in_float32(version: Path) -> None:
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        loaded = weights.load_model(version / "weights.npz", size=SIZE)
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy(policy)

    assert loaded.get_layer("block1_conv1").compute_dtype == "float32"


def test_missing_weights_or_card_are_named_and_the_command_fails(
    version: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export.main([str(tmp_path)]) == 1
    assert f"error: The model card {tmp_path}/model.json" in capsys.readouterr().err

    shutil.copy(version / "model.json", tmp_path)
    assert export.main([str(tmp_path)]) == 1
    assert f"error: The weights {tmp_path}/weights.npz cannot be read" in capsys.readouterr().err


def test_weights_that_do_not_fit_are_named(version: Path, tmp_path: Path) -> None:
    arrays = weights.read_weights(version / "weights.npz")
    np.savez(tmp_path / "other.npz", **{**arrays, "block2_conv1/kernel": np.zeros((3, 3, 1, 1), np.float16)})
    np.savez(tmp_path / "foreign.npz", something=np.zeros(3))
    (tmp_path / "damaged.npz").write_bytes((version / "weights.npz").read_bytes()[:1000])

    with pytest.raises(ModelError, match="do not fit VGG16-BN in block2_conv1/kernel"):
        weights.load_model(tmp_path / "other.npz", size=SIZE)
    with pytest.raises(ModelError, match="not of a Mouse Match model"):
        weights.load_model(tmp_path / "foreign.npz", size=SIZE)
    with pytest.raises(ModelError, match="cannot be read"):
        weights.load_model(tmp_path / "damaged.npz", size=SIZE)


def test_a_card_is_readable_json(tmp_path: Path) -> None:
    weights.write_card(tmp_path, {"size": 64, "name": "bäse"})

    assert json.loads((tmp_path / "model.json").read_text("utf-8")) == {"size": 64, "name": "bäse"}
