"""The report shows every session with its pictures, score and truth, in one file that loads nothing."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from html.parser import HTMLParser

import numpy as np
import pytest

from mousematch import encoding, images
from samples.report import charts, legend, page, pictures, results
from samples.report.summary import summarise

HOSTILE = '<script>alert("1")</script>&$;\n"x"'


def png(level: int = 200, *, size: int = 64) -> str:
    picture = np.zeros((size, size, 3), np.uint8)
    picture[: size // 2, : size // 4] = level
    return images.to_base64(images.to_png(picture, f"motion/1/{size}"))


def scored_row(session: str, *, user: str = "amara", truth: str = "genuine", llr: float = 3.0, **other: object) -> dict:
    verdict = "match" if llr > 0 else "mismatch"
    return {
        "session": session,
        "user": user,
        "truth": truth,
        "scenario": "own account" if truth == "genuine" else "stolen password",
        "moved_by": user if truth == "genuine" else "stranger 1",
        "start": "1793286647.698",
        "active_s": "41.5",
        "points": "1234",
        "clicks": "20",
        "distance_px": "15000.25",
        "match_score": str(1 / (1 + np.exp(-llr))),
        "match_llr": str(llr),
        "window_llr": [str(llr), "-0.5"],
        "match_verdict": verdict,
        "match_evidence_s": "40.1",
        "match_threshold": "0.5",
        "match_model": "base/1",
        "match_error": None,
        "encoding": "motion/1/64",
        "image": [png(), png(90)],
        **other,
    }


def unscored_row(session: str, reason: str) -> dict:
    nothing = dict.fromkeys(("match_score", "match_llr", "window_llr", "match_threshold", "match_model", "image"))
    return scored_row(session) | nothing | {"match_verdict": "not_enrolled", "match_error": reason}


def page_of(rows: list[dict]) -> str:
    sessions = results.read(rows, [{"session": row["session"], "image": [png(size=256)]} for row in rows])
    return page.render(
        sessions,
        templates=[page.Template("amara", "80", "4", "201.5", "4.10")],
        searches=[page.Search("Score them", "| mouseencode\n| mousescore", 1.5)],
        summary=summarise(sessions),
        generated=datetime(2026, 11, 22, tzinfo=timezone.utc),
    )


class Elements(HTMLParser):
    """Every start tag with its attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def shown() -> Elements:
    return Elements(page_of([scored_row("a-1"), scored_row("a-2", truth="impostor", llr=-4.0)]))


def test_every_session_has_a_card_that_the_chart_links_to(shown: Elements) -> None:
    cards = {card["id"] for card in shown.all("article")}
    links = {link["href"].removeprefix("#") for link in shown.all("a") if (link.get("href") or "").startswith("#s-")}

    assert cards == links == {"s-a-1", "s-a-2"}


def test_every_link_inside_the_page_leads_somewhere(shown: Elements) -> None:
    ids = {attributes["id"] for _, attributes in shown.tags if "id" in attributes}

    for link in shown.all("a"):
        assert link["href"].removeprefix("#") in ids


def test_the_file_loads_nothing_from_elsewhere(shown: Elements) -> None:
    for _, attributes in shown.tags:
        for name in ("src", "href", "srcset", "data", "action"):
            value = attributes.get(name) or ""
            assert not value or value.startswith(("data:image/png;base64,", "#")), value
    assert not shown.all("script") and not shown.all("link")


def test_the_page_follows_the_readers_colour_scheme() -> None:
    style = page_of([scored_row("a-1")])

    assert "prefers-color-scheme: dark" in style
    assert "@import" not in style and "url(" not in style


def test_every_picture_says_in_words_what_it_shows(shown: Elements) -> None:
    assert len(shown.all("img")) >= 8
    assert all(picture.get("alt") for picture in shown.all("img"))


def test_a_session_without_score_shows_its_reason() -> None:
    shown = Elements(
        page_of([scored_row("a-1"), unscored_row("a-2", 'No template for user "zoe"; run mouseenroll first.')])
    )

    assert 'No template for user "zoe"; run mouseenroll first.' in shown.words
    assert "not enrolled" in shown.words


def test_names_from_telemetry_are_text_and_never_markup() -> None:
    html = page_of([scored_row(HOSTILE, user=HOSTILE, moved_by=HOSTILE, scenario=HOSTILE)])

    assert "<script" not in html
    assert HOSTILE.splitlines()[0] in Elements(html).words


@pytest.mark.parametrize(
    ("tag", "words"), [("motion/1/64", "Down the diagonal"), ("new/7/32", "the encoding new/7/32")]
)
def test_the_legend_is_the_one_of_the_encoding_that_was_scored(tag: str, words: str) -> None:
    assert words in Elements(page_of([scored_row("a-1", encoding=tag)])).words


def test_every_encoding_that_is_scored_has_a_legend() -> None:
    assert encoding.DEFAULT in legend.READINGS


def test_no_sessions_give_a_page_all_the_same() -> None:
    assert "Who moved the mouse?" in page_of([])


@pytest.mark.parametrize(
    ("truth", "llr", "outcome"),
    [
        ("genuine", 2.0, "right"),
        ("genuine", -2.0, "false alarm"),
        ("impostor", 2.0, "missed"),
        ("impostor", -2.0, "right"),
    ],
)
def test_the_outcome_compares_verdict_and_truth(truth: str, llr: float, outcome: str) -> None:
    session = results.read([scored_row("a-1", truth=truth, llr=llr)], [])[0]

    assert session.outcome == outcome


def test_undecided_sessions_are_neither_right_nor_wrong() -> None:
    session = results.read([scored_row("a-1", match_verdict="insufficient")], [])[0]

    assert session.outcome == "open"


def test_the_summary_counts_verdicts_by_scenario() -> None:
    rows = [
        scored_row("a-1"),
        scored_row("a-2", llr=-1.0),
        scored_row("a-3", truth="impostor", llr=-4.0),
        unscored_row("a-4", "nothing"),
    ]

    found = summarise(results.read(rows, []))

    assert (found.genuine, found.accepted, found.impostors, found.rejected, found.undecided) == (3, 1, 1, 1, 1)
    assert found.by_scenario == (("own account", 3, 1, 1, 1), ("stolen password", 1, 0, 1, 0))
    assert found.auc == 1.0


def test_a_summary_without_impostor_scores_has_no_error_rates() -> None:
    found = summarise(results.read([scored_row("a-1")], []))

    assert found.auc is None and found.eer is None


def test_higher_scores_stand_further_right() -> None:
    sessions = results.read([scored_row(f"a-{llr}", llr=llr) for llr in (-6.0, -1.0, 0.5, 6.0)], [])

    places = [float(x) for x in re.findall(r'<circle class="mark [^>]*cx="([\d.]+)"', charts.strip_plot(sessions))]

    assert places == sorted(places) and len(set(places)) == 4


def test_marks_that_would_hide_each_other_are_stacked() -> None:
    sessions = results.read([scored_row(f"a-{number}", llr=2.0) for number in range(4)], [])

    marks = re.findall(r'<circle class="mark [^>]*cx="([\d.]+)" cy="([\d.]+)"', charts.strip_plot(sessions))

    assert len({y for _, y in marks}) == 4


def test_at_most_six_windows_are_pictured_the_first_and_the_last_among_them() -> None:
    session = results.read([scored_row("a-1", image=[png()] * 31)], [])[0]

    assert page.pictured(session) == [0, 6, 12, 18, 24, 30]


def test_paths_are_enlarged_until_the_longest_fills_its_frame() -> None:
    small, wide = np.zeros((256, 256, 3), np.uint8), np.zeros((256, 256, 3), np.uint8)
    small[40, 60] = 255
    wide[40, 200] = 255
    encoded = [images.to_base64(images.to_png(picture, "path/1/256")) for picture in (small, wide)]

    assert pictures.zoom(encoded[:1]) == 2.0
    assert pictures.zoom(encoded) == pytest.approx(256 / 204)
    assert pictures.zoom([]) == 2.0


@pytest.mark.parametrize(("llr", "words"), [(0.04, "0.0"), (-0.04, "0.0"), (-0.06, "-0.1"), (3.0, "+3.0")])
def test_llrs_have_a_sign_unless_they_are_zero(llr: float, words: str) -> None:
    assert results.signed(llr) == words


@pytest.mark.parametrize(("score", "words"), [(0.0, "< 0.001"), (1.0, "> 0.999"), (0.5, "0.500")])
def test_scores_are_never_shown_as_certain(score: float, words: str) -> None:
    assert results.probability(score) == words
