"""Saved searches, from savedsearches.conf as it is now."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..conf_files import is_true

DEFAULTS: Mapping[str, str] = {
    "action.email": "0", "action.lookup": "0", "action.populate_lookup": "0", "action.rss": "0", "action.script": "0",
    "action.summary_index": "0", "action.summary_index._name": "summary", "alert.digest_mode": "1", "alert.expires": "24h",
    "alert.managedBy": "", "alert.severity": "3", "alert.suppress": "0", "alert.suppress.fields": "",
    "alert.suppress.group_name": "", "alert.suppress.period": "", "alert.track": "0", "alert_condition": "",
    "allow_skew": "0", "auto_summarize": "0", "counttype": "always", "cron_schedule": "", "description": "",
    "disabled": "0", "dispatch.auto_cancel": "0", "dispatch.auto_pause": "0", "dispatch.buckets": "0",
    "dispatch.earliest_time": "", "dispatch.latest_time": "", "dispatch.lookups": "1", "dispatch.max_count": "500000",
    "dispatch.max_time": "0", "dispatch.spawn_process": "1", "dispatch.ttl": "2p", "dispatchAs": "owner",
    "enableSched": "0", "is_visible": "1", "max_concurrent": "1", "quantity": "", "realtime_schedule": "1", "relation": "",
    "request.ui_dispatch_app": "", "request.ui_dispatch_view": "", "restart_on_searchpeer_add": "1", "run_on_startup": "0",
    "schedule_priority": "default", "schedule_window": "0", "search": "",
}  # fmt: skip
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(\d+)\s*(s|m|h|d|w)?[a-z]*", re.IGNORECASE)
_ACTION = re.compile(r"action\.(\w+)")


@dataclass(frozen=True)
class SavedSearch:
    """One saved search; ``settings`` with splunkd's defaults for what the stanza does not say."""

    name: str
    owner: str
    app: str
    settings: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, key: str) -> str:
        return self.settings.get(key, DEFAULTS.get(key, ""))

    def is_true(self, key: str) -> bool:
        """A setting as truth value."""
        return is_true(self[key])

    @property
    def scheduled(self) -> bool:
        """Whether the scheduler is to run it."""
        return self.is_true("enableSched") and not self.is_true("disabled") and bool(self["cron_schedule"].strip())

    @property
    def is_alert(self) -> bool:
        """Whether there is a condition; a report has none, and its actions follow each run."""
        return self["counttype"].strip().lower() not in ("", "always")

    @property
    def tracked(self) -> bool:
        """Whether alerts are kept as fired alerts; ``auto`` keeps those of searches with a condition."""
        return self.is_alert if self["alert.track"].strip().lower() == "auto" else self.is_true("alert.track")

    @property
    def actions(self) -> list[str]:
        """The names of the actions that are switched on."""
        named = [name.strip() for name in self["actions"].split(",")]
        keys = (match.group(1) for key in self.settings if (match := _ACTION.fullmatch(key)))
        on = [name for name in keys if self.is_true(f"action.{name}")]
        return sorted({name for name in (*named, *on) if name})

    @property
    def severity(self) -> int:
        """1 debug, 2 info, 3 warn, 4 error, 5 severe, 6 fatal."""
        text = self["alert.severity"]
        return int(text) if text in ("1", "2", "3", "4", "5", "6") else 3

    @property
    def suppress_fields(self) -> list[str]:
        """The fields whose values are suppressed together."""
        return [name.strip() for name in self["alert.suppress.fields"].split(",") if name.strip()]

    @property
    def stem(self) -> str:
        """What the ids of its searches have in common after the user: app and name, encoded as splunkd does."""
        app = base64.urlsafe_b64encode(self.app.encode()).decode().rstrip("=")
        return f"{app}__RMD5{hashlib.md5(self.name.encode(), usedforsecurity=False).hexdigest()[:16]}"

    def ttl_s(self, period_s: float) -> int:
        """Seconds that results are kept: dispatch.ttl, where ``2p`` is twice the period."""
        text = self["dispatch.ttl"].strip().lower()
        if text.endswith("p") and text[:-1].isdecimal():
            return max(int(int(text[:-1]) * period_s), 60)
        return int(text) if text.isdecimal() else 600


def seconds(text: str, default: float = 0.0) -> float:
    """A duration such as ``60``, ``5m`` or ``24h`` in seconds."""
    match = _DURATION.fullmatch(text.strip())
    return int(match.group(1)) * _SECONDS[(match.group(2) or "").lower()] if match else default
