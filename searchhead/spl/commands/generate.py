"""makeresults: rows out of nothing."""

from __future__ import annotations

import csv
import io
import json

from ...table import Table, Value
from .. import sql
from ..arguments import Arguments
from ..engine import Frame
from ..registry import Planner, Run, Session, command
from ..syntax import Stage

_MOST = 10_000_000


@command('makeresults [count=<rows>] [annotate=<bool>] [format=csv|json data="<text>"]', "generating")
def makeresults(stage: Stage, planner: Planner) -> Run:
    """Rows with the current _time; with annotate also the usual fields of an event, empty; or the rows of the given data."""
    arguments = Arguments(stage)
    count = arguments.integer("count", 1)
    annotate = arguments.flag("annotate")
    form, data = arguments.option("format"), arguments.option("data")
    for name in ("splunk_server", "splunk_server_group"):
        arguments.option(name)
    arguments.end()
    if count > _MOST:
        raise arguments.error(f"The count {count} is above the limit of {_MOST}.")
    if (form is None) != (data is None) or form not in (None, "csv", "json"):
        raise arguments.error("The options 'format' (csv or json) and 'data' belong together.")
    given = None if form is None else _parsed(arguments, form, str(data))

    def run(frame: Frame, session: Session) -> Frame:
        if given is not None:
            return session.engine.load(given)
        columns: dict[str, list[Value]] = {}
        if annotate:
            columns = {name: [None] * count for name in ("_raw", "host", "source", "sourcetype", "splunk_server_group")}
            columns["splunk_server"] = ["searchhead"] * count
        columns["_time"] = [sql.written(float(int(session.context.now)))] * count
        return session.engine.load(Table(columns, count))

    return run


def _parsed(arguments: Arguments, form: str, data: str) -> Table:
    if form == "csv":
        rows = [row for row in csv.reader(io.StringIO(data.strip())) if row]
        if not rows:
            raise arguments.error("The data is empty: its first line must name the fields.")
        return Table.from_rows(
            [{f: v for f, v in zip(rows[0], row, strict=False) if v} for row in rows[1:]],
            list(dict.fromkeys(rows[0])),
        )
    try:
        documents = json.loads(data)
    except (ValueError, RecursionError) as exc:
        raise arguments.error(f"The data is no JSON: {exc}.") from exc
    if not (isinstance(documents, list) and all(isinstance(item, dict) for item in documents)):
        raise arguments.error("The data must be a JSON list of objects.")
    return Table.from_rows(
        [
            {
                key: [_text(part) for part in value] if isinstance(value, list) else _text(value)
                for key, value in item.items()
            }
            for item in documents
        ]
    )


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, separators=(",", ":"))
