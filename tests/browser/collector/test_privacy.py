"""What the collector never sends, and what makes it send nothing."""

from __future__ import annotations

import pytest

from tests.browser.collector.conftest import Visit
from tests.browser.collector.endpoint import Site


def test_no_key_no_text_and_no_name_of_an_element_is_sent(site: Site, visit: Visit):
    visit.page.goto(site.url + "/first?account=DE89370400440532013000")
    visit.page.mouse.click(60, 10)

    visit.page.locator("#card").click()
    visit.page.keyboard.type("4929 1234 5678 9012")
    visit.page.locator("a").hover()
    visit.flush()

    (request,) = site.requests
    (envelope,) = request.events
    batch = envelope["event"]
    assert set(batch) == {
        "v", "session", "tab", "page", "page_id", "seq", "viewport", "dpr", "pointer", "start", "points", "sent",
    }  # fmt: skip
    assert set(batch["points"]) == {"dt", "x", "y", "kind", "button"}
    assert all(isinstance(value, (int, float)) for values in batch["points"].values() for value in values)
    for secret in ("4929", "9012", "card", "cvv", "second", "go on", "DE89", "account"):
        assert secret not in request.body.replace(batch["session"], "").replace(batch["tab"], "").replace(
            batch["page_id"], ""
        )


def test_movement_over_an_element_that_opted_out_is_not_recorded(site: Site, visit: Visit):
    visit.page.goto(site.url)
    mouse = visit.page.mouse

    for x in range(400, 800, 10):
        mouse.move(x, 350)
    visit.page.locator("#pin").click()
    mouse.wheel(0, 10)
    visit.page.wait_for_function("scrollY > 0")
    visit.flush()

    assert site.places == [(x, 350) for x in (*range(400, 500, 10), *range(700, 800, 10))]


@pytest.mark.parametrize("signal", ["globalPrivacyControl: { value: true }", 'doNotTrack: { value: "1" }'])
@pytest.mark.parametrize(
    ("tag", "recorded"),
    [("", 5), (" data-respect-privacy-signals", 0), (' data-respect-privacy-signals="false"', 5)],
)
def test_privacy_signals_are_respected_where_the_site_says_so(
    site: Site, visit: Visit, signal: str, tag: str, recorded: int
):
    site.tag += tag
    visit.context.add_init_script(f"Object.defineProperties(navigator, {{ {signal} }})")
    visit.page.goto(site.url)

    visit.move(5)
    visit.flush()

    assert visit.counters["recorded"] == len(site.places) == recorded


def test_without_a_signal_respecting_it_changes_nothing(site: Site, visit: Visit):
    site.tag += " data-respect-privacy-signals"
    visit.page.goto(site.url)

    visit.move(5)
    visit.flush()

    assert len(site.places) == 5


def test_a_sample_of_none_records_nothing(site: Site, visit: Visit):
    site.tag += ' data-sample="0"'
    visit.page.goto(site.url)

    visit.move(10)
    visit.flush()

    assert visit.counters["recorded"] == 0
    assert site.requests == []


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_the_sample_is_a_share_of_the_sessions(site: Site, visit: Visit, share: float):
    visit.page.goto(site.url)

    chosen = visit.page.evaluate(
        """async (share) => {
          const { sampled, randomId } = await import("/modules/identity.mjs");
          const counted = Array.from({ length: 4000 }, (_, n) => "session-" + n);
          const random = counted.map(randomId);
          return [counted, random].map((ids) => ids.filter((id) => sampled(id, share)).length / ids.length);
        }""",
        share,
    )

    # Six standard errors.
    assert chosen == pytest.approx([share, share], abs=6 * (share * (1 - share) / 4000) ** 0.5)


def test_a_session_is_in_the_sample_on_all_of_its_pages_or_on_none(site: Site, visit: Visit):
    site.tag += ' data-sample="0.5"'
    counts = set()

    for session in range(6):
        visit.page.goto(site.url)
        visit.page.evaluate(f"localStorage['mousematch.session'] = 's{session} ' + Date.now()")
        recorded = []
        for path in ("/first", "/second"):
            visit.page.goto(site.url + path)
            visit.move(3)
            recorded.append(visit.counters["recorded"])
        assert recorded in ([0, 0], [3, 3])
        counts.add(recorded[0])

    assert counts == {0, 3}


def test_who_opts_out_stays_out_until_it_is_taken_back(site: Site, visit: Visit):
    visit.page.goto(site.url)
    visit.move(5)

    visit.page.evaluate("MouseMatch.optOut()")
    visit.move(5, start=5)
    visit.flush()
    visit.page.goto(site.url + "/second")
    visit.move(5, start=10)
    visit.flush()
    assert site.requests == []
    visit.page.evaluate("MouseMatch.optOut(false)")
    visit.page.goto(site.url + "/third")
    places = visit.move(5, start=15)
    visit.flush()

    assert site.places == places


def test_opting_out_in_one_tab_counts_in_the_others(site: Site, visit: Visit):
    visit.page.goto(site.url)
    other = visit.tab()
    other.goto(site.url + "/other")

    other.evaluate("MouseMatch.optOut()")
    # Tabs may be processes of their own, which hear of it a moment later.
    visit.page.wait_for_function("localStorage['mousematch.optout'] === '1'")
    visit.move(5)
    visit.flush()

    assert site.requests == []


def test_after_stop_nothing_is_recorded_and_what_was_is_sent(site: Site, visit: Visit):
    visit.page.goto(site.url)

    places = visit.move(5)
    visit.page.evaluate("MouseMatch.stop()")
    visit.move(5, start=5)
    visit.flush()

    assert site.places == places
