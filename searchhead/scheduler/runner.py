"""One run of a saved search: the search, its condition, its alerts, its actions."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from searchhead.jobs.job import Job, Request
from searchhead.spl.errors import SplError
from searchhead.splunkd.errors import SplunkdError
from searchhead.table import Table, Value

from . import actions, condition, cron
from .log import SchedulerLog
from .saved import DEFAULTS, SavedSearch, seconds
from .state import Fired, Run, State
from .tokens import substituted

if TYPE_CHECKING:
    from searchhead.splunkd.head import SearchHead

_PERIOD_S = 300.0  # of a search that is not scheduled


class Runner:
    """Runs saved searches in the calling thread; ``jobs`` are those under way."""

    def __init__(self, head: SearchHead, state: State, log: SchedulerLog, closing: threading.Event) -> None:
        """``closing`` is set when the scheduler ends: a run that it cuts short stays unfinished in the state."""
        self.jobs: dict[str, Job] = {}
        self.closing = closing
        self.log = log
        self.state = state
        self._head = head

    @property
    def ending(self) -> bool:
        """Whether the scheduler or the search head is about to end."""
        return self.closing.is_set() or self._head.jobs.closed

    def run(self, saved: SavedSearch, run: Run, now: float, job: Job | None) -> None:
        """The whole run at ``now``; ``job`` when somebody has started its search. Raises SplError, SplunkdError."""
        if self.ending:
            return
        scheduled = job is None
        if job is None:
            job = self.create(saved, saved["search"], sid=run.sid, user=saved.owner, now=run.scheduled, scheduled=True)
        self.jobs[run.sid] = job
        if self.ending:  # it may have begun to end after the check above, and missed this job
            job.cancel()
        job.wait()
        if job.is_failed and self.ending:
            return  # cancelled by our own end: the next process takes the run up
        if job.is_failed:
            raise SplunkdError(job.error)
        verdict = condition.check(
            saved, job.results, self.state.count(saved.name), lambda text: self._custom(saved, job, text)
        )
        if verdict.problem:
            self.log.message(saved, "ERROR", f"{verdict.problem}; the alert cannot fire")
        kept, suppressed = self._kept(saved, job.results, now) if verdict.triggered else (None, {})
        fired = [] if kept is None else self._fired(saved, run, job, kept, now)
        task = None if kept is None else self._task(saved, run, job, kept)
        payload = None if task is None else asdict(task)
        self.state.record(run, count=verdict.count, fired=fired, suppressed=suppressed, payload=payload)
        if fired:
            job.ttl_s = max(job.ttl_s, int(seconds(saved["alert.expires"], 86_400)))
        if task is not None:
            self.act(saved, Run(run.name, run.scheduled, run.sid, "acting", run.attempts, payload), again=False)
        if scheduled:
            self.log.run(
                saved, status="success", digest_mode=int(saved.is_true("alert.digest_mode")), durable_cursor=0,
                scheduled_time=run.scheduled, window_time=0, dispatch_time=int(job.created), run_time=job.run_duration_s,
                result_count=len(job.results), alert_actions=",".join(task.actions) if task else "", sid=run.sid,
                suppressed=int(verdict.triggered and kept is None), fired=len(fired),
                thread_id=threading.current_thread().name, workload_pool="",
            )  # fmt: skip

    def create(
        self, saved: SavedSearch, text: str, *, sid: str, user: str, now: float, scheduled: bool,
        parameters: Mapping[str, str] | None = None,
    ) -> Job:  # fmt: skip
        """A job of the saved search with this search text. Raises SplError, SplunkdError."""
        try:
            period = cron.period_s(saved["cron_schedule"], now) if scheduled else _PERIOD_S
        except cron.CronError:
            period = _PERIOD_S
        request = Request(
            app=saved.app, user=user, saved_search=saved.name, scheduled=scheduled, ttl_s=saved.ttl_s(period),
            max_time_s=int(seconds(saved["dispatch.max_time"])), parameters={**(parameters or {}), "search": text},
        )  # fmt: skip
        return self._head.jobs.create(
            text, user=user, earliest=saved["dispatch.earliest_time"], latest=saved["dispatch.latest_time"], now=now,
            sid=sid, request=request,
        )  # fmt: skip

    def _custom(self, saved: SavedSearch, job: Job, text: str) -> Table:
        return self._head.jobs.post_process(job, text, user=saved.owner)

    def _kept(self, saved: SavedSearch, results: Table, now: float) -> tuple[Table | None, dict[str, float]]:
        """The results that are not suppressed (None when the alert is), and what is suppressed from now on."""
        group = saved["alert.suppress.group_name"].strip() or saved.name
        whole = json.dumps([group])
        if self.state.suppressed_until(whole) > now:  # by an alert before, or by somebody over REST
            return None, {}
        if not saved.is_true("alert.suppress"):
            return results, {}
        until = now + seconds(saved["alert.suppress.period"])
        if saved.is_true("alert.digest_mode"):
            return results, {whole: until}
        kept: list[int] = []
        begun: dict[str, float] = {}
        for number, row in enumerate(results.rows()):
            what = json.dumps([group, *(row.get(name) for name in saved.suppress_fields)])
            if what not in begun and self.state.suppressed_until(what) <= now:
                kept.append(number)
                begun[what] = until
        return (results.take(kept), begun) if kept else (None, begun)

    def _fired(self, saved: SavedSearch, run: Run, job: Job, kept: Table, now: float) -> list[Fired]:
        """The alerts to keep: one for the run, or one for each result."""
        if not saved.tracked or (saved.is_alert and not saved.is_true("alert.digest_mode") and not len(kept)):
            return []
        expires = now + seconds(saved["alert.expires"], 86_400)
        digest = saved.is_true("alert.digest_mode")
        one = Fired(
            saved.name,
            job.sid,
            now,
            expires,
            saved.severity,
            ",".join(saved.actions),
            digest,
            len(kept) if digest else 1,
        )
        return [one] * (1 if digest else len(kept))

    def _task(self, saved: SavedSearch, run: Run, job: Job, kept: Table) -> actions.Task | None:
        """What the actions need, their tokens replaced; None when there is nothing to do."""
        for name in saved.actions:
            if name not in actions.PLAYED:
                self.log.message(
                    saved,
                    "WARN",
                    f"The alert action '{name}' is not played by this search head; nothing was sent",
                    once=True,
                )
        played = [name for name in saved.actions if name in actions.PLAYED]
        if not played or not len(kept):
            return None
        first = next(kept.rows(), {})
        settings = {
            key: self.substituted(saved, job, value, first)
            for key, value in {**DEFAULTS, **saved.settings}.items()
            if key.startswith("action.")
        }
        search = job.search
        return actions.Task.of(
            kept, name=saved.name, user=saved.owner, scheduled=run.scheduled, earliest=search.earliest, latest=search.latest,
            actions=played, settings=settings,
        )  # fmt: skip

    def substituted(self, saved: SavedSearch, job: Job, text: str, first: Mapping[str, Value]) -> str:
        """A setting with its tokens replaced by what the search, its job and its first result say."""
        values = {
            "name": saved.name, "app": saved.app, "owner": saved.owner, "search": saved["search"],
            "cron_schedule": saved["cron_schedule"], "alert.severity": str(saved.severity),
            "alert.expires": saved["alert.expires"], "job.sid": job.sid,
            "job.resultCount": str(len(job.results)), "results.count": str(len(job.results)),
            "job.earliestTime": str(job.search.earliest or 0), "job.latestTime": str(job.search.latest or job.search.now),
            "job.runDuration": f"{job.run_duration_s:.3f}", "trigger_time": f"{time.time():.0f}", "search_id": job.sid,
        }  # fmt: skip
        values["description"] = substituted(saved["description"], values, first)
        return substituted(text, values, first)

    def act(self, saved: SavedSearch, run: Run, *, again: bool) -> None:
        """Does a run's actions, and ends it."""
        try:
            actions.perform(self._head, actions.Task(**run.payload), again=again)
        except (SplError, SplunkdError) as exc:
            self.log.message(saved, "ERROR", f"{exc} The action failed")
        self.state.finish(run)
