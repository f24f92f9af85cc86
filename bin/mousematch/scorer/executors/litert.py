"""LiteRT: the model on the CPU, without TensorFlow. The executor that starts soonest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from mousematch.errors import ModelError
from mousematch.scorer.executors.cpu import cores


class LiteRTNetwork:
    """A model.tflite in an interpreter with the XNNPACK kernels. For one thread at a time."""

    executor = "litert"
    device = "CPU"
    # More is no faster (16 images keep every core busy), needs more memory, and lets other searches wait longer.
    max_batch = 16

    def __init__(self, path: Path, *, threads: int = 0) -> None:
        try:
            self._interpreter = Interpreter(model_path=str(path), num_threads=threads or cores())
            self._input = self._interpreter.get_input_details()[0]["index"]
            self._output = self._interpreter.get_output_details()[0]["index"]
        except (ValueError, RuntimeError, OSError) as exc:
            raise ModelError(f"{path} is no usable LiteRT model ({exc}); export the model again.") from exc
        self._shape: tuple[int, ...] = ()

    def embed(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 (n, size, size, 3) → float32 (n, d)."""
        if images.shape != self._shape:
            # Resizing re-plans the memory; the packed weights stay.
            self._interpreter.resize_tensor_input(self._input, images.shape)
            self._interpreter.allocate_tensors()
            self._shape = images.shape
        self._interpreter.set_tensor(self._input, images.astype(np.float32) / np.float32(255))
        self._interpreter.invoke()
        return np.asarray(self._interpreter.get_tensor(self._output), np.float32)
