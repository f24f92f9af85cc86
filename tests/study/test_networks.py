"""Each kind of network trains, and gives embeddings of unit length."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from study.inputs import EVENTS
from study.networks import BATCH, trained
from study.pieces import Pieces
from study.rows import FCN, LINEAR, RESNET, ROWS, WIDE_AND_DEEP, Row

STEPS = 2


def pieces_of(network):
    random = np.random.default_rng(1)
    people = random.integers(0, 4, STEPS * BATCH).astype(np.int32)
    if network in (FCN, RESNET):
        return Pieces(random.normal(people[:, None, None], 1, (len(people), EVENTS, 3)).astype(np.float32), people)
    level = 40 * people[:, None, None, None] + random.integers(0, 60, (len(people), 32, 32, 3))
    return Pieces(level.astype(np.uint8), people)


# The image network alone is trained by the program's own tests.
@pytest.mark.parametrize("network", [FCN, RESNET, LINEAR, WIDE_AND_DEEP])
def test_a_network_gives_an_embedding_of_unit_length_for_every_piece(network):
    pieces = pieces_of(network)
    said = []
    row = Row("row", "", network=network, size=32, width=1 / 16)

    embed, numbers = trained(row, pieces, steps=STEPS, imagenet=None, say=said.append)

    embeddings = embed(pieces.inputs[:70])
    assert len(embeddings) == 70
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-3)
    assert numbers > 0
    assert network == LINEAR or "step 2 of 2" in said[-1]
    # An embedding does not depend on what else is embedded.
    np.testing.assert_allclose(embed(pieces.inputs[10:13]), embeddings[10:13], atol=1e-3)
    if network == WIDE_AND_DEEP:
        linear, _ = trained(replace(row, network=LINEAR), pieces, steps=STEPS, imagenet=None, say=said.append)
        alone = linear(pieces.inputs[:70])
        wide = embeddings[:, : alone.shape[1]]
        np.testing.assert_allclose(wide / np.linalg.norm(wide, axis=1, keepdims=True), alone, atol=1e-4)
        assert embeddings.shape[1] > alone.shape[1]


def test_the_sequence_networks_cost_about_what_the_image_network_does():
    """Multiplications of one input: the published widths were chosen so."""
    image = sum(
        count * 9 * (before / 4) * (filters / 4) * (64 / 2**block) ** 2
        for block, count, filters, before in (
            *((block, 1, filters, before) for block, filters, before in
              ((0, 64, 12), (1, 128, 64), (2, 256, 128), (3, 512, 256), (4, 512, 512))),
            *((block, count, filters, filters) for block, count, filters in
              ((0, 1, 64), (1, 1, 128), (2, 2, 256), (3, 2, 512), (4, 2, 512))),
        )
    )  # fmt: skip
    from study.networks import FCN_LAYERS, RESNET_BLOCKS, RESNET_KERNELS

    fcn, before = 0, 3
    for filters, kernel in FCN_LAYERS:
        fcn, before = fcn + EVENTS * before * filters * kernel, filters
    resnet, before = 0, 3
    for filters in RESNET_BLOCKS:
        resnet += EVENTS * (before * filters * (1 + RESNET_KERNELS[0]) + filters * filters * sum(RESNET_KERNELS[1:]))
        before = filters

    assert 0.5 < fcn / image < 1.5
    assert 0.5 < resnet / image < 1.5
    assert ROWS["portrait"].width == 0.25
