"""All jobs of a search head: how many run at once, who waits, and how long results are kept.

As on splunkd, a search waits in the queue while the machine runs as many as it may (max_searches_per_cpu × processors +
base_max_searches), or while its user runs as many as the roles' srchJobsQuota allows.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from searchhead.spl.errors import SplError
from searchhead.splunkd.errors import RestError
from searchhead.splunkd.search import LOADJOB, Time
from searchhead.table import Table

from .job import SAVED_TTL_S, Job, Request, State

if TYPE_CHECKING:
    from searchhead.splunkd.head import SearchHead

MAX_SEARCHES = (os.cpu_count() or 1) + 6
KEPT_BYTES = 256 * 1_048_576  # results in memory, all jobs together
KEPT_JOBS = 1_000
SWEEP_S = 2.0

_SID = re.compile(r"[A-Za-z0-9_.,@-]{1,200}")
_SAVED = re.compile(r'savedsearch\s*=\s*(?:"([^"]*)"|(\S+))', re.IGNORECASE)


class Jobs:
    """The jobs; safe to use from several threads."""

    def __init__(
        self,
        head: SearchHead,
        *,
        max_searches: int = MAX_SEARCHES,
        kept_bytes: int = KEPT_BYTES,
        kept_jobs: int = KEPT_JOBS,
    ) -> None:
        self._head = head
        self._max_searches = max_searches
        self._kept_bytes = kept_bytes
        self._kept_jobs = kept_jobs
        self._jobs: dict[str, Job] = {}
        self._running: set[Job] = set()
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._sweeper: threading.Thread | None = None

    def create(
        self,
        search: str,
        *,
        user: str,
        app: str | None = None,
        earliest: Time = None,
        latest: Time = None,
        now: float | None = None,
        sid: str | None = None,
        request: Request | None = None,
    ) -> Job:
        """A new job, which starts as soon as there is room; ``request`` says more of it than ``app`` does.

        Raises SplError for a search or times that are wrong, or that the user may not use, and RestError for a ``sid``
        that is none or that another job has.
        """
        request = request or Request(app=app or self._head.app_name, user=user)
        if sid is not None and not _SID.fullmatch(sid):
            raise RestError(400, f"Invalid search id: {sid}; it has letters, digits and _ . , @ - only.", level="FATAL")
        with self._lock:
            if sid is not None and sid in self._jobs:
                raise RestError(409, f"A search job with id={sid} exists already.", level="FATAL")
        options = replace(
            self._head.options, user=user, earliest=earliest, latest=latest, now=now, sid=sid,
            saved_search=request.saved_search,
        )  # fmt: skip
        prepared = self._head.search(search, options)
        prepared.prepare()
        job = Job(prepared, request)
        with self._lock:
            if self._closed.is_set():
                raise RestError(503, "The search head is shutting down.")
            self._jobs[job.sid] = job
            if self._sweeper is None:
                self._sweeper = threading.Thread(target=self._sweep, name="jobs", daemon=True)
                self._sweeper.start()
        self._pump()
        return job

    def post_process(self, job: Job, search: str, *, user: str) -> Table:
        """What a further pipeline makes of a finished job's results. Raises SplError, SplunkdError."""
        own = job.search
        options = replace(
            self._head.options, user=user, earliest=own.earliest, latest=own.latest, now=own.now, given=job.results,
            saved_search=job.request.saved_search,
        )  # fmt: skip
        further = self._head.search(f"| {LOADJOB} | {search.strip().lstrip('|')}", options)
        try:
            return further.run()
        finally:
            further.dispatch.remove()

    def get(self, sid: str) -> Job | None:
        """The job, whose time to live begins anew."""
        job = self._jobs.get(sid)
        if job is not None:
            job.touch()
        return job

    def all(self) -> list[Job]:
        """All jobs, the newest first."""
        with self._lock:
            return sorted(self._jobs.values(), key=lambda job: -job.created)

    def remove(self, job: Job) -> None:
        """Cancels a job and forgets it."""
        job.cancel()
        with self._lock:
            self._jobs.pop(job.sid, None)
            running = job in self._running
        if not running:
            job.search.dispatch.remove()

    def may_read(self, job: Job, user: str) -> bool:
        """Whether the user may see the job: its owner, administrators, and readers of the saved search that it is of."""
        principal = self._head.access.principal(user)
        if job.request.user == user or principal.sees_all:
            return True
        name = job.request.saved_search
        return name is not None and self._head.access.may(principal, "read", "savedsearches", name)

    def load(self, raw_args: str, user: str) -> Table:
        """The results that ``loadjob`` names, by sid or by ``savedsearch="user:app:name"``. Raises SplError."""
        saved = _SAVED.search(raw_args)
        if saved:
            name = (saved.group(1) or saved.group(2)).split(":", 2)[-1]
            found = [job for job in self.all() if job.request.saved_search == name and job.is_done]
        else:
            words = raw_args.split()
            job = self.get(words[0]) if words else None
            found = [] if job is None else [job]
        readable = [job for job in found if self.may_read(job, user)]
        if not readable:
            raise SplError(f"Error in 'loadjob' command: Cannot find artifacts for {raw_args.strip()}.")
        job = readable[0]
        if not job.is_done:
            raise SplError(f"Error in 'loadjob' command: The search job {job.sid} is not finished; wait for its end.")
        if job.is_failed:
            raise SplError(f"Error in 'loadjob' command: The search job {job.sid} failed: {job.error}")
        return job.results

    @property
    def closed(self) -> bool:
        """True after ``close``: no search begins any more, and those that ran were cancelled."""
        return self._closed.is_set()

    def close(self) -> None:
        """Cancels all jobs and waits until they have ended."""
        self._closed.set()
        for job in self.all():
            job.cancel()
        for job in list(self._running):
            job.wait(30.0)

    # -- running --------------------------------------------------------------------------------------------------------

    def _pump(self) -> None:
        """Starts queued jobs, the oldest first, as long as there is room for them."""
        with self._lock:
            busy = Counter(job.request.user for job in self._running)
            for job in sorted(self._jobs.values(), key=lambda job: job.created):
                if len(self._running) >= self._max_searches or self._closed.is_set():
                    return
                user = job.request.user
                if job.state is not State.QUEUED or job.is_paused or job in self._running:
                    continue
                # an unknown user has no quota, and no rights either: one search at a time tells so
                if busy[user] >= max(self._head.access.jobs_quota(user), 1) and not job.request.scheduled:
                    continue
                busy[user] += 1
                self._running.add(job)
                threading.Thread(target=self._run, args=(job,), name=f"search {job.sid}", daemon=True).start()

    def _run(self, job: Job) -> None:
        try:
            job.run()
        finally:
            with self._lock:
                self._running.discard(job)
                removed = job.sid not in self._jobs
            if removed:
                job.search.dispatch.remove()
            self._drop_surplus()
            self._pump()

    def _sweep(self) -> None:
        while not self._closed.wait(SWEEP_S):
            with contextlib.suppress(Exception):  # nothing that goes wrong with one job may keep the others for ever
                self.expire(time.time())

    def expire(self, now: float) -> None:
        """Drops results whose time is over, cancels jobs that nobody asks for, finalizes those that run too long."""
        for job in self.all():
            limits = job.request
            kept_s = SAVED_TTL_S if job.is_saved else job.ttl_s
            if job.is_done:
                if now > job.touched + kept_s:
                    self.remove(job)
            elif limits.auto_cancel_s and now > job.touched + limits.auto_cancel_s:
                self.remove(job)
            elif limits.max_time_s and job.started and now > job.started + limits.max_time_s:
                job.finalize()
        self._pump()

    def _drop_surplus(self) -> None:
        """Forgets the finished jobs that were asked for longest ago, until the rest fits."""
        with self._lock:
            done = sorted((job for job in self._jobs.values() if job.is_done), key=lambda job: job.touched)
            held, count = sum(job.size for job in done), len(self._jobs)
            for job in done[:-1]:  # the last one is just finished, and somebody waits for it
                if held <= self._kept_bytes and count <= self._kept_jobs:
                    return
                self._jobs.pop(job.sid, None)
                job.search.dispatch.remove()
                held, count = held - job.size, count - 1

    def unpause(self, job: Job) -> None:
        """Lets a paused job begin."""
        job.is_paused = False
        self._pump()
