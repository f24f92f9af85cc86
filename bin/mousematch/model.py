"""VGG16 with batch normalisation and an embedding head, in Keras 3.

Simonyan & Zisserman 2015, configuration D: five blocks of 3x3 convolutions, each convolution followed by batch
normalisation (Ioffe & Szegedy 2015) and ReLU, each block by 2x2 max pooling. In place of the three dense layers, global
pooling and one projection to a unit-length embedding, so that new users are compared and not classified.
"""

from __future__ import annotations

import keras

BLOCK_FILTERS = (64, 128, 256, 512, 512)
BLOCK_CONVOLUTIONS = (2, 2, 3, 3, 3)
EMBEDDING = 128


def build_model(*, size: int = 64, width: float = 1.0, embedding: int = EMBEDDING, dropout: float = 0.5) -> keras.Model:
    """The network from images to embeddings.

    size: image height and width in pixels. width: factor on the number of filters (1.0 is VGG16; tests use 1/16).
    embedding: length of the embedding. dropout: share dropped between pooling and projection while training.

    Input ``images``: float32 (n, size, size, 3), 0-1. Output ``embedding``: float32 (n, embedding), unit length.
    """
    images = keras.Input((size, size, 3), name="images")
    # Colours are signed around mid-grey; centred input spares the first normalisation a warm-up.
    x = keras.layers.Rescaling(2.0, offset=-1.0, name="centre")(images)
    for block, (filters, convolutions) in enumerate(zip(BLOCK_FILTERS, BLOCK_CONVOLUTIONS), start=1):
        for convolution in range(1, convolutions + 1):
            x = _convolution(x, max(4, round(filters * width)), f"block{block}_conv{convolution}")
        x = keras.layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
    x = keras.layers.GlobalAveragePooling2D(name="avg_pool")(x)
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    x = keras.layers.Dense(embedding, use_bias=False, name="projection")(x)
    x = keras.layers.BatchNormalization(name="projection_bn")(x)
    # Named layer rather than a bare operation, so that exporters and summaries show it.
    x = keras.layers.UnitNormalization(axis=-1, dtype="float32", name="embedding")(x)
    return keras.Model(images, x, name="mousematch_vgg16_bn")


def _convolution(x: keras.KerasTensor, filters: int, name: str) -> keras.KerasTensor:
    # No bias: the normalisation that follows has one.
    x = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal", name=name)(x)
    x = keras.layers.BatchNormalization(name=f"{name}_bn")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x)
