"""The pieces of a measurement's searches do what they say, on the embedded search head."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.accuracy import pipelines
from benchmarks.accuracy.pipelines import AS_IS, Encode, Neutralised
from benchmarks.accuracy.recordings import ENROLL, TEST, Recording
from samples import searches
from samples.searches import Search

ONE = Recording("sapimouse", "user1", "user1/session_3min", ENROLL, Path("x"))
TWO = Recording("balabit", "user7", "user7/session_2", TEST, Path("y"), genuine=False)


def rows(spl: str) -> list[dict]:
    return searches.run(Search("test", spl)).rows


def windows(**sessions: int) -> str:
    """Rows of so many windows of each session."""
    parts = [
        f'makeresults count={count} | streamstats count as window | eval session="{session}", user="u", image=window,'
        ' window_active_s="1.5", window_distance_px="90" | fields - _time'
        for session, count in sessions.items()
    ]
    return "| " + parts[0] + "".join(f" | append [| {part}]" for part in parts[1:])


def test_windows_are_taken_from_all_over_a_session_and_short_ones_stay_whole():
    found = rows(f"{windows(long=90, short=10)}\n{pipelines.spread(20, 'session')}\n| table session window")

    taken = {name: [int(row["window"]) for row in found if row["session"] == name] for name in ("long", "short")}
    assert len(taken["long"]) == 20 and {b - a for a, b in zip(taken["long"], taken["long"][1:])} == {4, 5}
    assert taken["short"] == list(range(1, 11))


def test_consecutive_windows_of_one_session_are_fused_and_the_rest_is_left_out():
    found = rows(f"{windows(a=12, b=5, c=4)}\n{pipelines.fused(5)}\n| sort session piece")

    assert [(row["session"], row["piece"]) for row in found] == [("a", "0"), ("a", "1"), ("b", "0")]
    assert found[1]["image"] == ["6", "7", "8", "9", "10"] and found[1]["window_active_s"] == ["1.5"] * 5


def test_everybody_claims_to_be_everybody():
    found = rows(f'| makeresults | eval user="ben"\n{pipelines.against(["ada", "ben"])}\n| table user actual genuine')

    assert found == [
        {"user": "ada", "actual": "ben", "genuine": "0"},
        {"user": "ben", "actual": "ben", "genuine": "1"},
    ]


@pytest.mark.parametrize(("window", "kept"), [("128p", ["128"]), ("4.50s", ["127", "128"])])
def test_only_full_windows_are_pieces(window: str, kept: list[str]):
    pieces = '| makeresults count=3 | streamstats count as n | eval points=125+n, active_s=split("3.9,4.1,4.4", ",")'
    pieces += " | eval active_s=mvindex(active_s, n-1)"

    assert [row["points"] for row in rows(f"{pieces}\n{pipelines.full(window)}\n| table points")] == kept


def test_raw_files_are_read_with_their_account_session_and_label():
    assert pipelines.read([ONE]).count("inputlookup") == 1 and "genuine" not in pipelines.read([ONE])
    assert '[| inputlookup balabit.test.user7.session_2.csv | eval user="user7"' in pipelines.read([ONE, TWO])
    assert ", genuine=0]" in pipelines.read([ONE, TWO])


def test_movement_is_neutralised_by_mouseencode_alone():
    both = Encode("motion", "ms", Neutralised("both", "both", 25.0)).rows([ONE], window="128p", each="window")

    assert both.endswith(
        "| mouseencode encoding=motion timeunit=ms neutralise=both clock_ms=25 window=128p rows=window"
    )
    assert Encode("motion", "ms", AS_IS).rows([ONE]).endswith("| mouseencode encoding=motion timeunit=ms")
    assert Encode("motion", "s").rows([TWO]).endswith("by genuine")


def test_every_kind_of_neutralised_movement_is_there():
    assert [(each.what, each.clock_ms) for each in pipelines.neutralisations(25.0)] == [
        ("", None),
        ("frame", None),
        ("timer", 25.0),
        ("both", 25.0),
    ]
