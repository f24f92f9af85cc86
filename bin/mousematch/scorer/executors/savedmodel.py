"""TensorFlow: the model's SavedModel on a GPU, or on the CPU where LiteRT is not there."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# Before TensorFlow is imported: its start-up messages are no errors.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf

from mousematch.errors import ModelError

# Every batch is padded to one of these sizes: each new shape costs a trace, and with XLA a compilation of seconds.
GPU_BATCHES = (8, 64, 256)
CPU_BATCHES = (1, 4, 16)
FLOAT32, BFLOAT16 = "float32", "bfloat16"


class SavedModelNetwork:
    """A SavedModel behind a tf.function of fixed batch sizes, compiled by XLA on a GPU. For one thread at a time."""

    executor = "tensorflow"

    def __init__(self, folder: Path, *, threads: int = 0, precision: str = FLOAT32) -> None:
        gpus = _visible_gpus(threads)
        self.device = "GPU" if gpus else "CPU"
        self._batches = GPU_BATCHES if gpus else CPU_BATCHES
        self.max_batch = self._batches[-1]
        # bfloat16 has no kernels worth having on most CPUs.
        signature = "images_bfloat16" if gpus and precision == BFLOAT16 else "images"
        try:
            # Kept: a signature alone does not keep the variables alive.
            self._model = tf.saved_model.load(str(folder))
            network = self._model.signatures[signature]
        except (OSError, ValueError, KeyError, AttributeError, tf.errors.OpError) as exc:
            raise ModelError(f"{folder} holds no usable SavedModel ({exc}); export the model again.") from exc

        def embed(images: tf.Tensor) -> tf.Tensor:
            return network(images=tf.cast(images, tf.float32) / 255.0)["embedding"]

        # On the CPU, XLA took as long as without it (0.43 s of CPU time against 0.39 s for 16 images of 64 pixels), and
        # five seconds more to compile.
        self._embed = tf.function(embed, jit_compile=bool(gpus), reduce_retracing=False)
        if gpus:
            # Compiled while the search is told that the scorer starts, not while it waits for an answer.
            shape = network.structured_input_signature[1]["images"].shape[1:]
            for batch in self._batches:
                self.embed(np.zeros((batch, *shape), np.uint8))

    @classmethod
    def from_weights(cls, weights: Path, *, size: int, threads: int = 0, precision: str = FLOAT32) -> SavedModelNetwork:
        """The same from a version's weights alone; the SavedModel is made in a temporary folder and read back.

        Takes some four seconds more. The model's own folder belongs to the app and stays as it was installed.
        """
        # Keras too loads only when it is needed.
        from mousematch import export
        from mousematch.weights import load_model

        with tempfile.TemporaryDirectory(prefix="mousematch-") as folder:
            export.write_saved_model(load_model(weights, size=size), Path(folder))
            return cls(Path(folder), threads=threads, precision=precision)

    def embed(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 (n, size, size, 3) → float32 (n, d)."""
        count = len(images)
        size = next(batch for batch in self._batches if batch >= count)
        padded = np.zeros((size, *images.shape[1:]), np.uint8)
        padded[:count] = images
        return np.asarray(self._embed(tf.constant(padded)).numpy()[:count], np.float32)


def _visible_gpus(threads: int) -> list[tf.config.PhysicalDevice]:
    gpus = tf.config.list_physical_devices("GPU")
    try:
        for gpu in gpus:
            # Otherwise TensorFlow takes the whole GPU at once, and training beside it fails.
            tf.config.experimental.set_memory_growth(gpu, True)
        if threads:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
    except RuntimeError:
        # TensorFlow already runs in this process, with the settings that its first use gave it.
        pass
    return list(gpus)
