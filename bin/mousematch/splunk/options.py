"""Options of a command that stand for a setting of mousematch.conf, for one search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any
from urllib.parse import urlsplit

from mousematch.errors import OptionError
from mousematch.settings import WAYS, PolicySettings, ScorerSettings, parse

# Option → setting. Options are short because they are typed; settings say their unit.
SCORER = {"scorer": "address", "timeout": "timeout_s"}
POLICY = {item.name: item.name for item in fields(PolicySettings)}
# Field of a row → the setting of its policy, and the field with the policy's name.
ROW_NAME = "policy"
ROW_POLICY = {ROW_NAME: ROW_NAME, **{f"policy_{setting}": setting for setting in POLICY}}

_FLAGS = {"true": True, "t": True, "1": True, "yes": True, "false": False, "f": False, "0": False, "no": False}


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


def check_policy(name: str | None, options: Mapping[str, Any]) -> None:
    """Raises OptionError if a search's options say more than one threshold, or half of an alert budget.

    name: of the policy that the search asks for. options: what replaces its settings, see ``given``.
    """
    ways = [way for way in WAYS if way in options]
    if name is not None and ways:
        raise OptionError(f"policy={name} and {ways[0]}={options[ways[0]]:g} both choose the threshold; leave one out.")
    if ways or "sessions_per_day" in options:
        words = " ".join(f"{option}={value:g}" for option, value in options.items())
        PolicySettings(**options).check(f'"{words}"')


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


def flag(command: Any, name: str) -> bool:
    """The value of an option that is true or false. Raises OptionError."""
    text = str(getattr(command, name))
    if text.lower() not in _FLAGS:
        raise OptionError(f'{name}="{text}" is neither; write true or false.')
    return _FLAGS[text.lower()]
