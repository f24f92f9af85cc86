"""Commands that turn values into columns and back: xyseries, untable, makecontinuous."""

from __future__ import annotations

from ...table import Table, Value
from .. import sql, timespans
from ..arguments import Arguments
from ..engine import Frame
from ..registry import Planner, Run, Session, command
from ..syntax import Stage
from .buckets import automatic_time_span, binned
from .chart import natural
from .order import by_values

_MOST_ROWS = 50_000


@command(
    "xyseries [grouped=<bool>] [sep=<text>] [format=<text with $AGG$ and $VAL$>]"
    " <row field> <column field> <value field> ...",
    "transforming",
)
def xyseries(stage: Stage, planner: Planner) -> Run:
    """A row per value of the first field, a column per value of the second, with the values of the third."""
    arguments = Arguments(stage)
    arguments.flag("grouped")
    between, form = arguments.option("sep", ": "), arguments.option("format")
    names = arguments.names()
    arguments.end()
    if len(names) < 3:
        raise arguments.error("It takes a field for the rows, one for the columns, and at least one for the values.")
    row, column, *cells = names

    def label(cell: str, series: str) -> str:
        if form is not None:
            return form.replace("$AGG$", cell).replace("$VAL$", series)
        return series if len(cells) == 1 else f"{cell}{between}{series}"

    def run(frame: Frame, session: Session) -> Frame:
        table = session.engine.table(by_values(frame, [row], session))
        rows: dict[str, dict[str, Value]] = {}
        series = sorted({value for value in table.column(column) if isinstance(value, str)}, key=natural)
        values = [(cell, table.column(cell)) for cell in cells]
        for place, (at, name) in enumerate(zip(table.column(row), table.column(column), strict=True)):
            if isinstance(at, str) and isinstance(name, str):
                held = rows.setdefault(at, {})
                held.update((label(cell, name), column[place]) for cell, column in values if column[place] is not None)
        labels = [label(cell, name) for cell in cells for name in series]
        columns: dict[str, list[Value]] = {row: list(rows)}
        columns.update((name, [held.get(name) for held in rows.values()]) for name in labels)
        return session.engine.load(Table(columns, len(rows)))

    return run


@command("untable <row field> <name field> <value field>", "transforming")
def untable(stage: Stage, planner: Planner) -> Run:
    """A row for each value of the other columns: the first field, the column's name, the value."""
    arguments = Arguments(stage)
    names = arguments.names()
    arguments.end()
    if len(names) != 3:
        raise arguments.error("It takes three fields: of the rows, for the names of columns, and for their values.")
    row, label, cell = names

    def run(frame: Frame, session: Session) -> Frame:
        table = session.engine.table(frame)
        others = [field for field in table.fields if field != row and not field.startswith("_")]
        columns = [table.column(field) for field in others]
        made: dict[str, list[Value]] = {row: [], label: [], cell: []}
        for place, at in enumerate(table.column(row)):
            for field, values in zip(others, columns, strict=True):
                if values[place] is not None:
                    for name, value in ((row, at), (label, field), (cell, values[place])):
                        made[name].append(value)
        return session.engine.load(Table(made, len(made[cell])))

    return run


@command("makecontinuous [<field>] [span=<span>] [bins=<count>]", "transforming")
def makecontinuous(stage: Stage, planner: Planner) -> Run:
    """A row for every bucket of a field, _time unless told otherwise; the rows that were missing have no other field."""
    arguments = Arguments(stage)
    written = arguments.option("span")
    bins = arguments.integer("bins", 100, least=2)
    field = arguments.name() if arguments.peek() is not None else "_time"
    arguments.end()
    span = timespans.parse_span(written) if written is not None else None
    if written is not None and span is None:
        raise arguments.error(
            f"Invalid value '{written}' for the option 'span': it is a number, or one with a unit of time such as 5m."
        )

    def run(frame: Frame, session: Session) -> Frame:
        number = sql.number(frame.get(field))
        low, high = session.engine.rows(f"SELECT min({number}), max({number}) FROM {frame.name}")[0]
        if low is None:
            return frame
        width = span or automatic_time_span(low, high, bins)
        # as a number, not as the label start-end
        width = timespans.Span(width.text, width.seconds, width.months)
        table = session.engine.table(binned(frame, field, field, width, bins, session))
        rows: dict[str, list[int]] = {}
        for place, value in enumerate(table.column(field)):
            rows.setdefault(str(value), []).append(place)
        start = float(session.engine.rows(f"SELECT {width.floor(f'CAST({low!r} AS DOUBLE)')}")[0][0])
        starts: list[float] = []
        while start <= high:
            if len(starts) > _MOST_ROWS:
                raise arguments.error(f"The span gives more than {_MOST_ROWS} buckets; use a wider one.")
            starts.append(start)
            start = width.following(start)
        order: list[int | None] = []
        labels: list[Value] = []
        for each in map(sql.written, starts):
            places: list[int | None] = [*rows.get(each, [])] or [None]
            order += places
            labels += [each] * len(places)
        columns: dict[str, list[Value]] = {
            name: [None if place is None else values[place] for place in order]
            for name, values in ((name, table.column(name)) for name in table.fields)
        }
        return session.engine.load(Table({**columns, field: labels}, len(order)))

    return run
