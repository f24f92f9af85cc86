"""A linear discriminant on pixels: the directions in which people differ most, measured by how much each one varies.

The ``portrait`` encoding is a set of histograms, and histograms of different people are nearly linearly separable; so
linear discriminant analysis (Fisher 1936, Rao 1948), after principal components, finds most of what there is to find
from few people, where a deep network needs many. It becomes the wide part of the network (``model.build_model``).

Arrays in, arrays out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mousematch.errors import OptionError

# Pixels are reduced to so many principal components; what follows them is mostly noise of single bins.
COMPONENTS = 300
# Share of the mean within-person variance that is added to every component, as the covariance of thousands of images of
# a few dozen people is known only so well (Ledoit & Wolf 2004 on why).
SHRINKAGE = 0.1
DIMENSIONS = 64
# Of the randomised singular value decomposition (Halko, Martinsson & Tropp 2011).
_OVERSAMPLING, _POWER_STEPS = 40, 2
_NEGLIGIBLE = 1e-4

_Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Discriminant:
    """A projection: (images in 0-1, as rows of pixels) @ kernel + bias.

    kernel: float32 (pixels, dimensions). bias: float32 (dimensions,).
    """

    kernel: _Floats
    bias: _Floats

    def project(self, images: NDArray[np.uint8]) -> _Floats:
        """Unit-length projections: uint8 (n, size, size, 3) → float32 (n, dimensions)."""
        rows = images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
        projected = rows @ self.kernel + self.bias
        return projected / np.maximum(np.linalg.norm(projected, axis=1, keepdims=True), np.float32(1e-12))


def fit(
    images: NDArray[np.uint8],
    people: Sequence[str] | NDArray[np.str_],
    sources: Sequence[str] | NDArray[np.str_],
    *,
    weights: Mapping[str, float],
    seed: int = 1,
) -> Discriminant:
    """The discriminant of people.

    images: uint8 (n, size, size, 3). people, sources: of each image, whose it is and which set of people that person is
    from. weights: how much one person of each source counts; within a person all images count alike.

    Between people, only differences within their own source count: that one set was recorded at remote desktops and
    another in browsers tells devices apart, not people. Raises OptionError for fewer than two people in every source.
    """
    names, first, member = np.unique(np.asarray(people), return_index=True, return_inverse=True)
    source = np.asarray(sources)[first]
    if max(np.unique(source, return_counts=True)[1], default=0) < 2:
        raise OptionError("A discriminant needs images of at least two people of one source.")
    weight = np.array([weights[name] for name in source], np.float64)
    weight /= weight.sum()

    rows = images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
    centre = rows.mean(axis=0)
    rows -= centre
    components = _principal(rows, min(COMPONENTS, len(rows) - 1), seed)
    reduced = (rows @ components).astype(np.float64)

    sizes = np.bincount(member)
    means = np.stack([reduced[member == number].mean(axis=0) for number in range(len(names))])
    within = reduced - means[member]
    scatter = (within * (weight / sizes)[member][:, None]).T @ within
    scatter += SHRINKAGE * np.trace(scatter) / len(scatter) * np.eye(len(scatter))
    variances, axes = np.linalg.eigh(scatter)
    whitening = axes / np.sqrt(variances)

    between = means.copy()
    for name in np.unique(source):
        between[source == name] -= np.average(means[source == name], axis=0)
    _, strengths, directions = np.linalg.svd((between @ whitening) * np.sqrt(weight)[:, None], full_matrices=False)
    kept = min(DIMENSIONS, int((strengths > _NEGLIGIBLE * strengths[0]).sum()))
    projection = whitening @ directions[:kept].T

    kernel = components @ projection
    origin = centre + components @ np.average(means, axis=0, weights=weight)
    # The scale is free, since projections are brought to unit length; this one suits half precision.
    scale = np.abs(kernel).max()
    return Discriminant((kernel / scale).astype(np.float32), (-(origin @ kernel) / scale).astype(np.float32))


def _principal(rows: _Floats, count: int, seed: int) -> _Floats:
    """The first principal components of centred rows: (n, pixels) → (pixels, count), orthonormal."""
    random = np.random.default_rng(seed)
    basis = rows @ random.standard_normal((rows.shape[1], count + _OVERSAMPLING)).astype(np.float32)
    for _ in range(_POWER_STEPS):
        basis = rows @ (rows.T @ np.linalg.qr(basis)[0])
    small = np.linalg.qr(basis)[0].T @ rows
    return np.asarray(np.linalg.svd(small, full_matrices=False)[2][:count].T, np.float32)
