"""Options of a command that stand for a setting of mousematch.conf, for one search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from mousematch.errors import OptionError
from mousematch.settings import ScorerSettings, parse

# Option → setting. Options are short because they are typed; settings say their unit.
SCORER = {"scorer": "address", "timeout": "timeout_s"}


def given(command: Any, kind: type, names: Mapping[str, str]) -> dict[str, Any]:
    """The settings that a command's options replace: setting → value, for the options that were given.

    kind: the stanza's dataclass, whose types and ranges hold for the options too. Raises OptionError.
    """
    values: dict[str, Any] = {}
    for option, setting in names.items():
        text = getattr(command, option)
        if text is not None:
            values[setting] = parse(kind, setting, text, where=option)
    if kind is ScorerSettings and "address" in values:
        check_url(values["address"])
    return values


def check_url(address: str) -> None:
    """Raises OptionError unless the address is the http or https URL of a host."""
    try:
        uri = urlsplit(address)
        usable = uri.scheme in ("http", "https") and bool(uri.hostname) and (uri.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise OptionError(f'scorer="{address}" is no URL; write it as http://host:8501 or https://host.')


def check_fields(command: Any, *names: str) -> None:
    """Raises OptionError if an option that names a field is empty, or if there are words that are no option."""
    if command.fieldnames:
        raise OptionError(
            f'{command.name} cannot use the words "{" ".join(command.fieldnames)}"; its options are written name=value.'
        )
    for name in names:
        if not getattr(command, name):
            raise OptionError(f"{name} is empty; name the field, or leave the option out.")
