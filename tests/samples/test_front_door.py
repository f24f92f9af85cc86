"""What README, changelog and demo page point at is there."""

from __future__ import annotations

import re

import pytest

from samples.roster import ENROLL_SESSIONS, GENUINE_SESSIONS, SCENARIOS, USERS, visits
from samples.searches import ROOT


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md", "docs/demo.md"])
def test_every_link_leads_to_a_file(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")

    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert ((ROOT / page).parent / target).exists(), target


def test_the_demo_page_describes_the_sample_as_it_is() -> None:
    text = (ROOT / "docs" / "demo.md").read_text(encoding="utf-8")
    roster = list(visits())
    tests = sum(visit.purpose == "test" for visit in roster)
    seconds = [visit.seconds for visit in roster]

    assert f"{len(roster)} sessions of 90 to 120 seconds" in text
    assert min(seconds) >= 90 and max(seconds) <= 120
    assert f"scores {tests} later sessions" in text
    assert f"| own account | {ENROLL_SESSIONS} + {GENUINE_SESSIONS} |" in text
    assert all(f"| {scenario} | " in text and meaning in text for scenario, meaning in SCENARIOS.items())
    assert f'"{",".join(USERS)}"' in text
