"""Rows of genuine sessions become templates in the store; each user gets a row that says what happened."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mousematch import images
from mousematch.errors import ScorerUnavailable, StoreError
from mousematch.settings import EnrollmentSettings
from mousematch.splunk.embedder import Embedder
from mousematch.splunk.enrolling import Enrollments
from mousematch.splunk.messages import Messages
from mousematch.splunk.templatestore import TemplateStore
from mousematch.templates import from_document, key
from tests.mousematch.splunk.axes import BACKEND, TAG, AxisScorer, D, Said, Shelf, picture, rows, template

REQUIREMENTS = {"min_windows": 4, "min_sessions": 2, "min_active_s": 20.0, "min_consistency": 0.0}


class Bench:
    """An enrollment with its scorer, its store and what it said."""

    def __init__(self, shelf: Shelf | None = None, **requirements: Any) -> None:
        self.scorer, self.shelf, self.said = AxisScorer(), shelf or Shelf(), Said()
        messages = Messages(self.said)  # type: ignore[arg-type]
        self.enrollments = Enrollments(
            model="base/1",
            encoding=TAG,
            backend=BACKEND,
            embedder=Embedder(lambda: self.scorer, encoding=TAG, dimensions=D, lost=messages.error),
            store=TemplateStore(self.shelf, "base/1"),  # type: ignore[arg-type]
            requirements=EnrollmentSettings(**{**REQUIREMENTS, **requirements}),
            messages=messages,
        )

    def enroll(self, *given: dict[str, Any]) -> dict[str, dict[str, str]]:
        """User → result row, of rows that come one block each."""
        for row in given:
            self.enrollments.add(rows(row))
        report = self.enrollments.finish(now=1_763_822_400.0, by="admin")
        return {report["user"][row]: {name: report[name][row] for name in report} for row in range(report.rows)}


def session(user: str, name: str, axis: int, windows: int = 4, seconds: float = 5.0) -> dict[str, Any]:
    pictures = [picture(axis, shade) for shade in np.random.default_rng(list(name.encode())).permutation(250)[:windows]]
    times = [f"{seconds:.3f}"] * windows
    return {"user": user, "session": name, "image": pictures, "window_active_s": times, "active_s": "99"}


def textured(seed: int, jitter: float = 0.0) -> str:
    noise = np.random.default_rng(seed).uniform(0, 255, (16, 16, 3)).repeat(4, axis=0).repeat(4, axis=1)
    noise += np.random.default_rng(99).normal(0, jitter or 1e-9, noise.shape)
    pixels = np.clip(noise, 0, 255).astype(np.uint8)
    pixels[0, 0] = 0, 0, 255
    return images.to_base64(images.to_png(pixels, TAG))


def test_each_user_gets_a_template_and_a_row() -> None:
    bench = Bench()

    result = bench.enroll(
        *(session(user, f"{user}{n}", axis) for axis, user in enumerate(("alice", "bob")) for n in (1, 2))
    )

    assert {row["status"] for row in result.values()} == {"enrolled"}
    alice = result["alice"]
    assert (alice["sessions"], alice["windows"], alice["active_s"]) == ("2", "8", "40.000")
    assert float(alice["consistency"]) > 0
    assert alice["template_model"] == "base/1" and alice["reason"] == ""
    stored = from_document(bench.shelf.documents[key("alice", "base/1")])
    np.testing.assert_allclose(stored.embedding, [1, 0, 0, 0], atol=1e-6)
    assert (stored.windows, stored.sessions, stored.active_s, stored.encoding) == (8, 2, 40.0, TAG)
    assert (stored.enrolled_by, stored.enrolled_at) == ("admin", 1_763_822_400.0)


def test_refused_users_are_not_stored_and_do_not_hinder_others() -> None:
    bench = Bench()

    result = bench.enroll(
        session("thin", "t1", 0, windows=1),
        *(session("mixed", f"m{axis}", axis) for axis in (0, 1, 2)),
        *(session("alice", f"a{n}", 3) for n in (1, 2)),
    )

    assert {user: row["status"] for user, row in result.items()} == {
        "thin": "refused",
        "mixed": "refused",
        "alice": "enrolled",
    }
    assert "min_windows" in result["thin"]["reason"]
    assert "contradict" in result["mixed"]["reason"]
    assert set(bench.shelf.documents) == {key("alice", "base/1")}


def test_one_session_row_per_window_is_the_same_material() -> None:
    whole = [session("alice", name, 0) for name in ("a", "b")]
    single = [{**row, "image": [image], "window_active_s": ["5.000"]} for row in whole for image in row["image"]]

    assert Bench().enroll(*single) == Bench().enroll(*whole)


def test_windows_in_which_nothing_moves_are_no_material() -> None:
    still = {**session("alice", "a", 1), "window_distance_px": ["0.0", "12.0", "49.0", "3.0"]}
    blank = images.to_base64(images.to_png(np.zeros((64, 64, 3), np.uint8), TAG))
    bench = Bench()

    result = bench.enroll(
        still,
        {**session("alice", "b", 1), "image": [blank], "window_active_s": ["5.000"]},
        *(session("alice", name, 0) for name in ("c", "d")),
    )

    assert (result["alice"]["status"], result["alice"]["sessions"], result["alice"]["windows"]) == ("enrolled", "2", "8")
    assert "4 left out: less than 50 px" in result["alice"]["reason"] and "1 left out: The image is blank" in (
        result["alice"]["reason"]
    )
    assert len(bench.scorer.requests) == 2, "neither was sent to be embedded"


def test_a_row_that_comes_twice_is_no_further_evidence() -> None:
    row = session("alice", "a", 0, windows=3)

    result = Bench(min_sessions=1).enroll(row, row, row)

    assert result["alice"]["windows"] == "3" and result["alice"]["status"] == "refused"


def test_without_session_names_each_row_is_a_session() -> None:
    given = [{**session("alice", name, 0), "session": ""} for name in ("a", "b")]

    assert Bench().enroll(*given)["alice"]["sessions"] == "2"


def test_replayed_movement_is_refused() -> None:
    original = {**session("alice", "a", 0), "image": [textured(seed) for seed in range(4)]}
    replay = {**session("alice", "b", 0), "image": [textured(seed) for seed in (7, 8, 9)] + [textured(2, jitter=2)]}

    result = Bench().enroll(original, replay)

    assert result["alice"]["status"] == "refused"
    assert 'sessions "a" and "b" share a window' in result["alice"]["reason"]


def test_the_same_images_for_two_users_are_refused_for_both() -> None:
    same = [textured(seed) for seed in range(4)]
    rows_of = {user: {**session(user, "a", 0), "image": same} for user in ("alice", "eve")}

    result = Bench().enroll(*rows_of.values(), session("alice", "b", 0), session("eve", "c", 0))

    assert result["alice"]["status"] == result["eve"]["status"] == "refused"
    assert 'came for "eve" too' in result["alice"]["reason"]
    assert 'came for "alice" too' in result["eve"]["reason"]


def test_windows_that_show_nothing_may_be_the_same_for_everybody() -> None:
    result = Bench().enroll(
        *({**session("same", name, 0), "user": user} for user in ("alice", "eve") for name in ("a", "b"))
    )

    assert {row["status"] for row in result.values()} == {"enrolled"}


def test_a_lookalike_is_enrolled_with_a_warning() -> None:
    bench = Bench(Shelf(template("twin", 0)))

    result = bench.enroll(session("alice", "a", 0), session("alice", "b", 0), session("alice", "c", 1, windows=1))

    assert result["alice"]["status"] == "enrolled"
    assert 'user "twin" fits these sessions as well' in result["alice"]["reason"]


@pytest.mark.parametrize(
    ("mode", "status", "windows"), [("replace", "enrolled", 8), ("update", "updated", 17), ("keep", "kept", 9)]
)
def test_an_existing_template_is_treated_as_the_mode_says(mode: str, status: str, windows: int) -> None:
    bench = Bench(Shelf(template("alice", 0)), mode=mode)

    result = bench.enroll(session("alice", "a", 0), session("alice", "b", 0))

    assert result["alice"]["status"] == status
    assert bench.shelf.documents[key("alice", "base/1")]["windows"] == windows


def test_a_damaged_template_is_made_anew_in_every_mode() -> None:
    for mode in ("replace", "update", "keep"):
        bench = Bench(Shelf(template("alice", 0)), mode=mode)
        bench.shelf.documents[key("alice", "base/1")]["embedding"] = "?"

        result = bench.enroll(session("alice", "a", 0), session("alice", "b", 0))

        assert result["alice"]["status"] == "enrolled"


def test_images_that_cannot_be_used_are_counted_in_the_reason() -> None:
    broken = session("alice", "b", 0)
    broken["image"] = broken["image"][:3] + ["no base64 ü"]

    result = Bench().enroll(session("alice", "a", 0), broken, {"user": "alice", "session": "c"})

    assert result["alice"]["status"] == "enrolled" and result["alice"]["windows"] == "7"
    assert "1 left out: The image is not base64" in result["alice"]["reason"]
    assert "1 left out: there is no image in the row" in result["alice"]["reason"]


def test_rows_without_one_user_are_reported_and_not_lost() -> None:
    result = Bench().enroll(session("", "a", 0), {**session("", "b", 0), "user": ["x", "y"]})

    assert list(result) == [""]
    assert result[""]["status"] == "refused"
    assert "no values" in result[""]["reason"] and "2 values" in result[""]["reason"]


def test_templates_that_the_store_rejects_are_named() -> None:
    bench = Bench()
    bench.shelf.refuses = {"bob"}

    result = bench.enroll(
        *(session(user, f"{user}{n}", axis) for axis, user in enumerate(("alice", "bob")) for n in "ab")
    )

    assert result["alice"]["status"] == "enrolled"
    assert (result["bob"]["status"], result["bob"]["reason"]) == ("not_stored", "It is full.")
    assert bench.said.lines == [("error", '1 of 2 templates were not stored ("bob"): It is full.')]


def test_a_store_that_takes_nothing_fails_the_search() -> None:
    bench = Bench()
    bench.shelf.refuses = {"alice"}

    with pytest.raises(StoreError, match=r'1 of 1 templates were not stored \("alice"\)'):
        bench.enroll(session("alice", "a", 0), session("alice", "b", 0))


def test_a_scorer_that_stays_away_fails_the_search_and_stores_nothing() -> None:
    bench = Bench()
    bench.scorer.fails = [ScorerUnavailable("It is gone.")] * 2

    with pytest.raises(ScorerUnavailable, match="Nobody was enrolled: It is gone"):
        bench.enroll(session("alice", "a", 0), session("alice", "b", 0))
    assert bench.shelf.documents == {}
