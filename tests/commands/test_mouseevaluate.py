"""mouseevaluate over the real protocol, as processes."""

from __future__ import annotations

import random
import sys

import pytest

from tests.commands.interpreters import EVERY_PYTHON
from tests.commands.protocol import CommandProcess, run

PEOPLE = ("ada", "ben", "cy", "dee", "eve")


def scored(sessions=4, *, shift=0.0, seed=1, **fields):
    """Every session of everybody against everybody, as mousescore gives them: genuine LLRs around 2, others around -2."""
    chance = random.Random(seed)
    rows = []
    for actual in PEOPLE:
        for number in range(sessions):
            for claimed in PEOPLE:
                llr = chance.gauss(2 if claimed == actual else -2, 1.5) + shift
                rows.append(
                    {
                        "user": claimed,
                        "actual": actual,
                        "session": f"{actual}-{number}",
                        "match_llr": f"{llr:.4f}",
                        "match_verdict": "match" if llr >= 0 else "mismatch",
                        "match_far": "0.1",
                        "match_frr": "0.2",
                        **fields,
                    }
                )
    return rows


def evaluated(*args, rows, **more):
    return run("mouseevaluate", "draws=50", *args, chunks=[rows[:7], rows[7:]], **more)


@pytest.mark.parametrize("python", EVERY_PYTHON)
def test_a_summary_has_counts_rates_intervals_and_calibration(python):
    result = evaluated("truth=actual", rows=scored(), python=python)

    (row,) = result.rows
    assert (row["score"], row["trials"], row["genuine"], row["impostor"]) == ("match_llr", "100", "20", "80")
    assert (row["people"], row["left_out"], row["reason"]) == ("5", "0", "")
    assert 0.9 < float(row["auc_low"]) <= float(row["auc"]) <= float(row["auc_high"]) <= 1
    assert float(row["eer_low"]) <= float(row["eer"]) <= float(row["eer_high"])
    assert 0 < float(row["cllr"]) < 0.6 and 0 < float(row["brier"]) < 0.2 and 0 <= float(row["ece"]) < 0.3
    accepts = sum(float(each["match_llr"]) >= 0 for each in scored() if each["user"] != each["actual"])
    assert row["false_accepts"] == str(accepts) and float(row["far"]) == pytest.approx(accepts / 80)
    assert (row["promised_far"], row["promised_frr"], row["prior"]) == ("0.1", "0.2", "0.5")
    assert float(row["frr_at_far_10pct"]) <= float(row["frr_at_far_1pct"] or 1)
    assert row["frr_at_far_0_1pct"] == ""
    assert (result.messages, result.exit_code, result.stderr) == ([], 0, "")


def test_labels_are_a_truth_too_and_say_that_impostors_have_no_name():
    labelled = [{**row, "label": "1" if row["user"] == row["actual"] else "0"} for row in scored()]
    words = [{**row, "label": "Genuine" if row["label"] == "1" else "impostor"} for row in labelled]

    named, numbers, spoken = (
        evaluated(truth, rows=rows)
        for truth, rows in (("truth=actual", labelled), ("truth=label", labelled), ("truth=label", words))
    )

    for result in (numbers, spoken):
        assert [result.rows[0][name] for name in ("auc", "eer", "genuine", "far")] == [
            named.rows[0][name] for name in ("auc", "eer", "genuine", "far")
        ]
        ((level, text),) = result.messages
        assert level == "WARN" and "only claimed owners are drawn" in text
    assert named.messages == []


def test_users_called_0_and_1_are_no_labels_if_that_is_said():
    rows = [{"user": user, "truth": truth, "match_llr": str(llr)} for user, truth, llr in
            (("0", "0", 2), ("1", "1", 1), ("0", "1", -1), ("1", "0", -2))]  # fmt: skip

    assert evaluated("truth_is=user", rows=rows).rows[0]["genuine"] == "2"
    assert evaluated("truth_is=user", rows=rows).rows[0]["auc"] == "1"
    assert evaluated(rows=rows).rows[0]["auc"] == "0.5"


def test_rows_without_a_score_or_truth_are_counted_never_dropped():
    bad = [
        {"user": "zoe", "actual": "zoe", "match_verdict": "not_enrolled", "match_error": "No template"},
        {"user": "zoe", "actual": "ada", "match_verdict": "not_enrolled"},
        {"user": "ada", "actual": "ada", "match_verdict": "insufficient"},
        {"user": "ada", "actual": "ben", "match_error": "The scorer is gone."},
        {"user": "ada", "actual": "ben"},
        {"user": "ada", "actual": "ben", "match_llr": "high"},
        {"user": "ada", "match_llr": "1.0"},
        {"user": ["ada", "ben"], "actual": "ada", "match_llr": "1.0"},
    ]

    result = evaluated("truth=actual", rows=scored() + bad)

    (row,) = result.rows
    assert (row["trials"], row["left_out"]) == ("100", "8")
    assert row["left_out_why"] == [
        "error=1 (1 impostor)",
        "insufficient=1 (1 genuine)",
        "no_score=1 (1 impostor)",
        "no_truth=1",
        "no_user=1",
        "not_enrolled=2 (1 genuine, 1 impostor)",
        "unreadable_score=1 (1 impostor)",
    ]
    ((level, text),) = result.messages
    assert level == "WARN" and text.startswith("mouseevaluate left out 8 of 108 rows (not_enrolled 2, ")


def test_groups_have_results_of_their_own_and_one_without_impostors_says_so():
    rows = scored(neutralised="both", shift=0.2, seed=2) + scored(neutralised="")
    rows += [row for row in scored(neutralised="frame") if row["user"] == row["actual"]]

    result = evaluated("truth=actual", "by", "neutralised", rows=rows)

    assert [(row["neutralised"], row["trials"]) for row in result.rows] == [
        ("", "100"),
        ("both", "100"),
        ("frame", "20"),
    ]
    assert result.rows[0]["auc"] == evaluated("truth=actual", rows=scored()).rows[0]["auc"] != result.rows[1]["auc"]
    assert (result.rows[2]["auc"], result.rows[2]["far"]) == ("", "")
    assert "no impostor trial among 20" in result.rows[2]["reason"]


def test_chunks_and_order_do_not_matter():
    rows = scored()
    shuffled = random.Random(4).sample(rows, len(rows))

    one = evaluated("truth=actual", rows=rows).rows[0]
    other = evaluated("truth=actual", rows=shuffled).rows[0]

    # Which person has which number changes which draws there are.
    same = set(one) - {name for name in one if name.endswith(("_low", "_high"))}
    assert {name: one[name] for name in same} == {name: other[name] for name in same}


@pytest.mark.parametrize("show", ["roc", "det"])
def test_curves_are_points_from_one_end_to_the_other(show):
    rows = evaluated("truth=actual", f"show={show}", "points=30", rows=scored()).rows

    far, frr = ([float(row[name]) for row in rows] for name in ("far", "frr"))
    assert far == sorted(far, reverse=True) and frr == sorted(frr) and 5 < len(rows) <= 32
    if show == "roc":
        assert (far[0], frr[0], far[-1], frr[-1], rows[-1]["threshold"]) == (1, 0, 0, 1, "")
    else:
        assert far[-1] > 0 and far[0] < 1
        for row in rows:
            assert (float(row["far_deviate"]) > 0) == (float(row["far"]) > 0.5)


def test_calibration_and_histograms_hold_every_trial():
    bins = evaluated("truth=actual", "show=calibration", rows=scored()).rows
    histogram = evaluated("truth=actual", "show=scores", "bins=12", rows=scored()).rows

    assert sum(int(row["trials"]) for row in bins) == 100
    assert sum(float(row["weight"]) for row in bins) == pytest.approx(1, abs=1e-4)
    assert all(float(row["bin_low"]) <= float(row["stated"]) <= float(row["bin_high"]) for row in bins)
    assert len(histogram) == 12
    assert [sum(int(row[kind]) for row in histogram) for kind in ("genuine", "impostor")] == [20, 80]


def test_a_threshold_replaces_the_verdicts():
    rows = [{**row, "match_score": "0.9" if row["match_verdict"] == "match" else "0.4"} for row in scored()]

    everybody = evaluated("truth=actual", "threshold=0.3", rows=rows).rows[0]
    own_scale = evaluated("truth=actual", "score=match_score", "threshold=0.95", rows=rows).rows[0]

    assert (everybody["far"], everybody["frr"]) == ("1", "0")
    assert (own_scale["far"], own_scale["frr"], own_scale["score"]) == ("0", "1", "match_score")


def test_match_score_is_evaluated_where_there_is_no_llr():
    rows = [{"user": row["user"], "truth": row["actual"], "match_score": "0.8" if row["match_verdict"] == "match" else "0.1",
             "match_threshold": "0.5"} for row in scored()]  # fmt: skip

    (row,) = evaluated(rows=rows).rows

    assert row["score"] == "match_score" and float(row["brier"]) < 0.25
    assert int(row["false_accepts"]) > 0 and row["undecided"] == "0"


def test_repeated_rows_are_warned_of():
    rows = scored()

    result = evaluated("truth=actual", rows=rows + rows[:3])

    assert [text for _, text in result.messages if "3 rows repeat" in text]


def enrollment(name="{person}-enrolled-{number}", hashes=()):
    return [
        {"user": person, "session": name.format(person=person, number=number), "enrolled": "1", "path_hash": list(hashes)}
        for person in PEOPLE for number in range(2)
    ]  # fmt: skip


def test_sessions_that_were_enrolled_too_are_found_by_name():
    clean = evaluated("truth=actual", "enrolled=enrolled", rows=scored() + enrollment())
    shared = evaluated("truth=actual", "enrolled=enrolled", rows=scored() + enrollment("{person}-{number}"))

    assert (clean.rows[0]["enrolled_too"], clean.rows[0]["trials"], clean.messages) == ("0", "100", [])
    # Two of four sessions of each of five people, each against five.
    assert shared.rows[0]["enrolled_too"] == "50"
    assert "50 trials are of sessions that were enrolled too" in shared.messages[0][1]
    assert evaluated("truth=actual", rows=scored()).rows[0]["enrolled_too"] == ""


def test_sessions_that_were_enrolled_too_are_found_by_their_movement():
    rows = [{**row, "path_hash": ["aaa", "bbb", "ccc"] if row["session"] == "ada-0" else ["aaa"]} for row in scored()]

    result = evaluated("truth=actual", "enrolled=enrolled", rows=enrollment(hashes=["ccc", "aaa", "zzz"]) + rows)

    assert result.rows[0]["enrolled_too"] == "5"


def test_equal_names_of_different_people_are_different_sessions():
    rows = [{**row, "session": "session_1min"} for row in scored() if row["actual"] != "ada"]
    enrolled = [row for row in enrollment("session_1min") if row["user"] == "ada"]

    assert evaluated("truth=actual", "enrolled=enrolled", rows=rows + enrolled).rows[0]["enrolled_too"] == "0"


@pytest.mark.parametrize(
    ("args", "rows", "words"),
    [
        ([], scored(), ('"truth"', "truth=<field>")),
        (["truth=user"], scored(), ("genuine", "impostors")),
        (["truth=session"], scored(), ('the user "ada"', 'truth "ada-0"', "own name")),
        (["truth=actual", "score=similarity"], scored(), ('"similarity"', "no_score 100", "score=<field>")),
        (["truth=actual", "truth_is=label"], scored(), ('"ada"', "1 and 0")),
        (["truth=actual", "enrolled=was_enrolled"], scored(), ('"was_enrolled"', "append")),
        (["show=pie"], [], ('show="pie"', "summary", "roc")),
        (["prior=1"], [], ('prior="1"', "trials")),
        (["target_far=0.1,much"], [], ('target_far="much"',)),
        (["draws=2.5"], [], ('draws="2.5"', "whole")),
        (["threshold=high"], [], ('threshold="high"', "number")),
        (["truth="], [], ("truth is empty",)),
        (["neutralised"], [], ('"neutralised"', "by neutralised")),
    ],
)
def test_what_cannot_be_evaluated_is_an_error_with_its_remedy(args, rows, words):
    result = run("mouseevaluate", *args, chunks=[rows])

    assert all(word in (result.error or "") for word in words), result.error
    assert (result.rows, result.exit_code, result.stderr) == ([], 1, "")


def test_no_rows_give_no_rows_and_no_error():
    result = run("mouseevaluate", chunks=[[]])

    assert (result.rows, result.messages, result.error, result.exit_code) == ([], [], None, 0)


def test_only_the_fields_that_are_read_are_asked_for_and_numpy_stays_unloaded():
    with CommandProcess(
        "mouseevaluate", "truth=actual", "by", "page", python=[sys.executable, "-X", "importtime"]
    ) as command:
        announced = command.getinfo().metadata
        command.close()
        loaded = command.stderr()

    assert announced["type"] == "reporting" and "image" not in announced["required_fields"]
    assert announced["required_fields"][:4] == ["user", "actual", "session", "page"]
    assert "splunklib" in loaded and "numpy" not in loaded
