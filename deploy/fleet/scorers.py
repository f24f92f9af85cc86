"""Scorers on several hosts behind one address: a Ray Serve application that speaks the scorer's REST API.

    mousescore ─▶ http://head:8501 ─▶ Api (any host) ─┬─▶ Scorer replica   loads the model, batches, caches
                                                      ├─▶ Scorer replica
                                                      └─▶ …                 more while many images wait

    serve run deploy.fleet.scorers:fleet                           on a machine of a Ray cluster, in the repository
    serve run deploy.fleet.scorers:fleet models=/srv/models replicas=8 gpus=1

    [scorer]                                                       in mousematch.conf of each search head
    address = http://head:8501

A replica that dies costs no search its result: embeddings have no side effects, so what it had is asked of another one.
Ray chooses replicas by the length of their queues and starts more of them between ``min_replicas`` and ``replicas``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ray import serve
from ray.exceptions import RayActorError, RayTaskError
from ray.serve.handle import DeploymentHandle
from starlette.applications import Starlette
from starlette.routing import Mount

from mousematch.errors import ScorerUnavailable
from mousematch.registry import ModelVersion, Registry
from mousematch.scorer import executors
from mousematch.scorer.app import App
from mousematch.scorer.batching import Counts
from mousematch.scorer.serving import Serving

log = logging.getLogger("ray.serve")

MODELS = Path(__file__).resolve().parents[2] / "models"
# Requests that a replica works on or has waiting before Ray starts another one; each has 8 to 512 images.
BUSY_REQUESTS = 2
# A replica that died is noticed at once, and its requests go elsewhere; a third death in a row is no accident.
ATTEMPTS = 3
PAUSE_S = 0.2


@serve.deployment(
    # Requests that a replica takes before others wait in front of it: enough that its batches are full.
    max_ongoing_requests=8,
    health_check_period_s=5,
)
class Scorer:
    """One process with the model: the same batches, cache and checks of images as a search head's local scorer."""

    def __init__(self, models: str, executor: str, threads: int) -> None:
        self._serving = Serving(
            Registry([Path(models)]), lambda model: executors.load(model, executor=executor, threads=threads)
        )

    async def embed(self, reference: str, images_b64: Sequence[str]) -> NDArray[np.float32]:
        """float32 (n, d). Raises ImagesRejected, ModelError."""
        return await self._serving.embed(self._serving.registry.resolve(reference), images_b64)

    async def describe(self, reference: str) -> tuple[str, str]:
        """Executor and device that the version runs in; loads it first."""
        network = (await self._serving.loaded(self._serving.registry.resolve(reference))).network
        return network.executor, network.device


@dataclass(frozen=True)
class Described:
    """What the REST API tells about a network that runs elsewhere."""

    executor: str
    device: str


@dataclass(frozen=True)
class Loaded:
    """A version that some replica has in memory."""

    network: Described


class Fleet:
    """The replicas, in the form in which the REST API knows a scorer of its own process."""

    def __init__(self, registry: Registry, scorers: DeploymentHandle) -> None:
        self.registry = registry
        self.counts = Counts()
        self._scorers = scorers

    def find(self, name: str, version: int | None) -> ModelVersion:
        """The version asked for; None for the active one. Raises ModelError."""
        return self.registry.resolve(name if version is None else f"{name}/{version}")

    def is_loaded(self, model: ModelVersion) -> bool:
        """True: a replica loads a version with its first request, and the request waits for it."""
        return True

    async def loaded(self, model: ModelVersion) -> Loaded:
        """How the version runs."""
        return Loaded(Described(*await self._asked(self._scorers.describe, model.reference)))

    async def embed(self, model: ModelVersion, images_b64: Sequence[str]) -> NDArray[np.float32]:
        """float32 (n, d). Raises ImagesRejected, ModelError, ScorerUnavailable."""
        self.counts.requests += 1
        self.counts.images += len(images_b64)
        vectors: NDArray[np.float32] = await self._asked(self._scorers.embed, model.reference, list(images_b64))
        return vectors

    async def _asked(self, method: Any, *arguments: Any) -> Any:
        """The answer of a replica, of another one if that dies. The replica's own errors come back as what they were."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await method.remote(*arguments)
            except RayTaskError as exc:
                raise exc.cause from exc
            except RayActorError:
                log.warning("A scorer died in the middle of a request (attempt %d of %d).", attempt, ATTEMPTS)
                await asyncio.sleep(PAUSE_S * attempt)
        raise ScorerUnavailable(f"{ATTEMPTS} scorers died one after the other on the same images; read their logs.")


@serve.deployment(max_ongoing_requests=1_000)
@serve.ingress()
class Api:
    """The REST API; it holds no model."""

    def __init__(self, models: str, scorers: DeploymentHandle) -> None:
        self._fleet = Fleet(Registry([Path(models)]), scorers)

    def __serve_build_asgi_app__(self) -> Starlette:
        return Starlette(routes=[Mount("/", App(self._fleet))])  # which knows ASGI's lifespan, as Ray wants


def fleet(options: dict[str, str]) -> serve.Application:
    """The application, from what stands behind ``serve run deploy.fleet.scorers:fleet``.

    models: the registry's folder, the same path on every host (default: the repository's models). replicas: the most of
    them (2). min_replicas: the fewest (1). cpus, gpus: what one replica gets (1, 0). executor: as in mousematch.conf (auto).
    """
    known = {"models": str(MODELS), "replicas": "2", "min_replicas": "1", "cpus": "1", "gpus": "0", "executor": "auto"}
    strangers = set(options) - set(known)
    if strangers:
        raise ValueError(f"{', '.join(sorted(strangers))}: no option of the fleet; there are {', '.join(known)}.")
    settings = {**known, **options}
    autoscaling = {
        "min_replicas": int(settings["min_replicas"]),
        "max_replicas": int(settings["replicas"]),
        "target_ongoing_requests": BUSY_REQUESTS,
    }
    scorers = Scorer.options(
        autoscaling_config=autoscaling,
        ray_actor_options={"num_cpus": float(settings["cpus"]), "num_gpus": float(settings["gpus"])},
    ).bind(settings["models"], settings["executor"], max(1, int(float(settings["cpus"]))))
    return Api.options(ray_actor_options={"num_cpus": 0}).bind(settings["models"], scorers)
