"""Which material makes a template, and which is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from mousematch.enrollment import Session, copies, judge, lookalike, thumbnail
from mousematch.matching import Backend
from mousematch.settings import EnrollmentSettings
from mousematch.templates import Template

D = 8
BACKEND = Backend(cohort=np.eye(D, dtype=np.float32), scale=1.0, offset=-1.0, correlation=0.2)
REQUIREMENTS = EnrollmentSettings(min_windows=4, min_sessions=2, min_active_s=10.0, min_consistency=0.0)


def person(axis: int, seed: int, windows: int = 6, spread: float = 0.1) -> list[NDArray[np.float32]]:
    """Embeddings of somebody whose movement points along one axis."""
    noise = np.random.default_rng(seed).normal(0, spread, (windows, D))
    vectors = noise + np.eye(D)[axis]
    return [(vector / np.linalg.norm(vector)).astype(np.float32) for vector in vectors]


def session(name: str, embeddings: list[NDArray[np.float32]], active_s: float = 30.0) -> Session:
    pixels = np.random.default_rng(list(name.encode())).uniform(0, 255, (len(embeddings), 768))
    return Session(name, embeddings, [np.float32(row) for row in pixels], active_s)


def test_consistent_sessions_make_a_template_in_their_common_direction() -> None:
    judged = judge([session("a", person(0, 1)), session("b", person(0, 2))], requirements=REQUIREMENTS, backend=BACKEND)

    assert judged.reason == ""
    assert judged.embedding is not None and judged.embedding[0] > 0.95
    assert np.linalg.norm(judged.embedding) == pytest.approx(1, abs=1e-5)
    assert judged.consistency > 0


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"min_windows": 50}, "min_windows"),
        ({"min_sessions": 3}, "min_sessions"),
        ({"min_active_s": 100.0}, "min_active_s"),
    ],
)
def test_thin_material_is_refused_with_the_requirement_that_it_misses(change: dict[str, float], named: str) -> None:
    requirements = EnrollmentSettings(**{"min_windows": 4, "min_sessions": 2, "min_active_s": 10.0, **change})

    judged = judge([session("a", person(0, 1)), session("b", person(0, 2))], requirements=requirements, backend=BACKEND)

    assert judged.embedding is None
    assert "Too little" in judged.reason and named in judged.reason


def test_no_material_at_all_is_thin_whatever_the_requirements() -> None:
    nothing = EnrollmentSettings(min_windows=1, min_sessions=1, min_active_s=0.0)

    assert "Too little" in judge([Session("a")], requirements=nothing, backend=BACKEND).reason


def test_unknown_active_time_is_refused_unless_none_is_asked_for() -> None:
    sessions = [session("a", person(0, 1), math.nan), session("b", person(0, 2))]
    indifferent = EnrollmentSettings(min_windows=4, min_active_s=0.0)

    assert "unknown" in judge(sessions, requirements=REQUIREMENTS, backend=BACKEND).reason
    assert judge(sessions, requirements=indifferent, backend=BACKEND).embedding is not None


def test_a_foreign_session_among_the_owners_is_refused() -> None:
    sessions = [session("a", person(0, 1)), session("b", person(0, 2)), session("foreign", person(3, 3))]

    judged = judge(sessions, requirements=REQUIREMENTS, backend=BACKEND)

    assert judged.embedding is None
    assert "contradict" in judged.reason and judged.consistency < 0


def test_embeddings_that_cancel_out_are_refused() -> None:
    indifferent = EnrollmentSettings(min_windows=1, min_active_s=0.0, min_consistency=-1_000)
    opposite = [session(name, [vector, -vector]) for name, vector in zip("ab", person(0, 1, windows=2))]

    judged = judge(opposite, requirements=indifferent, backend=BACKEND)

    assert judged.embedding is None and "no common direction" in judged.reason


def test_short_sessions_are_judged_together() -> None:
    short = [session(f"s{index}", person(0, index, windows=1), 5.0) for index in range(9)]

    assert judge(short, requirements=REQUIREMENTS, backend=BACKEND).embedding is not None


def test_a_replayed_window_is_found_through_jitter() -> None:
    original, other = session("a", person(0, 1)), session("b", person(0, 2))
    jitter = np.random.default_rng(5).normal(0, 1.0, 768).astype(np.float32)
    other.thumbnails[2] = original.thumbnails[1] + jitter

    judged = judge([original, other], requirements=REQUIREMENTS, backend=BACKEND)

    assert judged.embedding is None
    assert 'the sessions "a" and "b" share a window' in judged.reason


def test_windows_of_one_session_may_be_alike_and_empty_pictures_are_no_copies() -> None:
    one, other = session("a", person(0, 1)), session("b", person(0, 2))
    one.thumbnails[0] = one.thumbnails[1]
    one.thumbnails[2] = other.thumbnails[2] = np.full(768, 7, np.float32)

    assert copies([one, other]) == []


@pytest.mark.parametrize("shape", [(64, 64), (32, 32), (16, 16), (8, 8), (100, 70)])
def test_a_thumbnail_holds_the_mean_colours_of_any_image(shape: tuple[int, int]) -> None:
    image = np.zeros((*shape, 3), np.uint8)
    image[..., 0] = np.arange(shape[0] * shape[1]).reshape(shape) % 64
    image[..., 1] = 200

    made = thumbnail(image).reshape(-1, 3)

    assert set(made[:, 1]) == {200.0} and not made[:, 2].any() and made[:, 0].max() <= 63
    assert len(made) <= 256


def test_an_image_of_few_colours_has_an_empty_thumbnail() -> None:
    image = np.triu(np.full((64, 64), 120, np.uint8))[:, :, None].repeat(3, axis=2)

    assert not thumbnail(image).any()


def test_a_template_that_fits_another_user_as_well_is_warned_about() -> None:
    sessions = [session("a", person(0, 1, spread=0.3)), session("b", person(0, 2, spread=0.3))]
    judged = judge(sessions, requirements=REQUIREMENTS, backend=BACKEND)
    twin, stranger = _template("twin", 0), _template("stranger", 4)

    assert 'user "twin"' in lookalike("alice", sessions, judged, [stranger, twin], BACKEND)
    assert lookalike("alice", sessions, judged, [stranger], BACKEND) == ""
    assert lookalike("twin", sessions, judged, [twin], BACKEND) == ""


def _template(user: str, axis: int) -> Template:
    return Template(user, "base/1", "motion/1/64", np.eye(D, dtype=np.float32)[axis], 9, 2, 60.0, 1.0, 0.0, "admin")
