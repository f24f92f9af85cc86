"""Rows with images and users become rows with scores, each in its place, whatever happens to some."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mousematch import images
from mousematch.errors import ScorerRejected, ScorerUnavailable
from mousematch.policy import HeldOut, decider, held_out
from mousematch.settings import PolicySettings
from mousematch.splunk.chunks import Columns
from mousematch.splunk.embedder import REQUEST_IMAGES, Embedder
from mousematch.splunk.messages import Messages
from mousematch.splunk.row_policies import RowPolicies
from mousematch.splunk.scoring import SessionScorer
from mousematch.splunk.templatestore import MAX_FAILURES, TemplateStore
from mousematch.templates import key
from tests.mousematch.splunk.axes import BACKEND, TAG, AxisScorer, D, Said, Shelf, picture, rows, template


@dataclasses.dataclass
class Bench:
    scorer: AxisScorer
    shelf: Shelf
    said: Said
    connects: list[int]
    add_scores: Callable[[Columns], Columns]


@pytest.fixture
def bench() -> Callable[..., Bench]:
    def build(*, prior: float = 0.5, trials: HeldOut | None = None, **policy: Any) -> Bench:
        settings = PolicySettings(**{"min_evidence_s": 5.0, **(policy or {"threshold": 0.5})})
        shelf = Shelf(*(template(name, index) for index, name in enumerate(("alice", "bob"))))
        client, said, connects = AxisScorer(), Said(), []
        messages = Messages(said)  # type: ignore[arg-type]

        def connect() -> AxisScorer:
            connects.append(1)
            return client

        scorer = SessionScorer(
            model="base/1",
            backend=BACKEND,
            embedder=Embedder(connect, encoding=TAG, dimensions=D, lost=messages.error),
            store=TemplateStore(shelf, "base/1"),  # type: ignore[arg-type]
            policies=RowPolicies(
                name="ours",
                options={},
                decide=lambda name, options: decider(
                    settings.replaced(options), prior=prior, trials=trials, model="base/1"
                ),
                messages=messages,
            ),
            prior=prior,
            messages=messages,
        )
        return Bench(client, shelf, said, connects, scorer.add_scores)

    return build


def session(user: Any, *pictures: str, seconds: float = 10.0) -> dict[str, Any]:
    return {"user": user, "image": list(pictures), "window_active_s": [f"{seconds:.3f}"] * len(pictures)}


def test_the_owner_matches_and_another_person_does_not(bench: Callable[..., Bench]) -> None:
    scored = bench().add_scores(rows(session("alice", picture(0), picture(0, 1)), session("bob", picture(0))))

    assert scored["match_verdict"] == ["match", "mismatch"]
    assert float(scored["match_score"][0]) > 0.5 > float(scored["match_score"][1]) > 0
    assert float(scored["match_llr"][0]) > 0 > float(scored["match_llr"][1])
    assert [len(values) for values in scored.lists("window_llr")] == [2, 1]
    assert scored["match_evidence_s"] == ["20.000", "10.000"]
    assert scored["match_threshold"] == ["0.5", "0.5"]
    assert scored["match_model"] == ["base/1", "base/1"]
    assert scored["match_error"] == ["", ""]


def test_too_little_evidence_is_insufficient_and_still_has_its_llr(bench: Callable[..., Bench]) -> None:
    scored = bench().add_scores(rows(session("alice", picture(0), seconds=2)))

    assert scored["match_verdict"] == ["insufficient"]
    assert float(scored["match_llr"][0]) > 0 and scored.lists("window_llr")[0]


def test_a_user_without_template_is_not_enrolled_and_told_so(bench: Callable[..., Bench]) -> None:
    scored = bench().add_scores(rows(session("carol", picture(0))))

    assert scored["match_verdict"] == ["not_enrolled"]
    assert scored["match_error"] == ['No template for user "carol" with model base/1; run mouseenroll first.']
    assert scored["match_score"] == scored["match_llr"] == scored["match_evidence_s"] == [""]


def test_images_that_have_nothing_to_be_compared_with_are_not_embedded(bench: Callable[..., Bench]) -> None:
    parts = bench()

    parts.add_scores(rows(session("carol", picture(0)), session("", picture(1)), session("bob", picture(2))))

    assert parts.scorer.requests == [[picture(2)]]


def test_bad_rows_have_a_reason_and_keep_their_place_among_good_ones(bench: Callable[..., Bench]) -> None:
    bomb = bytearray(images.from_base64(picture(0)))
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2
    scored = bench().add_scores(
        rows(
            session("alice", picture(0)),
            session("alice", "no base64 at all ü"),
            session("alice", images.to_base64(b"GIF89a")),
            session("alice", images.to_base64(bytes(bomb))),
            session("alice", picture(0, tag="path/1/64")),
            session("alice", picture(0)[:120]),
            session("alice"),
            session("", picture(0)),
            session(["alice", "bob"], picture(0)),
            session("alice", picture(0)),
        )
    )

    words = [
        "",
        "base64",
        "not a PNG",
        "60000 x 60000",
        'encoding "path/1/64"',
        "",
        "no image",
        "empty",
        "mvexpand",
        "",
    ]
    for error, word in zip(scored["match_error"], words):
        assert word in error
    assert [bool(error) for error in scored["match_error"]] == [False] + [True] * 8 + [False]
    assert [bool(score) for score in scored["match_score"]] == [True] + [False] * 8 + [True]
    assert scored["match_verdict"][6] == "insufficient"


def test_the_good_windows_of_a_row_count_and_the_bad_one_is_named(bench: Callable[..., Bench]) -> None:
    scored = bench().add_scores(rows(session("alice", picture(0), "broken", picture(0, 1))))

    assert scored["match_verdict"] == ["match"]
    assert len(scored.lists("window_llr")[0]) == 2
    assert scored["match_evidence_s"] == ["20.000"]
    assert scored["match_error"][0].startswith("Window 2 of 3: ")


def test_the_same_image_twice_in_a_session_counts_once(bench: Callable[..., Bench]) -> None:
    once = bench().add_scores(rows(session("alice", picture(0), picture(0, 1))))
    twice = bench().add_scores(rows(session("alice", picture(0), picture(0), picture(0, 1), picture(0))))

    for field in ("match_llr", "match_score", "match_evidence_s", "match_verdict"):
        assert twice[field] == once[field], field
    assert twice.lists("window_llr") == once.lists("window_llr")
    assert once["match_error"] == [""]
    assert twice["match_error"] == ["2 of 4 windows repeat another one and count once."]


def test_copies_of_one_window_do_not_add_up_to_enough_evidence(bench: Callable[..., Bench]) -> None:
    scored = bench().add_scores(rows(session("alice", *[picture(0)] * 9, seconds=2)))

    assert scored["match_evidence_s"] == ["2.000"]
    assert scored["match_verdict"] == ["insufficient"]


def test_windows_that_failed_leave_too_little_evidence(bench: Callable[..., Bench]) -> None:
    whole = bench().add_scores(rows(session("alice", picture(0), picture(0, 1), seconds=3)))
    half = bench().add_scores(rows(session("alice", picture(0), "broken", seconds=3)))

    assert (whole["match_evidence_s"], whole["match_verdict"]) == (["6.000"], ["match"])
    assert (half["match_evidence_s"], half["match_verdict"]) == (["3.000"], ["insufficient"])


def test_windows_without_movement_neither_score_nor_count(bench: Callable[..., Bench]) -> None:
    moving = bench().add_scores(rows(session("alice", picture(0))))
    both = rows({**session("alice", picture(0), picture(1)), "window_distance_px": ["1200.0", "12.0"]})
    parts = bench()

    scored = parts.add_scores(both)

    assert parts.scorer.requests == [[picture(0)]]
    for field in ("match_llr", "match_evidence_s", "match_verdict"):
        assert scored[field] == moving[field], field
    assert "next to no movement" in scored["match_error"][0]


def test_a_session_without_any_movement_is_insufficient(bench: Callable[..., Bench]) -> None:
    blank = images.to_base64(images.to_png(np.full((64, 64, 3), 7, np.uint8), TAG))
    clicks = {**session("alice", picture(0), picture(1)), "window_distance_px": ["0.0", "3.0"]}
    parts = bench(threshold=0.5, min_evidence_s=0)

    scored = parts.add_scores(rows(clicks, session("alice", blank)))

    assert parts.scorer.requests == []
    assert scored["match_verdict"] == ["insufficient"] * 2
    assert scored["match_evidence_s"] == ["0.000"] * 2
    assert scored["match_score"] == scored["match_llr"] == [""] * 2
    assert "next to no movement" in scored["match_error"][0] and "blank" in scored["match_error"][1]


def test_a_blank_window_beside_others_is_left_out_and_named(bench: Callable[..., Bench]) -> None:
    blank = images.to_base64(images.to_png(np.zeros((64, 64, 3), np.uint8), TAG))

    scored = bench().add_scores(rows(session("alice", blank, picture(0))))

    assert scored["match_verdict"] == ["match"] and scored["match_evidence_s"] == ["10.000"]
    assert scored["match_error"][0].startswith("Window 1 of 2: The image is blank")


def test_claimed_owners_of_one_session_cost_one_embedding(bench: Callable[..., Bench]) -> None:
    parts = bench()
    pictures = [picture(0), picture(0, 1)]

    scored = parts.add_scores(rows(*(session(user, *pictures) for user in ("alice", "bob", "alice"))))

    assert [len(request) for request in parts.scorer.requests] == [2]
    assert scored["match_verdict"] == ["match", "mismatch", "match"]
    assert sorted(map(len, parts.shelf.finds)) == [2]


def test_rows_that_continue_in_the_next_block_are_not_embedded_again(bench: Callable[..., Bench]) -> None:
    parts = bench()
    for _ in range(3):
        parts.add_scores(rows(session("alice", picture(0), "broken")))

    assert len(parts.scorer.requests) == 1
    assert len(parts.shelf.finds) == 1


def test_many_images_go_in_several_requests(bench: Callable[..., Bench]) -> None:
    parts = bench()
    pictures = [picture(index % D, index // D) for index in range(REQUEST_IMAGES + 1)]

    parts.add_scores(rows(session("alice", *pictures)))

    assert [len(request) for request in parts.scorer.requests] == [REQUEST_IMAGES, 1]


def test_a_scorer_that_was_lost_is_connected_once_more(bench: Callable[..., Bench]) -> None:
    parts = bench()
    parts.scorer.fails = [ScorerUnavailable("It was killed.")]

    scored = parts.add_scores(rows(session("alice", picture(0))))

    assert scored["match_verdict"] == ["match"]
    assert len(parts.connects) == 2 and parts.said.lines == []


def test_a_scorer_that_stays_away_costs_scores_but_no_rows_and_is_asked_no_more(bench: Callable[..., Bench]) -> None:
    parts = bench()
    parts.scorer.fails = [ScorerUnavailable("It is gone.")] * 9

    scored = [parts.add_scores(rows(session("alice", picture(0, shade)))) for shade in range(3)]

    assert [columns["match_error"] for columns in scored] == [["It is gone."]] * 3
    assert [columns["match_score"] for columns in scored] == [[""]] * 3
    assert len(parts.scorer.requests) == 2
    assert parts.said.lines == [("error", "Sessions from here on have no score: It is gone.")]


def test_a_rejected_request_takes_its_own_rows_alone(bench: Callable[..., Bench]) -> None:
    parts = bench()
    parts.scorer.fails = [ScorerRejected("It will not.")]

    first = parts.add_scores(rows(session("alice", picture(0))))
    second = parts.add_scores(rows(session("alice", picture(0, 1))))

    assert first["match_error"] == ["It will not."]
    assert second["match_verdict"] == ["match"]


def test_embeddings_of_another_length_are_refused(bench: Callable[..., Bench]) -> None:
    parts = bench()
    parts.scorer.embed = lambda pictures: np.ones((len(pictures), D + 1), np.float32)  # type: ignore[method-assign]

    scored = parts.add_scores(rows(session("alice", picture(0))))

    assert "the same model version" in scored["match_error"][0]


def test_a_store_that_is_away_costs_scores_but_no_rows(bench: Callable[..., Bench]) -> None:
    parts = bench()
    parts.shelf.fails = 1

    first = parts.add_scores(rows(session("alice", picture(0)), session("bob", picture(0))))
    second = parts.add_scores(rows(session("alice", picture(0))))

    assert first["match_error"] == ["The store is away."] * 2
    assert first["match_verdict"] == ["", ""]
    assert second["match_verdict"] == ["match"]
    assert parts.said.lines == [("error", "Sessions have no score: The store is away.")]


def test_a_store_that_stays_away_is_asked_no_more(bench: Callable[..., Bench]) -> None:
    parts = bench()
    parts.shelf.fails = 99
    for shade in range(MAX_FAILURES + 5):
        parts.add_scores(rows(session("alice", picture(0, shade))))

    assert len(parts.shelf.finds) == MAX_FAILURES


def test_a_damaged_template_concerns_its_user_alone(bench: Callable[..., Bench]) -> None:
    parts = bench()
    parts.shelf.documents[key("bob", "base/1")]["embedding"] = "?"

    scored = parts.add_scores(rows(session("alice", picture(0)), session("bob", picture(0))))

    assert scored["match_verdict"] == ["match", ""]
    assert 'template of user "bob" is damaged' in scored["match_error"][1]


@pytest.mark.parametrize(
    ("fields", "evidence", "verdict"),
    [
        ({"active_s": "12.5"}, "12.500", "match"),
        ({"active_s": "some"}, "", "insufficient"),
        ({}, "", "insufficient"),
        ({"window_active_s": ["6", "nan"], "active_s": "40"}, "", "insufficient"),
    ],
)
def test_evidence_comes_from_the_windows_or_the_session_and_is_never_guessed(
    bench: Callable[..., Bench], fields: dict[str, Any], evidence: str, verdict: str
) -> None:
    scored = bench().add_scores(rows({"user": "alice", "image": [picture(0), picture(0, 1)], **fields}))

    assert scored["match_evidence_s"] == [evidence]
    assert scored["match_verdict"] == [verdict]
    assert ("unknown" in scored["match_error"][0]) == (not evidence)


def test_a_policy_without_least_evidence_needs_none(bench: Callable[..., Bench]) -> None:
    scored = bench(threshold=0.5, min_evidence_s=0).add_scores(rows({"user": "alice", "image": [picture(0)]}))

    assert scored["match_verdict"] == ["match"] and scored["match_error"] == [""]


def test_prior_and_threshold_move_the_score_and_the_verdict(bench: Callable[..., Bench]) -> None:
    row = session("alice", picture(0))
    even = bench().add_scores(rows(row))
    rare = bench(prior=0.01, threshold=0.9).add_scores(rows(row))

    assert float(rare["match_score"][0]) < float(even["match_score"][0])
    assert rare["match_llr"] == even["match_llr"]
    assert (even["match_verdict"], rare["match_verdict"]) == (["match"], ["mismatch"])


def trials(*, genuine: tuple[float, ...] = (), impostor: tuple[float, ...] = ()) -> HeldOut:
    """Thirty-nine genuine and impostor trials at ten seconds around the first number, and at sixty around the second."""
    ramp = (np.arange(39) - 19) / 190
    return held_out(
        genuine_llr=np.concatenate([ramp + at for at in genuine]),
        genuine_s=np.repeat([10.0, 60.0], 39),
        impostor_llr=np.concatenate([ramp + at for at in impostor]),
        impostor_s=np.repeat([10.0, 60.0], 39),
    )


def test_rows_with_more_evidence_have_the_threshold_of_longer_sessions(bench: Callable[..., Bench]) -> None:
    parts = bench(target_far=0.1, trials=trials(genuine=(2.0, 4.0), impostor=(0.0, -2.0)))

    scored = parts.add_scores(
        rows(session("alice", picture(0), seconds=10), session("alice", picture(0), seconds=60), session("alice"))
    )

    # Three of thirty-nine impostors lie above: the fourth highest is at 0.1 - 3 steps of 0.2 / 38, and 4 / 40 is a tenth.
    short, long = (1 / (1 + math.exp(-at - 0.1 + 3 * 0.2 / 38)) for at in (0.0, -2.0))
    assert [float(text) for text in scored["match_threshold"][:2]] == pytest.approx([short, long], abs=1e-6)
    assert scored["match_far"][:2] == ["0.1", "0.1"]
    assert scored["match_frr"][:2] == ["0.025", "0.025"]
    assert scored["match_evidence_s"][2] == "0.000" and scored["match_verdict"][2] == "insufficient"


def test_a_threshold_states_the_error_rates_of_the_evidence(bench: Callable[..., Bench]) -> None:
    model = trials(genuine=(0.0, 4.0), impostor=(0.0, -4.0))

    scored = bench(threshold=0.5, trials=model).add_scores(
        rows(session("alice", picture(0), seconds=10), session("alice", picture(0), seconds=60))
    )

    # At ten seconds half of all trials lie on the wrong side of 0; the middle one is at 0 and accepted.
    assert scored["match_threshold"] == ["0.5", "0.5"]
    assert scored["match_far"] == ["0.525", "0.025"]
    assert scored["match_frr"] == ["0.5", "0.025"]


def test_without_held_out_trials_the_error_rates_are_unknown(bench: Callable[..., Bench]) -> None:
    scored = bench().add_scores(rows(session("alice", picture(0))))

    assert scored["match_far"] == scored["match_frr"] == [""]
    assert scored["match_verdict"] == ["match"]


def test_an_alert_budget_decides_between_match_and_mismatch(bench: Callable[..., Bench]) -> None:
    row = session("alice", picture(0), seconds=10)
    (llr,) = bench().add_scores(rows(row))["match_llr"]
    budget = {"alerts_per_day": 10.0, "sessions_per_day": 100.0, "min_evidence_s": 5.0}

    above = bench(trials=trials(genuine=(float(llr) + 1, 9), impostor=(-5, -9)), **budget).add_scores(rows(row))
    below = bench(trials=trials(genuine=(float(llr) - 1, 9), impostor=(-5, -9)), **budget).add_scores(rows(row))

    assert (above["match_verdict"], below["match_verdict"]) == (["mismatch"], ["match"])
    assert above["match_frr"] == ["0.1"]


@pytest.mark.parametrize("least", [0.0, 5.0])
def test_a_target_needs_to_know_the_evidence(bench: Callable[..., Bench], least: float) -> None:
    parts = bench(target_far=0.1, min_evidence_s=least, trials=trials(genuine=(2.0, 4.0), impostor=(0.0, -2.0)))

    scored = parts.add_scores(rows({"user": "alice", "image": [picture(0)]}))

    assert scored["match_verdict"] == ["insufficient"] and "unknown" in scored["match_error"][0]
    assert scored["match_threshold"] == scored["match_far"] == [""]
    assert scored["match_llr"] != [""]
