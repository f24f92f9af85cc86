"""mousematch.conf as splunkd merges it, or as it lies on disk when splunkd does not answer."""

from __future__ import annotations

import configparser
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from splunklib import client

from mousematch.errors import StoreError
from mousematch.settings import FILE, Settings
from mousematch.splunk.errors import translated
from mousematch.splunk.service import connect

APP_FOLDER = Path(__file__).resolve().parents[3]
Stanzas = dict[str, dict[str, str]]


def settings_for(searchinfo: Any, *, warn: Callable[[str], None]) -> Settings:
    """The settings that hold for a search.

    searchinfo: of the search's getinfo request. warn: is told when splunkd did not answer and the app's own files
    were read instead: then changes made by roles or on other search heads are not seen.
    """
    try:
        stanzas = stanzas_by_rest(connect(searchinfo))
    except StoreError as exc:
        warn(f"{FILE}.conf was read from the app's folder: {exc}")
        stanzas = stanzas_on_disk(APP_FOLDER)
    return Settings.from_stanzas(stanzas)


def stanzas_by_rest(service: client.Service) -> Stanzas:
    """Stanza → key → value, with default and local merged by splunkd. Raises StoreError if it does not answer."""
    with translated(f"The settings ({FILE}.conf)"):
        answer = service.get(f"configs/conf-{FILE}", output_mode="json", count=0)
        entries = json.loads(answer.body.read())["entry"]
        return {
            entry["name"]: {key: _text(value) for key, value in entry["content"].items() if not key.startswith("eai:")}
            for entry in entries
        }


def _text(value: object) -> str:
    """A value as it stands in the file; splunkd may send numbers and booleans as JSON's own."""
    return "" if value is None else str(value)


def stanzas_on_disk(app: Path) -> Stanzas:
    """Stanza → key → value from default/ and, above it, local/ of the app's folder; empty without these files."""
    parser = configparser.RawConfigParser(
        delimiters=("=",), comment_prefixes=("#",), strict=False, default_section="default", empty_lines_in_values=False
    )
    # Keys of .conf files are case-sensitive, unlike those of INI files.
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read([app / "default" / f"{FILE}.conf", app / "local" / f"{FILE}.conf"], encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as exc:
        raise StoreError(f"{FILE}.conf in {app} cannot be read: {exc}") from exc
    return {name: dict(parser.items(name)) for name in parser.sections()}
