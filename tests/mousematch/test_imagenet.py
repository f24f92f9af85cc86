"""ImageNet's weights, from a generated file of the layout that Keras publishes: the real one cannot be fetched in a test."""

from __future__ import annotations

import re

import h5py
import keras
import numpy as np
import pytest

from mousematch import imagenet, weights
from mousematch.architecture import BLOCK_CONVOLUTIONS, BLOCK_FILTERS, IMAGENET
from mousematch.errors import ModelError
from mousematch.initialisation import Start
from mousematch.model import build_model
from mousematch.schedule import Phase
from tests.mousematch.test_training_engine import train

SIZE = 32
MEAN_BGR = np.array([103.939, 116.779, 123.68], np.float32)


def shapes():
    channels = 3
    for block, (filters, count) in enumerate(zip(BLOCK_FILTERS, BLOCK_CONVOLUTIONS, strict=True), start=1):
        for number in range(1, count + 1):
            yield f"block{block}_conv{number}", (3, 3, channels, filters)
            channels = filters


def write_vgg16(path, **replaced):
    """A file with the groups and names of vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5, and random numbers."""
    random = np.random.default_rng(5)
    with h5py.File(path, "w") as file:
        for name, shape in shapes():
            kernel, bias = replaced.get(name, (shape, shape[-1:]))
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{name}_W_1:0".encode(), f"{name}_b_1:0".encode()]
            deviation = np.sqrt(2 / np.prod(shape[:3]))
            group[f"{name}_W_1:0"] = random.normal(0, deviation, kernel).astype(np.float32)
            group[f"{name}_b_1:0"] = random.normal(0, 1, bias).astype(np.float32)
    return path


def original(path, blocks):
    """The first blocks of VGG16 as Keras builds it, with biases and without batch normalisation."""
    images = x = keras.Input((SIZE, SIZE, 3))
    for block, (filters, count) in enumerate(zip(BLOCK_FILTERS[:blocks], BLOCK_CONVOLUTIONS, strict=False), start=1):
        for number in range(1, count + 1):
            x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"block{block}_conv{number}")(x)
        x = keras.layers.MaxPooling2D(2)(x)
    network = keras.Model(images, x)
    with h5py.File(path) as file:
        for layer in network.layers:
            if isinstance(layer, keras.layers.Conv2D):
                layer.set_weights([file[layer.name][f"{layer.name}_{kind}_1:0"][()] for kind in "Wb"])
    return network


def test_the_network_computes_what_vgg16_computes_and_still_does_after_publishing(tmp_path):
    path = write_vgg16(tmp_path / "vgg16.h5")
    images = np.random.default_rng(0).random((4, SIZE, SIZE, 3), np.float32)
    network = build_model(size=SIZE, normalisation=IMAGENET)

    imagenet.load(path, network, images)

    theirs = original(path, 2).predict(images[..., ::-1] * 255 - MEAN_BGR, verbose=0)
    scale = np.abs(theirs).max()
    ours = keras.Model(network.input, network.get_layer("block2_pool").output)
    assert ours.predict(images, verbose=0) / scale == pytest.approx(theirs / scale, abs=1e-4)
    # In training, batch normalisation takes mean and variance of the batch; here they are the sample's own.
    assert np.asarray(ours(images, training=True)) / scale == pytest.approx(theirs / scale, abs=1e-3)
    weights.save_weights(network, tmp_path / "weights.npz")
    read = weights.load_model(tmp_path / "weights.npz", size=SIZE)
    assert read.predict(images, verbose=0) == pytest.approx(network.predict(images, verbose=0), abs=0.02)


@pytest.mark.parametrize(
    "replaced, words",
    [
        (
            {"block3_conv2": ((3, 3, 256, 128), (128,))},
            "layer block3_conv2: wanted is a kernel of the shape (3, 3, 256, 256) and a bias of the shape (256,), found are "
            "(3, 3, 256, 128) and (128,)",
        ),
        ({"block1_conv1": ((3, 3, 1, 64), (64,))}, "layer block1_conv1: wanted is a kernel of the shape (3, 3, 3, 64)"),
        ({"block2_conv1": ((3, 3, 64), (128,))}, "no kernel and bias of the layer block2_conv1"),
    ],
)
def test_a_file_of_the_wrong_shape_is_refused_with_layer_and_both_shapes(tmp_path, replaced, words):
    path = write_vgg16(tmp_path / "vgg16.h5", **replaced)
    network = build_model(size=SIZE, normalisation=IMAGENET)
    before = np.asarray(network.get_layer("block1_conv1").kernel)

    with pytest.raises(ModelError, match=re.escape(words)):
        imagenet.load(path, network, np.zeros((1, SIZE, SIZE, 3), np.float32))

    assert (np.asarray(network.get_layer("block1_conv1").kernel) == before).all()


@pytest.mark.parametrize("content", [b"", b"not a weight file", b"\x89HDF\r\n\x1a\n" + bytes(100)])
def test_a_damaged_file_is_refused(tmp_path, content):
    (tmp_path / "vgg16.h5").write_bytes(content)

    with pytest.raises(ModelError, match="is no readable weight file of VGG16"):
        imagenet.read(tmp_path / "vgg16.h5")


def test_a_missing_file_and_one_without_the_layers_are_refused(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["dense/kernel"] = np.zeros((3, 3))

    with pytest.raises(ModelError, match="no readable weight file"):
        imagenet.read(tmp_path / "none.h5")
    with pytest.raises(ModelError, match="no kernel and bias of the layer block1_conv1"):
        imagenet.read(tmp_path / "other.h5")


def test_a_training_begins_with_the_file_and_keeps_the_frozen_blocks(tmp_path):
    path = write_vgg16(tmp_path / "vgg16.h5")
    sample = np.random.default_rng(0).random((4, SIZE, SIZE, 3), np.float32)
    phase = Phase(width=1.0, minutes=None, rate=1e-3, steps=1, batch=2)

    network = train(tmp_path / "work", [phase], start=Start(imagenet=path, frozen=2, sample=sample))

    found = imagenet.read(path)
    same = {
        name: np.array_equal(np.asarray(network.get_layer(name).kernel), kernel)
        for name, (kernel, _) in found.items()
        if name != "block1_conv1"
    }
    assert {name for name, equal in same.items() if equal} == {"block1_conv2", "block2_conv1", "block2_conv2"}
    first = np.asarray(network.get_layer("block1_conv1").kernel)
    assert (first == found["block1_conv1"][0][:, :, ::-1]).all()
