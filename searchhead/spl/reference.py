"""The reference part of docs/searchhead.md, from the code: ``python -m searchhead.spl.reference`` prints it."""

from __future__ import annotations

import sys

from . import commands, functions
from .aggregates import FUNCTIONS as AGGREGATES
from .compile import FUNCTIONS
from .registry import BUILTINS

REGISTERED = (*commands.__all__, *functions.__all__)  # importing these modules registered what is listed here

_GROUPS = {
    "logic": "Conditions and missing values",
    "number": "Numbers",
    "text": "Text",
    "multivalue": "Multivalues",
    "json": "JSON",
    "times": "Times (UTC)",
}


def reference() -> str:
    """Commands, eval functions and aggregations as Markdown."""
    lines = ["### Commands", "", "| command | what it gives |", "|---|---|"]
    for name in sorted(BUILTINS):
        builtin = BUILTINS[name]
        usage = builtin.usage.replace("|", "\\|")
        alias = "" if usage.split()[0] == name else f"as `{usage.split()[0]}`"
        meaning = " ".join((builtin.parse.__doc__ or "").split()).replace("|", "\\|")
        lines.append(f"| `{name}` | {alias} |" if alias else f"| `{usage}` | {meaning} |")
    lines += ["", "### Functions of `eval` and `where`", ""]
    for group, title in _GROUPS.items():
        names = [f"`{known.usage}`" for known in FUNCTIONS.values() if known.module == group]
        lines.append(f"- **{title}:** {', '.join(names)}.")
    lines += ["", "### Functions of `stats`, `eventstats`, `streamstats` and `timechart`", ""]
    lines.append(", ".join(f"`{name}`" for name in AGGREGATES) + ".")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
