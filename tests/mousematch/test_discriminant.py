"""The linear discriminant on pixels: what separates people counts, what varies within them does not."""

from __future__ import annotations

import numpy as np
import pytest

from mousematch.discriminant import fit
from mousematch.errors import OptionError

SIZE = 8


def images_of(people: int, each: int, *, seed: int, noise_pixel: int = 5) -> tuple[np.ndarray, list[str]]:
    """Everybody has a pixel of their own that is a little brighter; one pixel varies wildly for everybody."""
    random = np.random.default_rng(seed)
    images = random.integers(90, 110, (people * each, SIZE, SIZE, 3)).astype(np.uint8)
    names = [f"p{number // each}" for number in range(len(images))]
    for number, image in enumerate(images):
        image.reshape(-1)[10 * (1 + number // each)] += 45
        image.reshape(-1)[noise_pixel] = random.integers(0, 255)
    return images, names


def similarities(embeddings: np.ndarray, names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    same = np.equal.outer(names, names)
    every = embeddings @ embeddings.T
    return every[same & ~np.eye(len(names), dtype=bool)], every[~same]


def test_new_images_of_a_person_are_nearer_to_each_other_than_to_others() -> None:
    images, names = images_of(6, 40, seed=1)
    new, new_names = images_of(6, 10, seed=2)

    found = fit(images, names, ["a"] * len(names), weights={"a": 1.0})

    own, other = similarities(found.project(new), new_names)
    assert own.mean() > 0.7 and other.mean() < 0.1
    assert np.percentile(own, 5) > np.percentile(other, 95)


def test_what_varies_within_people_hardly_counts() -> None:
    images, names = images_of(6, 40, seed=1)

    kernel = np.abs(fit(images, names, ["a"] * len(names), weights={"a": 1.0}).kernel).sum(axis=1)

    assert kernel[5] < 0.05 * kernel[10]


def test_a_difference_between_sources_is_not_one_between_people() -> None:
    images, names = images_of(8, 40, seed=3)
    sources = ["a" if name < "p4" else "b" for name in names]
    # The sources' recorders differ in one pixel, by far more than people do.
    images.reshape(len(images), -1)[np.array(sources) == "b", 180] += 100

    centred = fit(images, names, sources, weights={"a": 1.0, "b": 1.0})
    mixed = fit(images, names, ["a"] * len(names), weights={"a": 1.0})

    share = [np.abs(found.kernel[180]).sum() / np.abs(found.kernel).sum() for found in (centred, mixed)]
    assert share[0] < 0.5 * share[1]


def test_projections_have_unit_length_and_fit_half_precision() -> None:
    images, names = images_of(5, 30, seed=4)

    found = fit(images, names, ["a"] * len(names), weights={"a": 1.0})

    assert found.kernel.shape == (SIZE * SIZE * 3, 4) and np.abs(found.kernel).max() == pytest.approx(1)
    assert np.linalg.norm(found.project(images), axis=1) == pytest.approx(1)


def test_the_same_images_give_the_same_discriminant() -> None:
    images, names = images_of(5, 30, seed=4)

    one, two = (fit(images, names, ["a"] * len(names), weights={"a": 1.0}) for _ in range(2))

    assert np.array_equal(one.kernel, two.kernel) and np.array_equal(one.bias, two.bias)


def test_one_person_in_each_source_is_refused() -> None:
    images, names = images_of(2, 5, seed=1)

    with pytest.raises(OptionError, match="at least two people"):
        fit(images, names, names, weights={"p0": 1.0, "p1": 1.0})
