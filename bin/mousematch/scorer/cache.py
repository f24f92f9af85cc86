"""A cache of embeddings by the content of the image, bounded by bytes; the least recently used leave first."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

# Python's share of an entry beside the vector: key, array object, links. Measured with tracemalloc, rounded up.
_ENTRY_BYTES = 320


def digest(image_b64: str) -> bytes:
    """The key of an image: 16 bytes."""
    return hashlib.blake2b(image_b64.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class EmbeddingCache:
    """Embeddings of images that were seen lately. Used by one thread."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self._vectors: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._vectors)

    def get(self, key: bytes) -> NDArray[np.float32] | None:
        """The embedding (d,) under a key, or None."""
        vector = self._vectors.get(key)
        if vector is not None:
            self._vectors.move_to_end(key)
        return vector

    def put(self, key: bytes, vector: NDArray[np.float32]) -> None:
        """Keeps an embedding; older ones make room."""
        if key in self._vectors:
            return
        # A copy, or a row would keep its whole batch alive.
        kept = np.array(vector, np.float32)
        self._vectors[key] = kept
        self.bytes += kept.nbytes + _ENTRY_BYTES
        while self.bytes > self.max_bytes:
            _, oldest = self._vectors.popitem(last=False)
            self.bytes -= oldest.nbytes + _ENTRY_BYTES
