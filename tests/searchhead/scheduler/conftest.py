"""A search head on a small app with a few saved searches; its clock is what a test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from searchhead.splunkd.head import SearchHead

NOON = 1_700_000_040.0 - 1_700_000_040.0 % 86_400 + 43_200  # of some day, in UTC
MINUTE = 60.0
Make = Callable[[str], SearchHead]


def write(folder: Path, searches: str) -> None:
    """Makes the app; ``searches`` is its savedsearches.conf."""
    files = {
        "default/app.conf": "[package]\nid = shop\n",
        "default/savedsearches.conf": searches,
        "default/indexes.conf": "[sales]\n[sums]\n",
        "lookups/seen.csv": "user\nold\n",
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """A search head with these saved searches, on the test's own state folder."""
    heads: list[SearchHead] = []

    def start(searches: str) -> SearchHead:
        write(tmp_path / "shop", searches)
        heads.append(SearchHead(tmp_path / "shop", tmp_path / "state"))
        return heads[-1]

    yield start
    for head in heads:
        head.close()


def step(head: SearchHead, now: float) -> list[float]:
    """One step of the scheduler to its end; the scheduled times of the runs that began."""
    begun = head.scheduler.run_due(now)
    assert head.scheduler.wait(30)
    return [run.scheduled for run in begun]


def logged(head: SearchHead, term: str = "") -> list[str]:
    """The lines of scheduler.log, the oldest first."""
    raw = head.search(f"search index=_internal sourcetype=scheduler {term}").run().column("_raw")
    return [str(line) for line in reversed(raw)]
