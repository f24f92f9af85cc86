"""The sample telemetry: every session of the roster as rows of ``lookups/mousematch_sample.csv``.

Rows are events as Splunk returns them, newest first. ``_raw`` is the event; ``session`` and ``user`` repeat what is in
it, as a search-time extraction would; the other columns are for evaluation and are not in any event: ``purpose``
(enroll, test), ``truth`` (genuine, impostor), ``scenario`` and ``moved_by``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable

import numpy as np

from samples.collector import events
from samples.roster import Visit, visits
from samples.sessions import session

FIELDS = ("_time", "_raw", "sourcetype", "session", "user", "purpose", "truth", "scenario", "moved_by")
SOURCETYPE = "mousematch:telemetry"
_PAGES = ("/accounts", "/orders", "/transfer", "/reports", "/inbox", "/settings")


def rows(visit: Visit) -> list[dict[str, str]]:
    """The rows of one session, oldest first."""
    start_ms = round(visit.start_s * 1000)
    page = _PAGES[int(np.random.default_rng([5, visit.seed]).integers(len(_PAGES)))]
    points = session(visit.mover, seconds=visit.seconds, seed=visit.seed)
    told = {
        "sourcetype": SOURCETYPE,
        "session": visit.session,
        "user": visit.user,
        "purpose": visit.purpose,
        "truth": visit.truth,
        "scenario": visit.scenario,
        "moved_by": visit.moved_by,
    }
    return [
        {"_time": f"{time_ms / 1000:.3f}", "_raw": raw, **told}
        for time_ms, raw in events(
            points, session=visit.session, user=visit.user, page=page, device=visit.mover.device, start_ms=start_ms
        )
    ]


def write(roster: Iterable[Visit] | None = None, *, on_session: Callable[[Visit], None] | None = None) -> str:
    """The CSV text of the sample; the same text each time."""
    found: list[dict[str, str]] = []
    for visit in visits() if roster is None else roster:
        found.extend(rows(visit))
        if on_session:
            on_session(visit)
    found.sort(key=lambda row: (-float(row["_time"]), row["session"]))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(found)
    return text.getvalue()
