"""Grows a trained narrow network into a wide one that computes the same (Net2WiderNet, Chen et al. 2016).

Every filter is copied k times; the layers that read it divide by k. A little noise makes the copies differ, so that
further training can send them different ways.
"""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

from mousematch.errors import OptionError

# Relative to a kernel's own standard deviation: enough to break the tie between copies, too little to unlearn.
NOISE = 0.1


def grown(narrow: keras.Model, wide: keras.Model, *, seed: int = 1, noise: float = NOISE) -> None:
    """Sets the weights of ``wide`` from ``narrow``, a network of the same layers with fewer filters.

    Raises OptionError if a width is no whole multiple of the other.
    """
    random = np.random.default_rng(seed)
    for source, target in zip(narrow.weights, wide.weights):
        if source.path.split("/")[-2:] != target.path.split("/")[-2:]:
            raise OptionError(
                f"{source.path} and {target.path} are not the same layer; grow a network of the same make."
            )
        values = keras.ops.convert_to_numpy(source).astype(np.float32)
        spread = float(values.std())
        for axis, (old, new) in enumerate(zip(values.shape, target.shape)):
            values = _repeated(values, axis, old, new)
        if values.ndim >= 2 and values.shape != tuple(source.shape):
            values = values + random.normal(0, noise * spread * _share(source.shape, target.shape), values.shape)
        target.assign(values)


def _repeated(values: NDArray[np.float32], axis: int, old: int, new: int) -> NDArray[np.float32]:
    if new == old:
        return values
    if new % old:
        raise OptionError(f"{new} filters are no whole multiple of {old}; choose widths such as 0.25 and 1.")
    copies = new // old
    values = np.repeat(values, copies, axis=axis)
    # The second last axis of a kernel is what it reads; the last one is what it gives.
    reads = values.ndim >= 2 and axis == values.ndim - 2
    return (values / copies).astype(np.float32) if reads else values


def _share(old: tuple[int, ...], new: tuple[int, ...]) -> float:
    """By how much the growth has shrunk a kernel's values."""
    return old[-2] / new[-2]
