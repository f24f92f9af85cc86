"""The demo runs its searches on the embedded search head and reports what they say."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from samples import demo, searches, terminal
from samples.report import results
from samples.report.summary import summarise
from samples.searches import Search, SearchFailed


def screen() -> Console:
    return Console(file=StringIO(), width=120, highlight=False)


def printed(console: Console) -> str:
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_a_search_gives_rows_with_multivalues_as_lists() -> None:
    done = searches.run(
        Search("try", '| makeresults count=2 | eval name="x", list=split("a,b", ",") | table name list')
    )

    assert done.rows == [{"name": "x", "list": ["a", "b"]}] * 2


def test_results_larger_than_a_pipe_arrive_whole() -> None:
    spl = '| makeresults count=1 | eval x="0123456789" ' + "".join("| eval x=x.x.x.x " for _ in range(8)) + "| table x"

    done = searches.run(Search("try", spl))

    assert len(done.rows[0]["x"]) == 10 * 4**8


def test_a_failing_search_says_which_one_and_hands_over_its_messages() -> None:
    heard: list[str] = []

    with pytest.raises(SearchFailed, match="try"):
        searches.run(Search("try", "| makeresults | nosuchcommand"), on_message=heard.append)

    assert any("nosuchcommand" in message for message in heard)


def test_the_demo_enrolls_only_what_is_known_to_be_genuine_and_scores_only_the_rest() -> None:
    enroll, score, draw = demo.plan()

    assert 'purpose="enroll"' in enroll.spl and "mouseenroll" in enroll.spl
    assert 'purpose="test"' in score.spl and "mousescore" in score.spl and "mouseenroll" not in score.spl
    assert 'purpose="test"' in draw.spl


def test_the_demo_can_be_held_to_some_users() -> None:
    assert all('(user="amara" OR user="chen")' in search.spl for search in demo.plan(["amara", "chen"]))


def test_a_missing_score_is_a_dash_with_its_reason_and_no_number() -> None:
    console = screen()
    row = {"session": "a-1", "user": "amara", "truth": "genuine", "match_verdict": "not_enrolled"}
    sessions = results.read([{**row, "match_error": 'No template for user "amara"; run mouseenroll first.'}], [])

    terminal.sessions_table(console, sessions)
    terminal.summary(console, summarise(sessions))

    assert "–" in printed(console) and "0.000" not in printed(console)
    assert 'a-1: No template for user "amara"; run mouseenroll first.' in printed(console)
    assert "no scores of both kinds" in printed(console)


def test_names_with_brackets_are_printed_as_they_are() -> None:
    console = screen()

    terminal.message(console, "WARN [mouseencode] [/red] dropped 3 points")

    assert "WARN [mouseencode] [/red] dropped 3 points" in printed(console)


@pytest.mark.skipif(not list(searches.ROOT.glob("models/base/*/model.tflite")), reason="make export has not run")
def test_the_demo_enrolls_scores_and_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole path for one user, with the model that ships; the templates stay for the next search."""
    report, state = tmp_path / "out" / "report.html", tmp_path / "state"
    (state / "local").mkdir(parents=True)
    (state / "local" / "mousematch.conf").write_text(
        "[scorer]\nidle_s = 20\n"
    )  # no process outlives the tests for long

    code = demo.main(["--users", "amara", "--state", str(state), "--report", str(report)])
    next_search = searches.run(
        Search(
            "next",
            '| inputlookup mousematch_sample.csv where purpose="test" AND user="amara" | mouseencode by truth | mousescore'
            " | stats count, avg(match_llr) as llr by truth",
        ),
        options=["--state", str(state)],
    )

    output = capsys.readouterr().out
    assert code == 0, output
    assert "amara-05" in output and "AUC" in output and str(report) in output
    assert report.read_text(encoding="utf-8").count("<article") == 7
    llrs = {row["truth"]: (row["count"], float(str(row["llr"]))) for row in next_search.rows}
    assert llrs["genuine"][0] == "3" and llrs["impostor"][0] == "4"
    assert llrs["genuine"][1] > llrs["impostor"][1]
