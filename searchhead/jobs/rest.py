"""REST endpoints of search jobs; those with results also under search/v2.

search/jobs                              POST (exec_mode normal, blocking, oneshot), GET (id=, search=, count=)
search/jobs/export                       GET, POST
search/jobs/<sid>                        GET, POST, DELETE
search/jobs/<sid>/control                POST action=cancel|finalize|pause|unpause|touch|setttl|setpriority|save|unsave|…
search/jobs/<sid>/results                GET, POST; search= is a further pipeline
search/jobs/<sid>/{results_preview,events,summary,timeline,search.log}
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from searchhead.spl.errors import SplError
from searchhead.splunkd.errors import CommandError, RestError, SplunkdError
from searchhead.splunkd.listing import whole
from searchhead.splunkd.rest import Feed, Request, Response, Route
from searchhead.table import Table

from . import entity as entities
from . import fields, results
from .job import DEFAULT_TTL_S, Job, State, conf_true
from .job import Request as JobRequest

if TYPE_CHECKING:
    from searchhead.splunkd.head import SearchHead

_JOBS = "search/(?:v2/)?jobs"
_JOB = f"{_JOBS}/([^/]+)"
_DEFAULT_COUNT = 100


class JobEndpoints:
    """The handlers, for the jobs of one search head."""

    def __init__(self, head: SearchHead) -> None:
        self._head = head
        self._jobs = head.jobs

    def routes(self) -> Sequence[Route]:
        """What these endpoints answer."""
        return (
            Route(("POST",), _JOBS, self.create),
            Route(("GET",), _JOBS, self.list_jobs),
            Route(("GET", "POST"), f"{_JOBS}/export", self.export),
            Route(("GET",), _JOB, self.show),
            Route(("POST",), _JOB, self.change),
            Route(("DELETE",), _JOB, self.delete),
            Route(("GET", "POST"), f"{_JOB}/control", self.control),
            Route(("GET", "POST"), f"{_JOB}/results", self.results),
            Route(("GET", "POST"), f"{_JOB}/results_preview", self.preview),
            Route(("GET", "POST"), f"{_JOB}/events", self.events),
            Route(("GET",), f"{_JOB}/summary", self.summary),
            Route(("GET",), f"{_JOB}/timeline", self.timeline),
            Route(("GET",), f"{_JOB}/search.log", self.log),
        )

    def create(self, request: Request) -> Response:
        """The new job's sid; with exec_mode=oneshot its results. Raises RestError 400."""
        mode = request.parameters.get("exec_mode", "normal")
        if mode not in ("normal", "blocking", "oneshot"):
            raise RestError(400, f"Invalid exec_mode: {mode}; it is normal, blocking or oneshot.", level="FATAL")
        if mode == "oneshot" and request.parameters.get("output_mode", "xml") not in results.MODES:
            raise RestError(400, f"Invalid output mode specified ({request.parameters['output_mode']}).")
        job = self._started(request)
        if mode == "normal":
            return created(job.sid, request)
        job.wait()
        if mode == "blocking":
            return created(job.sid, request)
        self._jobs.remove(job)
        if job.is_failed and request.as_json:
            told = [one for one in job.messages if one != ("ERROR", job.error)]
            body = {"messages": [{"type": level, "text": text} for level, text in told]}
            return Response(json.dumps(body).encode(), content_type="application/json; charset=UTF-8")
        return self._respond(job, request, job.results)

    def list_jobs(self, request: Request) -> Feed:
        """The jobs that the caller may see, or of these the ones with an ``id``."""
        wanted = {sid for value in request.all("id") for sid in value.split(",")}
        jobs = [job for job in self._jobs.all() if self._jobs.may_read(job, request.user)]
        if wanted:
            jobs = [job for job in jobs if job.sid in wanted]
            for job in jobs:
                job.touch()
        return Feed("jobs", [self._entity(job) for job in jobs], listing=True, count=0)

    def export(self, request: Request) -> Response:
        """All results at once, when the search is done; there are no previews of them."""
        job = self._started(request)
        job.wait()
        try:
            mode = request.parameters.get("output_mode", "xml")
            if job.is_failed:
                raise RestError(400, job.error, level="FATAL")
            return results.export(
                results.page(job.results, request.parameters, offset=0, count=0), mode, messages=job.messages
            )
        finally:
            self._jobs.remove(job)

    def show(self, request: Request) -> Feed:
        """One job."""
        return Feed("job", [self._entity(self._job(request))], single=True)

    def change(self, request: Request) -> Feed:
        """The job; its ``ttl`` may be changed."""
        job = self._job(request, write=True)
        if "ttl" in request.parameters:
            job.ttl_s = whole(request.parameters, "ttl", job.ttl_s)
        return Feed("job", [self._entity(job)], single=True)

    def delete(self, request: Request) -> Response:
        """A message; the job is cancelled and forgotten."""
        self._jobs.remove(self._job(request, write=True))
        return _message(request, "Search job cancelled.")

    def control(self, request: Request) -> Response:
        """A message that says what was done."""
        job = self._job(request, write=True)
        action = request.parameters.get("action", "")
        done = _ACTIONS.get(action)
        if done is None:
            raise RestError(400, "Unknown action.", level="FATAL")
        if action == "cancel":
            self._jobs.remove(job)
        elif action == "finalize":
            job.finalize()
        elif action == "pause":
            if job.state is not State.QUEUED:
                raise RestError(400, "A search cannot be paused once it runs; cancel it, or let it end.", level="FATAL")
            job.is_paused = True
        elif action == "unpause":
            self._jobs.unpause(job)
        elif action == "setttl":
            job.ttl_s = whole(request.parameters, "ttl", DEFAULT_TTL_S)
        elif action == "setpriority":
            job.priority = whole(request.parameters, "priority", job.priority)
        elif action in ("enablepreview", "disablepreview"):
            job.preview_enabled = action == "enablepreview"
        elif action in ("save", "unsave"):
            job.is_saved = action == "save"
        job.touch()
        return _message(request, done)

    def results(self, request: Request) -> Response:
        """The results of a finished job; before its end there is nothing (204). Raises RestError 400 for a failed one."""
        job = self._job(request)
        if job.is_failed:
            raise RestError(400, job.error, level="FATAL")
        return self._respond(job, request, job.results) if job.is_done else _NOTHING_YET

    def preview(self, request: Request) -> Response:
        """The results, or before the end of the job that there are none yet."""
        job = self._job(request)
        if not job.is_done:
            return results.respond(
                Table.empty(), _mode(request), messages=job.messages, preview=True, metadata=_metadata(request)
            )
        return self._respond(job, request, job.results)

    def events(self, request: Request) -> Response:
        """The results of a search without reporting commands; other searches keep no events."""
        job = self._job(request)
        if job.is_failed:
            raise RestError(400, job.error, level="FATAL")
        if not job.is_done:
            return _NOTHING_YET
        return self._respond(job, request, Table.empty() if entities.is_report(job) else job.results)

    def summary(self, request: Request) -> Response:
        """Of each field of the results: how many rows have it, how many values it has, which are the most frequent."""
        job = self._job(request)
        if not job.is_done:
            return _NOTHING_YET
        top = whole(request.parameters, "top_count", 10)
        return fields.summary(job.results, job.search, top=top, as_json=request.as_json)

    def timeline(self, request: Request) -> Response:
        """How many results fall into each part of the time range (status_buckets of them at most)."""
        job = self._job(request)
        buckets = whole(job.request.parameters, "status_buckets", 0)
        return fields.timeline(job.results, job.search, buckets=buckets, done=job.is_done, as_json=request.as_json)

    def log(self, request: Request) -> Response:
        """search.log as it is now."""
        job = self._job(request)
        try:
            text = job.search.dispatch.log_file.read_bytes()
        except OSError:
            text = b""
        return Response(text, content_type="text/plain; charset=UTF-8")

    def _started(self, request: Request) -> Job:
        """A new job as the call describes it. Raises RestError 400, 403."""
        request.need("search")
        parameters = request.parameters
        asked = JobRequest(
            app=self._head.app_name if request.app == "-" else request.app,
            user=request.user,
            parameters=dict(parameters),
            label=parameters.get("label", ""),
            ttl_s=whole(parameters, "timeout", DEFAULT_TTL_S),
            max_time_s=whole(parameters, "max_time", 0),
            auto_cancel_s=whole(parameters, "auto_cancel", 0),
        )
        text = parameters.get("search", "")
        if not text.strip():
            raise RestError(400, "Empty search.", level="FATAL")
        try:
            return self._jobs.create(
                text, user=request.user, earliest=parameters.get("earliest_time"),
                latest=parameters.get("latest_time"), now=_now(parameters.get("now", "")), sid=parameters.get("id") or None,
                request=asked,
            )  # fmt: skip
        except (SplError, CommandError) as exc:
            raise RestError(400, str(exc), level="FATAL") from exc

    def _respond(self, job: Job, request: Request, table: Table) -> Response:
        """The part of the results that the call asks for, after its further pipeline. Raises RestError 400."""
        parameters = request.parameters
        messages = job.messages
        further = parameters.get("search", "").strip().lstrip("|").strip()
        if (
            further
            and request.path.rpartition("/")[2] in ("results", "results_preview", "events")
            and not job.is_failed
        ):
            try:
                table = self._jobs.post_process(job, further, user=request.user)
            except (SplError, SplunkdError) as exc:
                raise RestError(400, str(exc), level="FATAL") from exc
        offset = whole(parameters, "offset", 0)
        count = whole(parameters, "count", _DEFAULT_COUNT)
        limit = self._head.options.maxresultrows
        shown = results.page(table, parameters, offset=offset, count=min(count, limit) if count > 0 else limit)
        return results.respond(
            shown, _mode(request), messages=messages, offset=offset, metadata=_metadata(request), total=len(table)
        )

    def _job(self, request: Request, *, write: bool = False) -> Job:
        """Raises RestError 404 for a job that does not exist or that the caller may not see, 403 for somebody else's."""
        job = self._jobs.get(request.arguments[0])
        if job is None or not self._jobs.may_read(job, request.user):
            raise RestError(404, "Unknown sid.", level="FATAL")
        if write and job.request.user != request.user and not request.principal.sees_all:
            raise RestError(
                403, f"The search job {job.sid} belongs to {job.request.user}; only its owner may change it."
            )
        return job

    def _entity(self, job: Job) -> Any:
        return entities.entity(job, self.perms(job))

    @staticmethod
    def perms(job: Job) -> dict[str, list[str]]:
        """Who may read and write a job: the user who started it."""
        return {"read": [job.request.user], "write": [job.request.user]}


_NOTHING_YET = Response(b"", 204)
_ACTIONS = {
    "cancel": "Search job cancelled.",
    "finalize": "Search job finalized.",
    "pause": "Search job paused.",
    "unpause": "Search job unpaused.",
    "touch": "Search job touched.",
    "setttl": "Search job ttl was changed.",
    "setpriority": "The priority of the search job was changed.",
    "enablepreview": "Search job results preview enabled.",
    "disablepreview": "Search job results preview disabled.",
    "save": "Search job saved.",
    "unsave": "Search job unsaved.",
}


def created(sid: str, request: Request) -> Response:
    """The answer to a search that was started."""
    if request.as_json:
        return Response(json.dumps({"sid": sid}).encode(), 201, "application/json; charset=UTF-8")
    return Response(
        f"<?xml version='1.0' encoding='UTF-8'?>\n<response>\n  <sid>{escape(sid)}</sid>\n</response>\n".encode(), 201
    )


def _message(request: Request, text: str) -> Response:
    if request.as_json:
        body = json.dumps({"messages": [{"type": "INFO", "text": text}]}).encode()
        return Response(body, content_type="application/json; charset=UTF-8")
    message = f'<msg type="INFO">{escape(text)}</msg>'
    return Response(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<response><messages>{message}</messages></response>\n'.encode()
    )


def _now(text: str) -> float | None:
    try:
        return float(text) if text else None
    except ValueError as exc:
        raise RestError(400, f"Invalid now: {text}; it is epoch seconds.", level="FATAL") from exc


def _mode(request: Request) -> str:
    return request.parameters.get("output_mode", "xml")


def _metadata(request: Request) -> bool:
    return conf_true(request.parameters.get("show_metadata", ""))
