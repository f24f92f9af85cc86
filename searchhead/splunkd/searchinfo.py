"""What ``getinfo`` tells a command about its search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from . import command_line

MAX_RESULT_ROWS = 50_000
SPLUNK_VERSION = "10.2.3"
_SINCE_LATER_THAN_6_3 = ("command", "maxresultrows")


@dataclass(frozen=True)
class SearchInfo:
    """One command of one search; times are epoch seconds, 0 when the search has no bound.

    ``old``: as Splunk 6.3 told it, without the keys that came later.
    """

    command: str
    raw_args: tuple[str, ...]
    search: str
    sid: str
    dispatch_dir: str
    app: str
    owner: str
    session_key: str
    splunkd_uri: str
    earliest_time: float = 0
    latest_time: float = 0
    maxresultrows: int = MAX_RESULT_ROWS
    splunk_version: str = SPLUNK_VERSION
    preview: bool = False
    old: bool = False

    def for_command(self, command: str, raw_args: Sequence[str]) -> SearchInfo:
        """The same search, another command of it."""
        return replace(self, command=command, raw_args=tuple(raw_args))

    def request(self) -> dict[str, Any]:
        """The metadata of the getinfo request."""
        searchinfo: dict[str, Any] = {
            "args": [command_line.unquote(argument) for argument in self.raw_args],
            "raw_args": list(self.raw_args),
            "dispatch_dir": self.dispatch_dir,
            "sid": self.sid,
            "app": self.app,
            "owner": self.owner,
            "username": self.owner,
            "session_key": self.session_key,
            "splunkd_uri": self.splunkd_uri,
            "splunk_version": self.splunk_version,
            "search": quote(self.search, safe=""),
            "command": self.command,
            "maxresultrows": self.maxresultrows,
            "earliest_time": _time(self.earliest_time),
            "latest_time": _time(self.latest_time),
        }
        request: dict[str, Any] = {
            "action": "getinfo",
            "preview": self.preview,
            "streaming_command_will_restart": False,
            "searchinfo": searchinfo,
        }
        if self.old:
            del request["streaming_command_will_restart"]
            for key in _SINCE_LATER_THAN_6_3:
                del searchinfo[key]
        return request


def _time(seconds: float) -> str:
    """A time as splunkd writes it: a string, ``0`` for none."""
    return f"{seconds:.9f}" if seconds % 1 else f"{seconds:.0f}"
