"""mouseenroll as a process, over the protocol that splunkd speaks; and what it stores, scored by mousescore."""

from __future__ import annotations

from typing import Any

import numpy as np

from mousematch import images
from mousematch.templates import COLLECTION, from_document, key
from tests.commands.conftest import Bench
from tests.commands.serving import MODEL, TAG, free_url

FIELDS = ["user", "status", "sessions", "windows", "active_s", "consistency", "template_model", "reason"]
HOSTILE = ['a"b', "$;$x$", "line\nbreak", "Þórður 你好 🐭"]


def session(user: str, name: str, axis: int, windows: int = 4) -> dict[str, Any]:
    pictures = []
    for shade in np.random.default_rng(list((user + name).encode())).permutation(60_000)[:windows]:
        pixels = np.zeros((64, 64, 3), np.uint8)
        pixels[0, 0] = axis, shade % 256, shade // 256
        pictures.append(images.to_base64(images.to_png(pixels, TAG)))
    return {"user": user, "session": name, "image": pictures, "window_active_s": ["10.000"] * windows, "active_s": "40"}


def sessions(user: str, axis: int) -> list[dict[str, Any]]:
    return [session(user, name, axis) for name in ("one", "two")]


def test_getinfo_announces_a_reduce_without_a_map(bench: Bench) -> None:
    with bench.start("mouseenroll") as command:
        announced = command.getinfo().metadata

    assert announced["type"] == "reporting"
    assert "streaming_preop" not in announced
    assert announced["required_fields"] == [
        *("user", "image", "session"),
        *("window_active_s", "window_distance_px", "active_s"),
    ]


def test_each_user_gets_a_row_with_the_last_chunk_and_a_template(bench: Bench) -> None:
    users = ["alice", *HOSTILE]
    rows = [row for user in users for row in sessions(user, 1)] + [session("thin", "one", 0, windows=1)]

    result = bench.run("mouseenroll", chunks=[rows[:3], rows[3:]])

    assert [len(reply.rows) for reply in result.replies] == [0, 0, 0, len(users) + 1]
    assert list(result.rows[0]) == FIELDS
    status = {row["user"]: row["status"] for row in result.rows}
    assert status == {**dict.fromkeys(users, "enrolled"), "thin": "refused"}
    stored = bench.collection.find(key(user, f"{MODEL}/1") for user in [*users, "thin"])
    assert {from_document(document).user for document in stored.values()} == set(users)
    assert {document["enrolled_by"] for document in stored.values()} == {"admin"}


def test_who_was_enrolled_can_be_scored(bench: Bench) -> None:
    bench.run("mouseenroll", chunks=[sessions("alice", 0) + sessions("bob", 1)])

    probes = [session("alice", "three", 0), session("bob", "three", 0), session("carol", "three", 0)]
    result = bench.run("mousescore", chunks=[probes])

    assert [row["match_verdict"] for row in result.rows] == ["match", "mismatch", "not_enrolled"]


def test_options_set_the_mode_and_the_requirements(bench: Bench) -> None:
    first = bench.run("mouseenroll", "min_windows=8", chunks=[sessions("alice", 0)])
    kept = bench.run("mouseenroll", "mode=keep", chunks=[sessions("alice", 1)])
    refused = bench.run("mouseenroll", "mode=update", "min_sessions=3", chunks=[sessions("alice", 0)])

    assert [run.rows[0]["status"] for run in (first, kept, refused)] == ["enrolled", "kept", "refused"]
    assert "min_sessions" in refused.rows[0]["reason"]


def test_no_rows_are_no_results_and_no_error(bench: Bench) -> None:
    result = bench.run("mouseenroll", chunks=[])

    assert result.rows == [] and result.error is None and result.exit_code == 0


def test_a_search_that_cannot_store_fails_and_names_the_users(bench: Bench) -> None:
    dead = {"splunkd_uri": free_url(), "session_key": "k"}

    result = bench.run("mouseenroll", chunks=[sessions("alice", 0)], searchinfo=dead)

    assert result.error is not None and f"collection {COLLECTION} cannot be reached" in result.error
    assert result.rows == [] and result.exit_code == 1 and result.stderr == ""


def test_a_search_without_scorer_fails_and_stores_nothing(bench: Bench) -> None:
    result = bench.run("mouseenroll", f"scorer={free_url()}", chunks=[sessions("alice", 0)])

    assert result.error is not None and "Nobody was enrolled: No scorer answers" in result.error
    assert bench.collection.query({}, limit=9) == []


def test_a_full_disk_under_the_store_fails_the_search_and_loses_no_template(bench: Bench) -> None:
    bench.run("mouseenroll", chunks=[sessions("alice", 0)])
    database = bench.head.store._db
    (before,) = database.execute("PRAGMA max_page_count").fetchone()
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    database.execute(f"PRAGMA max_page_count = {pages}")
    many = [row for number in range(40) for row in sessions(f"user{number}", 1)]
    try:
        result = bench.run("mouseenroll", chunks=[many])
    finally:
        database.execute(f"PRAGMA max_page_count = {before}")

    assert (
        result.error is not None and "40 of 40 templates were not stored" in result.error and '"user0"' in result.error
    )
    assert [document["user"] for document in bench.collection.query({}, limit=99)] == ["alice"]
