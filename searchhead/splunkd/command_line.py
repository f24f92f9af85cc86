"""The arguments of a custom command, as splunkd splits them.

fieldname=word_count pattern="\\w+ \\"x\\"" text
  raw_args  fieldname=word_count · pattern="\\w+ \\"x\\"" · text
  args      fieldname=word_count · pattern=\\w+ "x" · text
"""

from __future__ import annotations

import re

_STRING = r'"(?:\\.|[^"\\])*"'
_ARGUMENT = re.compile(rf'(?:{_STRING}|[^\s"])+', re.DOTALL)
_ARGUMENTS = re.compile(rf'(?:\s|[^\s"]|{_STRING})*', re.DOTALL)
_QUOTED = re.compile(r'"((?:\\.|[^"\\])*)"', re.DOTALL)
_ESCAPE = re.compile(r'\\(["\\])')


def split(raw: str) -> list[str]:
    """The raw arguments: blanks separate them, except between double quotes. ValueError for a quote left open."""
    if not _ARGUMENTS.fullmatch(raw):
        raise ValueError(f"Unbalanced quotes in: {raw.strip()}")
    return _ARGUMENT.findall(raw)


def unquote(argument: str) -> str:
    """The argument without its double quotes; ``\\"`` and ``\\\\`` between them lose the backslash."""
    return _QUOTED.sub(lambda match: _ESCAPE.sub(r"\1", match.group(1)), argument)


def split_pipeline(search: str) -> list[str]:
    """The commands of a streaming_preop, cut at the pipes that no quotes hold."""
    stages, start = [], 0
    quoted = escaped = False
    for at, character in enumerate(search):
        if character == '"' and not escaped:
            quoted = not quoted
        escaped = character == "\\" and not escaped
        if character == "|" and not quoted:
            stages.append(search[start:at])
            start = at + 1
    return [stage.strip() for stage in [*stages, search[start:]] if stage.strip()]
