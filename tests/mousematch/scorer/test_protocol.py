"""What goes over the scorer's socket."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousematch.errors import OptionError, ScorerRejected
from mousematch.scorer import protocol
from mousematch.scorer.protocol import Address

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=True) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["instances", "b64", "image_bytes", "x"]), inner),
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("unix:/run/a.sock", "unix:/run/a.sock"),
        ("http://gpu", "http://gpu:8501"),
        ("https://gpu:443/serving/", "https://gpu:443/serving"),
        ("http://[::1]:9000", "http://[::1]:9000"),
    ],
)
def test_addresses_are_read(text: str, shown: str) -> None:
    assert str(Address.parse(text)) == shown


@pytest.mark.parametrize("text", ["", "gpu:8501", "unix:relative", "ftp://gpu", "http://", "http://gpu:port", "http://g?x=1"])
def test_an_address_that_is_none_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(OptionError, match=r"http://host:8501"):
        Address.parse(text)


@given(st.text())
def test_any_text_is_an_address_or_a_clear_error(text: str) -> None:
    try:
        address = Address.parse(text)
    except OptionError:
        return

    assert Address.parse(str(address)) == address


@given(st.lists(st.text(), min_size=1, max_size=20))
def test_a_request_carries_its_images(images: list[str]) -> None:
    assert protocol.read_predict_request(protocol.predict_request(images)) == images


@given(st.binary() | JSON_VALUES.map(lambda value: json.dumps({"instances": value}).encode()))
def test_any_bytes_are_a_request_or_a_clear_error(body: bytes) -> None:
    try:
        texts = protocol.read_predict_request(body)
    except ScorerRejected as exc:
        assert str(exc)
    else:
        assert all(isinstance(text, str) for text in texts)


def test_a_deeply_nested_request_is_refused() -> None:
    with pytest.raises(ScorerRejected):
        protocol.read_predict_request(b'{"instances":' + b"[" * 200_000 + b"]" * 200_000 + b"}")


def test_an_instance_may_name_the_input_as_tensorflow_serving_allows() -> None:
    body = b'{"signature_name":"serving_default","instances":[{"image_bytes":{"b64":"AA"}},{"b64":"BB"}]}'

    assert protocol.read_predict_request(body) == ["AA", "BB"]


def test_an_answer_carries_embeddings_to_seven_decimals() -> None:
    embeddings = np.random.default_rng(0).standard_normal((5, 16)).astype(np.float32)

    answer = protocol.read_predict_answer(protocol.predict_answer(embeddings), 5)

    assert answer.dtype == np.float32
    np.testing.assert_allclose(answer, embeddings, atol=1e-7, rtol=1e-6)


def test_named_outputs_are_read_too() -> None:
    answer = protocol.read_predict_answer(b'{"predictions":[{"embedding":[1,0],"other":[3]}]}', 1)

    assert answer.tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"predictions":null}',
        b'{"predictions":[[1,2]]}',
        b'{"predictions":[[1],[2,3]]}',
        b'{"predictions":[1,2]}',
        b'{"predictions":[[],[]]}',
        b'{"predictions":[["a"],["b"]]}',
        b'{"predictions":[[1,NaN],[2,3]]}',
    ],
)
def test_an_answer_without_two_finite_embeddings_is_refused(body: bytes) -> None:
    with pytest.raises(ScorerRejected):
        protocol.read_predict_answer(body, 2)


@given(st.lists(st.integers(0, 40).map(lambda length: "x" * length)), st.integers(1, 5), st.integers(1, 100))
def test_requests_cover_all_images_in_order_within_the_limits(images: list[str], most: int, most_bytes: int) -> None:
    ends = [0]
    while ends[-1] < len(images):
        ends.append(protocol.chunk_end(images, ends[-1], most=most, most_bytes=most_bytes))

    for start, end in pairwise(ends):
        assert 1 <= end - start <= most
        assert end - start == 1 or sum(map(protocol.request_bytes, images[start:end])) <= most_bytes
