"""Reads a version's weights, without Keras."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mousematch.errors import ModelError


def read_weights(path: Path) -> dict[str, NDArray[np.float32]]:
    """The arrays of a weights file by "layer/weight". Raises ModelError if it cannot be read."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: np.asarray(arrays[name], np.float32) for name in arrays.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as exc:
        raise ModelError(f"The weights {path} cannot be read ({exc}); publish the model again.") from exc
