"""A small app with lookups and macros, and a search on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from searchhead import spl
from searchhead.table import Table, Value
from tests.searchhead.spl.memory_indexes import MemoryIndexes

Rows = list[dict[str, Value]]
NOW = 1_700_000_000  # 2023-11-14 22:13:20 UTC, a Tuesday

SESSIONS = """\
user,session,score,city
alice,s1,3,Rome
bob,s2,10,"New
York"
alice,s3,7,"a ""quoted"" place"
carl,s4,,
"""
MACROS = """\
[high(1)]
args = least
definition = where score >= $least$

[high_and_low(2)]
args = least, most
definition = `high($least$)` | where score <= $most$

[wanted(1)]
args = name
definition = "user=\\"" . "$name$" . "\\""
iseval = 1

[positive(1)]
args = n
definition = where score > $n$
validation = isnum($n$)
errormsg = n must be a number

[endless]
definition = `endless`
"""
TRANSFORMS = """\
[towns]
filename = towns.csv
case_sensitive_match = false
min_matches = 1
default_match = nowhere

[patterns]
filename = patterns.csv
match_type = WILDCARD(session)

[templates]
external_type = kvstore
collection = mousematch_templates
fields_list = _key, user, windows

[many]
filename = towns.csv
max_matches = many

[odd]
external_cmd = x.py
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An app folder."""
    folder = tmp_path / "app"
    (folder / "default").mkdir(parents=True)
    (folder / "lookups").mkdir()
    (folder / "default" / "macros.conf").write_text(MACROS)
    (folder / "default" / "transforms.conf").write_text(TRANSFORMS)
    (folder / "lookups" / "sessions.csv").write_text(SESSIONS)
    (folder / "lookups" / "towns.csv").write_text("town,country\nrome,IT\nROME,US\nOslo,\n")
    (folder / "lookups" / "patterns.csv").write_text("session,kind\ns*,any\ns1,first\n")
    return folder


@pytest.fixture
def context(app: Path, tmp_path: Path) -> spl.Context:
    """The surroundings of a search."""
    return spl.Context(app=app, state_lookups=tmp_path / "state" / "lookups", now=NOW)


@pytest.fixture
def table(context: spl.Context) -> Callable[[str], Table]:
    """Run a search: its results."""
    return lambda text: spl.run(text, context)


@pytest.fixture
def rows(context: spl.Context) -> Callable[[str], Rows]:
    """Run a search: its rows, without the fields they lack."""
    return lambda text: list(spl.run(text, context).rows())


@pytest.fixture
def error(context: spl.Context) -> Callable[[str], str]:
    """Run a search that must fail: its message."""

    def fails(text: str) -> str:
        with pytest.raises(spl.SplError) as caught:
            spl.run(text, context)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    return fails


@pytest.fixture
def indexes() -> MemoryIndexes:
    """Indexes without events."""
    return MemoryIndexes()


@pytest.fixture
def found(app: Path, indexes: MemoryIndexes) -> Callable[..., Rows]:
    """Run a search of the indexes, with any further setting of its context: its rows."""

    def run(text: str, **settings: object) -> Rows:
        context = spl.Context(app=app, now=NOW, indexes=indexes, **settings)  # type: ignore[arg-type]
        return list(spl.run(text, context).rows())

    return run
