"""Durations, cron expressions and tokens of saved searches."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchhead.scheduler import cron
from searchhead.scheduler.saved import SavedSearch, seconds
from searchhead.scheduler.tokens import substituted
from tests.searchhead.scheduler.conftest import MINUTE, NOON


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("60", 60),
        ("90s", 90),
        ("5m", 300),
        ("24h", 86_400),
        ("7d", 604_800),
        ("2w", 1_209_600),
        ("10 minutes", 600),
        ("", 7),
    ],
)
def test_durations(text: str, expected: int) -> None:
    assert seconds(text, 7) == expected


def test_times_of_a_cron_expression() -> None:
    assert list(itertools.islice(cron.after("*/20 * * * *", NOON), 3)) == [NOON + 1_200, NOON + 2_400, NOON + 3_600]
    assert cron.last_time("*/20 * * * *", NOON) == NOON
    assert cron.last_time("*/20 * * * *", NOON - 1) == NOON - 1_200
    assert cron.period_s("0 6 * * 1", NOON) == 604_800
    for wrong in ("", "* * * *", "61 * * * *", "* * * * * *", "daily"):
        with pytest.raises(cron.CronError, match="Invalid cron_schedule"):
            cron.next_time(wrong, NOON)


@given(st.floats(1e9, 2e9))
def test_the_last_time_is_never_later_and_the_next_one_always(now: float) -> None:
    last, following = cron.last_time("7-59/15 * * * *", now), cron.next_time("7-59/15 * * * *", now)
    assert last is not None
    assert following is not None
    assert last <= now < following
    assert following - last == 15 * MINUTE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Alert $name$: $result.user$ ($result.n$)", "Alert a: ada (1\n2)"),
        ("$result.nosuch$|$nosuch$|", "||"),
        ("100 $$ and $ alone, $5", "100 $ and $ alone, $5"),
        ("$result.odd$", "$name$ $$"),
    ],
)
def test_tokens(text: str, expected: str) -> None:
    assert substituted(text, {"name": "a"}, {"user": "ada", "n": ["1", "2"], "odd": "$name$ $$"}) == expected


@given(st.text(alphabet="$ab.{} result"))
def test_any_text_may_hold_dollars(text: str) -> None:
    made = substituted(text, {"a": "x"}, {"b": "y"})
    assert made == text or "$" in text


def test_what_the_settings_of_a_stanza_mean() -> None:
    saved = SavedSearch("n", "ada", "shop", {"action.email": "1", "action.summary_index": "0", "actions": "lookup, "})
    assert saved.actions == ["email", "lookup"]
    assert (saved.is_alert, saved.tracked, saved.scheduled, saved.severity) == (False, False, False, 3)
    assert saved.ttl_s(300) == 600
    assert SavedSearch("n", "", "", {"dispatch.ttl": "86400"}).ttl_s(300) == 86_400
    assert SavedSearch("n", "", "", {"alert.track": "auto", "counttype": "number of events"}).tracked
