"""What has been measured: results.json, figures only, one entry a row."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mousematch.errors import OptionError
from study.rows import Row

RESULTS = Path(__file__).parent / "results.json"


def read(path: Path) -> dict[str, Any]:
    """Entries by the name of their row; none if there is no file. Raises OptionError if the file is damaged."""
    try:
        entries = json.loads(path.read_text()) if path.exists() else {}
    except ValueError as exc:
        raise OptionError(f"{path} is no JSON ({exc}); delete it, or get it from version control again.") from exc
    if not isinstance(entries, dict):
        raise OptionError(f"{path} holds no entries by row; delete it, or get it from version control again.")
    return entries


def finished(entries: dict[str, Any], row: Row, steps: int) -> bool:
    """Whether this very row has been measured with so many steps."""
    entry = entries.get(row.name)
    return entry is not None and entry["row"] == _plain(row) and entry["steps"] == steps


def add(path: Path, row: Row, entry: dict[str, Any]) -> None:
    """Puts a row's entry into the file, in place of an older one; the file is always whole."""
    entries = read(path)
    entries[row.name] = {"row": _plain(row), **entry}
    part = path.with_name(f"{path.name}.part")
    part.write_text(json.dumps(dict(sorted(entries.items())), indent=1) + "\n")
    os.replace(part, path)


def _plain(row: Row) -> dict[str, Any]:
    """What is measured, as JSON gives it back: a row without what it is called."""
    plain = json.loads(json.dumps(asdict(row)))
    return {key: value for key, value in plain.items() if key not in ("name", "about")}
