"""The saved searches, one after the other, on telemetry in the indexes of the embedded search head."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest

from searchhead.conf_files import is_true
from searchhead.spl.errors import SplError
from tests.app.site import PREFIX, SAVED, Row, Site, site

HOSTILE = 'CORP\\o"brien | <script>alert(1)</script>\n&form.user=bob'
HOSTILE_SESSION = 's "1" \\ | <b>&x=1#'
SCHEDULED = {"Score recent sessions", "Alert - Somebody else moves the mouse", "Enroll nightly", "Drift report"}


@dataclass
class Days:
    """A site after its searches have run, and what each has given."""

    site: Site
    enrolled: list[Row]
    scored: list[Row]
    scored_again: list[Row]
    alerts: list[Row]
    alerts_again: list[Row]


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Days]:
    """Ten days ago people came; today somebody else used two of their accounts, one in a second tab of a session."""
    with site(tmp_path_factory.mktemp("site")) as running:
        for number in (1, 2, 3, 4):
            running.visit(f"amara-0{number}", days_ago=10 - number, user="amara")
            running.visit(f"bruno-0{number}", days_ago=10 - number, user="bruno")
            running.visit(f"chen-0{number}", days_ago=10 - number, user=HOSTILE, tab="t1")
        running.visit("elias-01", days_ago=5, user="elias")
        running.visit("elias-02", days_ago=5, user="elias")
        running.scored_before()
        enrolled = running.saved("Enroll nightly")
        running.visit("amara-05", days_ago=0.002, user="amara")
        running.visit("amara-06", days_ago=0.001, user="amara", tab="t9")
        running.visit("chen-10", days_ago=0.002, user=HOSTILE, session=HOSTILE_SESSION, tab="t2")
        running.visit("bruno-07", days_ago=0.002, user=HOSTILE, session=HOSTILE_SESSION, tab="t3")
        running.visit("dilara-11", days_ago=0.002, user="dilara")
        scored = running.saved("Score recent sessions")
        running.visit("amara-07", days_ago=0.0001, user="amara", session="amara-06", tab="t9")
        scored_again = running.saved("Score recent sessions")
        alert = "Alert - Somebody else moves the mouse"
        yield Days(running, enrolled, scored, scored_again, running.saved(alert), running.saved(alert))


def test_all_are_shipped_switched_off_with_a_description() -> None:
    scheduled = {name for name, stanza in SAVED.items() if "cron_schedule" in stanza}

    assert scheduled == {PREFIX + name for name in SCHEDULED}
    for name in scheduled:
        assert is_true(SAVED[name]["disabled"]) and not is_true(SAVED[name]["enableSched"]), name
    for name, stanza in SAVED.items():
        assert stanza["description"] and stanza["dispatch.earliest_time"] and stanza["dispatch.latest_time"], name


def test_enrollment_takes_users_with_sessions_on_several_days(days: Days) -> None:
    assert {(row["user"], row["status"], row["sessions"]) for row in days.enrolled} == {
        ("amara", "enrolled", "4"),
        ("bruno", "enrolled", "4"),
        (HOSTILE, "enrolled", "4"),
    }
    kept = days.site.search('index=mousematch_summary source="mousematch_enrollments"')
    assert {(row["user"], row["status"]) for row in kept} == {
        (name, "enrolled") for name in ("amara", "bruno", HOSTILE)
    }


def test_what_enrollment_held_back_is_a_report(days: Days) -> None:
    held = days.site.saved("Sessions held back from enrollment")

    assert {(row["session"], row["held_back"]) for row in held if row["user"] == "elias"} == {
        ("elias-01", "a first template takes three sessions on two days"),
        ("elias-02", "a first template takes three sessions on two days"),
    }


def test_recent_sessions_are_scored_tab_by_tab_with_what_the_browser_was(days: Days) -> None:
    scored = {(row["session"], row.get("tab")): row for row in days.scored}

    assert set(scored) == {
        ("amara-05", None),
        ("amara-06", "t9"),
        (HOSTILE_SESSION, "t2"),
        (HOSTILE_SESSION, "t3"),
        ("dilara-11", None),
    }
    assert {key: row["match_verdict"] for key, row in scored.items()} == {
        ("amara-05", None): "match",
        ("amara-06", "t9"): "mismatch",
        (HOSTILE_SESSION, "t2"): "match",
        (HOSTILE_SESSION, "t3"): "mismatch",
        ("dilara-11", None): "not_enrolled",
    }
    own = scored["amara-05", None]
    assert (own["pages"], own["viewport"], own["dpr"], own["pointer"]) == ("/inbox", "1920x969", "1", "mouse")
    assert (own["windows"], own["risk_score"], own["match_policy"]) == ("2", "0", "default")
    assert scored["amara-06", "t9"]["risk_score"] == "60"
    assert not {"image", "window_llr", "kinematics", "path_hash", "window_start"} & set(own)


def test_a_session_that_goes_on_is_scored_again_and_counts_once(days: Days) -> None:
    first, second = (
        next(row for row in rows if row["session"] == "amara-06") for rows in (days.scored, days.scored_again)
    )
    every = days.site.search("`mousematch_summary` session=amara-06")
    latest = {row["session"] + row.get("tab", ""): row for row in days.site.search("`mousematch_scored`")}

    assert int(second["points"]) > int(first["points"])
    assert sorted(row["points"] for row in every) == sorted([first["points"], second["points"]])
    assert len(latest) == 6, "five of today, and one of before"
    assert latest["amara-06t9"]["points"] == second["points"]
    assert latest["amara-06t9"]["scored_at"] == second["scored_at"]


def test_events_are_found_by_eventtype_and_tag(days: Days) -> None:
    every = days.site.search("`mousematch_summary`")
    mismatches = [row for row in every if row["match_verdict"] == "mismatch"]
    counts = {
        name: len(days.site.search(f"index=mousematch* {name} | fields session"))
        for name in ("eventtype=mousematch_score", "eventtype=mousematch_mismatch", "tag=alert")
    }

    assert len(mismatches) >= 3
    assert counts == {
        "eventtype=mousematch_score": len(every),
        "eventtype=mousematch_mismatch": len(mismatches),
        "tag=alert": 2,
    }


def test_old_sessions_are_not_scored_anew(days: Days) -> None:
    assert not {row["session"] for row in days.scored} & {"amara-01", "bruno-04", "elias-01"}


def test_sessions_are_scored_when_telemetry_of_them_has_arrived(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Also what a browser kept for hours or dates ahead; nothing twice; and what goes on again."""
    with site(tmp_path_factory.mktemp("late")) as running:

        def batch(session: str, age: float, *, arrived: float) -> None:
            points = {"dt": [0, 16], "x": [1, 2], "y": [3, 4]}
            raw = {
                "v": 1,
                "session": session,
                "user": "u\\v",
                "start": round((running.now - age) * 1000),
                "points": points,
            }
            running.arrive(json.dumps(raw), at=running.now - age, indexed=running.now - arrived)

        def scored() -> set[str]:
            return {row["session"] for row in running.saved("Score recent sessions")}

        batch("late", 3 * 3600, arrived=60)
        batch("ahead", -1800, arrived=60)
        batch("known", 3600, arrived=3500)
        batch("lost", 3 * 3600, arrived=2 * 3600)
        batch("old", 5 * 3600, arrived=60)

        assert scored() == {"late", "ahead", "known"}
        assert scored() == set()
        batch("known", 1800, arrived=-5)
        assert scored() == {"known"}


def test_an_alert_is_a_risk_event_with_a_way_to_the_session(days: Days) -> None:
    assert {(row["user"], row["session"], row["tab"]) for row in days.alerts} == {
        ("amara", "amara-06", "t9"),
        (HOSTILE, HOSTILE_SESSION, "t3"),
    }
    stored = {row["user"]: row for row in days.site.search("`mousematch_alerts`")}
    hostile = stored[HOSTILE]
    assert (hostile["risk_object"], hostile["risk_object_type"], hostile["risk_score"]) == (HOSTILE, "user", "60")
    assert hostile["session"] == HOSTILE_SESSION and hostile["status"] == "open"
    assert hostile["risk_message"].startswith(
        f'Mouse movement in session {HOSTILE_SESSION} is "mismatch" for {HOSTILE} ('
    )
    assert (
        hostile["annotations.mitre_attack"] == "T1078"
        and hostile["search_name"] == PREFIX + "Alert - Somebody else moves the mouse"
    )
    assert hostile["source"] == hostile["search_name"] and hostile["tag"] == "alert"
    link = urlsplit(hostile["drilldown"])
    assert (link.path, link.fragment) == ("/app/mousematch/session", "")
    assert parse_qs(link.query) == {"form.session": [HOSTILE_SESSION], "form.user": [HOSTILE], "form.tab": ["t3"]}


def test_a_session_raises_one_alert_however_often_it_is_scored(days: Days) -> None:
    stanza = SAVED[PREFIX + "Alert - Somebody else moves the mouse"]

    assert days.alerts_again == []
    assert len(days.site.search("`mousematch_alerts`")) == 2
    assert stanza["alert.suppress"] == "1" and stanza["alert.suppress.fields"] == "user,session"


def test_the_guard_holds_back_what_may_be_somebody_else(days: Days) -> None:
    """Three days later: the templates are old, an alert of each of two users is open, one is then released."""
    running = days.site
    running.search(
        "| inputlookup mousematch_templates | eval enrolled_at=enrolled_at-5*86400 | outputlookup mousematch_templates"
    )
    running.scored_before(days_ago=3.6)
    for name, user in (("amara-11", "amara"), ("bruno-10", "bruno"), ("bruno-06", "bruno"), ("chen-08", HOSTILE)):
        running.visit(name, days_ago=3.5, user=user)
    pipeline = (
        "`mousematch_telemetry` | `mousematch_names` | mouseencode by tab | mousescore | `mousematch_guard`"
        " | table session held_back match_verdict"
    )
    fresh = {"earliest": "-4d", "latest": "-3d"}

    held = {row["session"]: row.get("held_back") for row in running.search(pipeline, **fresh)}
    assert held == {
        "amara-11": "an alert of the user is open",
        "chen-08": "an alert of the user is open",
        "bruno-10": None,
        "bruno-06": "it does not match the template",
    }

    running.search(
        '`mousematch_alerts` | search user=amara | `mousematch_review("release", "called back")`', user="analyst"
    )
    running.search(
        '| makeresults | eval user="bruno", session="bruno-10" | `mousematch_review("hold", "reported")`',
        user="analyst",
    )
    assert {row["status"] for row in running.search("`mousematch_alerts` | search user=amara")} == {"released"}
    held = {row["session"]: row.get("held_back") for row in running.search(pipeline, **fresh)}
    assert (held["amara-11"], held["bruno-10"]) == (None, "a review holds this session")


def test_groups_of_users_have_policies_of_their_own(days: Days) -> None:
    """The same session, three policies: of its group, of everybody, and one that cannot be used."""
    lookups = days.site.head.state / "lookups"
    lookups.mkdir(exist_ok=True)
    (lookups / "mousematch_groups.csv").write_text('user,group\nvip-*,vip\nbad*,broken\n"*",default\n')
    (lookups / "mousematch_policy.csv").write_text(
        "group,policy,threshold,target_far,alerts_per_day,sessions_per_day,min_evidence_s\n"
        "default,,,,,,\nvip,,0.999999,,,,5\nbroken,lax,,,,,\n"
    )
    try:
        rows = days.site.search(
            "`mousematch_telemetry` session=amara-05 | `mousematch_names` | mouseencode"
            ' | eval user=split("amara,vip-amara,bad-amara", ",") | mvexpand user | `mousematch_score_by_policy`'
            " | table user policy_group match_policy match_error"
        )
    finally:
        (lookups / "mousematch_groups.csv").unlink()
        (lookups / "mousematch_policy.csv").unlink()

    told = {row["user"]: (row["policy_group"], row["match_policy"]) for row in rows}
    assert told == {
        "amara": ("default", "default"),
        "vip-amara": ("vip", "default threshold=0.999999 min_evidence_s=5"),
        "bad-amara": ("broken", "default"),
    }
    assert 'no policy "lax"' in next(row["match_error"] for row in rows if row["user"] == "bad-amara")


def test_an_analyst_scores_and_alerts_but_enrolls_nobody(days: Days) -> None:
    days.site.visit("amara-09", days_ago=0.0001, user="amara", session="s-41")
    scored = days.site.saved("Score recent sessions", user="analyst")
    days.site.saved("Alert - Somebody else moves the mouse", user="analyst")
    days.site.saved("Drift report", user="analyst")

    assert "match_score" in next(row for row in scored if row["session"] == "s-41")
    with pytest.raises(SplError, match="Unknown search command 'mouseenroll'"):
        days.site.saved("Enroll nightly", user="analyst")


def test_a_viewer_is_told_why_there_is_nothing(days: Days) -> None:
    rows = days.site.search(
        "`mousematch_telemetry` session=amara-05 | mouseencode | mousescore | table match_verdict match_score match_error",
        user="viewer",
    )

    assert [row.get("match_score") for row in rows] == [None]
    assert "templates" in rows[0]["match_error"]
    with pytest.raises(SplError, match="mousematch_reviews"):
        days.site.search("`mousematch_alerts`", user="viewer")
