"""The weekly drift report, on scores of five weeks in the summary index."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.site import site

SCORES = """| makeresults count=60
| streamstats count AS n
| eval user=if(n<=30, "anna", "ben"), day=n%30, session=user.n, recent=if(day<7, 1, 0)
| eval _time=relative_time(now(), "@d")-day*86400-3600, end=_time, scored_at=now()
| eval match_llr=case(user="ben", 4, recent=1, 0.5, true(), 4)
| eval match_verdict=case(user="anna" AND day=2, "mismatch", user="ben" AND day=3, "insufficient", true(), "match")
| eval match_model="base/2", dpr=1, pointer="mouse", viewport=if(user="anna" AND day=1, "800x600", "1920x969")
| `mousematch_keys`
| fields - n day recent
| collect index=mousematch_summary source=mousematch_scores"""

TEMPLATES = """| makeresults count=2
| streamstats count AS n
| eval user="anna", model="base/".n, enrolled_at=now()-86400*100*n
| table user model enrolled_at
| outputlookup mousematch_templates"""


def test_the_report_tells_everybody_and_each_user(tmp_path: Path) -> None:
    """Anna's scores sink in the last week and she has a new screen; Ben's stay, and he has one session too short."""
    with site(tmp_path) as running:
        running.search(SCORES)
        running.search(TEMPLATES)

        rows = {row["user"]: row for row in running.saved("Drift report")}

    assert list(rows) == ["(everybody)", "anna", "ben"]
    anna, ben, everybody = rows["anna"], rows["ben"], rows["(everybody)"]
    assert anna["finding"] == "scores sink: look at devices and the site, then enroll again"
    assert (float(anna["llr"]), float(anna["llr_before"]), float(anna["llr_change"])) == (0.5, 4.0, -3.5)
    assert (anna["sessions"], anna["sessions_before"], anna["new_devices"], anna["devices"]) == ("7", "23", "1", "2")
    assert float(anna["mismatch_pct"]) == pytest.approx(14.3) and float(anna["mismatch_pct_before"]) == 0
    assert float(ben["insufficient_pct"]) == pytest.approx(14.3) and float(ben["llr_change"]) == 0
    assert float(anna["template_age_d"]) == 100 and "template_age_d" not in ben
    assert (everybody["sessions"], everybody["models"]) == ("14", "base/2")


def test_without_scores_the_report_is_empty(tmp_path: Path) -> None:
    with site(tmp_path) as running:
        assert running.saved("Drift report") == []
