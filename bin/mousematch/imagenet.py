"""Weights that VGG16 learned on ImageNet, read from a file into our network.

    vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5
      block1_conv1/…W…   float32 (3, 3, 3, 64)      kernel
      block1_conv1/…b…   float32 (64,)              bias
      …                                             13 convolutions

That network saw BGR pixels of 0-255 less their mean, and its convolutions have biases; ours see 0-1 RGB, and have
batch normalisation in place of a bias. So the input layer scales as ImageNet's does, the first kernel's channels are
turned around, and each batch normalisation is set from a sample of our own images such that convolution and
normalisation together give what ImageNet's convolution gives: mean and variance of the sample go in as its moving ones,
and gamma and beta undo them and add the bias.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
from numpy.typing import NDArray

from mousematch.architecture import BLOCK_CONVOLUTIONS
from mousematch.errors import ModelError

SAMPLE_IMAGES = 64


def convolutions() -> list[str]:
    """The names of VGG16's convolutions, in order."""
    return [
        f"block{block}_conv{number}"
        for block, count in enumerate(BLOCK_CONVOLUTIONS, start=1)
        for number in range(1, count + 1)
    ]


def read(path: Path) -> dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Kernel and bias by the name of their convolution. Raises ModelError."""
    try:
        with h5py.File(path, "r") as file:
            root = file.get("model_weights", file)
            return {name: _arrays(root, name, path) for name in convolutions()}
    except (OSError, RuntimeError, KeyError, ValueError) as exc:
        raise ModelError(
            f"{path} is no readable weight file of VGG16 ({exc}); give Keras's "
            "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5."
        ) from exc


def _arrays(root: h5py.Group, name: str, path: Path) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    found: dict[int, NDArray[np.float32]] = {}

    def collect(_: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found[item.ndim] = np.asarray(item, np.float32)

    if name in root:
        # Older files call them block1_conv1_W_1:0 and block1_conv1_b_1:0, later ones nest kernel:0 and bias:0.
        root[name].visititems(collect)
    if set(found) != {1, 4}:
        raise ModelError(
            f"{path} has no kernel and bias of the layer {name}; give the weights of VGG16, such as Keras's "
            "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5."
        )
    return found[4], found[1]


def load(path: Path, network: keras.Model, images: NDArray[np.float32]) -> None:
    """Sets the convolutions of a network (build_model with the normalisation "imagenet", width 1) from a file.

    images: float32 (n, size, size, 3), 0-1, a sample of what will be trained on. Raises ModelError that names the
    layer, the shape wanted and the shape found.
    """
    weights = read(path)
    for name, (kernel, bias) in weights.items():
        wanted = tuple(network.get_layer(name).kernel.shape)
        if kernel.shape != wanted or bias.shape != wanted[-1:]:
            raise ModelError(
                f"{path} does not fit the layer {name}: wanted is a kernel of the shape {wanted} and a bias of the "
                f"shape {wanted[-1:]}, found are {kernel.shape} and {bias.shape}; give weights of VGG16 and width=1."
            )
        if not (np.isfinite(kernel).all() and np.isfinite(bias).all()):
            raise ModelError(f"{path} holds numbers in the layer {name} that are not finite; get the file again.")
    first = convolutions()[0]
    for name, (kernel, bias) in weights.items():
        # ImageNet's channels come as blue, green, red.
        network.get_layer(name).kernel.assign(kernel[:, :, ::-1] if name == first else kernel)
        _settle(network, name, bias, images)


def _settle(network: keras.Model, name: str, bias: NDArray[np.float32], images: NDArray[np.float32]) -> None:
    convolved = keras.Model(network.input, network.get_layer(name).output)
    values = np.asarray(convolved.predict(images, batch_size=16, verbose=0), np.float32)
    mean, variance = values.mean(axis=(0, 1, 2)), values.var(axis=(0, 1, 2))
    normalisation = network.get_layer(f"{name}_bn")
    normalisation.moving_mean.assign(mean)
    normalisation.moving_variance.assign(variance)
    normalisation.gamma.assign(np.sqrt(variance + normalisation.epsilon))
    normalisation.beta.assign(mean + bias)
