"""What follows from a saved search's results: action.summary_index and action.lookup. Others are not played here.

Actions run after the alert is recorded. What they need is kept on disk until they are done, so they survive a crash; the
events of a summary that were written before it are found again by search name and scheduled time, and not written twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from searchhead.spl.context import EventQuery
from searchhead.splunkd.search import LOADJOB
from searchhead.table import Table

if TYPE_CHECKING:
    from searchhead.splunkd.head import SearchHead

PLAYED = ("summary_index", "lookup")
_SUMMARY = "action.summary_index."


@dataclass(frozen=True)
class Task:
    """Actions on some results; ``settings`` are those of the actions, their tokens replaced. Times are epoch seconds."""

    name: str
    user: str
    scheduled: float
    earliest: float | None
    latest: float | None
    actions: Sequence[str]
    settings: Mapping[str, str]
    fields: Sequence[str]
    columns: Sequence[Sequence[Any]]

    @classmethod
    def of(cls, results: Table, **more: Any) -> Task:
        """A task on these results."""
        return cls(fields=results.fields, columns=[results.column(name) for name in results.fields], **more)

    @property
    def results(self) -> Table:
        """The results."""
        return Table.from_columns(dict(zip(self.fields, self.columns)))


def perform(head: SearchHead, task: Task, *, again: bool) -> None:
    """Does the actions; ``again`` after a crash, when some may be done. Raises SplError, SplunkdError."""
    if not len(task.results):
        return
    for action in task.actions:
        if action == "summary_index" and not (again and _is_summarised(head, task)):
            _further(head, task, _collect(task))
        elif action == "lookup":
            _further(head, task, _outputlookup(task))


def _collect(task: Task) -> str:
    """Inline fields (action.summary_index.<field>) go into every event."""
    index = task.settings.get(f"{_SUMMARY}_name") or "summary"
    inline = {
        key[len(_SUMMARY) :]: value
        for key, value in task.settings.items()
        if key.startswith(_SUMMARY)
        and not key.startswith(f"{_SUMMARY}_")
        and key not in (f"{_SUMMARY}inline", f"{_SUMMARY}force_realtime_schedule")
    }
    marker = ", ".join(f"{name}={_quoted(value)}" for name, value in inline.items())
    more = f" marker={_quoted(marker)}" if marker else ""
    return f"collect index={_quoted(index)} source={_quoted(task.name)} addtime=t{more}"


def _outputlookup(task: Task) -> str:
    filename = task.settings.get("action.lookup.filename", "")
    append = "append=t " if task.settings.get("action.lookup.append", "0").lower() in ("1", "true") else ""
    return f"outputlookup {append}{_quoted(filename)}"


def _further(head: SearchHead, task: Task, pipeline: str) -> None:
    options = replace(
        head.options, user=task.user, earliest=task.earliest, latest=task.latest, now=task.scheduled,
        saved_search=task.name, given=task.results,
    )  # fmt: skip
    search = head.search(f"| {LOADJOB} | {pipeline}", options)
    try:
        search.run()
    finally:
        search.dispatch.remove()


def _is_summarised(head: SearchHead, task: Task) -> bool:
    """Whether the index has events of this search and scheduled time: they are written all at once."""
    index = task.settings.get(f"{_SUMMARY}_name") or "summary"
    query = EventQuery(indexes=(index,), sources=(task.name,), contains=(f"search_now={task.scheduled:.3f}",))
    return len(head.events.find(query, indexes=[index])) > 0


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
