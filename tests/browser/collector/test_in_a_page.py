"""The collector as a guest: content-security policy, errors, blocked storage, sessions, tabs, and its size."""

from __future__ import annotations

import pytest

from tests.browser.collector.conftest import Visit
from tests.browser.collector.endpoint import Site

MINUTE_MS = 60_000


def test_it_works_under_a_strict_policy_which_is_in_force(site: Site, visit: Visit):
    visit.page.goto(site.url)
    visit.page.evaluate(
        """() => { window.violations = [];
        addEventListener("securitypolicyviolation", (event) => violations.push(event.effectiveDirective)) }"""
    )

    visit.move(5)
    visit.flush()
    assert visit.page.evaluate("violations") == []
    visit.page.evaluate("document.body.append(Object.assign(document.createElement('script'), { text: '1' }))")
    visit.until(lambda: visit.page.evaluate("violations") == ["script-src-elem"])

    assert len(site.places) == 5
    assert len(visit.said) == 1 and "Content Security Policy" in visit.said[0]
    visit.said.clear()


def test_an_error_in_the_sites_own_function_ends_the_collecting_and_not_the_page(site: Site, visit: Visit):
    visit.page.goto(site.url)
    visit.page.evaluate(
        """async () => { await MouseMatch.stop();
        window.MouseMatch = MouseMatch.collect({ endpoint: "/events", page() { throw new Error("no") } }) }"""
    )

    visit.move(5)
    visit.flush()
    visit.move(5, start=5)
    visit.flush()
    visit.page.evaluate("MouseMatch.stop()")

    assert visit.said == ["MouseMatch: Error: no. Nothing more is collected on this page."]
    assert site.requests == []
    visit.said.clear()


@pytest.mark.parametrize("options", ["", "{}", "{ endpoint: '' }"])
def test_without_an_endpoint_it_warns_and_does_nothing(site: Site, visit: Visit, options: str):
    visit.page.goto(site.url)

    visit.page.evaluate(f"() => {{ window.other = MouseMatch.collect({options}) }}")
    visit.move(3)
    visit.page.evaluate("other.flush()")

    assert visit.page.evaluate("other.counters.recorded") == 0
    assert visit.said == ["MouseMatch: it needs an endpoint. Nothing more is collected on this page."]
    visit.said.clear()


def test_numbers_that_are_none_are_left_out(site: Site, visit: Visit):
    site.tag += ' data-batch-ms="soon" data-batch-points="-3" data-queue-points="" data-sample="all"'
    visit.page.goto(site.url)

    places = visit.move(5)
    visit.flush()

    assert site.places == places


def test_blocked_storage_costs_no_points(site: Site, visit: Visit):
    visit.context.add_init_script(
        """for (const name of ["localStorage", "sessionStorage"]) {
          Object.defineProperty(window, name, { get() { throw new DOMException("blocked", "SecurityError") } });
        }"""
    )
    visit.page.goto(site.url)

    visit.move(5)
    visit.flush()
    visit.move(5, start=5)
    visit.flush()

    assert len(site.places) == 10
    assert len({(batch["session"], batch["tab"]) for batch in site.taken}) == 1


def test_the_script_twice_collects_once(site: Site, visit: Visit):
    visit.page.goto(site.url)
    visit.page.add_script_tag(url="/collector/mousematch.js")

    visit.move(5)
    visit.flush()

    assert len(site.taken) == 1


def test_a_session_ends_after_half_an_hour_without_movement(site: Site, visit: Visit):
    visit.page.goto(site.url)
    sessions = []

    for idle_ms in (29 * MINUTE_MS, 31 * MINUTE_MS):
        visit.page.evaluate(f"localStorage['mousematch.session'] = 'old ' + (Date.now() - {idle_ms})")
        visit.move(3)
        visit.flush()
        sessions.append(site.taken[-1]["session"])

    assert sessions[0] == "old"
    assert sessions[1] != "old" and sessions[1] == visit.page.evaluate("MouseMatch.session")


def test_two_tabs_share_the_session_and_are_told_apart(site: Site, visit: Visit):
    visit.page.goto(site.url)
    visit.move(3)
    visit.flush()
    with visit.page.expect_popup() as opened:
        visit.page.evaluate("void window.open('/second')")
    other = opened.value
    other.wait_for_load_state()
    other.mouse.move(10, 10)
    other.evaluate("MouseMatch.flush()")

    first, second = site.taken
    assert first["session"] == second["session"]
    assert first["tab"] != second["tab"]


def test_a_tab_keeps_its_name_when_it_is_loaded_anew(site: Site, visit: Visit):
    visit.page.goto(site.url)

    for _ in range(3):
        visit.move(3)
        visit.flush()
        visit.page.reload()

    assert len({batch["tab"] for batch in site.taken}) == 1
    assert len({batch["page_id"] for batch in site.taken}) == 3
