"""A network's weights as a file, and a version's card: what is published, whatever Keras's backend.

Kernels are half precision, the rest single. The LiteRT model and the SavedModel are made from it (``export``).
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mousematch.architecture import BLOCK_FILTERS, CENTRED, NORMALISATION, NORMALISATIONS
from mousematch.discriminant import Discriminant
from mousematch.errors import ModelError
from mousematch.model import build_model, normalisation_of, options_of
from mousematch.registry import CARD
from mousematch.weights_file import read_weights

_EPOCH = (1980, 1, 1, 0, 0, 0)


def save_weights(model: keras.Model, path: Path) -> None:
    """Writes a model's weights: one array a weight, named "layer/weight"; kernels float16, the rest float32.

    The same weights give the same bytes.
    """
    arrays = {
        # The state of a dropout's random numbers is no weight.
        variable.path: np.asarray(
            keras.ops.convert_to_numpy(variable.value), np.float16 if variable.name == "kernel" else np.float32
        )
        for variable in model.variables
        if "seed" not in variable.path
    }
    normalisation = normalisation_of(model)
    if normalisation != CENTRED:
        arrays[NORMALISATION] = np.asarray(list(NORMALISATIONS).index(normalisation), np.float32)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            # numpy.savez would stamp the archive with the time.
            with archive.open(zipfile.ZipInfo(f"{name}.npy", _EPOCH), "w") as file:
                np.lib.format.write_array(file, array, allow_pickle=False)


def load_model(weights: Path, *, size: int) -> keras.Model:
    """The Keras model with the weights of a file, of whatever width they have. Raises ModelError if they do not fit."""
    arrays = read_weights(weights)
    try:
        normalisation = list(NORMALISATIONS)[int(arrays.pop(NORMALISATION, np.zeros(())))]
        # Width and lengths of the embeddings are those of the weights.
        width = arrays["block5_conv3/kernel"].shape[-1] / BLOCK_FILTERS[-1]
        embedding = arrays["projection/kernel"].shape[-1]
        wide = arrays["wide/bias"].shape[-1] if "wide/bias" in arrays else 0
        model = build_float32(size=size, width=width, embedding=embedding, normalisation=normalisation, wide=wide)
    except (KeyError, IndexError) as exc:
        raise ModelError(f"The weights {weights} lack {exc}; they are not of a Mouse Match model.") from exc
    wanted = {variable.path: variable for variable in model.variables if "seed" not in variable.path}
    shapes = {path: tuple(variable.shape) for path, variable in wanted.items()}
    found = {path: array.shape for path, array in arrays.items()}
    if shapes != found:
        differing = sorted(path for path in shapes.keys() | found.keys() if shapes.get(path) != found.get(path))
        raise ModelError(
            f"The weights {weights} do not fit VGG16-BN in {', '.join(differing[:3])}; publish the model again."
        )
    for path, variable in wanted.items():
        variable.assign(arrays[path])
    return model


def build_float32(**options: Any) -> keras.Model:
    """The network of model.build_model in float32, also in a process that trains in mixed precision."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        return build_model(**options)
    finally:
        keras.config.set_dtype_policy(policy)


def with_wide_part(network: keras.Model, discriminant: Discriminant) -> keras.Model:
    """A network in float32 that has the deep part of this one and the discriminant as its wide part."""
    combined = build_float32(**{**options_of(network), "wide": discriminant.kernel.shape[1]})
    for layer in combined.layers:
        if layer.name == "wide":
            layer.set_weights([discriminant.kernel, discriminant.bias])
        elif layer.weights:
            layer.set_weights(network.get_layer(layer.name).get_weights())
    return combined


def wide_part(path: Path) -> Discriminant | None:
    """The wide part in a weights file, None if it has none. Raises ModelError if the file cannot be read."""
    arrays = read_weights(path)
    return Discriminant(arrays["wide/kernel"], arrays["wide/bias"]) if "wide/kernel" in arrays else None


def write_card(folder: Path, card: Mapping[str, Any]) -> None:
    """Writes a version's model card."""
    temporary = folder / f".{CARD}"
    temporary.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", "utf-8")
    temporary.replace(folder / CARD)
