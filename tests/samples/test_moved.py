"""The sample at other times keeps its movement, and has what the collector writes into each batch."""

from __future__ import annotations

import json

from samples import moved

NOW_S = 1_800_000_000.0


def test_sessions_keep_their_movement_and_end_before_now() -> None:
    sessions = moved.read()
    before = {session.name: session for session in sessions}

    after = moved.move(sessions, now_s=NOW_S, hours=20)

    assert {session.name for session in after} == set(before)
    for session in after:
        old = before[session.name].events
        assert [event["points"] for _, event in session.events] == [event["points"] for _, event in old]
        ended_s = session.events[0][0] + session.seconds
        first_s = session.events[0][0]
        assert ended_s < NOW_S
        assert (first_s > NOW_S - 20 * 3600 - 200) is (session.purpose == moved.TEST)
        assert all(abs(event["start"] / 1000 - at) < 0.01 for at, event in session.events)


def test_batches_are_numbered_on_their_page_and_sent_now() -> None:
    (session, *_) = moved.move(moved.read(), now_s=NOW_S, hours=20)

    pages: dict[str, list[int]] = {}
    for _, event in session.events:
        pages.setdefault(event["page_id"], []).append(event["seq"])
        assert event["sent"] == NOW_S * 1000
    assert all(numbers == list(range(len(numbers))) for numbers in pages.values())
    assert len({event["tab"] for _, event in session.events}) == 1


def test_requests_hold_all_events_and_none_is_much_larger_than_asked() -> None:
    sessions = moved.move(moved.read(), now_s=NOW_S, hours=20)[:5]

    bodies = list(moved.hec_bodies(sessions, largest=20_000))

    decoder, found = json.JSONDecoder(), 0
    for count, body in bodies:
        at = 0
        while at < len(body):
            event, at = decoder.raw_decode(body, at)
            assert event["time"] > 0 and event["event"]["points"]
            found += 1
        assert count == 1 or len(body) <= 20_000
    assert found == sum(len(session.events) for session in sessions) == sum(count for count, _ in bodies)
