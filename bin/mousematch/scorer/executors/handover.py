"""A network that answers at once, and a faster one that takes over when there is much to do.

LiteRT is ready an eighth of a second after it was asked to load, MNN half a second later: it transforms the weights first.
One session's few images are done sooner without MNN; the first full batch shows that a long search has begun.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mousematch.errors import ModelError
from mousematch.scorer.executors.network import Network

log = logging.getLogger("mousematch.scorer")


class Handover:
    """Computes with ``first`` until a batch is full, from then on with what ``make_faster`` gives. For one thread at a time.

    Both give the same embeddings. Should the faster one fail to load (ModelError, MemoryError), the first one stays.
    """

    def __init__(self, first: Network, make_faster: Callable[[], Network]) -> None:
        self._network = first
        self._make_faster: Callable[[], Network] | None = make_faster

    @property
    def executor(self) -> str:
        """The one that computes now."""
        return self._network.executor

    @property
    def device(self) -> str:
        """Where it computes."""
        return self._network.device

    @property
    def max_batch(self) -> int:
        """Images that one batch may hold."""
        return self._network.max_batch

    def embed(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 (n, size, size, 3) → float32 (n, d)."""
        if self._make_faster is not None and len(images) == self.max_batch:
            self._hand_over(self._make_faster)
        return self._network.embed(images)

    def _hand_over(self, make_faster: Callable[[], Network]) -> None:
        # Once: what failed to load would fail again, and cost every batch half a second.
        self._make_faster = None
        try:
            self._network = make_faster()
        except (ModelError, MemoryError) as exc:
            log.warning("The scorer stays with %s: %s", self.executor, str(exc) or "memory is short.")
        else:
            log.info("The model runs in %s from now on.", self.executor)
