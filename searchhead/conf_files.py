"""The app's .conf files, read as Splunk layers them: ``local/`` over ``default/``, key by key.

    [stanza]
    # a comment, only at the start of a line
    key = a value \\
    that goes on

A backslash at the end of a line joins the next line to the value, with the line break kept. Settings before the first
stanza, and those of ``[default]``, apply to every stanza that does not set them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

Stanzas = dict[str, dict[str, str]]

_LAYERS = ("default", "local")
_STANZA = re.compile(r"\s*\[(.*)\]\s*$")
_TRUE = frozenset({"1", "true", "t", "yes", "y", "on", "enabled"})
_FALSE = frozenset({"0", "false", "f", "no", "n", "off", "disabled"})


class ConfError(Exception):
    """A .conf file that cannot be read; the message names the file, the line and the remedy."""


def read(app: Path, name: str) -> Stanzas:
    """Stanzas of the app's configuration ``name`` (``"macros"`` reads macros.conf), default/ layered with local/.

    Stanzas keep the order of the files. Without a file there are no stanzas. Raises ConfError.
    """
    layered: Stanzas = {}
    for layer in _LAYERS:
        path = app / layer / f"{name}.conf"
        if not path.is_file():
            continue
        for stanza, settings in parse(_text(path), where=str(path)).items():
            layered.setdefault(stanza, {}).update(settings)
    common = layered.pop("default", {})
    return {stanza: {**common, **settings} for stanza, settings in layered.items()}


def parse(text: str, *, where: str = "conf") -> Stanzas:
    """Stanzas of one .conf text; settings before the first stanza are found under ``"default"``. Raises ConfError.

    The same stanza twice is one stanza; of the same key twice the last one counts. ``where`` names the text in errors.
    """
    stanzas: Stanzas = {}
    stanza = "default"
    for number, line in _logical_lines(text):
        heading = _STANZA.match(line) if "\n" not in line else None
        if heading:
            stanza = heading.group(1)
            stanzas.setdefault(stanza, {})
            continue
        key, equals, value = line.partition("=")
        if not equals or not key.strip():
            raise ConfError(
                f'{where}, line {number}: "{line.strip()}" is neither [stanza] nor key = value; correct it.'
            )
        stanzas.setdefault(stanza, {})[key.strip()] = value.strip()
    return stanzas


def is_true(value: str | None, *, default: bool = False) -> bool:
    """A setting as truth value, in any of Splunk's spellings; ``default`` when unset or in none of them."""
    word = (value or "").strip().lower()
    return True if word in _TRUE else False if word in _FALSE else default


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Number of the first line, and the line with its continuations; comments and empty lines are left out."""
    held: list[str] = []
    first = 0
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        if not held:
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            first = number
        if line.endswith("\\"):
            held.append(line[:-1])
            continue
        yield first, "\n".join([*held, line])
        held = []
    if held:
        yield first, "\n".join(held)


def _text(path: Path) -> str:
    """The file's text; a byte order mark is dropped. Raises ConfError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfError(f"{path} cannot be read ({exc}); it must be UTF-8 text.") from exc
