"""Whether the results of a saved search trigger its alert.

counttype = number of events | number of hosts | number of sources | custom | always
relation  = greater than | less than | equal to | not equal to | drops by | rises by
quantity  = 5, or with the last two 10%
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from searchhead.table import Table

from .saved import SavedSearch

_COUNTED = {"number of hosts": "host", "number of sources": "source"}


@dataclass(frozen=True)
class Verdict:
    """``count``: what was counted, to be compared with by the next run. ``problem``: why the condition cannot be read."""

    triggered: bool
    count: float
    problem: str = ""


def check(saved: SavedSearch, results: Table, previous: float | None, custom: Callable[[str], Table]) -> Verdict:
    """``previous`` is the count of the last run, None before the first; ``custom`` runs a further pipeline on the results.

    What ``custom`` raises passes through.
    """
    kind = saved["counttype"].strip().lower()
    count = float(_count(kind, results))
    if not saved.is_alert:
        return Verdict(True, count)
    if kind == "custom":
        condition = saved["alert_condition"].strip()
        if not condition:
            return Verdict(False, count, "counttype = custom needs an alert_condition")
        return Verdict(len(custom(condition)) > 0, count)
    if kind != "number of events" and kind not in _COUNTED:
        return Verdict(False, count, f"counttype = {kind} is unknown")
    relation, quantity = saved["relation"].strip().lower(), saved["quantity"].strip()
    try:
        wanted = float(quantity.rstrip("%"))
    except ValueError:
        return Verdict(False, count, f"quantity = {quantity} is no number")
    if relation in ("drops by", "rises by"):
        if previous is None:
            return Verdict(False, count)
        change = count - previous if relation == "rises by" else previous - count
        limit = previous * wanted / 100 if quantity.endswith("%") else wanted
        return Verdict(change >= limit and change > 0, count)
    compare = _RELATIONS.get(relation)
    if compare is None:
        return Verdict(False, count, f"relation = {relation} is unknown")
    return Verdict(compare(count, wanted), count)


def _count(kind: str, results: Table) -> int:
    if kind not in _COUNTED:
        return len(results)
    values = results.column(_COUNTED[kind])
    return len({one for value in values for one in (value if isinstance(value, list) else [value]) if one is not None})


_RELATIONS: dict[str, Callable[[float, float], bool]] = {
    "greater than": lambda count, wanted: count > wanted,
    "less than": lambda count, wanted: count < wanted,
    "equal to": lambda count, wanted: count == wanted,
    "not equal to": lambda count, wanted: count != wanted,
}
