"""The built-in commands; importing this package registers them."""

from __future__ import annotations

from . import aggregate, chart, combine, extract, filtering, generate, lookup, multivalue, order, shape, summary

__all__ = [
    "aggregate",
    "chart",
    "combine",
    "extract",
    "filtering",
    "generate",
    "lookup",
    "multivalue",
    "order",
    "shape",
    "summary",
]
