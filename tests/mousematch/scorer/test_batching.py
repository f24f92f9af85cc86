"""Batches that concurrent requests share."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from mousematch.scorer.batching import Batcher, Counts
from mousematch.scorer.cache import EmbeddingCache


class Network:
    """Gives each image its own first pixel as embedding, and remembers the batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.begun = threading.Event()

    def embed(self, images: np.ndarray) -> np.ndarray:
        self.begun.set()
        assert self.gate.wait(10)
        values = images[:, 0, 0, 0]
        self.batches.append(values.tolist())
        if 255 in values:
            raise RuntimeError("out of memory")
        return values[:, None].astype(np.float32)


def image(value: int) -> np.ndarray:
    return np.full((2, 2, 3), value, np.uint8)


def run(
    test: Callable[[Batcher, Network], Coroutine[Any, Any, None]], *, max_batch: int = 4, cache_bytes: int = 1_000_000
) -> Counts:
    counts = Counts()

    async def main() -> None:
        network = Network()
        with ThreadPoolExecutor(1) as thread:
            cache = EmbeddingCache(cache_bytes)
            batcher = Batcher(network.embed, max_batch=max_batch, thread=thread, cache=cache, counts=counts)
            try:
                await test(batcher, network)
            finally:
                network.gate.set()

    asyncio.run(main())
    return counts


async def embed(batcher: Batcher, values: range | list[int]) -> list[int]:
    vectors = await batcher.embed([bytes([value]) for value in values], [image(value) for value in values])
    return [int(vector[0]) for vector in vectors]


async def first_batch_held(batcher: Batcher, network: Network) -> asyncio.Task[list[int]]:
    """A request that the network is busy with, until its gate is opened."""
    network.gate.clear()
    task = asyncio.create_task(embed(batcher, [200]))
    await asyncio.to_thread(network.begun.wait, 10)
    return task


def test_a_request_gets_its_embeddings_in_order() -> None:
    async def test(batcher: Batcher, network: Network) -> None:
        assert await embed(batcher, range(10)) == list(range(10))
        assert max(map(len, network.batches)) <= 4

    run(test)


def test_a_short_request_does_not_wait_for_a_long_one() -> None:
    async def test(batcher: Batcher, network: Network) -> None:
        held = await first_batch_held(batcher, network)
        long = asyncio.create_task(embed(batcher, range(40)))
        await asyncio.sleep(0)
        short = asyncio.create_task(embed(batcher, [100, 101]))
        await asyncio.sleep(0)
        network.gate.set()

        assert await short == [100, 101]
        assert not long.done()
        assert await long == list(range(40))
        await held

    run(test)


def test_requests_share_a_batch_in_equal_parts() -> None:
    async def test(batcher: Batcher, network: Network) -> None:
        held = await first_batch_held(batcher, network)
        requests = [asyncio.create_task(embed(batcher, range(start, start + 8))) for start in (0, 50)]
        await asyncio.sleep(0)
        network.gate.set()
        await asyncio.gather(held, *requests)

        assert network.batches[1] == [0, 1, 50, 51]

    run(test)


def test_an_image_that_two_requests_bring_is_computed_once() -> None:
    async def test(batcher: Batcher, network: Network) -> None:
        held = await first_batch_held(batcher, network)
        requests = [asyncio.create_task(embed(batcher, [7, 8])) for _ in range(5)]
        await asyncio.sleep(0)
        network.gate.set()

        assert await asyncio.gather(*requests) == [[7, 8]] * 5
        await held
        assert sorted(value for batch in network.batches for value in batch) == [7, 8, 200]

    counts = run(test)
    assert (counts.embedded, counts.cached) == (3, 8)


def test_the_images_of_a_cancelled_request_are_not_computed() -> None:
    async def test(batcher: Batcher, network: Network) -> None:
        held = await first_batch_held(batcher, network)
        gone = asyncio.create_task(embed(batcher, range(40)))
        stays = asyncio.create_task(embed(batcher, [100]))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        network.gate.set()

        assert await stays == [100]
        await held
        assert network.batches == [[200], [100]]

    run(test)


def test_a_failing_batch_fails_its_requests_and_no_later_one() -> None:
    async def test(batcher: Batcher, network: Network) -> None:
        with pytest.raises(RuntimeError, match="out of memory"):
            await embed(batcher, [1, 255])
        assert await embed(batcher, [1, 2]) == [1, 2]

    run(test)


def test_embeddings_arrive_although_the_cache_keeps_none() -> None:
    async def test(batcher: Batcher, network: Network) -> None:
        assert await embed(batcher, range(10)) == list(range(10))

    run(test, cache_bytes=0)
