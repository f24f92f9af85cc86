"""A saved search as splunkd describes it, and what callers write of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ..access import Access, Principal
from ..conf_files import is_true
from ..splunkd.atom import Entity
from ..splunkd.errors import RestError
from . import cron
from .saved import DEFAULTS, SavedSearch
from .scheduler import next_run

# What REST calls by another name than savedsearches.conf.
REST_NAMES = {
    "enableSched": "is_scheduled", "counttype": "alert_type", "relation": "alert_comparator", "quantity": "alert_threshold",
}  # fmt: skip
_CONF_NAMES = {rest: conf for conf, rest in REST_NAMES.items()}
_TRUTHS = (
    "alert.digest_mode", "auto_summarize", "disabled", "dispatch.lookups", "dispatch.spawn_process", "is_scheduled",
    "is_visible", "realtime_schedule", "restart_on_searchpeer_add", "run_on_startup",
)  # fmt: skip
_NUMBERS = (
    "alert.severity", "dispatch.buckets", "dispatch.max_count", "dispatch.max_time", "max_concurrent",
)  # fmt: skip
_NOT_SETTINGS = ("name", "output_mode", "count", "offset", "f", "add_orphan_field")


def entity(saved: SavedSearch, access: Access, principal: Principal, *, fired: int) -> Entity:
    """The saved search as an entry of saved/searches, with how many alerts of it have ``fired``."""
    grant = access.grant("savedsearches", saved.name)
    path = f"/servicesNS/{saved.owner}/{saved.app}/saved/searches/{quote(saved.name, safe='')}"
    parts = ("disable", "dispatch", "history", "scheduled_times", "suppress", "acknowledge")
    content: dict[str, Any] = {REST_NAMES.get(key, key): value for key, value in {**DEFAULTS, **saved.settings}.items()}
    for key, value in content.items():
        if key in _TRUTHS or (key.startswith("action.") and key.count(".") == 1):
            content[key] = is_true(value)
        elif key in _NUMBERS and value.isdecimal():
            content[key] = int(value)
    search = saved["search"].strip()
    content |= {
        "actions": ",".join(saved.actions),
        "embed.enabled": False,
        "next_scheduled_time": next_run(saved),
        "qualifiedSearch": search if search.startswith(("|", "search ")) else f"search {search}",
        "triggered_alert_count": fired,
    }
    return Entity(
        saved.name,
        f"/servicesNS/{saved.owner}/{saved.app}/saved/searches/{saved.name}",
        dict(sorted(content.items())),
        app=saved.app,
        owner=saved.owner,
        links={
            "list": path,
            "_reload": f"{path}/_reload",
            "edit": path,
            "remove": path,
            **{part: f"{path}/{part}" for part in parts},
        },
        perms={"read": grant.read, "write": grant.write},
        can_write=access.may(principal, "write", "savedsearches", saved.name),
        sharing="global" if grant.export == "system" else "app",
    )


def settings(parameters: Mapping[str, str], principal: Principal) -> dict[str, str]:
    """What a call writes, under the names of savedsearches.conf.

    Raises RestError 400 for a wrong schedule, 403 when it schedules and the caller may not.
    """
    written = {_CONF_NAMES.get(key, key): value for key, value in parameters.items() if key not in _NOT_SETTINGS}
    actions = written.pop("actions", None)
    if actions is not None:
        named = {name.strip() for name in actions.split(",") if name.strip()}
        written |= {f"action.{name}": "1" for name in sorted(named)}
    expression = written.get("cron_schedule", "").strip()
    if expression:
        try:
            cron.next_time(expression, 0)
        except cron.CronError as exc:
            raise RestError(400, str(exc)) from exc
    if is_true(written.get("enableSched")) and "schedule_search" not in principal.capabilities:
        may_not = f"You (user={principal.user}) do not have permission to perform this operation"
        raise RestError(403, f"{may_not} (requires capability: schedule_search).")
    if "search" in written and not written["search"].strip():
        raise RestError(400, "Cannot have an empty search string.")
    return written
