"""Makes what the scorer runs from a model version's weights: a SavedModel and a LiteRT model.

    python -m mousematch.export models/base/1          a quarter of a minute; `make env` runs it

    weights.npz ─▶ Keras model ─┬─▶ saved_model.pb, variables/   TensorFlow, TensorFlow Serving
                                └─▶ model.tflite                 LiteRT, float16 weights
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

from mousematch.errors import ModelError, MouseMatchError
from mousematch.model import EXACT, options_of
from mousematch.registry import CARD, LITERT, SAVED_MODEL, WEIGHTS
from mousematch.weights import build_float32, load_model, write_card

# The largest difference between two unit vectors' elements that float16 weights explain, with room.
AGREEMENT = 0.01
_CHECKED_IMAGES = 4


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
    """The LiteRT model with float16 weights; input "images" float32 (n, size, size, 3) in 0-1, any n.

    The converter folds the batch normalisations into the convolutions once the weights are constants.
    """
    trainable = [tf.constant(variable.value) for variable in model.trainable_variables]
    other = [tf.constant(variable.value) for variable in model.non_trainable_variables]
    size = model.input_shape[1]

    def frozen(images: tf.Tensor) -> tf.Tensor:
        embedding, _ = model.stateless_call(trainable, other, images, training=False)
        return embedding

    images = tf.TensorSpec((None, size, size, 3), tf.float32, name="images")
    function = tf.function(frozen).get_concrete_function(images)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    return bytes(converter.convert())


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
