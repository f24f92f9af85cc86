"""REST endpoints of saved searches.

saved/searches                           GET, POST (name=, search=, …)
saved/searches/<name>                    GET, POST, DELETE
saved/searches/<name>/dispatch           POST dispatch.*=, args.*=, trigger_actions= → a job
saved/searches/<name>/history            GET: its jobs
saved/searches/<name>/scheduled_times    GET earliest_time=, latest_time=
saved/searches/<name>/suppress           GET, POST expiration=;  …/acknowledge  POST
saved/searches/<name>/acl                GET, POST perms.read=, perms.write=, owner=
saved/searches/<name>/enable, disable    POST
"""

from __future__ import annotations

import itertools
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from searchhead.access import SYSTEM_USER
from searchhead.jobs import entity as jobs_entity
from searchhead.jobs.job import conf_true
from searchhead.jobs.rest import created
from searchhead.spl.errors import SplError
from searchhead.splunkd.atom import Entity
from searchhead.splunkd.errors import RestError, SplunkdError
from searchhead.splunkd.listing import whole
from searchhead.splunkd.rest import Feed, Request, Response, Route
from searchhead.splunkd.search import moment

from . import cron, saved_entity
from .saved import SavedSearch

if TYPE_CHECKING:
    from searchhead.splunkd.head import SearchHead

_ALL = "saved/searches"
_ONE = f"{_ALL}/([^/]+)"
_MOST_TIMES = 10_000
_KIND = "savedsearches"


class SavedSearchEndpoints:
    """The handlers, for the saved searches of one search head."""

    def __init__(self, head: SearchHead) -> None:
        self._head = head
        self._access = head.access

    def routes(self) -> Sequence[Route]:
        """What these endpoints answer."""
        return (
            Route(("GET",), _ALL, self.list_all),
            Route(("POST",), _ALL, self.create),
            Route(("GET",), f"{_ALL}/_new", self.template),
            Route(("GET",), _ONE, self.show),
            Route(("POST",), _ONE, self.change),
            Route(("DELETE",), _ONE, self.delete),
            Route(("POST",), f"{_ONE}/dispatch", self.dispatch),
            Route(("GET",), f"{_ONE}/history", self.history),
            Route(("GET",), f"{_ONE}/scheduled_times", self.scheduled_times),
            Route(("GET",), f"{_ONE}/suppress", self.suppression),
            Route(("POST",), f"{_ONE}/suppress", self.suppress),
            Route(("POST",), f"{_ONE}/acknowledge", self.acknowledge),
            Route(("GET",), f"{_ONE}/acl", self.show),
            Route(("POST",), f"{_ONE}/acl", self.permit),
            Route(("POST",), f"{_ONE}/(enable|disable)", self.switch),
        )

    def list_all(self, request: Request) -> Feed:
        """The saved searches that the caller may read."""
        may = self._access.may
        readable = [one for one in self._saved().values() if may(request.principal, "read", _KIND, one.name)]
        return Feed(_KIND, self._entities(readable, request), listing=True)

    def template(self, request: Request) -> Feed:
        """What a new saved search begins with."""
        return Feed(_KIND, self._entities([SavedSearch("_new", request.user, self._head.app_name)], request))

    def show(self, request: Request) -> Feed:
        """One saved search. Raises RestError 404."""
        return Feed(_KIND, self._entities([self._one(request)], request))

    def create(self, request: Request) -> Feed:
        """The new saved search, which belongs to the caller. Raises RestError 400, 403, 409."""
        name = request.parameters.get("name", "").strip()
        if not name or not request.parameters.get("search", "").strip():
            raise RestError(400, "A saved search needs a name and a search.")
        if not self._access.may(request.principal, "write", _KIND):
            raise RestError(403, self._access.refusal(request.principal, "write", _KIND, name, app=self._head.app_name))
        self._head.confs.create(_KIND, name, saved_entity.settings(request.parameters, request.principal))
        self._access.set_grant(_KIND, name, owner=request.user)
        return replace(self._feed(name, request), status=201)

    def change(self, request: Request) -> Feed:
        """The saved search with its new settings. Raises RestError 400, 403, 404."""
        saved = self._one(request, "write")
        self._head.confs.update(_KIND, saved.name, saved_entity.settings(request.parameters, request.principal))
        return self._feed(saved.name, request)

    def delete(self, request: Request) -> Feed:
        """The saved searches without this one. Raises RestError 403 for one that the app ships."""
        self._head.confs.delete(_KIND, self._one(request, "write").name)
        return self.list_all(request)

    def switch(self, request: Request) -> Feed:
        """The saved search, enabled or disabled."""
        saved = self._one(request, "write")
        self._head.confs.update(_KIND, saved.name, {"disabled": str(int(request.arguments[1] == "disable"))})
        return self._feed(saved.name, request)

    def permit(self, request: Request) -> Feed:
        """The saved search with other permissions or another owner."""
        saved = self._one(request, "write")
        lists = {action: request.parameters.get(f"perms.{action}", "") for action in ("read", "write")}
        roles = {action: [name.strip() for name in text.split(",") if name.strip()] for action, text in lists.items()}
        unknown = {name for names in roles.values() for name in names} - self._access.roles().keys() - {"*"}
        owner = request.parameters.get("owner", "")
        if unknown or (owner and owner not in {*self._access.users, SYSTEM_USER}):
            raise RestError(400, f"There is no role or user of this name: {', '.join(sorted(unknown)) or owner}.")
        if owner and owner != saved.owner and not request.principal.sees_all:
            raise RestError(403, "Only an administrator may give a saved search another owner.")
        self._access.set_grant(_KIND, saved.name, read=roles["read"], write=roles["write"], owner=owner)
        return self._feed(saved.name, request)

    def dispatch(self, request: Request) -> Response:
        """The sid of a job that runs the saved search now, for the caller. Raises RestError 400, 403, 404."""
        request.need("search")
        saved = self._one(request)
        changes = {key: value for key, value in request.parameters.items() if key.startswith(("dispatch.", "args."))}
        act = conf_true(request.parameters.get("trigger_actions", ""))
        try:
            job = self._head.scheduler.dispatch(saved, user=request.user, changes=changes, act=act)
        except (SplError, SplunkdError, ValueError) as exc:
            raise RestError(400, str(exc), level="FATAL") from exc
        return created(job.sid, request)

    def history(self, request: Request) -> Feed:
        """The jobs of the saved search that are still kept, the newest first."""
        saved = self._one(request)
        jobs = [job for job in self._head.jobs.all() if job.request.saved_search == saved.name]
        perms = {"read": self._access.grant(_KIND, saved.name).read, "write": [saved.owner]}
        return Feed("history", [replace(jobs_entity.entity(job, perms), name=job.sid) for job in jobs], listing=True)

    def scheduled_times(self, request: Request) -> Feed:
        """The times between two others at which the scheduler runs it. Raises RestError 400."""
        saved = self._one(request)
        now = time.time()
        try:
            start = moment(request.parameters.get("earliest_time", "now"), now, "earliest_time") or now
            end = moment(request.parameters.get("latest_time", "+1h"), now, "latest_time") or now
            times = cron.after(saved["cron_schedule"], start) if saved.scheduled else iter(())
            found = [
                int(one) for one in itertools.takewhile(lambda one: one <= end, itertools.islice(times, _MOST_TIMES))
            ]
        except (SplError, cron.CronError) as exc:
            raise RestError(400, str(exc)) from exc
        (entity,) = self._entities([saved], request)
        return Feed("scheduled_times", [replace(entity, content={"scheduled_times": found})])

    def suppression(self, request: Request) -> Feed:
        """For how many seconds the alert is suppressed."""
        saved = self._one(request)
        left = self._head.scheduler.state.suppressions(saved.name, time.time()) - time.time()
        (entity,) = self._entities([saved], request)
        content = {
            "expiration": max(int(left), 0),
            "suppressed": left > 0,
            "suppressionKey": saved["alert.suppress.fields"],
        }
        return Feed("suppress", [replace(entity, content=content)])

    def suppress(self, request: Request) -> Feed:
        """Suppresses the alert for so many seconds; 0 ends it."""
        saved = self._one(request, "write")
        what = json.dumps([saved["alert.suppress.group_name"].strip() or saved.name])
        self._head.scheduler.state.suppress(what, saved.name, time.time() + whole(request.parameters, "expiration", 0))
        return self.suppression(request)

    def acknowledge(self, request: Request) -> Feed:
        """Ends all suppression of the alert."""
        saved = self._one(request, "write")
        self._head.scheduler.state.acknowledge(saved.name)
        return self._feed(saved.name, request)

    def _saved(self) -> dict[str, SavedSearch]:
        return self._head.scheduler.saved()

    def _one(self, request: Request, action: str = "read") -> SavedSearch:
        """Raises RestError 404 for one that the caller may not read or that there is not, 403 for one not to be written."""
        name = request.arguments[0]
        saved = self._saved().get(name)
        if saved is None or not self._access.may(request.principal, "read", _KIND, name):
            raise RestError(404, f"Could not find object id={name}")
        if not self._access.may(request.principal, action, _KIND, name):
            raise RestError(403, self._access.refusal(request.principal, action, _KIND, name, app=self._head.app_name))
        return saved

    def _feed(self, name: str, request: Request) -> Feed:
        return Feed(_KIND, self._entities([self._saved()[name]], request))

    def _entities(self, saved: Sequence[SavedSearch], request: Request) -> list[Entity]:
        fired = Counter(alert.name for alert in self._head.scheduler.state.fired(time.time()))
        return [saved_entity.entity(one, self._access, request.principal, fired=fired[one.name]) for one in saved]
