"""VGG16 with batch normalisation and an embedding head, in Keras 3.

Simonyan & Zisserman 2015, configuration D: five blocks of 3x3 convolutions, each convolution followed by batch
normalisation (Ioffe & Szegedy 2015) and ReLU, each block by 2x2 max pooling. In place of the three dense layers, global
pooling and one projection to a unit-length embedding, so that new users are compared and not classified.
"""

from __future__ import annotations

from typing import Any

import keras

from mousematch.architecture import (
    BLOCK_CONVOLUTIONS,
    BLOCK_FILTERS,
    CENTRED,
    DEEP_WEIGHT,
    EMBEDDING,
    EPSILON,
    NORMALISATIONS,
)

# Layers that compute in float32 whatever the rest does.
EXACT = ("pixels", "wide", "deep_weight", "wide_and_deep")


def build_model(
    *,
    size: int = 64,
    width: float = 1.0,
    embedding: int = EMBEDDING,
    dropout: float = 0.5,
    normalisation: str = CENTRED,
    wide: int = 0,
) -> keras.Model:
    """The network from images to embeddings.

    size: image height and width in pixels. width: factor on the number of filters (1.0 is VGG16; tests use 1/16).
    embedding: length of the deep part's. dropout: share dropped between pooling and projection while training.
    normalisation: of the input, one of NORMALISATIONS. wide: length of the wide part's embedding, 0 for none.

    Input ``images``: float32 (n, size, size, 3), 0-1. Output ``embedding``: float32 (n, wide + embedding), unit length.
    """
    images = keras.Input((size, size, 3), name="images")
    scale, offset = NORMALISATIONS[normalisation]
    x = keras.layers.Rescaling(scale, offset=offset, name="centre")(images)
    for block, (filters, convolutions) in enumerate(zip(BLOCK_FILTERS, BLOCK_CONVOLUTIONS), start=1):
        for convolution in range(1, convolutions + 1):
            x = _convolution(x, max(4, round(filters * width)), f"block{block}_conv{convolution}")
        x = keras.layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
    x = keras.layers.GlobalAveragePooling2D(name="avg_pool")(x)
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    x = keras.layers.Dense(embedding, use_bias=False, name="projection")(x)
    x = keras.layers.BatchNormalization(epsilon=EPSILON, name="projection_bn")(x)
    # Named layers rather than bare operations, so that exporters and summaries show them.
    if wide:
        x = keras.layers.UnitNormalization(axis=-1, dtype="float32", name="deep")(x)
        x = keras.layers.Rescaling(DEEP_WEIGHT, dtype="float32", name="deep_weight")(x)
        x = keras.layers.Concatenate(dtype="float32", name="wide_and_deep")([_wide(images, wide), x])
    x = keras.layers.UnitNormalization(axis=-1, dtype="float32", name="embedding")(x)
    return keras.Model(images, x, name="mousematch_vgg16_bn")


def _wide(images: keras.KerasTensor, length: int) -> keras.KerasTensor:
    """The linear projection at unit length; always float32, as differences of thousands of pixels need it."""
    x = keras.layers.Flatten(dtype="float32", name="pixels")(images)
    x = keras.layers.Dense(length, dtype="float32", name="wide")(x)
    return keras.layers.UnitNormalization(axis=-1, dtype="float32", name="wide_unit")(x)


def _convolution(x: keras.KerasTensor, filters: int, name: str) -> keras.KerasTensor:
    # No bias: the normalisation that follows has one.
    x = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal", name=name)(x)
    x = keras.layers.BatchNormalization(epsilon=EPSILON, name=f"{name}_bn")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x)


def normalisation_of(network: keras.Model) -> str:
    """Which of NORMALISATIONS a network's input layer has."""
    scale = float(network.get_layer("centre").scale)
    return next(name for name, (factor, _) in NORMALISATIONS.items() if factor == scale)


def freeze(network: keras.Model, blocks: int) -> None:
    """Keeps the first blocks (0-5) as they are: their kernels, and their batch normalisations with fixed statistics."""
    frozen = tuple(f"block{block}_" for block in range(1, blocks + 1))
    for layer in network.layers:
        if frozen and layer.name.startswith(frozen):
            # A frozen batch normalisation uses its moving statistics in training too.
            layer.trainable = False


def options_of(network: keras.Model) -> dict[str, Any]:
    """The arguments of build_model that give a network of this make, but for the dropout."""
    return {
        "size": network.input_shape[1],
        "width": network.get_layer("block5_conv3").filters / BLOCK_FILTERS[-1],
        "embedding": network.get_layer("projection").units,
        "normalisation": normalisation_of(network),
        "wide": next((layer.units for layer in network.layers if layer.name == "wide"), 0),
    }


def deep_part(network: keras.Model) -> keras.Model:
    """The network without its wide part, as training begins and goes on with: the same layers and weights."""
    if not options_of(network)["wide"]:
        return network
    deep = network.get_layer("projection_bn").output
    embedding = keras.layers.UnitNormalization(axis=-1, dtype="float32", name="embedding")(deep)
    return keras.Model(network.input, embedding, name=network.name)
