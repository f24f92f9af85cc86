"""Acknowledgements: true only for what is on disk."""

from __future__ import annotations

import pytest

from searchhead.hec import acknowledgements
from searchhead.hec.acknowledgements import Acknowledgements
from searchhead.hec.replies import Refusal
from tests.searchhead.hec.serving import ACK_TOKEN, CHANNEL

HEADERS = {"Authorization": f"Splunk {ACK_TOKEN}", "X-Splunk-Request-Channel": CHANNEL}
ACK = "/services/collector/ack"


def send(collector, body='{"event": "a"}', **headers):
    return collector.sent(body, headers={**HEADERS, **headers})


def test_each_stored_request_gets_a_number_that_is_told_once(collector):
    assert send(collector) == (200, {"text": "Success", "code": 0, "ackId": 0})
    assert send(collector) == (200, {"text": "Success", "code": 0, "ackId": 1})
    asked = collector.sent('{"acks": [0, 1, 7]}', ACK, headers=HEADERS)
    assert asked == (200, {"acks": {"0": True, "1": True, "7": False}})
    assert collector.sent('{"acks": [0]}', ACK, headers=HEADERS) == (200, {"acks": {"0": False}})


def test_channels_count_on_their_own(collector):
    other = "aaaaaaaa-bbbb-cccc-dddd-ffffffffffff"
    send(collector)
    assert send(collector, **{"X-Splunk-Request-Channel": other})[1]["ackId"] == 0
    assert collector.sent('{"acks": [0]}', f"{ACK}?channel={other.upper()}", headers={
        "Authorization": HEADERS["Authorization"]})[1] == {"acks": {"0": True}}  # fmt: skip
    assert collector.sent('{"acks": [0]}', ACK, headers=HEADERS)[1] == {"acks": {"0": True}}


def test_a_request_that_is_accepted_in_part_says_both(collector):
    status, answer = send(collector, '{"event": "a"}{"event": "ha')
    assert (status, answer) == (400, {"text": "Invalid data format", "code": 6, "invalid-event-number": 1, "ackId": 0})
    assert collector.stored() == ["a"]


def test_a_request_of_which_nothing_is_stored_gets_no_number(collector):
    assert send(collector, '{"event": "ha')[1] == {"text": "Invalid data format", "code": 6, "invalid-event-number": 0}
    assert send(collector)[1]["ackId"] == 0


@pytest.mark.parametrize(
    ("channel", "code", "text"),
    [("", 10, "Data channel is missing"), ("my-channel", 11, "Invalid data channel")],
)
def test_a_channel_is_needed_and_is_a_guid(collector, channel, code, text):
    assert send(collector, **{"X-Splunk-Request-Channel": channel}) == (400, {"text": text, "code": code})
    assert collector.stored() == []


def test_a_token_without_acknowledgements_has_none(collector):
    asked = collector.sent('{"acks": [0]}', ACK, headers={"X-Splunk-Request-Channel": CHANNEL})
    assert asked == (400, {"text": "ACK is disabled", "code": 14})
    assert "ackId" not in collector.sent('{"event": "a"}')[1]


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"acks": 1}', '{"acks": ["0"]}', '{"acks": [true]}', "[" * 100_000])
def test_a_question_that_is_none_is_refused(collector, body):
    assert collector.sent(body, ACK, headers=HEADERS) == (400, {"text": "Invalid data format", "code": 6})


def test_idle_channels_are_forgotten():
    now = [0.0]
    acks = Acknowledgements(clock=lambda: now[0])
    acks.stored("t", "old")
    now[0] = 500.0
    acks.stored("t", "young")
    now[0] = 601.0
    acks.forget_idle(600)
    assert (acks.ask("t", "old", [0]), acks.ask("t", "young", [0])) == ({"0": False}, {"0": True})
    acks.stored("t", "old")
    now[0] = 1e9
    acks.forget_idle(None)
    assert acks.ask("t", "old", [0]) == {"0": True}


def test_acknowledgements_that_nobody_asks_for_are_bounded(monkeypatch):
    monkeypatch.setattr(acknowledgements, "MAX_PENDING", 2)
    acks = Acknowledgements()
    for _ in range(2):
        acks.open("t", "c")
        acks.stored("t", "c")
    with pytest.raises(Refusal, match="Too many"):
        acks.open("t", "c")
    assert acks.full
    acks.ask("t", "c", [0])
    acks.open("t", "c")
    monkeypatch.setattr(acknowledgements, "MAX_CHANNELS", 1)
    with pytest.raises(Refusal):
        acks.open("t", "d")
