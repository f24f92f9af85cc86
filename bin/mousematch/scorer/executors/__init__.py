"""What computes embeddings: LiteRT and MNN on the CPU, or TensorFlow, which also drives a GPU. Only what is used is
imported."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from mousematch import registry
from mousematch.errors import ModelError
from mousematch.registry import ModelVersion
from mousematch.scorer.executors.handover import Handover
from mousematch.scorer.executors.network import Network

__all__ = ["Network", "load"]

LITERT, MNN, TENSORFLOW, AUTO = "litert", "mnn", "tensorflow", "auto"
_NVIDIA = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg")


def load(model: ModelVersion, *, executor: str, threads: int, precision: str = "float32") -> Network:
    """The model version in the executor named, or in the best there is for "auto": TensorFlow if it has a GPU; on a CPU
    LiteRT, which starts soonest, and MNN, which is faster, as soon as there is much to do; else TensorFlow.

    threads: CPU threads, 0 for one a core. precision: "float32" or "bfloat16" (GPU only). Raises ModelError.
    """
    if executor == AUTO:
        return _best(model, threads, precision)
    if executor == TENSORFLOW:
        return _tensorflow(model, threads, precision)
    return _mnn(model, threads) if executor == MNN else _litert(model, threads)


def _best(model: ModelVersion, threads: int, precision: str) -> Network:
    has_tensorflow = _installed("tensorflow")
    if has_tensorflow and any(Path(node).exists() for node in _NVIDIA):
        network = _tensorflow(model, threads, precision)
        if network.device == "GPU":
            return network
    litert = _installed("ai_edge_litert") and (model.folder / registry.LITERT).is_file()
    mnn = _installed("MNN") and _installed("flatbuffers") and (model.folder / registry.WEIGHTS).is_file()
    if litert and mnn:
        return Handover(_litert(model, threads), lambda: _mnn(model, threads))
    if mnn:
        return _mnn(model, threads)
    return _tensorflow(model, threads, precision) if has_tensorflow and not litert else _litert(model, threads)


def _installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _mnn(model: ModelVersion, threads: int) -> Network:
    _module("MNN", "mousematch.scorer.executors.mnn")
    from mousematch.scorer.executors.mnn import MNNNetwork

    weights = model.folder / registry.WEIGHTS
    if not weights.is_file():
        raise ModelError(f"Model {model.reference} has no {registry.WEIGHTS} in {model.folder}; publish the model again.")
    return MNNNetwork(weights, size=model.size, threads=threads)


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
