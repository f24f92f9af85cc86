"""The cache of embeddings."""

from __future__ import annotations

import tracemalloc

import numpy as np

from mousematch.scorer.cache import EmbeddingCache, digest


def vector(value: float) -> np.ndarray:
    return np.full(128, value, np.float32)


def test_the_same_image_has_the_same_key_and_another_image_another() -> None:
    assert digest("image") == digest("image") != digest("Image")


def test_what_was_not_used_for_longest_leaves_first() -> None:
    cache = EmbeddingCache(max_bytes=2 * (128 * 4 + 320))
    cache.put(b"a", vector(1))
    cache.put(b"b", vector(2))
    cache.get(b"a")

    cache.put(b"c", vector(3))

    assert cache.get(b"b") is None
    assert cache.get(b"a") is not None
    assert cache.get(b"c") is not None


def test_an_embedding_is_kept_without_its_batch() -> None:
    batch = np.zeros((256, 128), np.float32)
    cache = EmbeddingCache(max_bytes=10_000)

    cache.put(b"a", batch[0])

    kept = cache.get(b"a")
    assert kept is not None and kept.base is None


def test_the_memory_stays_below_the_bound_that_was_given() -> None:
    bound = 1_000_000
    cache = EmbeddingCache(max_bytes=bound)
    tracemalloc.start()

    for number in range(5_000):
        cache.put(digest(str(number)), vector(number))

    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 500 < len(cache) < 5_000
    assert used < bound


def test_a_cache_without_room_keeps_nothing() -> None:
    cache = EmbeddingCache(max_bytes=0)

    cache.put(b"a", vector(1))

    assert cache.get(b"a") is None
