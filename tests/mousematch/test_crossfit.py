"""Cross-fitting: who is scored was seen by none of the parts that score."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mousematch import crossfit
from mousematch.datasets import Recording
from mousematch.encoding import ENCODINGS
from mousematch.telemetry import Points

ENCODING = ENCODINGS["portrait"]


def recording(person: int, day: int, purpose: str) -> Recording:
    """Zigzag with a step length of the person's own."""
    random = np.random.default_rng((person, day))
    count = 700
    x = np.cumsum(random.integers(1, 3, count) * (person + 1) * np.sign(np.sin(np.arange(count) / 9)))
    nothing = np.zeros(count, np.uint8)
    points = Points(
        np.arange(count, dtype=np.int64) * 16_000,
        x.astype(np.float32),
        np.cumsum(random.integers(-2, 3, count)).astype(np.float32),
        nothing,
        nothing,
    )
    return Recording(f"user{person}", f"user{person}/{day}", purpose, points)


def sources() -> dict[str, list[Recording]]:
    return {
        "sapimouse": [
            recording(person, day, "enroll" if day < 2 else "test") for person in range(1, 7) for day in range(3)
        ]
    }


def test_pieces_are_spread_evenly_and_of_every_length_that_fits() -> None:
    found = crossfit.pieces(700)

    assert {piece.stop - piece.start for piece in found} == {128, 256, 640}
    assert [piece.start for piece in found if piece.stop - piece.start == 128] == [0, 143, 286, 429, 572]
    assert len(crossfit.pieces(10_000_000)) == crossfit.MOST_PIECES * len(crossfit.PIECE_POINTS)


@pytest.mark.parametrize(("points", "expected"), [(100, [slice(0, 100)]), (3, [])])
def test_a_short_recording_is_one_piece_if_it_can_be_drawn(points: int, expected: list[slice]) -> None:
    assert crossfit.pieces(points) == expected


def test_everybody_is_in_one_fold() -> None:
    found = crossfit.folds([f"user{number}" for number in range(1, 12)] * 2)

    assert found[0] == ["user1", "user4", "user7", "user10"]
    assert sorted(name for fold in found for name in fold) == sorted(f"user{number}" for number in range(1, 12))


def test_held_out_people_are_in_neither_discriminant_nor_cohort(monkeypatch: pytest.MonkeyPatch) -> None:
    material = crossfit.material_of(sources(), ENCODING)
    seen: list[set[str]] = []
    cohorts: list[set[str]] = []
    monkeypatch.setattr(
        crossfit.discriminant,
        "fit",
        lambda images, people, origins, **options: seen.append(set(people)) or fit(images, people, origins, **options),
    )
    monkeypatch.setattr(
        crossfit.accuracy,
        "cohort_of",
        lambda recordings, *rest: cohorts.append({item.person for item in recordings}) or cohort_of(recordings, *rest),
    )

    trials = crossfit.held_out_trials(
        "sapimouse", sources(), ENCODING, material, lambda fold, wide: crossfit.wide_and_deep(wide, None, 0.4)
    )

    for fold, trained, compared in zip(crossfit.folds([f"user{n}" for n in range(1, 7)]), seen, cohorts):
        assert not trained & set(fold) and not compared & set(fold)
    # Two people a fold: each tests against both.
    assert len(trials) == 12 and sum(trial.genuine for trial in trials) == 6


def test_a_session_at_another_device_is_not_in_the_cohort() -> None:
    everything = sources()["sapimouse"]
    embed = crossfit.material_of(sources(), ENCODING).discriminant().project
    elsewhere = [replace(item, purpose="elsewhere") if item.name.endswith("/2") else item for item in everything]

    cohorts = [
        cohort_of(recordings, ENCODING, embed)
        for recordings in (elsewhere, [item for item in everything if not item.name.endswith("/2")])
    ]

    assert np.array_equal(*cohorts)


def test_wide_and_deep_parts_count_by_their_weight() -> None:
    material = crossfit.material_of(sources(), ENCODING)
    wide = material.discriminant()
    deep = np.random.default_rng(1).normal(size=(len(material.images), 4)).astype(np.float32)
    deep /= np.linalg.norm(deep, axis=1, keepdims=True)

    embeddings = crossfit.wide_and_deep(wide, lambda images: deep, 0.5)(material.images)

    expected = (wide.project(material.images)[:9] @ wide.project(material.images)[9] + 0.25 * deep[:9] @ deep[9]) / 1.25
    assert embeddings[:9] @ embeddings[9] == pytest.approx(expected, abs=1e-5)


fit, cohort_of = crossfit.discriminant.fit, crossfit.accuracy.cohort_of
