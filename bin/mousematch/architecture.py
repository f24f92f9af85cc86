"""The network's constants, for those who build it in Keras (``model``) and those who compute it without (the scorer)."""

from __future__ import annotations

# VGG16, configuration D of Simonyan & Zisserman 2015: filters and 3x3 convolutions of each block.
BLOCK_FILTERS = (64, 128, 256, 512, 512)
BLOCK_CONVOLUTIONS = (2, 2, 3, 3, 3)
EMBEDDING = 128
# Added to variances by batch normalisation; Keras's default.
EPSILON = 1e-3
# Length of the deep part beside the wide one's, which is 1. Either is better at something: the wide part at people of
# whom it has seen nobody like them, the deep one at the people and devices that it was trained on (docs/model-card.md).
DEEP_WEIGHT = 1.0
# How the input layer scales images of 0-1: factor and offset of red, green and blue. Colours are signed around
# mid-grey, and centred input spares the first normalisation a warm-up; ImageNet's networks saw 0-255 less its mean.
CENTRED, IMAGENET = "centred", "imagenet"
NORMALISATIONS: dict[str, tuple[float, float | tuple[float, float, float]]] = {
    CENTRED: (2.0, -1.0),
    IMAGENET: (255.0, (-123.68, -116.779, -103.939)),
}
# Number of the input's normalisation in a weights file; one without it is of the first, so are the oldest files.
NORMALISATION = "centre/normalisation"
