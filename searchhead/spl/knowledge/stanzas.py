"""Which stanzas of props.conf count for an event: those of its source, host and sourcetype, in this order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

Settings = Mapping[str, str]

# What splunkd's own props.conf says of summary events.
_SHIPPED = {"stash": {"KV_MODE": "stash"}}


class Props:
    """The app's props.conf."""

    def __init__(self, stanzas: Mapping[str, Settings]) -> None:
        self._by_sourcetype = {name: stanza for name, stanza in stanzas.items() if "::" not in name}
        self._patterns: dict[str, list[tuple[re.Pattern[str], Settings]]] = {"source": [], "host": []}
        for name in sorted(stanzas):
            kind, colons, wanted = name.partition("::")
            if colons and kind in self._patterns:
                self._patterns[kind].append((pattern(wanted, any_case=kind == "host"), stanzas[name]))

    def settings(self, sourcetype: str, source: str, host: str) -> dict[str, str]:
        """All settings for such events; a source's stanza goes before a host's, and that before the sourcetype's."""
        merged = dict(_SHIPPED.get(sourcetype, {}))
        merged.update(self._by_sourcetype.get(sourcetype, {}))
        for kind, value in (("host", host), ("source", source)):
            for wanted, stanza in reversed(self._patterns[kind]):
                if wanted.fullmatch(value):
                    merged.update(stanza)
        return merged

    def all_settings(self) -> list[Settings]:
        """Every stanza's settings."""
        patterned = [stanza for found in self._patterns.values() for _, stanza in found]
        return [*self._by_sourcetype.values(), *patterned]


@lru_cache(maxsize=512)
def pattern(wanted: str, *, any_case: bool = False) -> re.Pattern[str]:
    """The regex of a stanza's name: ``...`` is any text, ``*`` any text without a slash, ``|`` separates alternatives."""
    parts: list[str] = []
    for piece in re.split(r"(\.\.\.|\*|\||\(|\))", wanted):
        parts.append({"...": ".*", "*": "[^/]*", "|": "|", "(": "(?:", ")": ")"}.get(piece, re.escape(piece)))
    flags = re.DOTALL | (re.IGNORECASE if any_case else 0)
    try:
        return re.compile("".join(parts), flags)
    except re.error:  # brackets that do not match stand for themselves
        return re.compile(re.escape(wanted), flags)
