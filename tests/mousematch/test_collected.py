"""Events that are read without json hold what json finds in them; all others are left to json."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mousematch.errors import TelemetryError
from mousematch.formats import reader
from mousematch.formats.batch import read_batch
from mousematch.formats.collected import HEAD_BYTES, may_be_collected, read_collected, sections
from mousematch.formats.names import FieldNames
from mousematch.formats.reader import read_into
from mousematch.formats.records import RECORD
from mousematch.formats.table import read_table
from mousematch.sessions import Sessions

START_MS = 1_763_822_400_123
HEAD = {"v": 1, "session": "s-81f3", "user": "alice", "page": "/transfer", "viewport": [1440, 789], "start": START_MS}
ARRAYS = ("dt", "x", "y", "kind", "button")

PLAIN = st.integers(0, 9999)
TENTHS = PLAIN.map(lambda number: number / 10)
ODD = (
    ["-3", "-0", "-0.0", "1e3", "1E-2", "NaN", "Infinity", "1.", ".5", "01", "01.5", "00", "0.05", "+1", "1.2.3", "9"]
    + ["1.23456", "9" * 21, "1" * 400, "true", "null", '"7"', "[1]", "", " 1", "1 ", "1\n", "32001", "4.0"]
    + ["12345", "16.7005", "0.0005", "0.0009", "0.001"]
)


def text(points, head=None):
    """An event as JSON.stringify writes it; points: array → numbers as text."""
    arrays = ",".join(f'"{name}":[{",".join(numbers)}]' for name, numbers in points.items())
    return json.dumps({**HEAD, **(head or {})}, separators=(",", ":"))[:-1] + ',"points":{' + arrays + "}}"


@st.composite
def events(draw):
    count = draw(st.integers(1, 5))
    # An odd value in one array at most, among usual ones: many would hide one another.
    odd = draw(st.sampled_from([None, *ARRAYS]))

    def numbers(name, usual, unusual):
        kinds = usual | st.sampled_from(unusual) if name == odd else usual
        found = draw(st.lists(kinds.map(str), min_size=count, max_size=count))
        return found if name != odd or draw(st.integers(0, 9)) else found + ["1"]

    place, code = PLAIN | TENTHS, st.integers(0, 4)
    points = {"dt": numbers("dt", place | st.sampled_from([0, 0, 0, 16.667]), ODD)}
    points |= {name: numbers(name, place, ODD) for name in ("x", "y")}
    points |= {name: numbers(name, code, [*ODD, 5, 8, 12]) for name in ("kind", "button")}
    if odd or draw(st.booleans()):
        return text(points, {"session": draw(st.sampled_from("ab"))})
    head = draw(
        st.sampled_from([{"session": ""}, {"v": 2}, {"v": True}, {"start": -1}, {"start": 2.5}])
        | st.sampled_from([{"events": []}, {"events": 1}, {"points": 1}, {"info": {"x": 1}}, {"type": 3, "data": {}}])
        | st.sampled_from([{"user": "ä"}, {"user": '"points":{"dt":['}, {"user": "a\\"}, {"page": {"a": [1, {"b": 2}]}}])
        | st.sampled_from([{"user": "\ud800"}, {"start": 4_400_000_000_000}, {"start": 0}, {"start": True}])
    )
    return text(points, head)


@st.composite
def damaged(draw):
    """An event with some bytes changed, left out, put in or cut off."""
    found = draw(events())
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(found)))
        left_out = draw(st.integers(0, 2))
        pieces = [*'0123456789.,-eE[]{}":\\ \t\nxä\x01\udcff', '"points":{"dt":[1],', '],"x":[', "{{", ""]
        piece = draw(st.sampled_from(pieces))
        found = found[:at] + piece + found[at + left_out :]
    return found if draw(st.integers(0, 4)) else found[: draw(st.integers(0, len(found)))]


def as_bytes(raw, doubled):
    return (raw.replace('"', '""') if doubled else raw).encode("utf-8", "replace")


def cells(raws):
    lines = "".join('"' + raw.replace('"', '""') + '"\n' for raw in raws)
    table = read_table(lines.encode("utf-8", "surrogateescape"), 1)
    assert table is not None and table.rows == len(raws)
    return table.columns[0]


def read(column, names):
    sessions = Sessions()
    read_into(sessions, {"_raw": column}, names)
    points = {key: np.frombuffer(each.records, f"V{RECORD.itemsize}") for key, each in sessions._sessions.items()}
    reasons = {key: json.loads(each.dropped.to_json() or "{}") for key, each in sessions._sessions.items()}
    return {key: Counter(records.tolist()) for key, records in points.items()}, reasons


# In which a reader that looks only at the ends would find other points than json.
TRAPS = [
    '{"start":1,"a":"","points":{"dt":[1],"x":[1],"y":[1],"kind":[0],"button":[0]}}',
    '{"start":1,"a":",\\"points\\":{\\"dt\\":[","points":{"dt":[1],"x":[1],"y":[1],"kind":[0],"button":[0]}}',
    '{"start":1,"a":{"b":2,"points":{"dt":[1],"x":[1],"y":[1],"kind":[0],"button":[0]}}',
    '{"start":1,"a":{"b":2,"points":{"dt":[1],"x":[1],"y":[1],"kind":[0],"button":[0]}}}',
    '{"start":1,"a":[{"b":2},"points":{"dt":[1],"x":[1],"y":[1],"kind":[0],"button":[0]}}',
    '{"start":1},"points":{"dt":[1],"x":[1],"y":[1],"kind":[0],"button":[0]}}',
    '{"start":1}{"a":1,"points":{"dt":[1],"x":[1],"y":[1],"kind":[0],"button":[0]}}',
    '{"start":1,"points":{"dt":[9],"x":[9],"y":[9]},"points":{"dt":[1],"x":[1],"y":[1],"kind":[0],"button":[0]}}',
    '{"start":1,,"points":{"dt":[1],"x":[1],"y":[1],"kind":[0],"button":[0]}}',
    '{"start":1,"points":{"dt":[1,2],"x":[1],"y":[1,2,3],"kind":[0,0],"button":[0,0]}}',
    '{"start":1,"points":{"dt":[],"x":[],"y":[],"kind":[],"button":[]}}',
    '{"start":1,"points":{"dt":[1],"x":[1],"y":[1],"kind":[],"button":[]}}',
    '{"start":1,"points":{"dt":[1],"x":[1],"y":[1],"kind":[0],"button":[0],"x":[5]}}',
    '{"start":1,"points":{"dt":[1],"x":[1],"y":[1]}}',
    '{"start":1,"points":{"x":[1],"dt":[1],"y":[1],"kind":[0],"button":[0]}}',
    '{"points":{"dt":[1],"x":[1],"y":[1],"kind":[0],"button":[0]}}',
    '{"start":1,"a":"' + "x" * HEAD_BYTES + '","points":{"dt":[1],"x":[1],"y":[1],"kind":[0],"button":[0]}}',
    '{"start":1,"a":' + "[" * 400 + "]" * 400 + ',"points":{"dt":[1],"x":[1],"y":[1],"kind":[0],"button":[0]}}',
    '{"start":1}\0{"start":2,"points":{"dt":[1],"x":[1],"y":[1],"kind":[0],"button":[0]}}',
    '{"start":1,"points":{"dt":[1],"x":[1],"y":[1],"kind":[0],"button":[0]}]',
    '{"start":1,"points":{"dt":[1],"x":[1],"y":[1],"kind":[0],"button":[:]}}',
    '{"start":1,"points":{"dt":[1,1],"x":[1,1],"y":[1,1],"kind":[0,0],"button":[0;0]}}',
    text(
        {**{name: ["1"] * 6 for name in ARRAYS}, "dt": ["4.423", "6.154", "2.866", "2.119", "6.47", "7.132"]},
        {"start": 4_449_837_822_611},
    ),
    text({name: ["1"] for name in ARRAYS}, {"events": []}),
    '{"start":1,"points":{"dt":[1,1],"x":[0.5;1],"y":[1,1],"kind":[0,0],"button":[0,0]}}',
    " " + text({name: ["1"] for name in ARRAYS}),
    "\ufeff" + text({name: ["1"] for name in ARRAYS}),
    '["a","points":{"dt":[1],"x":[1],"y":[1],"kind":[0],"button":[0]}}',
]
ODD_EVENTS = [
    text({name: [value if name == odd else "1", "2"] for name in ARRAYS})
    for odd in ARRAYS
    for value in [*ODD, "5", "8", "0.5,1.5"]
]


@given(st.lists(events() | damaged(), min_size=1, max_size=7), st.booleans())
@example(TRAPS, False)
@example([trap for trap in TRAPS for _ in range(9)], True)
@example(ODD_EVENTS, False)
@settings(max_examples=300)
def test_the_same_points_and_the_same_reasons_as_with_json(raws, by):
    names = FieldNames(by=("page", "points.dt", "type")) if by else FieldNames(by=("page",))
    found = cells(raws)

    assert read(found, names) == read(found.texts(), names)


@given(st.lists(events(), min_size=1, max_size=4), st.booleans())
def test_what_is_read_together_is_what_each_holds(raws, doubled):
    parts = [sections(as_bytes(raw, doubled), doubled=doubled) for raw in raws]
    if None in parts:
        return
    together = read_collected(parts, doubled=doubled)
    if together is None:
        return
    stop = 0
    for raw, head, length in zip(raws, together.heads, together.lengths.tolist()):
        alone = read_batch(json.loads(raw))
        assert together.records[stop : stop + length].tobytes() == alone.records.tobytes() and not alone.bad
        assert {**json.loads(raw), "points": None} == {**head, "points": None}
        stop += length


@pytest.mark.parametrize("raw", [*TRAPS, *ODD_EVENTS])
def test_an_odd_event_among_usual_ones_is_read_as_json_reads_it(raw):
    whole = text({name: ["1", "2"] for name in ARRAYS})
    found = cells([whole, raw, whole])

    assert read(found, FieldNames()) == read(found.texts(), FieldNames())


@pytest.mark.parametrize("doubled", [False, True])
@pytest.mark.parametrize(
    ("dt", "later_us"),
    [
        (["0", "16", "17"], [0, 16_000, 33_000]),
        (["0", "16.6", "0.1"], [0, 16_600, 16_700]),
        (["0.5", "0", "0.125"], [500, 501, 625]),
        (["5", "0", "0"], [5_000, 5_001, 5_002]),
    ],
)
def test_what_collectors_send_is_read_without_json(dt, later_us, doubled):
    points = {"dt": dt, "x": ["512", "514.5", "0"], "y": ["0.1", "7", "9999"], "kind": list("012"), "button": list("019")}
    raw = as_bytes(text(points), doubled)

    found = read_collected([sections(raw, doubled=doubled)] * 3, doubled=doubled)

    assert found is not None and found.lengths.tolist() == [3] * 3 and found.heads == [HEAD] * 3
    assert (found.records["time_us"] - START_MS * 1000).tolist() == later_us * 3
    assert found.records["x"].tolist() == [512, 514.5, 0] * 3
    assert found.records["y"].tolist() == [np.float32(0.1), 7, 9999] * 3
    assert found.records["kind"].tolist() == [0, 1, 2] * 3 and found.records["button"].tolist() == [0, 1, 4] * 3


@pytest.mark.parametrize("kept", range(1, 60, 7))
def test_one_event_that_is_cut_off_does_not_keep_the_others_from_being_read(kept):
    whole = text({name: ["1", "2"] for name in ARRAYS})
    raws = [whole] * 150
    raws[77] = whole[:-kept]

    found = read(cells(raws), FieldNames())

    (points,), (reasons,) = (of_sessions.values() for of_sessions in found)
    assert sum(points.values()) == 298 and list(reasons) == ["not_json"]


@pytest.mark.parametrize("uneven", [{"x"}, {"y"}, {"dt"}, {"kind"}, {"button"}, {"kind", "button"}])
def test_two_uneven_events_do_not_make_up_for_each_other(uneven):
    def event(count, other):
        raw = text({name: ["1"] * (other if name in uneven else count) for name in ARRAYS})
        return sections(raw.encode(), doubled=False)

    assert read_collected([event(2, 2), event(3, 3)], doubled=False) is not None
    assert read_collected([event(2, 3), event(3, 2)], doubled=False) is None


@pytest.mark.parametrize("raw", [*TRAPS, *ODD_EVENTS])
def test_what_is_read_among_others_may_be_so_by_itself(raw):
    part = sections(raw.encode(), doubled=False)

    if part is not None and read_collected([part], doubled=False) is not None:
        assert may_be_collected(part, doubled=False)


@pytest.mark.parametrize("number", ["-3", "1e3", " 1", "null"])
def test_an_odd_event_does_not_keep_its_neighbours_from_being_read_together(number, monkeypatch):
    whole = text({name: ["1", "2"] for name in ARRAYS})
    odd = text({name: [number if name == "y" else "1", "2"] for name in ARRAYS})
    together = []

    def watched(parts, **how):
        together.append(len(parts))
        return read_collected(parts, **how)

    monkeypatch.setattr(reader, "read_collected", watched)

    read(cells([whole, odd, whole, whole]), FieldNames())

    assert together == [4, 3]


def test_uneven_arrays_are_refused_by_both():
    raw = text({"dt": ["1"], "x": ["1", "2"], "y": ["1"], "kind": ["0"], "button": ["0"]})

    assert read_collected([sections(raw.encode(), doubled=False)], doubled=False) is None
    with pytest.raises(TelemetryError):
        read_batch(json.loads(raw))
