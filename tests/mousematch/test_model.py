"""The network: VGG16 with batch normalisation, and the batches of images that it is trained with."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from mousematch import sampling
from mousematch.datasets import Recording
from mousematch.encoding import DEFAULT, encoding_named
from mousematch.model import build_model
from mousematch.telemetry import Points

ENCODING = encoding_named(DEFAULT)


def recording(person: str, seed: int) -> Recording:
    """Somebody who moves back and forth for 20 seconds."""
    random = np.random.default_rng(seed)
    count = 1000
    nothing = np.zeros(count, np.uint8)
    x, y = (np.float32(300 * np.sin(np.arange(count) / pace)) for pace in random.uniform(5, 20, 2))
    return Recording(
        person, f"{person}/{seed}", "enroll", Points(np.arange(count, dtype=np.int64) * 20_000, x, y, nothing, nothing)
    )


def sources() -> dict[str, list[Recording]]:
    return {
        "sapimouse": [recording("a", 1), recording("b", 2), recording("a", 3)],
        "synthetic": [recording(f"s{number}", number) for number in range(4, 8)],
    }


def test_the_network_is_configuration_d_at_full_width() -> None:
    network = build_model()

    convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    assert [layer.filters for layer in convolutions] == [64] * 2 + [128] * 2 + [256] * 3 + [512] * 6
    assert {(layer.kernel_size, layer.padding) for layer in convolutions} == {((3, 3), "same")}
    assert [layer.name for layer in convolutions[:3]] == ["block1_conv1", "block1_conv2", "block2_conv1"]
    order = [layer.name for layer in network.layers]
    for layer in convolutions:
        after = order[order.index(layer.name) + 1 :][:2]
        assert after == [f"{layer.name}_bn", f"{layer.name}_relu"]
    assert (network.input_shape, network.output_shape) == ((None, 64, 64, 3), (None, 128))


def test_embeddings_have_unit_length() -> None:
    network = build_model(size=32, width=1 / 16, embedding=16)

    embeddings = network(np.random.default_rng(1).random((3, 32, 32, 3), np.float32), training=False)

    assert np.linalg.norm(np.asarray(embeddings), axis=1) == pytest.approx([1, 1, 1], abs=1e-5)


def test_a_training_batch_is_images_with_the_number_of_their_person() -> None:
    windows = sampling.Windows(sources(), ENCODING, batch=24, steps=3, seed=5)

    images, people = windows[0]

    assert (windows.people, len(windows)) == (6, 3)
    assert (images.shape, images.dtype) == ((24, ENCODING.size, ENCODING.size, 3), np.float32)
    assert (images.min(), images.max()) == (0, pytest.approx(1, abs=0.2))
    assert set(people.tolist()) <= set(range(6)) and len(set(people.tolist())) > 2
    np.testing.assert_array_equal(windows[0][0], images)
    assert not np.array_equal(windows[1][0], images)


def test_each_source_gives_its_share_and_each_of_its_people_the_same() -> None:
    windows = sampling.Windows(sources(), ENCODING, batch=200, steps=1, seed=1)

    _, people = windows[0]

    share = sampling.SHARES["sapimouse"] / (sampling.SHARES["sapimouse"] + sampling.SHARES["synthetic"])
    counts = np.bincount(people, minlength=6) / len(people)
    assert counts[:2].sum() == pytest.approx(share, abs=0.1)
    assert counts[0] == pytest.approx(counts[1], abs=0.12)
