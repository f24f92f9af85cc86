"""Sessions are classified by a model of a closed set of classes, each in its place."""

from __future__ import annotations

from typing import Any

import numpy as np

from mousematch.classes import Head
from mousematch.errors import ScorerUnavailable
from mousematch.splunk.class_scoring import ClassScorer
from mousematch.splunk.embedder import Embedder
from tests.mousematch.splunk.axes import TAG, AxisScorer, D, picture, rows

HEAD = Head(("staff", "visitors"), np.array([[9, 0], [0, 9], [1, 0], [0, 0]], np.float32), np.zeros(2, np.float32))


def scorer(client: AxisScorer) -> ClassScorer:
    embedder = Embedder(lambda: client, encoding=TAG, dimensions=D, lost=lambda text: None)
    return ClassScorer(model="groups/1", head=HEAD, embedder=embedder)


def session(*pictures: str, **more: Any) -> dict[str, Any]:
    return {"image": list(pictures), "window_active_s": ["10.000"] * len(pictures), **more}


def test_each_session_gets_its_most_likely_class() -> None:
    sessions = rows(session(picture(0)), session(picture(1), picture(1, 1)), session(picture(2)))
    scored = scorer(AxisScorer()).add_scores(sessions)

    assert scored["match_class"] == ["staff", "visitors", "staff"]
    probabilities = [float(value) for value in scored["match_class_probability"]]
    assert probabilities[0] == round(1 / (1 + np.exp(-9)), 6)
    assert probabilities[1] > probabilities[0] > probabilities[2] > 0.5
    assert scored["match_evidence_s"] == ["10.000", "20.000", "10.000"]
    assert scored["match_model"] == ["groups/1"] * 3 and scored["match_error"] == [""] * 3


def test_what_cannot_be_classified_says_why_and_is_no_class() -> None:
    scored = scorer(AxisScorer()).add_scores(
        rows(session(), session(picture(0, tag="path/1/256")), session(picture(1), "not an image"))
    )

    assert scored["match_class"] == ["", "", "visitors"]
    assert scored["match_class_probability"][:2] == ["", ""]
    assert "has no image" in scored["match_error"][0]
    assert 'the encoding "path/1/256"' in scored["match_error"][1]
    assert scored["match_error"][2].startswith("Window 2 of 2:")


def test_a_lost_scorer_leaves_the_rows_without_a_class() -> None:
    client = AxisScorer()
    client.fails = [ScorerUnavailable("It is gone."), ScorerUnavailable("It is gone.")]

    scored = scorer(client).add_scores(rows(session(picture(0))))

    assert (scored["match_class"], scored["match_error"]) == ([""], ["It is gone."])
