"""Sessions come out the same whatever way their points came in."""

from __future__ import annotations

import base64
import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mousematch.encoded import session_rows
from mousematch.encoding import ENCODINGS
from mousematch.formats.names import FieldNames
from mousematch.formats.reader import read_into
from mousematch.formats.records import points_of
from mousematch.sessions import Sessions
from mousematch.windows import WindowSpec

NAMES = FieldNames(by=("page",))
NAME = st.sampled_from(["a", "b", "名前", "two\nlines", '$;$"x', ""])


@st.composite
def events(draw):
    """Rows of telemetry of all formats, good and bad, some of them twice as from two indexers."""
    rows = draw(
        st.lists(
            st.one_of(
                st.fixed_dictionaries(
                    {
                        "session": NAME,
                        "user": NAME,
                        "page": st.sampled_from(["", "/p"]),
                        "time": st.integers(0, 400).map(lambda n: str(n / 64)),
                        "x": st.integers(0, 300).map(str) | st.just("65535") | st.just("x"),
                        "y": st.integers(0, 300).map(str),
                        "state": st.sampled_from(["Move", "Move", "Pressed", "click"]),
                    }
                ),
                st.builds(
                    lambda session, start, steps: {
                        "_raw": json.dumps(
                            {
                                "session": session,
                                "user": "a",
                                "start": start,
                                "points": {
                                    "dt": [step % 3 for step in steps],
                                    "x": steps,
                                    "y": steps[::-1],
                                },
                            }
                        )
                    },
                    NAME,
                    st.integers(0, 5000),
                    st.lists(st.integers(0, 300), max_size=12),
                ),
                st.just({"_raw": '{"session": "a", "user": "a", "start'}),
                st.just({"_raw": "no telemetry"}),
            ),
            max_size=40,
        )
    )
    return rows + draw(st.lists(st.sampled_from(rows), max_size=5)) if rows else rows


def columns(rows):
    fields = list(dict.fromkeys(field for row in rows for field in row))
    return {field: [row.get(field, "") for row in rows] for field in fields}


def results(sessions):
    """Everything that mouseencode gives of sessions: rows with images, and the sentences about what was dropped."""
    nobodys = sessions.adopt_strays()
    rows = []
    for session in sessions.take_all():
        nobodys.update(session.dropped)
        rows += session_rows([session], ENCODINGS["motion"], WindowSpec.parse("1s,16p"))
    return rows, list(nobodys.sentences())


@given(events(), st.data())
def test_results_are_the_same_for_any_split_chunking_and_order(rows, data):
    together = Sessions()
    read_into(together, columns(rows), NAMES)

    shuffled = data.draw(st.permutations(rows))
    reduced = Sessions()
    while shuffled:
        size = data.draw(st.integers(1, len(shuffled)))
        chunk, shuffled = shuffled[:size], shuffled[size:]
        if data.draw(st.booleans(), label="through the map phase"):
            mapped = Sessions()
            read_into(mapped, columns(chunk), NAMES)
            assert reduced.merge_packed(mapped.packed()[0]) == []
        else:
            read_into(reduced, columns(chunk), NAMES)

    assert results(reduced) == results(together)


def test_packed_rows_stand_where_their_sessions_began():
    sessions = Sessions()
    rows = [{"session": name, "user": "u", "x": "1", "y": "1", "time": "1"} for name in ("b", "a", "b", "c")]

    read_into(sessions, columns(rows), FieldNames())
    packed, began = sessions.packed()

    assert [json.loads(base64.b64decode(key))[0] for key in packed["mousematch_key"]] == ["b", "a", "c"]
    assert began == [0, 1, 3]


def test_a_session_name_of_two_users_is_two_sessions():
    sessions = Sessions()
    rows = [{"session": "s", "user": user, "x": "1", "y": "1", "time": "1"} for user in ("u", "v")]

    read_into(sessions, columns(rows), FieldNames())

    assert [session.key for session in sessions.take_all()] == [("s", "u"), ("s", "v")]


def test_an_unreadable_event_counts_in_the_session_that_it_agrees_with():
    rows = [
        {"session": "s", "user": "u", "page": "/p", "x": "1", "y": "1", "time": "1"},
        {"_raw": '{"session":"s","us'},
        {"_raw": '{"session":"other","us'},
        {"_raw": "nobody's"},
    ]
    sessions = Sessions()
    read_into(sessions, columns(rows), NAMES)

    nobodys = sessions.adopt_strays()

    assert {session.key: session.dropped.total for session in sessions.take_all()} == {
        ("s", "u", "/p"): 1,
        ("other", "", ""): 1,
    }
    assert nobodys.total == 1


def test_events_from_two_indexers_count_once():
    sessions = Sessions()
    rows = [{"user": "u", "x": "1", "y": "1", "time": "1"}]
    for _ in range(2):
        read_into(sessions, columns(rows), FieldNames())

    (session,) = sessions.take_all()

    assert len(session.points) == 1


def test_negative_zero_is_zero():
    sessions = Sessions()
    read_into(sessions, columns([{"x": "-0.0", "y": "0", "time": "0"}, {"x": "0", "y": "-0", "time": "0"}]), FieldNames())

    (session,) = sessions.take_all()

    assert len(session.points) == 1
    assert not np.signbit(session.points.x).any()


def test_no_records_are_no_points():
    assert len(points_of(b"")) == 0
