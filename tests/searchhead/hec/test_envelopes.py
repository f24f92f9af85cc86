"""The parser of concatenated JSON, on anything at all."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchhead.hec import envelopes
from searchhead.hec.replies import Refusal

MAX = 1 << 20
numbers = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
events = values.filter(lambda value: value is not None and value != "")
blanks = st.text(" \t\r\n", max_size=3)
layouts = st.fixed_dictionaries({"indent": st.sampled_from([None, 2]), "ensure_ascii": st.booleans()})


def parsed(body):
    """The envelopes before the first bad one, and the refusal or None."""
    found = []
    try:
        for envelope in envelopes.parse(body, max_event=MAX):
            found.append(envelope)
    except Refusal as refusal:
        return found, refusal
    return found, None


@given(st.lists(st.tuples(events, blanks, layouts), min_size=1, max_size=5))
def test_concatenated_events_come_back_in_order_and_as_sent(items):
    texts = [json.dumps(event, **layout) for event, _, layout in items]
    body = "".join(f'{blank}{{"event":{blank}{text}{blank}}}' for text, (_, blank, _) in zip(texts, items))
    found, refusal = parsed(body.encode("utf-8", "replace"))
    assert refusal is None
    assert len(found) == len(items)
    for envelope, text, (event, _, _) in zip(found, texts, items):
        if isinstance(event, str):
            assert envelope.raw == event
        else:
            assert envelope.raw == text


@given(st.lists(events, min_size=1, max_size=5), st.integers(0, 200))
def test_a_body_that_is_cut_gives_the_whole_events_before_the_cut(items, cut):
    objects = [json.dumps({"event": event}).encode() for event in items]
    body = b"".join(objects)
    cut = min(cut, len(body))
    whole = 0
    while whole < len(objects) and len(b"".join(objects[: whole + 1])) <= cut:
        whole += 1
    found, refusal = parsed(body[:cut])
    assert len(found) == whole
    if cut == len(b"".join(objects[:whole])):
        assert refusal is None if whole else refusal.reply.code == 5
    else:
        assert (refusal.reply.code, refusal.event) == (6, whole)


@given(st.binary(max_size=200))
def test_any_bytes_end_in_events_or_in_one_refusal(body):
    found, refusal = parsed(body)
    assert refusal is None or refusal.reply.code in (5, 6, 12, 13, 15)
    for envelope in found:
        envelope.raw.encode()


@given(st.text(alphabet='{}[]",:eventi0 \\u\n', max_size=60))
def test_almost_json_ends_in_events_or_in_one_refusal(body):
    found, refusal = parsed(body.encode())
    assert found or refusal


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
        st.text() | st.integers() | st.booleans() | st.lists(st.text(), max_size=3),
        max_size=4,
    )
)
def test_flat_fields_come_back_as_text(fields):
    found, refusal = parsed(json.dumps({"event": "a", "fields": fields}).encode())
    assert refusal is None
    assert list(found[0].fields) == list(fields)
    for value in found[0].fields.values():
        json.dumps(value, ensure_ascii=False).encode()


@given(st.floats(-1e10, 9e10))
def test_seconds_stay_seconds(seconds):
    assert envelopes.epoch_seconds(seconds) == seconds
    assert envelopes.epoch_seconds(f"{seconds:.6f}") == pytest.approx(seconds, abs=1e-5)


@pytest.mark.parametrize("value", [None, True, "", "1e5", "0x10", "١٢", [], {}, float("inf"), float("nan"), 10**300])
def test_what_is_no_time_is_an_error(value):
    with pytest.raises(ValueError, match="no time"):
        envelopes.epoch_seconds(value)
