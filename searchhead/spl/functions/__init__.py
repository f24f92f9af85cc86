"""The functions of eval and where; importing this package registers them."""

from __future__ import annotations

from . import json, logic, multivalue, number, text, times

__all__ = ["json", "logic", "multivalue", "number", "text", "times"]
