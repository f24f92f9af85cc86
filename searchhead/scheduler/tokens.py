"""Tokens in settings of saved searches: ``$name$``, ``$result.user$``, ``$job.resultCount$``."""

from __future__ import annotations

import re
from collections.abc import Mapping

from searchhead.table import Value

_TOKEN = re.compile(r"\$(?:([A-Za-z_][\w. -]*(?:\{[^}]*\})?)\$|\$)")


def substituted(text: str, values: Mapping[str, str], result: Mapping[str, Value]) -> str:
    """The text with its tokens replaced; ``result`` is the first result, unknown tokens become nothing, ``$$`` is ``$``."""

    def one(match: re.Match[str]) -> str:
        name = match.group(1)
        if name is None:
            return "$"
        if name.startswith("result."):
            value = result.get(name[len("result.") :])
            return "\n".join(value) if isinstance(value, list) else value or ""
        return values.get(name, "")

    return _TOKEN.sub(one, text)
