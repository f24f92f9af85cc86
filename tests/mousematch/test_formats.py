"""The telemetry formats: what each event gives."""

from __future__ import annotations

import numpy as np
import pytest

from mousematch.telemetry import DOWN, DRAG, LEFT, MIDDLE, MOVE, NONE, OTHER, RIGHT, SCROLL, UP
from tests.mousematch.telemetry_events import BATCH, START_US, event, listed, one, read, reasons

# The project's own batches ---------------------------------------------------------------------------------------


def test_a_batch_gives_its_points():
    sessions = read(event(BATCH), by=("page",))

    assert list(sessions) == [("s-81f3", "alice", "/transfer")]
    assert listed(sessions["s-81f3", "alice", "/transfer"]) == [
        (START_US, 512, 300, MOVE, NONE),
        (START_US + 16_000, 514, 301, MOVE, NONE),
        (START_US + 33_000, 520, 303, DOWN, LEFT),
    ]


def test_a_batch_without_kinds_is_all_movement():
    points = {name: BATCH["points"][name] for name in ("dt", "x", "y")}

    assert [point[3:] for point in listed(one(event({**BATCH, "points": points})))] == [(MOVE, NONE)] * 3


def test_points_of_one_millisecond_keep_their_order():
    points = {"dt": [0, 0, 0, 1], "x": [9, 5, 7, 1], "y": [0, 0, 0, 0]}

    assert [point[:2] for point in listed(one(event({**BATCH, "points": points})))] == [
        (START_US, 9),
        (START_US + 1, 5),
        (START_US + 2, 7),
        (START_US + 1000, 1),
    ]


def test_a_clock_that_jumps_back_within_a_batch_does_not_reorder_it():
    points = {"dt": [0, 16, -3_600_000, 16], "x": [1, 2, 3, 4], "y": [0, 0, 0, 0]}

    session = one(event({**BATCH, "points": points}))

    assert session.points.x.tolist() == [1, 2, 3, 4]
    assert np.diff(session.points.time_us).tolist() == [16_000, 1, 15_999]


@pytest.mark.parametrize(
    ("points", "left", "why"),
    [
        ({"dt": [0, 1, 1], "x": [1, 65535, 3], "y": [1, 2, 3]}, [1, 3], {"off_screen": 1}),
        ({"dt": [0, 1, 1], "x": [1, None, "x"], "y": [1, 2, 3]}, [1], {"no_position": 2}),
        ({"dt": [0, 1, 1], "x": [1, float("nan"), 3], "y": [1, 2, 3]}, [1, 3], {"no_position": 1}),
        ({"dt": [0, None, 1], "x": [1, 2, 3], "y": [1, 2, 3]}, [1, 3], {"bad_time": 1}),
        ({"dt": [0, 1e300, 1], "x": [1, 2, 3], "y": [1, 2, 3]}, [1, 3], {"far_time": 1}),
        ({"dt": [0, 1, 1], "x": [1, 2, 3], "y": [1, 2, 3], "kind": [0, 9, 0.5]}, [1], {"unknown_kind": 2}),
    ],
)
def test_a_bad_point_costs_no_other(points, left, why):
    session = one(event({**BATCH, "points": points}))

    assert session.points.x.tolist() == left
    assert reasons(session) == why


@pytest.mark.parametrize(
    "change",
    [
        {"points": {"dt": [0, 1], "x": [1], "y": [1]}},
        {"points": {"dt": [0], "x": [1]}},
        {"points": [1, 2, 3]},
        {"points": {"dt": 0, "x": 1, "y": 1}},
        {"points": {"dt": [0], "x": [[1]], "y": [1], "kind": [0, 1]}},
        {"v": 2},
    ],
)
def test_a_damaged_batch_counts_in_its_session(change):
    session = one(event({**BATCH, **change}))

    assert session.key == ("s-81f3", "alice")
    assert (len(session.points), reasons(session)) == (0, {"bad_batch": 1})


def test_a_batch_far_in_the_future_is_dropped():
    assert reasons(one(event({**BATCH, "start": 1e300}))) == {"far_time": 3}


# One point an event ----------------------------------------------------------------------------------------------


def test_a_point_may_stand_in_fields():
    rows = [{"session": "s", "user": "u", "time": "12.5", "x": "10", "y": "20", "type": "mousedown", "button": "2"}]

    assert listed(one(rows)) == [(12_500_000, 10, 20, DOWN, RIGHT)]


@pytest.mark.parametrize(
    "point",
    [
        {"x": 10, "y": 20, "type": "mousedown", "button": 2},
        {"type": "mousedown", "info": {"x": 10, "y": 20, "button": 2}},
        {"type": "mousedown", "info": {"x": "10", "y": "20.0", "button": "2"}},
    ],
)
def test_a_point_may_stand_in_json(point):
    rows = event({**point, "session": "s", "user": "u"}, _time="12.5")

    assert listed(one(rows)) == [(12_500_000, 10, 20, DOWN, RIGHT)]
    assert one(rows).key == ("s", "u")


def test_field_names_are_options_in_fields_and_in_json():
    names = {"session": "sid", "user": "who.id", "x": "pos.px", "y": "pos.py", "time": "at", "timeunit": "ms"}
    point = {"sid": 7, "who": {"id": "u"}, "pos": {"px": 1, "py": 2}, "at": 2500}
    row = {"sid": "7", "who.id": "u", "pos.px": "1", "pos.py": "2", "at": "2500"}

    assert listed(one(event(point), **names)) == listed(one([row], **names)) == [(2_500_000, 1, 2, MOVE, NONE)]
    assert one(event(point), **names).key == one([row], **names).key == ("7", "u")


def test_what_the_search_says_counts_before_what_stands_in_the_event():
    rows = event({"x": 1, "y": 2, "time": 1, "user": "inside"}, user="evaluated", time="9")

    assert one(rows).key == ("", "evaluated")
    assert one(rows).points.time_us.tolist() == [9_000_000]


def test_the_time_is_the_first_of_the_usual_fields():
    rows = [
        {"x": "1", "y": "1", "time": "1", "client timestamp": "2", "_time": "3"},
        {"x": "2", "y": "1", "time": "", "client timestamp": "2", "_time": "3"},
        {"x": "3", "y": "1", "time": "", "timestamp": "none", "_time": "3"},
    ]

    assert one(rows).points.time_us.tolist() == [1_000_000, 2_000_000, 3_000_000]
    assert one(rows, timeunit="ms").points.time_us.tolist() == [1_000, 2_000, 3_000_000]


def test_rows_of_balabit_files_are_read():
    rows = [
        {"record timestamp": "0.0", "client timestamp": t, "button": button, "state": state, "x": "5", "y": "6"}
        for t, button, state in (
            ("0.125", "NoButton", "Move"),
            ("0.25", "Left", "Pressed"),
            ("0.5", "NoButton", "Drag"),
            ("0.75", "Left", "Released"),
            ("1.0", "Right", "Pressed"),
            ("1.5", "Scroll", "Down"),
            ("2.0", "Scroll", "Up"),
        )
    ]

    assert [(point[0], *point[3:]) for point in listed(one(rows))] == [
        (125_000, MOVE, NONE),
        (250_000, DOWN, LEFT),
        (500_000, DRAG, NONE),
        (750_000, UP, LEFT),
        (1_000_000, DOWN, RIGHT),
        (1_500_000, SCROLL, NONE),
        (2_000_000, SCROLL, NONE),
    ]


def test_rows_of_sapimouse_files_are_read():
    rows = [{"client timestamp": "4055215", "button": "NoButton", "state": "Move", "x": "990", "y": "694"}]

    assert listed(one(rows, timeunit="ms")) == [(4_055_215_000, 990, 694, MOVE, NONE)]


@pytest.mark.parametrize(
    ("state", "button", "kind", "code"),
    [
        ("mousemove", "0", MOVE, NONE),
        ("pointerdown", "1", DOWN, MIDDLE),
        ("mousedown", "", DOWN, LEFT),
        ("wheel", "0", SCROLL, NONE),
        ("contextmenu", "", DOWN, RIGHT),
        ("MouseUp", "5", UP, OTHER),
        ("", "", MOVE, NONE),
    ],
)
def test_words_for_kinds_and_buttons(state, button, kind, code):
    rows = [{"x": "1", "y": "1", "time": "1", "type": state, "button": button}]

    assert listed(one(rows))[0][3:] == (kind, code)


def test_a_click_is_a_press_only_where_presses_are_not_known():
    click = {"x": "1", "y": "1", "time": "1", "type": "click"}
    press = {"x": "1", "y": "1", "time": "0.9", "type": "mousedown"}

    assert [point[3] for point in listed(one([click]))] == [DOWN]
    assert [point[0] for point in listed(one([click, press]))] == [900_000]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"x": "left"}, "no_position"),
        ({"x": "nan"}, "no_position"),
        ({"x": ""}, "no_position"),
        ({"x": "65535"}, "off_screen"),
        ({"y": "-inf"}, "off_screen"),
        ({"time": ""}, "no_time"),
        ({"time": "Monday"}, "bad_time"),
        ({"time": "nan"}, "bad_time"),
        ({"time": "1763822400123"}, "far_time"),
        ({"time": "-inf"}, "far_time"),
        ({"time": "1e999"}, "far_time"),
        ({"state": "keydown"}, "unknown_kind"),
    ],
)
def test_a_bad_row_is_counted_with_its_reason(change, reason):
    good = {"session": "s", "user": "u", "time": "1", "x": "5", "y": "6", "state": "Move"}

    session = one([good, {**good, **change}])

    assert len(session.points) == 1
    assert reasons(session) == {reason: 1}


# rrweb -----------------------------------------------------------------------------------------------------------


def test_rrweb_movement_has_its_times_relative_to_the_event():
    positions = [{"x": 1, "y": 2, "id": 7, "timeOffset": -450}, {"x": 3, "y": 4, "id": 7, "timeOffset": 0}]
    rows = event({"type": 3, "data": {"source": 1, "positions": positions}, "timestamp": 1_763_822_400_123}, user="u")

    assert listed(one(rows)) == [(START_US - 450_000, 1, 2, MOVE, NONE), (START_US, 3, 4, MOVE, NONE)]


@pytest.mark.parametrize(
    ("interaction", "code"), [(1, (DOWN, LEFT)), (0, (UP, LEFT)), (7, (DOWN, LEFT)), (9, (UP, LEFT)), (2, (DOWN, LEFT))]
)
def test_rrweb_interactions_are_presses_and_releases(interaction, code):
    data = {"source": 2, "type": interaction, "id": 7, "x": 5, "y": 6}

    assert listed(one(event({"type": 3, "data": data, "timestamp": 1}))) == [(1000, 5, 6, *code)]


@pytest.mark.parametrize(
    "other",
    [
        {"type": 2, "data": {"node": {}}, "timestamp": 1},
        {"type": 3, "data": {"source": 3, "id": 1, "x": 0, "y": 500}, "timestamp": 1},
        {"type": 3, "data": {"source": 2, "type": 5, "id": 1}, "timestamp": 1},
    ],
)
def test_other_rrweb_events_are_no_movement_and_no_loss(other):
    session = one(event(other, session="s"))

    assert (len(session.points), session.dropped.total) == (0, 0)


def test_rrweb_movement_without_positions_is_damaged():
    assert reasons(one(event({"type": 3, "data": {"source": 1}, "timestamp": 1}, user="u"))) == {"bad_batch": 1}


def test_wrapped_events_share_what_stands_around_them():
    press = {"type": 3, "data": {"source": 2, "type": 1, "x": 5, "y": 6}, "timestamp": 1}
    point = {"type": "mousemove", "info": {"x": 1, "y": 2}, "time": 0}

    session = one(event({"session": "s", "user": "u", "events": [press, point, BATCH | {"session": "s", "user": "u"}]}))

    assert session.key == ("s", "u")
    assert session.points.time_us.tolist() == [0, 1000, START_US, START_US + 16_000, START_US + 33_000]
    assert len(one(event([press, point])).points) == 2
