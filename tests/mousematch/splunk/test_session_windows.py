"""The windows of a row: each image once, with the seconds that the row tells of it."""

from __future__ import annotations

from typing import Any

import pytest

from mousematch.splunk.session_windows import session_windows
from tests.mousematch.splunk.axes import rows


def windows(**row: Any) -> Any:
    (found,) = session_windows(rows({"image": ["a", "b", "a"], **row}), "image")
    return found


def test_an_image_has_the_place_and_the_seconds_of_its_first_window() -> None:
    found = windows(window_active_s=["1", "2", "4"])

    assert (found.images, found.numbers, found.seconds, found.count) == (("a", "b"), (1, 2), (1.0, 2.0), 3)


def test_seconds_of_the_session_are_shared_by_its_windows_copies_included() -> None:
    assert windows(active_s="12").evidence_s({"a", "b"}) == 8.0


def test_only_what_was_scored_is_evidence() -> None:
    found = windows(window_active_s=["1", "2", "4"])

    assert found.evidence_s({"b"}) == 2.0
    assert found.evidence_s(set()) == 0.0


@pytest.mark.parametrize("text", ["", "nan", "-1", "inf", "soon"])
def test_seconds_that_are_no_amount_leave_the_evidence_unknown_where_they_count(text: str) -> None:
    found = windows(window_active_s=["1", text or "?", "4"])

    assert found.evidence_s({"a", "b"}) is None
    assert found.evidence_s({"a"}) == 1.0


def test_a_problem_names_its_windows_as_the_row_numbers_them() -> None:
    assert windows(image=["a", "a", "b"]).problems({"b": "It is cut."}) == [
        "Window 3 of 3: It is cut.",
        "1 of 3 windows repeat another one and count once.",
    ]


def test_a_window_with_next_to_no_movement_is_no_evidence_even_if_it_could_be_scored() -> None:
    found = windows(image=["a", "b", "c"], window_active_s=["1", "2", "4"], window_distance_px=["900.0", "49.9", "0.0"])

    assert (found.images, found.still, found.copies) == (("a",), (2, 3), 0)
    assert found.evidence_s({"a", "b", "c"}) == 1.0
    assert found.problems({}) == ["2 of 3 windows hold next to no movement (less than 50 px) and do not count."]
    assert found.problems({"a": "It is cut."})[0] == "Window 1 of 3: It is cut."


@pytest.mark.parametrize("paths", [[], ["900"], ["far", "nan", "-3"]])
def test_a_window_of_unknown_path_counts(paths: list[str]) -> None:
    found = windows(image=["a", "b", "c"], window_distance_px=paths)

    assert found.images == ("a", "b", "c") and found.still == ()


def test_rows_with_the_same_windows_share_them_and_others_do_not() -> None:
    row = {"image": ["a", "b"], "window_active_s": ["1", "2"]}

    first, same, other = session_windows(rows(row, row, {**row, "window_active_s": ["1", "3"]}), "image")

    assert first is same
    assert other.seconds == (1.0, 3.0)


def test_a_row_without_image_has_no_windows() -> None:
    (found,) = session_windows(rows({"user": "alice", "active_s": "9"}), "image")

    assert (found.images, found.count, found.problems({})) == ((), 0, [])
