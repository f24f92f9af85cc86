"""Commands that carry values down or across rows: filldown, accum, delta, addtotals."""

from __future__ import annotations

from .. import sql
from ..arguments import Arguments
from ..engine import Frame
from ..registry import Planner, Run, Session, command
from ..sql import Sql
from ..syntax import Stage
from .shape import matching

_SO_FAR = "(ORDER BY rowid ROWS UNBOUNDED PRECEDING)"


@command("filldown [<field> ...]", "transforming")
def filldown(stage: Stage, planner: Planner) -> Run:
    """The value of the row before where a row lacks a field; without fields: in all of them."""
    arguments = Arguments(stage)
    names = arguments.names()
    arguments.end()

    def run(frame: Frame, session: Session) -> Frame:
        filled = {}
        for field in matching(frame, names) if names else frame.fields:
            column = frame.columns[field]
            value = (
                f"CASE WHEN len({column.text}) > 0 THEN {column.text} END" if column.kind == "multi" else column.text
            )
            filled[field] = Sql(f"last_value({value} IGNORE NULLS) OVER {_SO_FAR}", column.kind)
        return session.engine.select({**frame.columns, **filled}, frame.name, "ORDER BY rowid")

    return run


@command("accum <field> [AS <field>]", "transforming")
def accum(stage: Stage, planner: Planner) -> Run:
    """The sum of a field's numbers so far."""
    arguments = Arguments(stage)
    field = arguments.name()
    target = arguments.name("new field name") if arguments.sign("as") else field
    arguments.end()

    def run(frame: Frame, session: Session) -> Frame:
        number = sql.number(frame.get(field))
        total = Sql(f"(CASE WHEN {number} IS NOT NULL THEN sum({number}) OVER {_SO_FAR} END)", "number")
        return session.engine.select({**frame.columns, target: total}, frame.name, "ORDER BY rowid")

    return run


@command("delta <field> [AS <field>] [p=<rows>]", "transforming")
def delta(stage: Stage, planner: Planner) -> Run:
    """A field's number less that of the row before, or of ``p`` rows before."""
    arguments = Arguments(stage)
    back = arguments.integer("p", 1, least=1)
    field = arguments.name()
    target = arguments.name("new field name") if arguments.sign("as") else f"delta({field})"
    arguments.end()

    def run(frame: Frame, session: Session) -> Frame:
        number = sql.number(frame.get(field))
        less = Sql(f"({number} - lag({number}, {min(back, 2**31 - 1)}) OVER (ORDER BY rowid))", "number")
        return session.engine.select({**frame.columns, target: less}, frame.name, "ORDER BY rowid")

    return run


@command(
    "addtotals [row=<bool>] [col=<bool>] [fieldname=<field>] [labelfield=<field>] [label=<text>] [<field> ...]",
    "transforming",
)
def addtotals(stage: Stage, planner: Planner) -> Run:
    """The sum of each row's numbers in a field Total; with ``col`` a last row with the sum of each column."""
    arguments = Arguments(stage)
    per_row, per_column = arguments.flag("row", default=True), arguments.flag("col")
    total = arguments.option("fieldname", "Total") or "Total"
    label_field, label = arguments.option("labelfield"), arguments.option("label", "Total") or "Total"
    names = arguments.names()
    arguments.end()

    def run(frame: Frame, session: Session) -> Frame:
        engine = session.engine
        chosen = matching(frame, names) if names else [f for f in frame.fields if not f.startswith("_")]
        if per_row:
            numbers = [f"coalesce({sql.number(frame.columns[field])}, 0)" for field in chosen if field != total]
            frame = engine.extend(frame, {total: Sql(f"({' + '.join(numbers) or '0.0'})", "number")})
            chosen = [*(field for field in chosen if field != total), total]
        if not per_column:
            return frame
        sums = {field: Sql(f"sum({sql.number(frame.columns[field])})", "number") for field in chosen}
        if label_field is not None:
            sums[label_field] = sql.string(label)
        last = engine.select(sums, frame.name)
        return engine.concat([frame, last])

    return run
