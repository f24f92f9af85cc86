"""The functions of eval and where; importing this package registers them."""

from __future__ import annotations

from . import logic, multivalue, number, text, times

__all__ = ["logic", "multivalue", "number", "text", "times"]
