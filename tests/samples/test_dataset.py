"""The sample telemetry is made by the generator alone, and holds what the demo and the docs say."""

from __future__ import annotations

import csv
import json
from collections import Counter
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from mousematch.formats.batch import read_batch
from mousematch.windows import active_s
from samples import dataset
from samples.__main__ import LOOKUP
from samples.roster import ENROLL_SESSIONS, GENUINE_SESSIONS, OWNER, SCENARIOS, STOLEN, UNLOCKED, USERS, visits
from samples.sessions import session

Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def shipped() -> Rows:
    csv.field_size_limit(10_000_000)
    with LOOKUP.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_the_shipped_sample_is_what_the_generator_writes() -> None:
    assert dataset.write() == Path(LOOKUP).read_text(encoding="utf-8")


def test_the_sample_is_small_enough_for_the_knowledge_bundle() -> None:
    assert LOOKUP.stat().st_size < 3_000_000


def test_every_user_has_enrollment_genuine_and_impostor_sessions(shipped: Rows) -> None:
    sessions = {(row["session"], row["user"], row["purpose"], row["truth"]) for row in shipped}
    counts = Counter((user, purpose, truth) for _, user, purpose, truth in sessions)

    for user in USERS:
        assert counts[user, "enroll", "genuine"] == ENROLL_SESSIONS
        assert counts[user, "test", "genuine"] == GENUINE_SESSIONS
        assert counts[user, "test", "impostor"] == 4
        assert counts[user, "enroll", "impostor"] == 0


def test_rows_come_newest_first_as_splunk_returns_them(shipped: Rows) -> None:
    times = [float(row["_time"]) for row in shipped]

    assert times == sorted(times, reverse=True)


def test_events_say_whose_session_they_belong_to_and_nothing_of_the_truth(shipped: Rows) -> None:
    for row in shipped:
        event = json.loads(row["_raw"])
        assert (event["session"], event["user"]) == (row["session"], row["user"])
        assert event["start"] == round(float(row["_time"]) * 1000)
        assert not {"truth", "purpose", "scenario", "moved_by"} & set(event)


def test_a_session_read_back_from_its_events_is_the_generated_one() -> None:
    visit = next(visits())

    records = np.concatenate([read_batch(json.loads(row["_raw"])).records for row in dataset.rows(visit)])
    points = session(visit.mover, seconds=visit.seconds, seed=visit.seed)

    # the reader moves points of one millisecond apart by microseconds
    start_us = round(visit.start_s * 1000) * 1000
    np.testing.assert_allclose(records["time_us"] - start_us, points.time_us, atol=20)
    np.testing.assert_allclose(records["x"], points.x, atol=0.006)
    np.testing.assert_array_equal(records["kind"], points.kind)
    np.testing.assert_array_equal(records["button"], points.button)


def test_each_session_has_evidence_for_a_verdict() -> None:
    for visit in islice(visits(), 0, None, 11):
        points = session(visit.mover, seconds=visit.seconds, seed=visit.seed)
        assert active_s(points) > 20, visit.session


def test_scenarios_differ_in_person_and_device() -> None:
    for visit in visits():
        owner = USERS[visit.user]
        assert visit.scenario in SCENARIOS
        assert (visit.mover.seed == owner) == (visit.scenario == OWNER)
        assert (visit.mover.seed in USERS.values()) == (visit.scenario != STOLEN)
        if visit.scenario == UNLOCKED:
            device = next(other.mover.device for other in visits() if other.user == visit.user)
            assert visit.mover.device == device


def test_session_names_do_not_tell_impostors() -> None:
    days = {truth: set() for truth in ("genuine", "impostor")}
    for visit in visits():
        if visit.purpose == "test":
            days[visit.truth].add(int(visit.session.rpartition("-")[2]))

    assert len(days["genuine"] & days["impostor"]) >= 3
