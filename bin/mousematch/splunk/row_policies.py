"""The policy of each row → how its session is decided.

policy_threshold … of a row ─┐
the search's own options ────┼─▶ name and settings ─▶ Decider, made once for all rows that say the same
[policy:<name>] ─────────────┘
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mousematch.errors import MouseMatchError
from mousematch.policy import Decider
from mousematch.settings import WAYS, PolicySettings, parse
from mousematch.splunk.chunks import Columns
from mousematch.splunk.messages import Messages
from mousematch.splunk.options import ROW_NAME, ROW_POLICY, check_policy


# Compared by identity: a ruling is made once, and what it decides with are arrays.
@dataclass(frozen=True, eq=False)
class Ruling:
    """How a session is decided. label: what match_policy says. reason: why its row's own policy is not the one."""

    decider: Decider
    label: str
    reason: str = ""


class RowPolicies:
    """The rulings of a search's rows.

    name, options: the policy of rows that name none, and the search's own options for it. decide: gives the thresholds of
    a policy with settings that replace its own; it raises MouseMatchError. by_row: whether rows have a say.
    """

    def __init__(
        self,
        *,
        name: str,
        options: Mapping[str, Any],
        decide: Callable[[str, Mapping[str, Any]], Decider],
        messages: Messages,
        by_row: bool = False,
    ) -> None:
        """Raises MouseMatchError if the policy of rows that name none cannot be used."""
        self._name = name
        self._options = options
        self._decide = decide
        self._messages = messages
        self._by_row = by_row
        self._own = self._ruling(name, options)
        self._known: dict[tuple[str, ...], Ruling] = {}

    def of(self, columns: Columns) -> list[Ruling]:
        """One a row; rows that say the same share theirs."""
        if not self._by_row:
            return [self._own] * columns.rows
        return [self._of_row(texts) for texts in zip(*(columns.column(field) for field in ROW_POLICY))]

    def _of_row(self, texts: tuple[str, ...]) -> Ruling:
        found = self._known.get(texts)
        if found is None:
            try:
                found = self._asked(texts)
            except MouseMatchError as exc:
                # Undecided would mean no alert, just where somebody wanted another one.
                reason = f'The row\'s policy cannot be used, so "{self._own.label}" decided: {exc}'
                found = Ruling(self._own.decider, self._own.label, reason)
            self._known[texts] = found
        return found

    def _asked(self, texts: tuple[str, ...]) -> Ruling:
        given = {field: text.strip() for field, text in zip(ROW_POLICY, texts) if text.strip()}
        if not given:
            return self._own
        name = given.pop(ROW_NAME, "")
        settings = {
            ROW_POLICY[field]: parse(PolicySettings, ROW_POLICY[field], text, where=field)
            for field, text in given.items()
        }
        check_policy(name or None, settings)
        return self._ruling(name or self._name, {**self._kept(name, settings), **settings})

    def _kept(self, name: str, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Of the search's options those that the row leaves in force."""
        if name:
            return {}
        if any(way in settings for way in WAYS):
            return {setting: value for setting, value in self._options.items() if setting == "min_evidence_s"}
        return self._options

    def _ruling(self, name: str, options: Mapping[str, Any]) -> Ruling:
        decider = self._decide(name, options)
        if decider.doubt():
            self._messages.warn(decider.doubt())
        return Ruling(decider, " ".join([name, *(f"{setting}={value:g}" for setting, value in options.items())]))
