"""The built-in commands; importing this package registers them."""

from __future__ import annotations

from . import (
    aggregate,
    buckets,
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
    ranking,
    running,
    shape,
    sources,
    subsearches,
    summary,
    timechart,
)

__all__ = [
    "aggregate",
    "buckets",
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
    "ranking",
    "running",
    "shape",
    "sources",
    "subsearches",
    "summary",
    "timechart",
]
