"""The models that a scorer has loaded: images to embeddings, through cache, decoding and shared batches."""

from __future__ import annotations

import asyncio
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mousematch import images
from mousematch.errors import ImageError, ModelError
from mousematch.registry import CARD, ModelVersion, Registry
from mousematch.scorer.batching import Batcher, Counts
from mousematch.scorer.cache import EmbeddingCache, digest
from mousematch.scorer.executors import Network

# Versions kept in memory: the active one, and the one before while searches that began with it finish.
MAX_LOADED = 2
# A version's folder and the time of its card.
Key = tuple[str, int]
CACHE_BYTES = 64 * 1024 * 1024
# Decoding a PNG takes a tenth of a millisecond; more threads than this would only wait for the interpreter lock.
DECODE_THREADS = 4


class ImagesRejected(ImageError):
    """Some images of a request cannot be embedded; ``reasons`` says which and why."""

    def __init__(self, reasons: dict[int, str]) -> None:
        first = min(reasons)
        super().__init__(f"Failed to process element: {first} of 'instances' list. Error: {reasons[first]}")
        self.reasons = reasons

    def __reduce__(self) -> tuple[type[ImagesRejected], tuple[dict[int, str]]]:
        # Between the processes of a fleet it travels by what it was made of, not by its message.
        return type(self), (self.reasons,)


@dataclass
class Loaded:
    """A model version in memory."""

    model: ModelVersion
    network: Network
    batcher: Batcher
    cache: EmbeddingCache


class Serving:
    """Loads versions on demand and embeds images with them. Lives on one event loop.

    load: makes a version ready to compute; runs in the one executor thread, as the network does.
    """

    def __init__(
        self, registry: Registry, load: Callable[[ModelVersion], Network], *, cache_bytes: int = CACHE_BYTES
    ) -> None:
        self.registry = registry
        self.counts = Counts()
        self._load = load
        self._cache_bytes = cache_bytes
        self._thread = ThreadPoolExecutor(1, "network")
        self._decoders = ThreadPoolExecutor(min(DECODE_THREADS, os.cpu_count() or 1), "decode")
        self._loaded: OrderedDict[Key, asyncio.Task[Loaded]] = OrderedDict()
        self._preloaded: tuple[Key, Network] | None = None

    def preload(self, reference: str) -> ModelVersion:
        """Loads a version before there is an event loop, and runs it once. Raises ModelError."""
        model = self.registry.resolve(reference)
        network = self._thread.submit(self._loaded_network, model).result()
        self._preloaded = (_key(model), network)
        return model

    def find(self, name: str, version: int | None) -> ModelVersion:
        """The version asked for; None for the active one. Raises ModelError."""
        return self.registry.resolve(name if version is None else f"{name}/{version}")

    async def loaded(self, model: ModelVersion) -> Loaded:
        """The version in memory; loads it first if need be. Raises ModelError."""
        key = _key(model)
        task = self._task(model, key)
        try:
            loaded = await asyncio.shield(task)
        except Exception:
            self._forget(key, task)
            raise
        while len(self._loaded) > MAX_LOADED:
            self._loaded.popitem(last=False)
        return loaded

    def is_loaded(self, model: ModelVersion) -> bool:
        """Whether the version is in memory; if not, its loading begins. Raises ModelError if loading failed."""
        key = _key(model)
        task = self._task(model, key)
        if not task.done():
            return self._preloaded is not None and self._preloaded[0] == key
        if task.exception() is not None:
            self._forget(key, task)
            task.result()
        return True

    def _task(self, model: ModelVersion, key: Key) -> asyncio.Task[Loaded]:
        task = self._loaded.get(key)
        if task is None:
            task = self._loaded[key] = asyncio.create_task(self._bring(model, key))
        self._loaded.move_to_end(key)
        return task

    def _forget(self, key: Key, task: asyncio.Task[Loaded]) -> None:
        # A failure is not remembered: the next request finds the export that was missing.
        if self._loaded.get(key) is task:
            del self._loaded[key]

    async def embed(self, model: ModelVersion, images_b64: Sequence[str]) -> NDArray[np.float32]:
        """The embeddings of base64 PNGs: float32 (n, d). Raises ImagesRejected, ModelError."""
        loaded = await self.loaded(model)
        loop = asyncio.get_running_loop()
        self.counts.requests += 1
        self.counts.images += len(images_b64)
        unique = {image: position for position, image in enumerate(dict.fromkeys(images_b64))}
        self.counts.cached += len(images_b64) - len(unique)
        keys = [digest(image) for image in unique]
        vectors = {key: vector for key in keys if (vector := loaded.cache.get(key)) is not None}
        self.counts.cached += len(vectors)
        fresh = {key: image for key, image in zip(keys, unique) if key not in vectors}
        if fresh:
            decoded = await loop.run_in_executor(self._decoders, _decode_all, list(fresh.values()), model)
            reasons = {image: why for image, why in zip(fresh.values(), decoded) if isinstance(why, str)}
            if reasons:
                self.counts.refused += len(reasons)
                raise ImagesRejected({i: reasons[image] for i, image in enumerate(images_b64) if image in reasons})
            pixels = [picture for picture in decoded if not isinstance(picture, str)]
            vectors.update(zip(fresh, await loaded.batcher.embed(list(fresh), pixels)))
        table = np.stack([vectors[key] for key in keys])
        return table[[unique[image] for image in images_b64]]

    @property
    def computing_s(self) -> float:
        """How long the batch that computes now has been doing so; 0 if none does."""
        batchers = [task.result().batcher for task in self._loaded.values() if _succeeded(task)]
        starts = [batcher.computing_since for batcher in batchers if batcher.computing_since is not None]
        return time.monotonic() - min(starts) if starts else 0.0

    def close(self) -> None:
        """Ends the threads, once what they compute is done."""
        self._thread.shutdown(wait=True)
        self._decoders.shutdown(wait=True)

    async def _bring(self, model: ModelVersion, key: Key) -> Loaded:
        if self._preloaded is not None and self._preloaded[0] == key:
            network = self._preloaded[1]
            self._preloaded = None
        else:
            loop = asyncio.get_running_loop()
            network = await loop.run_in_executor(self._thread, self._loaded_network, model)
        cache = EmbeddingCache(self._cache_bytes)
        batcher = Batcher(
            network.embed, max_batch=network.max_batch, thread=self._thread, cache=cache, counts=self.counts
        )
        return Loaded(model, network, batcher, cache)

    def _loaded_network(self, model: ModelVersion) -> Network:
        network = self._load(model)
        blank = np.zeros((1, model.size, model.size, 3), np.uint8)
        # The first run builds what the network builds lazily, and shows an export that does not fit its card.
        shape = network.embed(blank).shape
        if shape != (1, model.embedding):
            raise ModelError(
                f"Model {model.reference} gives embeddings of the shape {shape}, its card says {model.embedding}; "
                "export the model again."
            )
        return network


def _succeeded(task: asyncio.Task[Loaded]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


def _key(model: ModelVersion) -> Key:
    """A version that was exported or published again in place is another one."""
    try:
        return str(model.folder), (model.folder / CARD).stat().st_mtime_ns
    except OSError as exc:
        raise ModelError(f"Model {model.reference} is gone from {model.folder} ({exc}); search again.") from exc


def _decode_all(texts: Sequence[str], model: ModelVersion) -> list[NDArray[np.uint8] | str]:
    """Pixels, or the reason why there are none, of each base64 PNG."""
    return [_decode(text, model) for text in texts]


def _decode(text: str, model: ModelVersion) -> NDArray[np.uint8] | str:
    try:
        pixels = images.from_png(images.from_base64(text), model.encoding)
    except ImageError as exc:
        return str(exc)
    if pixels.shape != (model.size, model.size, 3):
        height, width, _ = pixels.shape
        return f"The image is {width} x {height} pixels; model {model.reference} reads {model.size} a side."
    return pixels
