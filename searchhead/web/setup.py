"""What `serve` writes into <state>/local before its first start, as an administrator would in Splunk's settings.

    indexes.conf          the three indexes
    inputs.conf           HEC and a token for the collector, which may write telemetry and nothing else
    savedsearches.conf    the app's schedules, switched on

A stanza that is there is left as it is: what has been changed or switched off stays so.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from pathlib import Path

from .. import conf_files
from ..splunkd.conf_store import ConfStore

INDEXES = {"mousematch": 30, "mousematch_summary": 180, "mousematch_risk": 180}  # days that events are kept
TOKEN_STANZA = "http://mousematch"
EVERY_MINUTE = "* * * * *"
# These two run at the pace of somebody who watches, and make up for no minute that was missed: a start after a night off
# would have hundreds. The others keep theirs.
_WATCHED = {"cron_schedule": EVERY_MINUTE, "realtime_schedule": "1"}
PACE = {
    "Mouse Match - Score recent sessions": _WATCHED,
    "Mouse Match - Alert - Somebody else moves the mouse": _WATCHED,
}


def prepare(confs: ConfStore, state: Path) -> None:
    """Writes what is not there yet. Raises RestError."""
    for name, days in INDEXES.items():
        paths = {key: f"$SPLUNK_DB/{name}/{end}" for key, end in _PATHS.items()}
        _once(confs, "indexes", name, {**paths, "frozenTimePeriodInSecs": str(days * 86_400)})
    _once(confs, "inputs", "http", {"disabled": "0"})
    token = {
        "disabled": "0",
        "token": str(uuid.UUID(bytes=secrets.token_bytes(16), version=4)),
        "index": "mousematch",
        "indexes": "mousematch",
        "sourcetype": "mousematch:telemetry",
    }
    _once(confs, "inputs", TOKEN_STANZA, token)
    written = _written(state, "savedsearches")
    for name, settings in confs.read("savedsearches").items():
        if settings.get("cron_schedule") and name not in written:
            as_shipped = {"cron_schedule": settings["cron_schedule"]}
            confs.update("savedsearches", name, {"enableSched": "1", "disabled": "0", **PACE.get(name, as_shipped)})


def hec_token(confs: ConfStore) -> str:
    """The collector's token as it is now; empty when somebody has removed it."""
    return confs.read("inputs").get(TOKEN_STANZA, {}).get("token", "")


_PATHS = {"homePath": "db", "coldPath": "colddb", "thawedPath": "thaweddb"}


def _once(confs: ConfStore, file: str, stanza: str, settings: Mapping[str, str]) -> None:
    if stanza not in confs.read(file):
        confs.create(file, stanza, settings)


def _written(state: Path, file: str) -> conf_files.Stanzas:
    path = state / "local" / f"{file}.conf"
    return conf_files.parse(path.read_text(encoding="utf-8"), where=str(path)) if path.is_file() else {}
