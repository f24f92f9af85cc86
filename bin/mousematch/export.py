"""Makes what the scorer runs from a model version's weights: a SavedModel and a LiteRT model.

    python -m mousematch.export models/base/1          a quarter of a minute; `make env` runs it

    weights.npz ─▶ Keras model ─┬─▶ saved_model.pb, variables/   TensorFlow, TensorFlow Serving
                                └─▶ model.tflite                 LiteRT, float16 where it is exact
                                 ⇒ both on the same images: do they agree?

The SavedModel has three signatures: ``serving_default`` takes PNG files (string (n,) "image_bytes"), ``images`` takes
float32 (n, size, size, 3) in 0-1, ``images_bfloat16`` the same but computes in bfloat16; each gives "embedding".
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# Before TensorFlow is imported: its start-up messages are no errors, and nothing here is worth a GPU.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import absl.logging
import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

from mousematch.errors import ModelError, MouseMatchError
from mousematch.model import EXACT, options_of
from mousematch.registry import CARD, LITERT, SAVED_MODEL, WEIGHTS
from mousematch.weights import build_float32, load_model, write_card

# The largest difference between two unit vectors' elements that the order of float32's sums explains, with room. An LLR
# differed by twelve times as much on the first models, so that it stays within 1e-3.
AGREEMENT = 5e-5
_CHECKED_IMAGES = 4
# Blocks whose normalisations the converter must not fold into the kernels before them: folded, a kernel is no float16
# any more. The other blocks have 2 % of the weights, but two thirds of the activations.
_APART = ("block3_", "block4_", "block5_")
# Elements of a constant from which half the space is worth an operation.
_WORTH_HALVING = 1_024


def write_saved_model(model: keras.Model, folder: Path) -> None:
    """Writes the SavedModel into a version's folder, beside what is there."""
    size = model.input_shape[1]
    half = keras.models.clone_model(build_float32(**options_of(model)), clone_function=_in_bfloat16)
    module = tf.Module()
    module.trainable = [variable.value for variable in model.trainable_variables]
    module.other = [variable.value for variable in model.non_trainable_variables]

    def run(network: keras.Model, images: tf.Tensor) -> dict[str, tf.Tensor]:
        # Both precisions read the one set of variables that the module holds.
        embedding, _ = network.stateless_call(module.trainable, module.other, images, training=False)
        return {"embedding": tf.cast(embedding, tf.float32)}

    def from_png(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        pixels = tf.map_fn(lambda png: _pixels(png, size), image_bytes, fn_output_signature=tf.uint8)
        return run(model, tf.cast(pixels, tf.float32) / 255.0)

    floats = tf.TensorSpec((None, size, size, 3), tf.float32, name="images")
    signatures = {
        "serving_default": tf.function(from_png).get_concrete_function(
            tf.TensorSpec((None,), tf.string, name="image_bytes")
        ),
        "images": tf.function(lambda images: run(model, images)).get_concrete_function(floats),
        "images_bfloat16": tf.function(lambda images: run(half, images)).get_concrete_function(floats),
    }
    with tempfile.TemporaryDirectory(prefix=".export-", dir=folder) as temporary:
        tf.saved_model.save(module, temporary, signatures=signatures)
        for item in sorted(Path(temporary).iterdir(), key=lambda item: item.name == SAVED_MODEL):
            # saved_model.pb comes last: a folder that has it has the variables too.
            target = folder / item.name
            if target.is_dir():
                shutil.rmtree(target)
            item.replace(target)


def litert_bytes(model: keras.Model) -> bytes:
    """The LiteRT model; input "images" float32 (n, size, size, 3) in 0-1, any n.

    No weight is rounded: constants are float16 where that holds them exactly, as it does a published model's kernels, and
    float32 elsewhere.
    """
    network = _with_normalisations_apart(model)
    trainable = [tf.constant(variable.value) for variable in network.trainable_variables]
    other = [tf.constant(variable.value) for variable in network.non_trainable_variables]
    size = model.input_shape[1]

    def frozen(images: tf.Tensor) -> tf.Tensor:
        embedding, _ = network.stateless_call(trainable, other, images, training=False)
        return embedding

    images = tf.TensorSpec((None, size, size, 3), tf.float32, name="images")
    function = tf.function(frozen).get_concrete_function(images)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    # The converter's own float16 rounds every constant, also those that it has folded a normalisation into.
    return _halved(converter.convert())


class _PerChannel(keras.layers.DepthwiseConv2D):  # type: ignore[misc]
    """A factor and an offset for each channel, called as a batch normalisation is."""

    def call(self, inputs: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        return super().call(inputs)


def _with_normalisations_apart(model: keras.Model) -> keras.Model:
    """The same network with the batch normalisations of _APART as depthwise convolutions, which stay as they are."""

    def apart(layer: keras.layers.Layer) -> bool:
        return isinstance(layer, keras.layers.BatchNormalization) and layer.name.startswith(_APART)

    def replaced(layer: keras.layers.Layer) -> keras.layers.Layer:
        if apart(layer):
            return _PerChannel(1, dtype="float32", name=layer.name)
        return type(layer).from_config(layer.get_config())

    network = keras.models.clone_model(model, clone_function=replaced)
    for layer in model.layers:
        if apart(layer):
            gamma, beta, mean, variance = (np.asarray(weight, np.float64) for weight in layer.get_weights())
            scale = gamma / np.sqrt(variance + layer.epsilon)
            network.get_layer(layer.name).set_weights([scale[None, None, :, None], beta - mean * scale])
        elif layer.weights:
            network.get_layer(layer.name).set_weights(layer.get_weights())
    return network


def _halved(content: bytes) -> bytes:
    """A LiteRT model with its large float32 constants as float16 where the numbers stay the same."""
    found = flatbuffer_utils.convert_bytearray_to_object(content)
    (graph,) = found.subgraphs
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.DEQUANTIZE
    # The version that takes float16.
    code.version = 3
    found.operatorCodes.append(code)
    dequantized: dict[int, int] = {}
    operators = []
    for number, tensor in enumerate(list(graph.tensors)):
        half = _exact_half(found.buffers[tensor.buffer].data) if tensor.type == schema.TensorType.FLOAT32 else None
        if half is None:
            continue
        whole, operator = schema.TensorT(), schema.OperatorT()
        # Buffer 0 is empty: the numbers are computed, once.
        whole.shape, whole.type, whole.buffer, whole.name = tensor.shape, tensor.type, 0, tensor.name + b"_float32"
        tensor.type = schema.TensorType.FLOAT16
        # A buffer of its own, as tensors may share one.
        buffer = schema.BufferT()
        buffer.data, tensor.buffer = half, len(found.buffers)
        found.buffers.append(buffer)
        dequantized[number] = len(graph.tensors)
        graph.tensors.append(whole)
        operator.opcodeIndex = len(found.operatorCodes) - 1
        operator.inputs, operator.outputs = [number], [dequantized[number]]
        operator.builtinOptionsType = schema.BuiltinOptions.DequantizeOptions
        operator.builtinOptions = schema.DequantizeOptionsT()
        operators.append(operator)
    for operator in graph.operators:
        operator.inputs = [dequantized.get(number, number) for number in operator.inputs]
    graph.operators[:0] = operators
    used = {tensor.buffer for tensor in graph.tensors} | {entry.buffer for entry in found.metadata or ()}
    for number, buffer in enumerate(found.buffers):
        if number not in used:
            buffer.data = None
    return bytes(flatbuffer_utils.convert_object_to_bytearray(found))


def _exact_half(data: NDArray[np.uint8] | None) -> NDArray[np.uint8] | None:
    """The bytes of float32 numbers as those of the same numbers in float16, None if they are no such or too few."""
    if data is None or len(data) < 4 * _WORTH_HALVING:
        return None
    numbers = np.asarray(data, np.uint8).view("<f4")
    half = numbers.astype("<f2")
    return half.view(np.uint8) if np.array_equal(half.astype("<f4"), numbers) else None


def disagreement(folder: Path, *, size: int) -> float:
    """The largest difference between an element of an embedding by the SavedModel and by LiteRT, on the same images."""
    interpreter = _interpreter(folder / LITERT)
    images = np.random.default_rng(0).random((_CHECKED_IMAGES, size, size, 3), np.float32)
    # Part blank, as real images are.
    images[:, : size // 2] = 0.5
    saved_model = tf.saved_model.load(str(folder))
    ours = saved_model.signatures["images"](images=tf.constant(images))["embedding"].numpy()
    index = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(index, images.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(index, images)
    interpreter.invoke()
    theirs = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    return float(np.abs(ours - theirs).max())


def _interpreter(path: Path) -> Any:
    """LiteRT on a model: the package that the app brings, or the copy in TensorFlow's releases that still have one."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        Interpreter = tf.lite.Interpreter
    return Interpreter(model_path=str(path))


def export(folder: Path, *, on_progress: Callable[[str], None] = lambda message: None) -> float:
    """Makes SavedModel and LiteRT model of a version's folder; the largest difference between the two.

    Raises ModelError if weights or card are missing, or if the two disagree by more than AGREEMENT.
    """
    size = _size(folder)
    model = load_model(folder / WEIGHTS, size=size)
    on_progress(f"Read {folder / WEIGHTS}: {model.count_params():,} numbers.")
    write_saved_model(model, folder)
    on_progress(f"Wrote {folder / SAVED_MODEL}.")
    content = litert_bytes(model)
    temporary = folder / f".{LITERT}"
    temporary.write_bytes(content)
    temporary.replace(folder / LITERT)
    on_progress(f"Wrote {folder / LITERT}: {len(content) / 1e6:.1f} MB.")
    difference = disagreement(folder, size=size)
    if not difference <= AGREEMENT:
        raise ModelError(f"SavedModel and LiteRT model of {folder} differ by {difference:.4f}; do not use them.")
    on_progress(f"Both give the same embeddings within {difference:.1e}.")
    return difference


def record(folder: Path, difference: float) -> None:
    """Writes into a version's card by how much SavedModel and LiteRT model differ."""
    card = json.loads((folder / CARD).read_text("utf-8"))
    write_card(folder, {**card, "export": {"largest_difference": float(f"{difference:.1e}")}})


def _size(folder: Path) -> int:
    try:
        return int(json.loads((folder / CARD).read_text("utf-8"))["size"])
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise ModelError(f"The model card {folder / CARD} gives no size ({exc!r}); publish the model again.") from exc


def _in_bfloat16(layer: keras.layers.Layer) -> keras.layers.Layer:
    config = layer.get_config()
    # Variables stay float32, and so do the wide part and the last steps: a length of 1 within bfloat16 would be a length of
    # 1 ± 0.004.
    exact = isinstance(layer, keras.layers.UnitNormalization | keras.layers.InputLayer)
    if not exact and layer.name not in EXACT:
        config["dtype"] = "mixed_bfloat16"
    return type(layer).from_config(config)


def _pixels(png: tf.Tensor, size: int) -> tf.Tensor:
    return tf.ensure_shape(tf.io.decode_png(png, channels=3), (size, size, 3))


def main(arguments: Sequence[str] | None = None) -> int:
    """The process's exit code."""
    # The converter's remarks about its own options.
    absl.logging.set_verbosity(absl.logging.ERROR)
    parser = argparse.ArgumentParser(
        prog="python -m mousematch.export", description="Makes SavedModel and LiteRT model from a version's weights."
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR", help="a model version, such as models/base/1")
    parser.add_argument(
        "--record", action="store_true", help="write into the model card by how much the two differ (before publishing)"
    )
    options = parser.parse_args(arguments)
    began = time.monotonic()
    for folder in options.folders:
        try:
            difference = export(
                folder, on_progress=lambda message: print(f"{time.monotonic() - began:5.1f} s  {message}", flush=True)
            )
            if options.record:
                record(folder, difference)
        except MouseMatchError as exc:
            print(f"error: {exc}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
