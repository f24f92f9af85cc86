"""What an executor gives: a model version that is ready to compute."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Network(Protocol):
    """A model version that is ready to compute.

    executor: the one that computes. device: "CPU" or "GPU". max_batch: images at once, at most.
    """

    @property
    def executor(self) -> str: ...
    @property
    def device(self) -> str: ...
    @property
    def max_batch(self) -> int: ...

    def embed(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 (n, size, size, 3) → float32 (n, d), for n up to max_batch."""
