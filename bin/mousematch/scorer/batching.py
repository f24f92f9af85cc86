"""Shared batches: the images of concurrent requests go through the network together, in turns.

    request A ▸ ▸ ▸ ▸ ▸ ┐
    request B ▸ ▸       ├─ turns ─▶ one batch ─▶ executor thread ─▶ each request gets its own
    request C ▸         ┘

Nothing waits for a batch to fill: while one computes, the next gathers. A search sends one request at a time, so turns
between requests are turns between searches, and a long search does not starve a short one.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mousematch.scorer.cache import EmbeddingCache

Vector = NDArray[np.float32]


@dataclass
class Counts:
    """What the scorer has done since it started."""

    requests: int = 0
    images: int = 0
    cached: int = 0
    embedded: int = 0
    batches: int = 0
    refused: int = 0


@dataclass(eq=False)
class _Request:
    keys: Sequence[bytes]
    images: Sequence[NDArray[np.uint8]]
    done: asyncio.Future[list[Vector]]
    vectors: list[Vector] = field(default_factory=list)
    taken: int = 0


class Batcher:
    """The queue in front of one network. Everything but the network itself runs on the event loop.

    embed: uint8 (n, size, size, 3) → float32 (n, d), called in ``thread`` (one worker) with at most ``max_batch``.
    """

    def __init__(
        self,
        embed: Callable[[NDArray[np.uint8]], Vector],
        *,
        max_batch: int,
        thread: Executor,
        cache: EmbeddingCache,
        counts: Counts,
    ) -> None:
        self._embed = embed
        self._max_batch = max_batch
        self._thread = thread
        self._cache = cache
        self._counts = counts
        self._waiting: deque[_Request] = deque()
        self._worker: asyncio.Task[None] | None = None
        # When the batch that computes now began (time.monotonic), or None.
        self.computing_since: float | None = None

    async def embed(self, keys: Sequence[bytes], images: Sequence[NDArray[np.uint8]]) -> list[Vector]:
        """The embeddings of a request's images, each (d,); keys: what the cache knows the images by.

        Raises whatever the network raises. A cancelled request leaves the queue.
        """
        if not images:
            return []
        request = _Request(keys, images, asyncio.get_running_loop().create_future())
        self._waiting.append(request)
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())
        return await request.done

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                batch = self._gather()
                if not batch:
                    return
                # Another request may have brought the same image since; one batch may hold it twice.
                fresh: dict[bytes, NDArray[np.uint8]] = {}
                for request, position in batch:
                    key = request.keys[position]
                    if self._cache.get(key) is None:
                        fresh.setdefault(key, request.images[position])
                known = {request.keys[position]: self._cache.get(request.keys[position]) for request, position in batch}
                try:
                    if fresh:
                        stacked = np.stack(list(fresh.values()))
                        self.computing_since = time.monotonic()
                        vectors = await loop.run_in_executor(self._thread, self._embed, stacked)
                        known.update(zip(fresh, vectors))
                except Exception as exc:
                    self._fail(batch, exc)
                    continue
                finally:
                    self.computing_since = None
                self._counts.batches += bool(fresh)
                self._counts.embedded += len(fresh)
                self._counts.cached += len(batch) - len(fresh)
                for key in fresh:
                    vector = known[key]
                    assert vector is not None
                    self._cache.put(key, vector)
                self._deliver(batch, known)
        finally:
            self._worker = None

    def _gather(self) -> list[tuple[_Request, int]]:
        """The next batch: (request, position of an image in it), in turns of equal shares."""
        batch: list[tuple[_Request, int]] = []
        share = max(1, self._max_batch // max(1, len(self._waiting)))
        while self._waiting and len(batch) < self._max_batch:
            turn = self._waiting.popleft()
            if turn.done.done():
                # Cancelled, or failed with an earlier batch.
                continue
            stop = min(turn.taken + share, len(turn.images), turn.taken + self._max_batch - len(batch))
            batch.extend((turn, position) for position in range(turn.taken, stop))
            turn.taken = stop
            if stop < len(turn.images):
                self._waiting.append(turn)
        return batch

    def _deliver(self, batch: Sequence[tuple[_Request, int]], known: dict[bytes, Vector | None]) -> None:
        for request, position in batch:
            vector = known[request.keys[position]]
            assert vector is not None
            request.vectors.append(vector)
            if len(request.vectors) == len(request.images) and not request.done.done():
                request.done.set_result(request.vectors)

    def _fail(self, batch: Sequence[tuple[_Request, int]], exc: Exception) -> None:
        for request, _ in batch:
            if not request.done.done():
                request.done.set_exception(exc)
