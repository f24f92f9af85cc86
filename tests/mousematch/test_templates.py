"""Templates and their documents in the KV store."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousematch.errors import TemplateError
from mousematch.templates import Template, from_document, key, merged, to_document


def template(user: str = "alice", direction: tuple[float, ...] = (1.0, 0.0, 0.0), **more: object) -> Template:
    values = {
        "user": user,
        "model": "base/1",
        "encoding": "motion/1/64",
        "embedding": np.array(direction, np.float32),
        "windows": 10,
        "sessions": 2,
        "active_s": 61.25,
        "consistency": 1.5,
        "enrolled_at": 1_763_822_400.0,
        "enrolled_by": "admin",
    }
    return Template(**{**values, **more})  # type: ignore[arg-type]


@given(st.text(), st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=8))
def test_a_template_survives_its_document_whatever_the_user_is_called(user: str, numbers: list[float]) -> None:
    stored = json.loads(json.dumps(to_document(template(user, tuple(numbers)))))

    back = from_document(stored)

    assert back.user == user
    np.testing.assert_array_equal(back.embedding, np.array(numbers, np.float32))
    assert dataclasses.replace(back, user="alice", embedding=None) == template(embedding=None)  # type: ignore[arg-type]


def test_half_precision_is_recorded_with_the_numbers() -> None:
    stored = to_document(template(direction=(0.1, 0.2, 0.3)), dtype="<f2")

    back = from_document(stored)

    assert stored["dtype"] == "<f2"
    np.testing.assert_allclose(back.embedding, [0.1, 0.2, 0.3], rtol=1e-3)


def test_an_unmeasured_consistency_stays_unmeasured() -> None:
    stored = to_document(template(consistency=math.nan))

    assert stored["consistency"] is None
    assert math.isnan(from_document(stored).consistency)
    assert math.isnan(from_document({**stored, "consistency": ""}).consistency)


@given(st.text(), st.text(), st.text(), st.text())
def test_keys_are_plain_and_differ_for_each_user_and_model(user: str, model: str, other: str, other_model: str) -> None:
    one, two = key(user, model.replace("\0", "")), key(other, other_model.replace("\0", ""))

    assert one.isalnum() and one.isascii() and len(one) == 40
    assert (one == two) == ((user, model.replace("\0", "")) == (other, other_model.replace("\0", "")))


@pytest.mark.parametrize(
    "damage",
    [
        {"embedding": "no base64!"},
        {"embedding": "AAAA"},
        {"embedding": None},
        {"dim": 7},
        {"dtype": "object"},
        {"windows": "many"},
        {"format": 99},
    ],
)
def test_a_damaged_document_is_an_error_that_names_the_user(damage: dict[str, object]) -> None:
    stored = {**to_document(template()), **damage}

    with pytest.raises(TemplateError, match='template of user "alice"'):
        from_document(stored)


def test_a_document_without_its_embedding_is_an_error() -> None:
    stored = to_document(template())
    del stored["embedding"]

    with pytest.raises(TemplateError, match="run mouseenroll"):
        from_document(stored)


def test_infinite_numbers_are_damage() -> None:
    stored = to_document(template(direction=(math.inf, 0.0)))

    with pytest.raises(TemplateError, match="damaged"):
        from_document(stored)


def test_merging_weights_each_template_with_its_windows() -> None:
    both = merged(template(windows=30, sessions=3, active_s=90), template(direction=(0, 1, 0), windows=10, active_s=10))

    np.testing.assert_allclose(both.embedding, np.array([3, 1, 0]) / math.sqrt(10), rtol=1e-5)
    assert (both.windows, both.sessions, both.active_s) == (40, 5, 100)


def test_templates_of_two_models_do_not_merge() -> None:
    with pytest.raises(TemplateError, match="mode=replace"):
        merged(template(), template(model="base/2"))
