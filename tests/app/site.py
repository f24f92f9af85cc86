"""A site in small: the app on the embedded search head, its indexes, and telemetry of the sample's people."""

from __future__ import annotations

import csv
import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from searchhead.conf_files import read
from searchhead.indexes import Event
from searchhead.indexes.store import EventStore
from searchhead.splunkd.head import Options, SearchHead

APP = Path(__file__).resolve().parents[2]
PREFIX = "Mouse Match - "
DAY = 86_400.0
SAVED = read(APP, "savedsearches")
INDEXES = ("mousematch", "mousematch_summary", "mousematch_risk")
# The sample's people are generated and look it: with the shipped limit nobody would be enrolled. The scorer of a test
# leaves soon after it.
LOCAL = {
    "indexes": "".join(f"[{name}]\ndisabled = 0\n" for name in INDEXES),
    "macros": "[mousematch_bot_limit]\ndefinition = 1.1\n",
    "mousematch": "[scorer]\nidle_s = 20\n",
}
Row = dict[str, Any]


@cache
def recordings() -> Mapping[str, list[Row]]:
    """The sample's sessions by name, each as its batches of telemetry, oldest first."""
    csv.field_size_limit(sys.maxsize)
    found: dict[str, list[Row]] = {}
    with (APP / "lookups" / "mousematch_sample.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["session"], []).append(json.loads(row["_raw"]))
    return {name: sorted(batches, key=lambda batch: int(batch["start"])) for name, batches in found.items()}


@dataclass
class Site:
    """A search head with indexes. now: when the test began, epoch seconds. messages: what searches have said."""

    head: SearchHead
    now: float = field(default_factory=time.time)
    messages: list[tuple[str, str]] = field(default_factory=list)

    def visit(
        self,
        recording: str,
        *,
        days_ago: float,
        user: str,
        session: str = "",
        indexed: float | None = None,
        **keys: Any,
    ) -> None:
        """A session of the sample arrives, as if it had ended so long ago; ``keys`` go into each batch."""
        batches = recordings()[recording]
        end = max(batch["start"] + sum(batch["points"]["dt"]) for batch in batches)
        shift = round((self.now - days_ago * DAY) * 1000 - end)
        for number, batch in enumerate(batches):
            start = batch["start"] + shift
            sent = round(start + sum(batch["points"]["dt"]) + 40)
            own = {"user": user, "session": session or recording, "start": start, "sent": sent, "seq": number}
            self.arrive(json.dumps({**batch, "page_id": "p1", **own, **keys}), at=start / 1000, indexed=indexed)

    def arrive(self, raw: str, *, at: float, indexed: float | None = None) -> None:
        """An event is indexed, now or at another time."""
        event = Event(at, raw, "mousematch", "mousematch:telemetry", "http:mousematch", "web")
        if indexed is None:
            self.head.events.add([event])
            return
        store = EventStore(self.head.state / "indexes", clock=lambda: indexed)
        store.add([event])
        store.close()

    def scored_before(self, *, days_ago: float = 5) -> None:
        """The summary tells that sessions were scored at that time; without that the guard lets nobody in."""
        self.search(
            f'| makeresults | eval _time=now()-{days_ago * DAY}, user="somebody", session="s-0", match_verdict="match",'
            " scored_at=_time | `mousematch_keys` | collect index=mousematch_summary source=mousematch_scores"
        )

    def search(self, text: str, *, user: str = "admin", **options: Any) -> list[Row]:
        """The rows of a search, each without the fields that it lacks."""
        search = self.head.search(
            text if text.startswith("|") else f"search {text}",
            Options(user=user, **{"earliest": "-40d", "latest": "+1d", **options}),
            on_message=lambda level, said: self.messages.append((level, said)),
        )
        table = search.run()
        columns = {name: table.column(name) for name in table.fields}
        return [
            {name: column[index] for name, column in columns.items() if column[index] is not None}
            for index in range(len(table))
        ]

    def saved(self, name: str, **options: Any) -> list[Row]:
        """The rows of one of the app's saved searches, over its own time range."""
        stanza = SAVED[PREFIX + name]
        times = {"earliest": stanza["dispatch.earliest_time"], "latest": stanza["dispatch.latest_time"]}
        return self.search(stanza["search"], saved_search=PREFIX + name, **{**times, **options})


@contextmanager
def site(state: Path, **local: str) -> Iterator[Site]:
    """A running site; ``local`` replaces the text of its local .conf files."""
    (state / "local").mkdir(parents=True)
    for name, text in {**LOCAL, **local}.items():
        (state / "local" / f"{name}.conf").write_text(text, "utf-8")
    with SearchHead(APP, state) as head:
        yield Site(head)
