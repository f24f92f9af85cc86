"""Where a training computes: every GPU of the machine under TensorFlow, otherwise what Keras's backend chooses.

Unverified on real GPUs side by side: the mirrored path has been run on two logical CPU devices.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from typing import Any

import keras


def prepare(*, threads: int = 0) -> None:
    """Before the first computation: GPUs are shared with the scorer, and CPU threads limited (0: one a core)."""
    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf

    try:
        for gpu in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)
        if threads:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        # TensorFlow already runs in this process, with the settings that its first use gave it.
        pass


def gpus() -> list[str]:
    """The GPUs that TensorFlow sees, by name; none under Keras's other backends, which use one device."""
    if keras.backend.backend() != "tensorflow":
        return []
    import tensorflow as tf

    return [device.name for device in tf.config.list_logical_devices("GPU")]


def scope(devices: Sequence[str]) -> Any:
    """A context in which networks are made: each batch is split over the devices if there are several."""
    if len(devices) < 2:
        return contextlib.nullcontext()
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(list(devices)).scope()


def describe() -> str:
    """Backend and devices in a few words, for the model card."""
    backend = keras.backend.backend()
    found = gpus()
    return f"{backend}, {len(found)} GPU" if found else f"{backend}, {os.cpu_count()} CPU cores"
