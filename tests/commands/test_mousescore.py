"""mousescore as a process, over the protocol that splunkd speaks."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from mousematch import images
from mousematch.kinematics import kinematics, to_text
from mousematch.policy import held_out
from mousematch.registry import ERRORS
from mousematch.splunk.service import connect
from mousematch.templates import Template
from samples.bots import bot
from tests.commands.conftest import Bench
from tests.commands.protocol import CommandProcess
from tests.commands.serving import MODEL, TAG, D, free_url

FIELDS = [
    "match_score",
    "match_llr",
    "window_llr",
    "match_verdict",
    "match_evidence_s",
    "match_threshold",
    "match_far",
    "match_frr",
    "match_policy",
    "match_model",
    "match_error",
    "match_bot",
]
HOSTILE = ['a"b', "$;$x$", "line\nbreak", "Þórður 你好 🐭", "a,b;c", "\\"]


def picture(axis: int, shade: int = 0, tag: str = TAG) -> str:
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[0, 0] = axis, shade, 255
    return images.to_base64(images.to_png(pixels, tag))


def template(user: str, axis: int) -> Template:
    return Template(user, f"{MODEL}/1", TAG, np.eye(D, dtype=np.float32)[axis], 9, 2, 60.0, 1.0, 0.0, "admin")


def session(user: str, *pictures: str, index: int = 0, **more: Any) -> dict[str, Any]:
    windows = list(pictures)
    return {
        "_chunked_idx": str(index),
        "user": user,
        "image": windows,
        "window_active_s": ["10.000"] * len(windows),
        **more,
    }


def test_getinfo_keeps_the_command_on_the_search_head_and_asks_for_few_fields(bench: Bench) -> None:
    with bench.start("mousescore") as command:
        announced = command.getinfo().metadata

    assert announced["type"] == "stateful"
    assert announced["required_fields"] == [
        "user",
        "image",
        "window_active_s",
        "window_distance_px",
        "active_s",
        "kinematics",
    ]
    assert "generating" not in announced or not announced["generating"]


def test_scores_come_with_all_fields_and_the_row_numbers(bench: Bench) -> None:
    bench.enroll(template("alice", 0))

    result = bench.run(
        "mousescore", chunks=[[session("alice", picture(0), index=7), session("alice", picture(1), index=9)]]
    )

    own, foreign = result.rows
    assert result.error is None and result.messages == [] and result.stderr == ""
    assert [row["_chunked_idx"] for row in result.rows] == ["7", "9"]
    assert set(FIELDS) <= set(own)
    assert (own["match_verdict"], foreign["match_verdict"]) == ("match", "mismatch")
    assert float(own["match_score"]) > 0.5 > float(foreign["match_score"])
    assert own["match_model"] == "axes/1" and own["match_evidence_s"] == "10.000"


def test_the_fields_are_there_in_every_chunk_also_without_any_score(bench: Bench) -> None:
    result = bench.run("mousescore", chunks=[[session("nobody")], [session("nobody", picture(0))]])

    assert all(set(FIELDS) <= set(row) for row in result.rows)
    assert [row["match_verdict"] for row in result.rows] == ["insufficient", "not_enrolled"]


def test_header_only_chunks_and_changing_columns_pass(bench: Bench) -> None:
    bench.enroll(template("alice", 0))
    with bench.start("mousescore") as command:
        command.getinfo()
        empty = command.execute(b"user,image\n")
        first = command.execute([session("alice", picture(0))])
        again = command.execute(b"")
        second = command.execute([{"other": "1"}], finished=False)
        last = command.execute(b"", finished=True)

    assert (empty.rows, again.rows, last.rows) == ([], [], [])
    assert first.rows[0]["match_verdict"] == "match"
    assert second.rows[0]["other"] == "1" and "no image" in second.rows[0]["match_error"]
    assert last.metadata["finished"] is True


def test_users_of_any_name_are_scored(bench: Bench) -> None:
    bench.enroll(*(template(user, 2) for user in HOSTILE))

    rows = bench.run("mousescore", chunks=[[session(user, picture(2)) for user in HOSTILE]]).rows

    assert [row["user"] for row in rows] == HOSTILE
    assert [row["match_verdict"] for row in rows] == ["match"] * len(HOSTILE)


def test_bad_rows_between_good_ones_have_a_reason_and_nothing_is_lost(bench: Bench) -> None:
    bench.enroll(template("alice", 0))
    bomb = bytearray(images.from_base64(picture(0)))
    bomb[16:24] = (50_000).to_bytes(4, "big") * 2
    bad = [
        session("alice", "no image at all"),
        session("alice", images.to_base64(b"\x89PNG\r\n\x1a\n" + b"\0" * 40)),
        session("alice", images.to_base64(bytes(bomb))),
        session("alice", picture(0, tag="path/1/64")),
        session("alice"),
        session("", picture(0)),
        session("carol", picture(0)),
    ]
    rows = [session("alice", picture(0)), *bad, session("alice", picture(0), "broken")]

    result = bench.run("mousescore", chunks=[rows])

    assert [row["user"] for row in result.rows] == [row["user"] for row in rows]
    assert [bool(row["match_error"]) for row in result.rows] == [False] + [True] * len(bad) + [True]
    assert [bool(row["match_score"]) for row in result.rows] == [True] + [False] * len(bad) + [True]
    assert result.error is None and result.exit_code == 0


def test_one_session_against_several_claimed_owners_is_embedded_once(bench: Bench) -> None:
    bench.enroll(*(template(f"user{axis}", axis) for axis in range(D)))
    pictures = [picture(1, shade) for shade in range(3)]

    result = bench.run("mousescore", chunks=[[session(f"user{axis}", *pictures) for axis in range(D)]])

    assert [row["match_verdict"] for row in result.rows] == ["mismatch", "match", "mismatch", "mismatch"]
    assert bench.scorer.requests == [3]


def test_options_rename_fields_and_set_the_policy(bench: Bench) -> None:
    bench.enroll(template("alice", 0))
    row = {"owner": "alice", "png": picture(0), "active_s": "12"}

    (given,) = bench.run("mousescore", "user=owner", "image=png", chunks=[[row]]).rows
    (strict,) = bench.run("mousescore", "user=owner", "image=png", "min_evidence_s=99", chunks=[[row]]).rows
    (doubting,) = bench.run(
        "mousescore", "user=owner", "image=png", "prior=0.001", "threshold=0.9", chunks=[[row]]
    ).rows

    assert given["match_verdict"] == "match"
    assert strict["match_verdict"] == "insufficient" and strict["match_llr"] == given["match_llr"]
    assert doubting["match_verdict"] == "mismatch" and doubting["match_threshold"] == "0.9"


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("threshold=2", 'threshold="2" cannot be used'),
        ("target_far=0.9", 'target_far="0.9" cannot be used'),
        ("alerts_per_day=5", "an alert budget takes both"),
        ("policy=lax", 'no policy "lax"'),
        ("policy=strict", "Model axes/1 has no held-out scores (errors.npz)"),
        ("scorer=ftp://x", 'scorer="ftp://x" is no URL'),
        ("color=red", 'no option color="red"'),
    ],
)
def test_a_wrong_option_ends_the_search_with_one_line(bench: Bench, option: str, words: str) -> None:
    result = bench.run("mousescore", option, chunks=[[session("alice", picture(0))]])

    assert result.error is not None and words in result.error and "\n" not in result.error
    assert result.messages == [("ERROR", result.error)]
    assert result.exit_code == 1 and result.stderr == ""


def test_two_ways_to_the_threshold_end_the_search_with_one_line(bench: Bench) -> None:
    for options in (("policy=strict", "threshold=0.5"), ("target_far=0.1", "threshold=0.5")):
        result = bench.run("mousescore", *options, chunks=[[session("alice", picture(0))]])

        assert result.error is not None and "threshold" in result.error and result.exit_code == 1
        assert result.messages == [("ERROR", result.error)]


@pytest.fixture
def held_out_model(bench: Bench) -> Iterator[Bench]:
    """A bench whose model has held-out trials: at 10 s around LLRs of 1 and -1, at 60 s around 3 and -3."""
    ramp = (np.arange(39) - 19) / 100
    trials = held_out(
        genuine_llr=np.concatenate([ramp + 1, ramp + 3]),
        genuine_s=np.repeat([10.0, 60.0], 39),
        impostor_llr=np.concatenate([ramp - 1, ramp - 3]),
        impostor_s=np.repeat([10.0, 60.0], 39),
    )
    path = bench.state / "models" / MODEL / "1" / ERRORS
    np.savez(path, **trials.arrays())
    yield bench
    path.unlink()


def test_a_target_far_has_a_threshold_for_each_amount_of_evidence(held_out_model: Bench) -> None:
    held_out_model.enroll(template("alice", 0))
    chunk = [session("alice", picture(0)), session("alice", picture(0), window_active_s="60"), session("alice")]

    result = held_out_model.run("mousescore", "target_far=0.1", chunks=[chunk])

    short, long, _ = result.rows
    # Three impostors of thirty-nine lie above; the highest that is refused is at the mean plus sixteen steps.
    assert float(short["match_threshold"]) == pytest.approx(1 / (1 + math.exp(1 - 0.16)), abs=1e-5)
    assert float(long["match_threshold"]) == pytest.approx(1 / (1 + math.exp(3 - 0.16)), abs=1e-5)
    assert [row["match_far"] for row in (short, long)] == ["0.1", "0.1"]
    assert [row["match_frr"] for row in (short, long)] == ["0.025", "0.025"]
    assert [row["match_verdict"] for row in result.rows] == ["match", "match", "insufficient"]
    assert result.messages == [] and result.error is None


def test_a_named_policy_decides_and_says_when_the_sample_is_too_small_for_it(held_out_model: Bench) -> None:
    held_out_model.enroll(template("alice", 0))

    result = held_out_model.run("mousescore", "policy=quiet", chunks=[[session("alice", picture(0))]] * 2)

    assert [row["match_verdict"] for row in result.rows] == ["insufficient"] * 2, "the policy wants 30 s"
    assert [row["match_frr"] for row in result.rows] == ["0.025"] * 2, "what the sample supports, not what was asked"
    ((level, text),) = result.messages
    assert level == "WARN" and "FRR of 0.01 needs 300 held-out genuine trials" in text and "there are 39" in text


def test_a_policy_of_the_installation_is_the_default_of_its_searches(held_out_model: Bench) -> None:
    held_out_model.enroll(template("alice", 0))
    service = connect(held_out_model.head.search)
    service.post("configs/conf-mousematch", name="policy:ours", target_far="0.2", min_evidence_s="5")
    service.post("configs/conf-mousematch/matching", policy="ours")
    try:
        (row,) = held_out_model.run("mousescore", chunks=[[session("alice", picture(0))]]).rows
        (other,) = held_out_model.run("mousescore", "policy=default", chunks=[[session("alice", picture(0))]]).rows
    finally:
        service.post("configs/conf-mousematch/matching", policy="default")

    assert row["match_far"] == "0.2"
    assert (other["match_threshold"], other["match_far"]) == ("0.5", "0.025")


def test_each_row_may_have_a_policy_of_its_own(held_out_model: Bench) -> None:
    held_out_model.enroll(template("alice", 0))
    own = [
        {},
        {"policy_threshold": "0.999999"},
        {"policy_target_far": "0.1", "policy_min_evidence_s": "5"},
        {"policy_alerts_per_day": "1", "policy_sessions_per_day": "10"},
        {"policy": "quiet"},
        {"policy_min_evidence_s": "60"},
        {"policy": " "},
    ]

    result = held_out_model.run(
        "mousescore", "policyfields=true", chunks=[[session("alice", picture(0), **fields) for fields in own]]
    )

    assert [row["match_policy"] for row in result.rows] == [
        "default",
        "default threshold=0.999999",
        "default target_far=0.1 min_evidence_s=5",
        "default alerts_per_day=1 sessions_per_day=10",
        "quiet",
        "default min_evidence_s=60",
        "default",
    ]
    verdicts = ["match", "mismatch", "match", "match", "insufficient", "insufficient", "match"]
    assert [row["match_verdict"] for row in result.rows] == verdicts
    assert [row["match_threshold"] for row in result.rows[:2]] == ["0.5", "0.999999"]
    assert (result.rows[2]["match_far"], result.rows[3]["match_frr"]) == ("0.1", "0.1")
    assert all(not row["match_error"] for row in result.rows) and result.error is None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"policy": "lax"}, 'no policy "lax"'),
        ({"policy_threshold": "2"}, 'policy_threshold="2" cannot be used'),
        ({"policy_target_far": "a lot"}, 'policy_target_far="a lot" cannot be used'),
        ({"policy_alerts_per_day": "5"}, "an alert budget takes both"),
        ({"policy": "quiet", "policy_threshold": "0.1"}, "leave one out"),
        ({"policy": ["quiet", "strict"]}, "no policy"),
        ({"policy": "strict"}, "no held-out scores"),
    ],
)
def test_a_wrong_policy_of_a_row_costs_no_verdict_and_says_so(bench: Bench, fields: dict[str, Any], words: str) -> None:
    bench.enroll(template("alice", 0))

    rows = [session("alice", picture(0), **fields), session("alice", picture(1), **fields), session("alice", picture(0))]

    result = bench.run("mousescore", "policyfields=true", chunks=[rows])

    wrong, foreign, other = result.rows
    assert [row["match_verdict"] for row in result.rows] == ["match", "mismatch", "match"]
    assert words in wrong["match_error"] and '"default" decided' in wrong["match_error"]
    assert [row["match_policy"] for row in result.rows] == ["default"] * 3
    assert (wrong["match_error"], other["match_error"]) == (foreign["match_error"], "")
    assert result.error is None and result.exit_code == 0


def test_the_options_of_the_search_decide_on_rows_without_a_policy(held_out_model: Bench) -> None:
    held_out_model.enroll(template("alice", 0))
    rows = [
        session("alice", picture(0)),
        session("alice", picture(0), policy_threshold="0.4"),
        session("alice", picture(0), policy_min_evidence_s="0"),
        session("alice", picture(0), policy="default"),
    ]

    result = held_out_model.run(
        "mousescore", "policyfields=true", "target_far=0.1", "min_evidence_s=30", chunks=[rows]
    )

    assert [row["match_policy"] for row in result.rows] == [
        "default target_far=0.1 min_evidence_s=30",
        "default min_evidence_s=30 threshold=0.4",
        "default target_far=0.1 min_evidence_s=0",
        "default",
    ]
    assert [row["match_verdict"] for row in result.rows] == ["insufficient", "insufficient", "match", "match"]


def test_policy_fields_are_asked_for_and_used_only_where_the_search_says_so(bench: Bench) -> None:
    bench.enroll(template("alice", 0))
    row = session("alice", picture(0), policy_threshold="0.999999")
    with bench.start("mousescore", "policyfields=true") as command:
        announced = command.getinfo().metadata

    (unasked,) = bench.run("mousescore", chunks=[[row]]).rows
    wrong = bench.run("mousescore", "policyfields=maybe", chunks=[[row]])

    assert {"policy", "policy_threshold", "policy_min_evidence_s"} < set(announced["required_fields"])
    assert (unasked["match_verdict"], unasked["match_policy"]) == ("match", "default")
    assert wrong.error is not None and 'policyfields="maybe" is neither' in wrong.error


def test_damaged_held_out_scores_are_named_with_their_file(held_out_model: Bench) -> None:
    (held_out_model.state / "models" / MODEL / "1" / ERRORS).write_bytes(b"PK not an archive")

    result = held_out_model.run("mousescore", chunks=[[session("alice", picture(0))]])

    assert result.error is not None and ERRORS in result.error and "publish the model again" in result.error


def test_an_unknown_model_ends_the_search_with_the_known_ones(bench: Bench) -> None:
    result = bench.run("mousescore", "model=nothing", chunks=[[session("alice", picture(0))]])

    assert result.error is not None and 'no model "nothing"' in result.error and "axes" in result.error


def test_without_splunkd_every_row_comes_back_with_its_reason(bench: Bench) -> None:
    dead = {"splunkd_uri": free_url(), "session_key": "k"}

    result = bench.run("mousescore", chunks=[[session("alice", picture(0))], [session("bob")]], searchinfo=dead)

    assert [row["user"] for row in result.rows] == ["alice", "bob"]
    assert all("cannot be reached" in row["match_error"] and not row["match_score"] for row in result.rows)
    levels = [level for level, _ in result.messages]
    assert levels == ["WARN", "ERROR"]
    assert result.error is None and result.exit_code == 0


def test_a_dead_scorer_costs_the_scores_and_no_row(bench: Bench) -> None:
    bench.enroll(template("alice", 0))

    result = bench.run(
        "mousescore", f"scorer={free_url()}", chunks=[[session("alice", picture(0))], [session("alice", picture(0, 1))]]
    )

    assert [row["match_score"] for row in result.rows] == ["", ""]
    assert all("No scorer answers" in row["match_error"] for row in result.rows)
    assert [level for level, _ in result.messages] == ["ERROR"]


def test_a_hanging_scorer_costs_the_scores_and_twice_its_time_limit(bench: Bench) -> None:
    bench.enroll(template("alice", 0))
    bench.scorer.hangs = True
    began = time.monotonic()

    result = bench.run(
        "mousescore", "timeout=0.3", chunks=[[session("alice", picture(0, shade))] for shade in range(5)]
    )

    assert time.monotonic() - began < 5
    assert len(result.rows) == 5
    assert all("did not answer" in row["match_error"] for row in result.rows)


def test_a_scorer_lost_in_the_middle_is_found_again_and_rows_keep_their_results(bench: Bench) -> None:
    bench.enroll(template("alice", 0))
    with bench.start("mousescore") as command:
        command.getinfo()
        replies = [command.execute([session("alice", picture(0))])]
        bench.scorer.fails = 2
        replies.append(command.execute([session("alice", picture(0, 1))]))
        replies.append(command.execute([session("alice", picture(0, 2))], finished=True))

    assert [reply.rows[0]["match_verdict"] for reply in replies] == ["match"] * 3
    assert [reply.messages for reply in replies] == [[], [], []]


def test_a_damaged_template_concerns_its_user_alone(bench: Bench) -> None:
    bench.enroll(template("alice", 0), template("bob", 1))
    (document,) = bench.collection.query({"user": "bob"}, limit=1)
    bench.collection.save([{**document, "embedding": "%%%"}])

    alice, bob = bench.run("mousescore", chunks=[[session("alice", picture(0)), session("bob", picture(1))]]).rows

    assert alice["match_verdict"] == "match"
    assert "damaged" in bob["match_error"] and bob["match_score"] == ""


def test_a_launch_for_getinfo_alone_loads_neither_arrays_nor_models(bench: Bench) -> None:
    loaded = _modules_loaded(bench, rows=False)

    assert "numpy" not in loaded and "PIL" not in loaded


def test_the_command_never_loads_tensorflow(bench: Bench) -> None:
    bench.enroll(template("alice", 0))

    loaded = _modules_loaded(bench, rows=True)

    assert "numpy" in loaded
    assert not {"tensorflow", "keras", "ai_edge_litert", "tflite_runtime"} & loaded


def _modules_loaded(bench: Bench, *, rows: bool) -> set[str]:
    """Names of the top-level modules in a mousescore process at its end; Python lists them on stderr (-v)."""
    args, options = bench.options((), {})
    with CommandProcess("mousescore", *args, python=[sys.executable, "-v"], **options) as command:
        sid = command.searchinfo["sid"] if rows else f"searchparsetmp_{command.searchinfo['sid']}"
        command.getinfo(searchinfo={**command.searchinfo, "sid": sid})
        if rows:
            reply = command.execute([session("alice", picture(0))], finished=True)
            assert reply.rows[0]["match_verdict"] == "match"
        command.close()
        lines = command.stderr().splitlines()
    return {line.split("'")[1].partition(".")[0] for line in lines if line.startswith("import '")}


def test_rows_with_kinematics_say_how_likely_a_bot_is_also_without_a_template(bench: Bench) -> None:
    vector = kinematics(bot("linear", seed=70_000))
    assert vector is not None

    rows = bench.run(
        "mousescore",
        chunks=[[session("nobody", picture(0), kinematics=to_text(vector)), session("nobody", picture(0))]],
    ).rows

    assert float(rows[0]["match_bot"]) > 0.9
    assert rows[1]["match_bot"] == ""
