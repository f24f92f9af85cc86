"""Which indexes exist, and how long they keep events: stanzas of indexes.conf."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from ..conf_files import is_true

BUILT_IN = ("main", "summary", "_internal")
KEPT_S = 188_697_600  # Splunk's frozenTimePeriodInSecs: about six years
LARGEST_MB = 500_000  # Splunk's maxTotalDataSizeMB

_NAME = re.compile(r"[a-z0-9_][a-z0-9_-]*")


class Confs(Protocol):
    """Where stanzas come from; splunkd's ConfStore is one."""

    def read(self, file: str) -> Mapping[str, Mapping[str, str]]:
        """All stanzas of a .conf file."""


@dataclass(frozen=True)
class IndexDefinition:
    """One index. Events older than ``kept_s`` seconds go, and the oldest when there are more than ``largest_bytes``."""

    name: str
    disabled: bool = False
    kept_s: int = KEPT_S
    largest_bytes: int = LARGEST_MB * 1_048_576
    built_in: bool = False


def read(confs: Confs) -> dict[str, IndexDefinition]:
    """All indexes by name, the built-in ones first. A stanza whose name is no index name is passed over, as volumes are."""
    stanzas = confs.read("indexes")
    names = [*BUILT_IN, *(name for name in stanzas if name not in BUILT_IN and _NAME.fullmatch(name))]
    return {name: _definition(name, stanzas.get(name, {})) for name in names}


def enabled(confs: Confs) -> dict[str, IndexDefinition]:
    """The indexes that take and give events."""
    return {name: index for name, index in read(confs).items() if not index.disabled}


def _definition(name: str, settings: Mapping[str, str]) -> IndexDefinition:
    return IndexDefinition(
        name,
        disabled=is_true(settings.get("disabled")),
        kept_s=_number(settings.get("frozenTimePeriodInSecs"), KEPT_S),
        largest_bytes=_number(settings.get("maxTotalDataSizeMB"), LARGEST_MB) * 1_048_576,
        built_in=name in BUILT_IN,
    )


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.strip().isdecimal() else default
