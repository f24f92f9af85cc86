"""Fields that are found without being told where: ``key=value`` pairs, and the leaves of JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from ...table import Value
from ..documents import parsed

Wants = Callable[[str], bool]

_SEPARATORS = r"\s,;&|"
_KEY = rf"""(?:^|(?<=[{_SEPARATORS}(\[{{<"']))([^{_SEPARATORS}=()\[\]{{}}<>"']+)="""
_PAIR = re.compile(rf'{_KEY}("[^"]*"|[^{_SEPARATORS}"]+)')
_ESCAPED_PAIR = re.compile(rf'{_KEY}("[^"\\]*(?:\\.[^"\\]*)*"|[^{_SEPARATORS}"]+)', re.DOTALL)
_NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9_:.]")
_DEEPEST = 100


def pairs(text: str, wants: Wants, *, escaped: bool = False) -> dict[str, Value]:
    """``key=value`` and ``key="some value"``, the first of each key; ``escaped``: a backslash in quotes guards a quote."""
    found: dict[str, Value] = {}
    for key, value in (_ESCAPED_PAIR if escaped else _PAIR).findall(text):
        field = clean(key)
        if not field or field in found or not wants(field):
            continue
        if value.startswith('"'):
            value = value[1:-1]
            if escaped and "\\" in value:
                value = re.sub(r'\\([\\"])', r"\1", value)
        if value:
            found[field] = value
    return found


def clean(key: str) -> str:
    """The key as a field's name: other characters than letters, digits, ``_ : .`` become ``_``, none of them leads."""
    return _NOT_IN_KEYS.sub("_", key).lstrip("_0123456789")


def leaves(text: str, wants: Wants = lambda field: True) -> dict[str, Value]:
    """Every value of a JSON document by its path, such as ``a.b{}.c``; nothing for text that is no JSON."""
    found: dict[str, list[str]] = {}
    try:
        stack: list[tuple[str, object, int]] = [("", parsed(text), 0)]
    except ValueError:
        return {}
    while stack:
        path, node, depth = stack.pop()
        if depth > _DEEPEST:
            continue
        if isinstance(node, dict):
            inside = ((f"{path}.{key}" if path else key, value, depth + 1) for key, value in node.items())
            stack += reversed(list(inside))
        elif isinstance(node, list):
            if wants(path + "{}") or any(isinstance(item, (dict, list)) for item in node):
                stack += [(path + "{}", value, depth + 1) for value in reversed(node)]
        elif node is not None and path and wants(path):
            found.setdefault(path, []).append(node if isinstance(node, str) else json.dumps(node))
    return {path: values if len(values) > 1 else values[0] for path, values in found.items()}
