"""Commands for summary indexes: addinfo, collect."""

from __future__ import annotations

import re

from .. import sql, stash
from ..arguments import Arguments
from ..engine import Frame
from ..registry import Planner, Run, Session, command
from ..sql import Sql
from ..syntax import Stage


@command("addinfo", "streaming")
def addinfo(stage: Stage, planner: Planner) -> Run:
    """Fields about the search: info_min_time, info_max_time (``+Infinity`` when it has none), info_sid, info_search_time."""
    Arguments(stage).end()

    def run(frame: Frame, session: Session) -> Frame:
        added = {**_times(session), "info_sid": session.context.sid}
        return session.engine.extend(frame, {name: Sql(sql.quoted(text), "text") for name, text in added.items()})

    return run


def _times(session: Session) -> dict[str, str]:
    earliest, latest = session.earliest, session.latest
    return {
        "info_min_time": f"{earliest or 0.0:.3f}",
        "info_max_time": "+Infinity" if latest is None else f"{latest:.3f}",
        "info_search_time": f"{session.context.now:.3f}",
    }


@command(
    "collect [index=<index>] [source=<source>] [sourcetype=<sourcetype>] [host=<host>] [marker=<text>]"
    " [addtime=<bool>] [addinfo=<bool>] [testmode=<bool>] [output_format=raw]",
    "transforming",
)
def collect(stage: Stage, planner: Planner) -> Run:
    """The rows as events of an index, ``summary`` without one, and given on; testmode stores none and shows their _raw."""
    arguments = Arguments(stage)
    index = arguments.option("index", "summary") or ""
    source, sourcetype = arguments.option("source"), arguments.option("sourcetype", "stash") or "stash"
    host, marker = arguments.option("host"), arguments.option("marker", "") or ""
    time_option = "addtime" if re.search(r"\baddtime\s*=", stage.raw_args) else None
    add_time = arguments.flag("addtime", default=True)
    add_info, test = arguments.flag("addinfo", default=True), arguments.flag("testmode")
    form = arguments.option("output_format", "raw")
    for name in ("spool", "uselb", "run_in_preview"):
        arguments.flag(name)
    arguments.end()
    if form != "raw":
        raise arguments.error(f"Invalid value '{form}' for the option 'output_format': only raw is supported here.")
    if not index:
        raise arguments.error("The option 'index' names no index.")

    def run(frame: Frame, session: Session) -> Frame:
        context = session.context
        table = session.engine.table(frame)
        events = stash.events(
            table,
            info=_info(session) if add_info else {},
            default_time=session.earliest or context.now,
            add_time=add_time if time_option or "_raw" not in table else False,
            marker=marker,
        )
        if test:
            return session.engine.load(table.with_column("_raw", events.column("_raw")))
        if context.indexes is None:
            raise arguments.error("There are no indexes here that could take the events.")
        if len(events):
            context.indexes.add(
                events,
                index=index,
                sourcetype=sourcetype,
                source=source or context.search_name or "collect",
                host=host or context.host,
            )
        return frame

    return run


def _info(session: Session) -> dict[str, str]:
    context = session.context
    named = {"search_name": context.search_name, "search_now": f"{context.now:.3f}"} if context.search_name else {}
    return {**{name: text for name, text in named.items() if text}, **_times(session)}
