"""Scores and alerts on their schedules, switched on by the documented step."""

from __future__ import annotations

from pathlib import Path

from tests.app.site import PREFIX, Site, site

QUARTER_S = 900
SWITCHED_ON = {"disabled": "0", "enableSched": "1"}


def pass_by(running: Site, *moments: float) -> None:
    """The scheduler's clock shows these moments; what is due runs to its end."""
    for moment in moments:
        running.head.scheduler.run_due(moment)
        assert running.head.scheduler.wait(120)


def test_each_session_alerts_once_however_often_it_is_scored(tmp_path: Path) -> None:
    with site(tmp_path) as running:
        for number in (1, 2, 3, 4):
            running.visit(f"bruno-0{number}", days_ago=5, user="bruno")
        running.search("`mousematch_telemetry` | mouseencode | mouseenroll")
        for name in ("Score recent sessions", "Alert - Somebody else moves the mouse"):
            running.head.confs.update("savedsearches", PREFIX + name, SWITCHED_ON)
        running.visit("bruno-06", days_ago=0.0001, user="bruno", session="s-1")
        running.visit("bruno-07", days_ago=0.0001, user="bruno", session="s-2")
        running.visit("bruno-10", days_ago=0.0001, user="bruno", session="s-3")
        due = (running.now // QUARTER_S + 1) * QUARTER_S

        pass_by(running, due - 1, due, due + 300)

        fired = running.head.scheduler.state.fired(due + 300)
        assert [(alert.name, alert.severity, alert.digest, alert.results) for alert in fired] == [
            (PREFIX + "Alert - Somebody else moves the mouse", 4, False, 1)
        ] * 2
        assert {row["session"] for row in running.search("`mousematch_alerts`")} == {"s-1", "s-2"}

        running.visit("bruno-08", days_ago=0, user="bruno", session="s-1", indexed=due + 600)
        pass_by(running, due + QUARTER_S, due + QUARTER_S + 300)

        assert len(running.search("`mousematch_summary` session=s-1")) == 2
        assert len(running.head.scheduler.state.fired(due + QUARTER_S + 300)) == 2
        assert len(running.search("`mousematch_alerts`")) == 2
