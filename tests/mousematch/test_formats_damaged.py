"""Telemetry of mixed formats, damaged events, and what is said of events that give nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mousematch.telemetry_events import BATCH, event, one, read, reasons


def test_a_block_may_mix_all_formats():
    rows = [
        {"session": "s", "user": "u", "x": "1", "y": "1", "time": "1"},
        {"session": "s", "user": "u", "_raw": json.dumps({"x": 2, "y": 2, "time": 2})},
        {"session": "s", "user": "u", "_raw": json.dumps(BATCH)},
        {"session": "s", "user": "u", "_raw": "Nov 22 sshd[7]: no mouse"},
        {"session": "s", "user": "u", "x": "1"},
    ]

    session = one(rows)

    assert len(session.points) == 5
    assert reasons(session) == {"no_movement": 1, "no_position": 1}


@pytest.mark.parametrize("cut", [30, 80, 150, 200])
def test_an_event_that_is_cut_off_counts_in_the_session_that_it_still_names(cut):
    session = one(event(json.dumps(BATCH)[:cut]))

    assert reasons(session) == {"not_json": 1}
    assert session.key == ("s-81f3", "alice" if cut > 45 else "")


@pytest.mark.parametrize("raw", ['{"x": 1', "[1,2", '{"a":' * 100_000, "[" * 100_000, "{'x': 1}"])
def test_broken_json_is_counted(raw):
    assert reasons(one(event(raw, user="u"))) == {"not_json": 1}


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5), lambda inner: (
    st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["session", "user", "x", "y", "time", "info", "type", "data", "source", "positions", "points",
                         "start", "dt", "timestamp", "events", "state", "button", "timeOffset", "kind", "v"]),
        inner, max_size=6)
), max_leaves=25))  # fmt: skip
def test_no_json_whatsoever_stops_the_other_events(value):
    rows = event(value, BATCH)

    sessions = read(rows)

    assert len(sessions["s-81f3", "alice"].points) >= 3


@given(st.lists(st.fixed_dictionaries({name: st.text(max_size=6) | st.sampled_from(["1", "nan", "1e400", "-1"])
                                       for name in ("session", "user", "time", "x", "y", "state", "button", "_raw")}),
                max_size=6))  # fmt: skip
def test_no_fields_whatsoever_lose_a_row(rows):
    sessions = read(rows)

    found = sum(len(session.points) + session.dropped.total for session in sessions.values())
    distinct = len({tuple(row.values()) for row in rows})
    assert found <= len(rows) or any(row["_raw"][:1] in ("{", "[") for row in rows)
    assert found >= (1 if distinct else 0) or any("[" in row["_raw"] or "{" in row["_raw"] for row in rows)


def test_what_was_dropped_is_said_with_example_and_remedy():
    rows = [{"user": "u", "x": "65535", "y": "1", "time": "1"}] * 2 + [
        {"user": "u", "x": "7", "y": "1", "time": "1e12"}
    ]

    off, far = one(rows).dropped.sentences()

    assert off.startswith("dropped 2 points: on no screen")
    assert 'First: x="65535" y="1" time="1"' in off
    assert far.startswith("dropped 1 point: a time after the year 5138; add timeunit=ms")


def test_every_example_of_the_documentation_is_read():
    text = (Path(__file__).parents[2] / "docs" / "telemetry.md").read_text(encoding="utf-8")
    decoder, examples = json.JSONDecoder(), []
    for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL):
        rest = block.strip()
        while rest:
            example, end = decoder.raw_decode(rest)
            examples.append(example)
            rest = rest[end:].strip()

    assert len(examples) >= 4
    for example in examples:
        session = one(event(example))
        assert (session.key, session.dropped.total) == (("s-81f3", "alice"), 0)
        assert len(session.points) >= 1
