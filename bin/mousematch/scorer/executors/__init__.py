"""What computes embeddings: LiteRT or OpenVINO on the CPU, or TensorFlow, which also drives a GPU. Only the chosen one is
imported."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mousematch import registry
from mousematch.errors import ModelError
from mousematch.registry import ModelVersion

LITERT, OPENVINO, TENSORFLOW, AUTO = "litert", "openvino", "tensorflow", "auto"
_NVIDIA = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg")


class Network(Protocol):
    """A model version that is ready to compute."""

    executor: str
    device: str
    max_batch: int

    def embed(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 (n, size, size, 3) → float32 (n, d), for n up to max_batch."""


def load(model: ModelVersion, *, executor: str, threads: int, precision: str = "float32") -> Network:
    """The model version in the executor named, or in the best one there is for "auto": TensorFlow if it has a GPU; on a CPU
    OpenVINO, else LiteRT, else TensorFlow, in the order of their speed there.

    threads: CPU threads, 0 for one a core. precision: "float32" or "bfloat16" (GPU only). Raises ModelError.
    """
    chosen = _choose(model) if executor == AUTO else executor
    if chosen == TENSORFLOW:
        network = _tensorflow(model, threads, precision)
        on_cpu = _choose_for_cpu(model)
        if executor == TENSORFLOW or network.device == "GPU" or on_cpu == TENSORFLOW:
            return network
        chosen = on_cpu
    return _openvino(model, threads) if chosen == OPENVINO else _litert(model, threads)


def _choose(model: ModelVersion) -> str:
    if _installed("tensorflow") and any(Path(node).exists() for node in _NVIDIA):
        return TENSORFLOW
    return _choose_for_cpu(model)


def _choose_for_cpu(model: ModelVersion) -> str:
    exported = (model.folder / registry.LITERT).is_file()
    if exported and _installed("openvino"):
        return OPENVINO
    return LITERT if (exported and _installed("ai_edge_litert")) or not _installed("tensorflow") else TENSORFLOW


def _installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _openvino(model: ModelVersion, threads: int) -> Network:
    _module("openvino", "mousematch.scorer.executors.openvino")
    from mousematch.scorer.executors.openvino import OpenVINONetwork

    return OpenVINONetwork(_export(model, registry.LITERT), threads=threads)


def _litert(model: ModelVersion, threads: int) -> Network:
    _module("ai_edge_litert", "mousematch.scorer.executors.litert")
    from mousematch.scorer.executors.litert import LiteRTNetwork

    return LiteRTNetwork(_export(model, registry.LITERT), threads=threads)


def _tensorflow(model: ModelVersion, threads: int, precision: str) -> Network:
    _module("tensorflow", "mousematch.scorer.executors.savedmodel")
    from mousematch.scorer.executors.savedmodel import SavedModelNetwork

    weights = model.folder / registry.WEIGHTS
    if not (model.folder / registry.SAVED_MODEL).is_file() and weights.is_file():
        # The installed app brings the weights alone: a SavedModel is twice as large.
        return SavedModelNetwork.from_weights(weights, size=model.size, threads=threads, precision=precision)
    folder = _export(model, registry.SAVED_MODEL).parent
    return SavedModelNetwork(folder, threads=threads, precision=precision)


def _export(model: ModelVersion, file: str) -> Path:
    path = model.folder / file
    if not path.is_file():
        raise ModelError(
            f"Model {model.reference} has no {file} in {model.folder}; run python -m mousematch.export {model.folder}."
        )
    return path


def _module(package: str, ours: str) -> None:
    try:
        importlib.import_module(ours)
    except ImportError as exc:
        raise ModelError(
            f"The executor needs {package}, which this Python cannot import ({exc}); install it there, or name another "
            "executor or python in mousematch.conf [scorer]."
        ) from exc
