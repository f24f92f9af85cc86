"""REST endpoints of alerts that fired.

alerts/fired_alerts             GET: each saved search with alerts, and "-" for all of them
alerts/fired_alerts/<search>    GET: its alerts, or with "-" all; DELETE of one by its name there
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from searchhead.jobs.results import iso
from searchhead.splunkd.atom import Entity
from searchhead.splunkd.errors import RestError
from searchhead.splunkd.rest import Feed, Request, Route

from .state import Fired

if TYPE_CHECKING:
    from searchhead.splunkd.head import SearchHead

_ALL = "alerts/fired_alerts"
EVERY = "-"


class FiredAlertEndpoints:
    """The handlers, for the alerts of one search head."""

    def __init__(self, head: SearchHead) -> None:
        self._head = head

    def routes(self) -> Sequence[Route]:
        """What these endpoints answer."""
        return (
            Route(("GET",), _ALL, self.list_searches),
            Route(("GET",), f"{_ALL}/([^/]+)", self.list_alerts),
            Route(("DELETE",), f"{_ALL}/([^/]+)", self.delete),
        )

    def list_searches(self, request: Request) -> Feed:
        """How many alerts each saved search has."""
        counts = Counter(alert.name for alert in self._readable(request))
        groups = {EVERY: sum(counts.values()), **dict(sorted(counts.items()))}
        return Feed("alerts", [self._group(name, count) for name, count in groups.items()], listing=True)

    def list_alerts(self, request: Request) -> Feed:
        """The alerts of one saved search, or all, the newest first. Raises RestError 404."""
        name = request.arguments[0]
        alerts = [alert for alert in self._readable(request) if name in (EVERY, alert.name, _name(alert))]
        if not alerts and name != EVERY and name not in self._head.scheduler.saved():
            raise RestError(404, f"Could not find object id={name}")
        return Feed("fired_alerts", [self._alert(alert) for alert in alerts], listing=True)

    def delete(self, request: Request) -> Feed:
        """The alerts without this one. Raises RestError 403, 404."""
        found = [alert for alert in self._readable(request) if _name(alert) == request.arguments[0]]
        if not found:
            raise RestError(404, f"Could not find object id={request.arguments[0]}")
        access, name = self._head.access, found[0].name
        if not access.may(request.principal, "write", "savedsearches", name):
            raise RestError(
                403, access.refusal(request.principal, "write", "savedsearches", name, app=self._head.app_name)
            )
        self._head.scheduler.state.drop_fired(found[0].number)
        return self.list_searches(request)

    def _readable(self, request: Request) -> list[Fired]:
        may = self._head.access.may
        fired = self._head.scheduler.state.fired(time.time())
        return [alert for alert in fired if may(request.principal, "read", "savedsearches", alert.name)]

    def _group(self, name: str, count: int) -> Entity:
        path = f"/servicesNS/nobody/{self._head.app_name}/{_ALL}/{name}"
        own = quote(path)
        return Entity(
            name, path, {"triggered_alert_count": count}, app=self._head.app_name, owner="nobody", links={"list": own}
        )

    def _alert(self, alert: Fired) -> Entity:
        content = {
            "actions": alert.actions,
            "alert_type": "historical",
            "digest_mode": alert.digest,
            "expiration_time_rendered": iso(str(alert.expires)),
            "savedsearch_name": alert.name,
            "severity": alert.severity,
            "sid": alert.sid,
            "trigger_time": int(alert.time),
            "trigger_time_rendered": iso(str(alert.time)),
            "triggered_alerts": alert.results,
        }
        path = f"/servicesNS/nobody/{self._head.app_name}/{_ALL}/{_name(alert)}"
        own = quote(path)
        job = f"/services/search/jobs/{quote(alert.sid)}"
        saved = f"/servicesNS/nobody/{self._head.app_name}/saved/searches/{quote(alert.name, safe='')}"
        return Entity(
            _name(alert), path, content, app=self._head.app_name, owner="nobody",
            links={"list": own, "remove": own, "job": job, "savedsearch": saved},
        )  # fmt: skip


def _name(alert: Fired) -> str:
    """One name for each alert: the search's id, and a number where a search has an alert for each result."""
    return alert.sid if alert.digest else f"{alert.sid}.{alert.number}"
