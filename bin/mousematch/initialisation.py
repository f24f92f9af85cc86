"""What a training begins with: chance, a published version, or ImageNet's weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from mousematch import imagenet
from mousematch.architecture import BLOCK_FILTERS, CENTRED, IMAGENET
from mousematch.errors import OptionError
from mousematch.growth import grown
from mousematch.model import build_model, deep_part, freeze, normalisation_of
from mousematch.weights import load_model

BLOCKS = len(BLOCK_FILTERS)


@dataclass(frozen=True)
class Start:
    """Where the first phase's weights come from.

    weights: a version's weights.npz. imagenet: a VGG16 weight file, with ``sample``, float32 (n, size, size, 3) images
    of 0-1. Without either, the network begins at random. frozen: so many blocks stay as they are.
    """

    weights: Path | None = None
    imagenet: Path | None = None
    frozen: int = 0
    sample: NDArray[np.float32] | None = None

    def check(self, widths: list[float]) -> None:
        """Raises OptionError if these phases cannot begin so."""
        if self.weights and self.imagenet:
            raise OptionError("A training begins from a version or from an ImageNet file; give one of the two.")
        if self.frozen and not (self.weights or self.imagenet):
            raise OptionError(
                f"freeze={self.frozen} would keep random weights; begin from a version or an ImageNet file."
            )
        if self.imagenet and set(widths) != {1.0}:
            raise OptionError(f"ImageNet's VGG16 has full width; train at width 1 alone, not at {max(widths):g}.")

    def network(self, *, size: int, width: float, dropout: float, before: keras.Model | None, seed: int) -> keras.Model:
        """The embedder of a phase: grown from the phase before, else as this start says.

        Raises ModelError if a file does not fit, OptionError if a width cannot be grown from the one before.
        """
        source = before
        if source is None and self.weights is not None:
            source = deep_part(load_model(self.weights, size=size))
        normalisation = IMAGENET if self.imagenet else CENTRED if source is None else normalisation_of(source)
        embedding = {} if source is None else {"embedding": source.output_shape[-1]}
        network = build_model(size=size, width=width, dropout=dropout, normalisation=normalisation, **embedding)
        if source is not None:
            grown(source, network, seed=seed)
        elif self.imagenet is not None:
            assert self.sample is not None
            imagenet.load(self.imagenet, network, self.sample)
        freeze(network, self.frozen)
        return network


def frozen_blocks(text: str) -> int:
    """Reads ``freeze=``: 0 to 5, or all. Raises OptionError."""
    word = text.strip().lower()
    if word == "all":
        return BLOCKS
    if word.isdecimal() and int(word) <= BLOCKS:
        return int(word)
    raise OptionError(f'freeze="{text}" is no number of blocks; write 0 to {BLOCKS}, or all.')
