"""The scheduler: runs the saved searches that are due, records their alerts, does their actions.

    scheduler.start()           a thread looks each second; close() ends it
    scheduler.run_due(now)      the same step by hand: begins what is due at that time; wait() waits for its end

A search that is new, or whose schedule has changed, is due from now on. After downtime realtime_schedule = 0 catches up
every time that was missed, 1 runs the last one only. A search never runs twice at once. Only one process schedules a state
folder; what a killed one has left is taken up by the next.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import IO, TYPE_CHECKING

from searchhead.jobs.job import Job
from searchhead.jobs.registry import MAX_SEARCHES
from searchhead.spl.errors import SplError
from searchhead.splunkd.errors import SplunkdError

from . import cron
from .log import SchedulerLog
from .runner import Runner
from .saved import SavedSearch
from .state import Run, State

if TYPE_CHECKING:
    from searchhead.splunkd.head import SearchHead

TICK_S = 1.0
MAX_ATTEMPTS = 3  # of a run that ends with its process each time
_BUSY = (
    "The maximum number of concurrent running jobs for this historical scheduled search on this instance"
    " has been reached"
)


class Scheduler:
    """The scheduler of one search head; safe to use from several threads."""

    def __init__(self, head: SearchHead) -> None:
        """Opens <state>/scheduler.sqlite. Raises SplunkdError."""
        self._head = head
        self.state = State(head.state / "scheduler.sqlite")
        self.log = SchedulerLog(lambda: head.events, head.home, head.host)
        self._pool = ThreadPoolExecutor(max(MAX_SEARCHES // 2, 1), thread_name_prefix="scheduler")
        self._running: dict[str, Future[None]] = {}
        self._deferred: set[tuple[str, float]] = set()
        self._stepping = threading.Lock()
        self._closing = threading.Event()
        self._runner = Runner(head, self.state, self.log, self._closing)
        self._thread: threading.Thread | None = None
        self._lock_file: IO[str] | None = None
        self._recovered = False

    def start(self) -> None:
        """Begins to look each second for what is due."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._tick, name="scheduler", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Ends; searches that run are cancelled, and run again at the next start."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
        for job in list(self._runner.jobs.values()):
            job.cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)
        if self._lock_file is not None:
            self._lock_file.close()
        self.state.close()

    def saved(self) -> dict[str, SavedSearch]:
        """All saved searches by name, as the configuration has them now. Raises RestError."""
        return {name: self._saved(name, one) for name, one in self._head.confs.read("savedsearches").items()}

    def run_due(self, now: float) -> list[Run]:
        """Begins what is due at ``now`` (epoch seconds); the runs that have begun. Raises RestError.

        Nothing happens while another process schedules this state folder.
        """
        with self._stepping:
            if self._closing.is_set() or not self._is_ours():
                return []
            known = self.saved()
            self._running = {what: future for what, future in self._running.items() if not future.done()}
            begun = self._recover(known, now)
            scheduled = {name: one for name, one in known.items() if self._may_run(one)}
            self.state.keep(scheduled)
            self.state.expire(now)
            for saved in scheduled.values():
                begun += self._due(saved, now)
            return begun

    def wait(self, timeout_s: float | None = None) -> bool:
        """Waits until nothing runs; False when that took too long."""
        return not wait(list(self._running.values()), timeout_s).not_done

    def dispatch(self, saved: SavedSearch, *, user: str, changes: Mapping[str, str], act: bool) -> Job:
        """Runs a saved search now, for a user; ``changes`` override its settings, ``act`` lets its alert fire.

        Raises SplError.
        """
        now = float(changes.get("dispatch.now") or time.time())
        merged = SavedSearch(saved.name, saved.owner, saved.app, {**saved.settings, **changes})
        text = merged["search"]
        for name, value in changes.items():
            if name.startswith("args."):
                text = text.replace(f"${name}$", value).replace(f"${name[len('args.') :]}$", value)
        sid = f"{user}__{user}_{saved.stem}_{time.time():.3f}"
        job = self._runner.create(merged, text, sid=sid, user=user, now=now, scheduled=False, parameters=dict(changes))
        if act:
            run = Run(saved.name, time.time(), sid)
            self.state.open(run)
            self._running[sid] = self._pool.submit(self._guarded, merged, run, now, job)
        return job

    # -- what is due ----------------------------------------------------------------------------------------------------

    def _due(self, saved: SavedSearch, now: float) -> list[Run]:
        expression = saved["cron_schedule"].strip()
        last = self.state.last(saved.name, expression)
        try:
            if last is None:
                self.state.begin(saved.name, expression, now)
                return []
            continuous = not saved.is_true("realtime_schedule")
            moment = cron.next_time(expression, last) if continuous else cron.last_time(expression, now)
        except cron.CronError as exc:
            self.log.message(saved, "ERROR", str(exc), once=True)
            return []
        if moment is None or moment > now or moment <= last:
            return []
        if self._is_running(saved.name):
            self._not_now(saved, moment, continuous=continuous)
            return []
        run = Run(saved.name, moment, f"scheduler__{saved.owner}_{saved.stem}_at_{moment:.0f}_1")
        if not self.state.claim(run):
            return []
        self._submit(saved, run, now)
        return [run]

    def _not_now(self, saved: SavedSearch, moment: float, *, continuous: bool) -> None:
        """The last run has not ended: a continuous search waits, another one leaves this time out."""
        if continuous:
            if (saved.name, moment) in self._deferred:
                return
            self._deferred.add((saved.name, moment))
        else:
            self.state.pass_over(saved.name, moment)
        self.log.run(
            saved, "WARN", status="continued" if continuous else "skipped", reason=_BUSY,
            concurrency_category="historical_scheduled", scheduled_time=moment, window_time=0,
        )  # fmt: skip

    def _recover(self, known: Mapping[str, SavedSearch], now: float) -> list[Run]:
        """Takes up what an earlier process has left, once."""
        if self._recovered:
            return []
        self._recovered = True
        begun = []
        for run in self.state.unfinished():
            saved = known.get(run.name)
            if run.state == "acting":
                owner = saved or SavedSearch(run.name, "nobody", self._head.app_name)
                self._running[run.name] = self._pool.submit(self._runner.act, owner, run, again=True)
            elif saved is None:
                self.state.finish(run)
            elif run.attempts >= MAX_ATTEMPTS:
                self.log.message(
                    saved, "ERROR", f"The run for {run.scheduled:.0f} ended with its process {run.attempts} times"
                )
                self.state.finish(run)
            else:
                sid = f"{run.sid.rpartition('_')[0]}_{run.attempts + 1}"
                begun.append(self.state.retry(run, sid))
                self._submit(saved, begun[-1], now)
        return begun

    def _may_run(self, saved: SavedSearch) -> bool:
        if not saved.scheduled:
            return False
        if "schedule_search" not in self._head.access.principal(saved.owner).capabilities:
            text = f"The owner {saved.owner} lacks the capability schedule_search; the search is not scheduled"
            self.log.message(saved, "WARN", text, once=True)
            return False
        return True

    def _is_running(self, name: str) -> bool:
        future = self._running.get(name)
        return future is not None and not future.done()

    def _submit(self, saved: SavedSearch, run: Run, now: float) -> None:
        self._running[saved.name] = self._pool.submit(self._guarded, saved, run, now)

    # -- one run --------------------------------------------------------------------------------------------------------

    def _guarded(self, saved: SavedSearch, run: Run, now: float, job: Job | None = None) -> None:
        """One run from its beginning to its end; what goes wrong is logged, unless it is our own end."""
        try:
            self._runner.run(saved, run, now, job)
        except Exception as exc:  # also a fault of the search head: it must not end the scheduler
            if not self._runner.ending:
                known = isinstance(exc, (SplError, SplunkdError))
                told = str(exc) if known else f"Internal error: {type(exc).__name__}: {exc}."
                self.log.message(saved, "ERROR", f"{told} No actions executed")
                self.state.finish(run)
        finally:
            self._runner.jobs.pop(run.sid, None)

    # -- the rest -------------------------------------------------------------------------------------------------------

    def _saved(self, name: str, settings: Mapping[str, str]) -> SavedSearch:
        owner = self._head.access.grant("savedsearches", name).owner
        return SavedSearch(name, owner, self._head.app_name, settings)

    def _is_ours(self) -> bool:
        """Whether this process schedules; the lock is let go when it ends, however that happens."""
        if self._lock_file is None:
            file = (self._head.state / "scheduler.lock").open("w")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.close()
                return False
            file.write(str(os.getpid()))
            file.flush()
            self._lock_file = file
        return True

    def _tick(self) -> None:
        while not self._closing.wait(TICK_S):
            try:
                self.run_due(time.time())
            except Exception as exc:  # such as a .conf file that is being edited: the next second may be better
                any_search = SavedSearch("", "nobody", self._head.app_name)
                self.log.message(any_search, "ERROR", f"{type(exc).__name__}: {exc}", once=True)


def next_run(saved: SavedSearch) -> str:
    """When a saved search runs next, as saved/searches tells it; empty when it is not scheduled."""
    try:
        moment = cron.next_time(saved["cron_schedule"], time.time()) if saved.scheduled else None
    except cron.CronError:
        moment = None
    return "" if moment is None else time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(moment))
