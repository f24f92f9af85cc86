"""The built-in commands; importing this package registers them."""

from __future__ import annotations

from . import (
    aggregate,
    chart,
    combine,
    convert,
    extract,
    filtering,
    generate,
    lookup,
    multivalue,
    order,
    pivot,
    running,
    shape,
    sources,
    subsearches,
    summary,
    timechart,
)

__all__ = [
    "aggregate",
    "chart",
    "combine",
    "convert",
    "extract",
    "filtering",
    "generate",
    "lookup",
    "multivalue",
    "order",
    "pivot",
    "running",
    "shape",
    "sources",
    "subsearches",
    "summary",
    "timechart",
]
