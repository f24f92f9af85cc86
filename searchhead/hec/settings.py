"""What the collector is told by inputs.conf, limits.conf, props.conf and indexes.conf."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..conf_files import is_true
from ..indexes import definitions
from ..indexes.definitions import Confs

MAX_BODY = 10 * 1_048_576  # bytes; splunkd takes 800 MB, which one process in Python should not
MAX_EVENT = 5 * 1_048_576
TRUNCATE = 10_000  # bytes; props.conf
DEFAULT_SOURCETYPE = "httpevent"
MAX_IDLE_S = 600.0
_KEPT_S = 1.0  # so that a change of a file counts within a second, and not each request reads four files
_SIZE = re.compile(r"(\d+)\s*(KB|MB|GB|)", re.IGNORECASE)
_UNITS = {"": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}
_LINES = r"([\r\n]+)"


@dataclass(frozen=True)
class Token:
    """One ``[http://name]`` stanza. ``indexes``: those that its events may name, any for none."""

    name: str
    value: str
    disabled: bool
    index: str
    indexes: frozenset[str]
    sourcetype: str
    source: str
    host: str
    connection_host: str
    use_ack: bool
    query_string: bool


@dataclass(frozen=True)
class Settings:
    """The whole configuration; sizes in bytes. ``indexes``: the enabled ones. ``idle_s``: None keeps channels for ever."""

    disabled: bool
    tokens: tuple[Token, ...]
    origins: str
    headers: str
    max_body: int
    max_event: int
    idle_s: float | None
    indexes: frozenset[str]
    props: Mapping[str, Mapping[str, str]]

    def truncate(self, sourcetype: str) -> int:
        """Bytes that an event of this sourcetype may have; 0 is any number."""
        text = self.props.get(sourcetype, {}).get("TRUNCATE", "")
        return int(text) if text.isdecimal() else TRUNCATE

    def line_breaker(self, sourcetype: str) -> str:
        """The regular expression whose first group parts raw data into events."""
        return self.props.get(sourcetype, {}).get("LINE_BREAKER") or _LINES


def read(confs: Confs) -> Settings:
    """The configuration as it is now."""
    inputs = confs.read("inputs")
    http = inputs.get("http", {})
    limits = confs.read("limits").get("http_input", {})
    idle = is_true(http.get("ackIdleCleanup"), default=True)
    return Settings(
        disabled=is_true(http.get("disabled")),
        tokens=tuple(
            _token(stanza.removeprefix("http://"), {**http, "disabled": "0", **settings})
            for stanza, settings in inputs.items()
            if stanza.startswith("http://") and settings.get("token")
        ),
        origins=http.get("crossOriginSharingPolicy", ""),
        headers=http.get("crossOriginSharingHeaders", ""),
        max_body=_size(limits.get("max_content_length"), MAX_BODY),
        max_event=_size(http.get("maxEventSize"), MAX_EVENT),
        idle_s=float(_size(http.get("maxIdleTime"), int(MAX_IDLE_S))) if idle else None,
        indexes=frozenset(definitions.enabled(confs)),
        props=confs.read("props"),
    )


class CurrentSettings:
    """The configuration, read anew when it is older than a second; for one thread."""

    def __init__(self, confs: Confs, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._confs = confs
        self._clock = clock
        self._read_at = 0.0
        self._settings: Settings | None = None

    def get(self) -> Settings:
        """The configuration, at most a second old."""
        now = self._clock()
        if self._settings is None or now - self._read_at >= _KEPT_S:
            self._settings = read(self._confs)
            self._read_at = now
        return self._settings


def _token(name: str, settings: Mapping[str, str]) -> Token:
    return Token(
        name=name,
        value=settings["token"],
        disabled=is_true(settings.get("disabled")),
        index=settings.get("index") or "main",
        indexes=frozenset(filter(None, re.split(r"[,\s]+", settings.get("indexes", "")))),
        sourcetype=settings.get("sourcetype") or DEFAULT_SOURCETYPE,
        source=settings.get("source") or f"http:{name}",
        host=settings.get("host", ""),
        connection_host=settings.get("connection_host", "none").lower(),
        use_ack=is_true(settings.get("useACK")),
        query_string=is_true(settings.get("allowQueryStringAuth")),
    )


def _size(text: str | None, default: int) -> int:
    match = _SIZE.fullmatch((text or "").strip())
    return int(match.group(1)) * _UNITS[match.group(2).upper()] if match else default
