"""The macro mousematch_guard: which sessions the nightly enrollment leaves out, from reviews and from bots' movement."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.site import site

SESSIONS = '| makeresults count=3 | streamstats count AS n | eval session="s".n, start=now()-86400*(5+n), end=start+60'
GUARD = " | `mousematch_guard` | table session held_back"


@pytest.mark.parametrize(("until", "held"), [("now()", True), ("now()-30*86400", False), ("null()", True)])
def test_a_password_reset_holds_everything_before_it(tmp_path: Path, until: str, held: bool) -> None:
    reset = (
        f'| makeresults | eval user="amara", session="*", until={until} | `mousematch_review("hold", "password reset")`'
    )
    with site(tmp_path) as running:
        running.scored_before()
        running.search(reset)

        rows = running.search(SESSIONS + ', user="amara"' + GUARD)
        others = running.search(SESSIONS + ', user="bruno"' + GUARD)

    expected = "a review holds the user's sessions: password reset" if held else None
    assert [row.get("held_back") for row in rows] == [expected] * 3
    assert [row.get("held_back") for row in others] == [None] * 3


def test_a_later_review_replaces_an_earlier_one(tmp_path: Path) -> None:
    one = '| makeresults | eval user="amara", session="s1" | `mousematch_review'
    with site(tmp_path) as running:
        running.search(one + '("hold", "reported")`')
        running.search(one + '("release", "a misunderstanding")`')

        (review,) = running.search("| inputlookup mousematch_reviews")

    assert (review["decision"], review["reason"]) == ("release", "a misunderstanding")


def test_movement_that_no_human_made_is_held_back(tmp_path: Path) -> None:
    with site(tmp_path, macros="") as running:
        running.scored_before()
        sessions = SESSIONS.replace("count=3", "count=4") + ', user="amara", match_bot=if(n=1, 0.95, 0.2)'
        rows = running.search(sessions + GUARD)

    assert [row.get("held_back") for row in rows] == ["no human may have moved the mouse (match_bot)", None, None, None]


def test_rows_without_a_user_are_held_back(tmp_path: Path) -> None:
    with site(tmp_path) as running:
        rows = running.search(SESSIONS + GUARD)

    assert [row.get("held_back") for row in rows] == ["the session names no user"] * 3


def test_without_scores_nobody_is_let_in(tmp_path: Path) -> None:
    """Where nothing is scored there are no mismatches and no alerts, and their absence says nothing."""
    with site(tmp_path) as running:
        rows = running.search(SESSIONS + ', user="amara"' + GUARD)

    assert [row["held_back"] for row in rows] == ["nothing was scored at that time: switch the scores on first"] * 3
