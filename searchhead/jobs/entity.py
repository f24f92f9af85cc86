"""A search job as splunkd describes it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from searchhead.spl.syntax import Pipeline
from searchhead.splunkd.atom import Entity

from .job import Job, State
from .results import iso

_REPORTING = frozenset(["stats", "chart", "timechart", "top", "rare", "table", "transpose", "xyseries", "untable"])
_PROGRESS = {State.RUNNING: 0.1, State.FINALIZING: 1, State.DONE: 1, State.FAILED: 1}
_ONCE_RUNNING = (
    "dropCount", "eventAvailableCount", "eventCount", "eventFieldCount", "eventIsStreaming", "eventIsTruncated",
    "eventSearch", "eventSorting", "isBatchModeSearch", "isRealTimeSearch", "isRemoteTimeline", "isTimeCursored", "keywords",
    "normalizedSearch", "optimizedSearch", "remoteSearch", "reportSearch", "resultCount", "resultIsStreaming", "runDuration",
    "scanCount", "searchTotalBucketsCount", "searchTotalEliminatedBucketsCount",
)  # fmt: skip
"""What splunkd does not tell while a job is queued or parsed."""
_PARTS = ("search.log", "events", "results", "results_preview", "timeline", "summary", "control")


def entity(job: Job, perms: Mapping[str, Sequence[str]]) -> Entity:
    """The job as an entry of search/jobs; ``perms`` are the roles that may read and write it."""
    content = _content(job)
    if job.state in (State.QUEUED, State.PARSING):
        content = {key: value for key, value in content.items() if key not in _ONCE_RUNNING}
    messages: dict[str, list[str]] = {}
    for level, text in job.messages:
        messages.setdefault(level.lower(), []).append(text)
    path = f"/services/search/jobs/{job.sid}"
    links = {part: f"{quote(path)}/{part}" for part in _PARTS}
    return Entity(
        name=job.search.text,
        path=path,
        content=content,
        app=job.request.app,
        owner=job.request.user,
        links=links,
        perms=perms,
        sharing="global",
        more_acl={"ttl": str(job.ttl_s)},
        published=_time(job.created),
        updated=_time(job.finished or time.time()),
        xml_content={**content, "messages": messages},
        has_eai_acl=False,
    )


def split(pipeline: Pipeline) -> tuple[str, str]:
    """The search up to its first reporting command, and the rest; both as text."""
    for stage in pipeline.stages[1:]:
        if stage.name in _REPORTING:
            cut = pipeline.text.rfind("|", 0, stage.position)
            return pipeline.text[:cut].strip(), pipeline.text[stage.position :].strip()
    return pipeline.text.strip(), ""


def is_report(job: Job) -> bool:
    """Whether the results are no events: the search has a reporting command."""
    return bool(split(job.search.prepare())[1])


def _content(job: Job) -> dict[str, Any]:
    search, request = job.search, job.request
    events, report = split(search.prepare())
    rows = len(job.results)
    done = job.state is State.DONE
    scanned = search.indexes.scanned
    return {
        "cursorTime": iso("0"),
        "defaultSaveTTL": "604800",
        "defaultTTL": "600",
        "delegate": "scheduler" if request.scheduled else "",
        "diskUsage": job.size,
        "dispatchState": "PAUSE" if job.is_paused and not job.is_done else job.state.value,
        "doneProgress": _PROGRESS.get(job.state, 0),
        "dropCount": 0,
        "earliestTime": iso(str(search.earliest or 0)),
        "eventAvailableCount": rows if done and not report else 0,
        "eventCount": scanned,
        "eventFieldCount": 0 if report else len(job.results.fields),
        "eventIsStreaming": not report,
        "eventIsTruncated": bool(report),
        "eventSearch": events,
        "eventSorting": "desc" if not report else "none",
        "isBatchModeSearch": False,
        "isDone": job.is_done,
        "isEventsPreviewEnabled": False,
        "isFailed": job.is_failed,
        "isFinalized": job.is_finalized,
        "isPaused": job.is_paused,
        "isPreviewEnabled": job.preview_enabled,
        "isRealTimeSearch": False,
        "isRemoteTimeline": False,
        "isSaved": job.is_saved,
        "isSavedSearch": request.saved_search is not None,
        "isTimeCursored": False,
        "isZombie": False,
        "keywords": "",
        "label": request.saved_search or request.label,
        "latestTime": iso(str(search.latest if search.latest is not None else search.now)),
        "normalizedSearch": search.prepare().text,
        "numPreviews": 0,
        "optimizedSearch": f"| {search.prepare().text.strip().lstrip('| ')}",
        "pid": "",
        "priority": job.priority,
        "provenance": request.parameters.get("provenance", "scheduler" if request.scheduled else "rest:jobs"),
        "remoteSearch": "",
        "reportSearch": report,
        "resultCount": rows if job.is_done else 0,
        "resultIsStreaming": not report,
        "resultPreviewCount": rows if job.is_done else 0,
        "runDuration": round(job.run_duration_s, 3),
        "sampleRatio": "1",
        "sampleSeed": "0",
        "scanCount": scanned,
        "search": search.text,
        "searchEarliestTime": search.earliest or 0,
        "searchLatestTime": search.latest if search.latest is not None else search.now,
        "searchTotalBucketsCount": 0,
        "searchTotalEliminatedBucketsCount": 0,
        "sid": job.sid,
        "start": int(job.created),
        "isScheduled": request.scheduled,
        "statusBuckets": int(_digits(request.parameters.get("status_buckets", ""))),
        "ttl": int(job.remaining_s) if job.is_done else job.ttl_s,
        "workload_pool": "",
        "performance": {},
        "messages": [{"type": level, "text": text} for level, text in job.messages],
        "request": {name: value for name, value in request.parameters.items() if name != "output_mode"},
        "runtime": {"auto_cancel": str(request.auto_cancel_s), "auto_pause": "0"},
        "searchProviders": [job.search.host],
    }


def _digits(text: str) -> str:
    return text if text.isdecimal() else "0"


def _time(moment: float) -> str:
    return str(iso(str(moment)))
