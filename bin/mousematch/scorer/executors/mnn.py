"""MNN: the network on the CPU, with fewer operations.

Its 3 x 3 convolutions are Winograd's, in Lavin & Gray's way (2016): up to four times fewer multiplications, in float32. It
is built from the weights themselves, so its embeddings are Keras's to six digits.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import MNN
import numpy as np
from numpy.typing import NDArray

from mousematch.architecture import DEEP_WEIGHT, NORMALISATION, NORMALISATIONS
from mousematch.discriminant import Discriminant
from mousematch.errors import ModelError
from mousematch.scorer.executors import mnn_file
from mousematch.scorer.executors.cpu import cores
from mousematch.weights_file import read_weights

_Floats = NDArray[np.float32]


class MNNNetwork:
    """A version's weights in MNN, but for the few operations after the convolutions, which are numpy's. For one thread at a
    time."""

    executor = "mnn"
    device = "CPU"
    # Batches of 64 take 5 % less time an image, and let other searches wait four times as long.
    max_batch = 16

    def __init__(self, weights: Path, *, size: int, threads: int = 0) -> None:
        arrays = read_weights(weights)
        try:
            self._scale, self._offset = list(NORMALISATIONS.values())[int(arrays.get(NORMALISATION, 0))]
            self._projection = mnn_file.folded(arrays, "projection")
            self._wide = Discriminant(arrays["wide/kernel"], arrays["wide/bias"]) if "wide/kernel" in arrays else None
            content = mnn_file.model_bytes(arrays, size=size)
        except (KeyError, IndexError) as exc:
            raise ModelError(f"The weights {weights} lack {exc}; they are not of a Mouse Match model.") from exc
        except ValueError as exc:
            raise ModelError(f"The weights {weights} do not fit together ({exc}); publish the model again.") from exc
        settings = {"backend": "CPU", "numThread": threads or cores(), "precision": "high"}
        try:
            # It reads files only.
            with tempfile.NamedTemporaryFile(prefix="mousematch-", suffix=".mnn") as file:
                file.write(content)
                file.flush()
                self._interpreter = MNN.Interpreter(file.name)
            self._session = self._interpreter.createSession(settings)
            self._input = self._interpreter.getSessionInput(self._session, mnn_file.INPUT)
            self._output = self._interpreter.getSessionOutput(self._session, mnn_file.OUTPUT)
        except Exception as exc:  # MNN's have no type of their own
            raise ModelError(f"MNN {MNN.version()} cannot load {weights} ({exc}); name another executor.") from exc

    def embed(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 (n, size, size, 3) → float32 (n, d)."""
        colours = images.astype(np.float32) / np.float32(255)
        centred = (colours * np.float32(self._scale) + np.array(self._offset, np.float32)).transpose(0, 3, 1, 2)
        features = self._blocks(np.ascontiguousarray(centred))
        kernel, bias = self._projection
        deep = _unit(features.mean(axis=(2, 3)) @ kernel + bias)
        if self._wide is None:
            return deep
        return _unit(np.concatenate([self._wide.project(images), deep * np.float32(DEEP_WEIGHT)], axis=1))

    def _blocks(self, images: _Floats) -> _Floats:
        """The convolutions' output, (n, filters, height, width), for (n, 3, size, size)."""
        if self._input.getShape() != images.shape:
            # Re-plans the memory; the transformed weights stay.
            self._interpreter.resizeTensor(self._input, images.shape)
            self._interpreter.resizeSession(self._session)
        self._input.copyFrom(_tensor(images))
        # Without Python's lock: the scorer decodes the next batch meanwhile.
        self._interpreter.runSession(self._session)
        features = np.empty(self._output.getShape(), np.float32)
        held = _tensor(features)
        self._output.copyToHostTensor(held)
        return np.array(held.getNumpyData(), np.float32).reshape(features.shape)


def _tensor(values: _Floats) -> MNN.Tensor:
    return MNN.Tensor(values.shape, MNN.Halide_Type_Float, values, MNN.Tensor_DimensionType_Caffe)


def _unit(vectors: NDArray[Any]) -> _Floats:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12))
