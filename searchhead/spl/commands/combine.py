"""Commands with a subsearch: append, appendpipe, join; and union of rows is append."""

from __future__ import annotations

from .. import sql
from ..arguments import Arguments
from ..engine import Frame
from ..registry import Planner, Run, Session, command, frame_of, run_steps, subsearch
from ..sql import Sql
from ..syntax import Stage


@command(
    "append [maxout=<rows>] [maxtime=<seconds>] [timeout=<seconds>] [extendtimerange=<bool>] [<subsearch>]",
    "transforming",
)
def append(stage: Stage, planner: Planner) -> Run:
    """The rows, then those of the subsearch, 50,000 of them unless maxout says otherwise (0: all)."""
    arguments = Arguments(stage)
    most = arguments.integer("maxout", 50_000)
    for name in ("maxtime", "timeout"):
        arguments.integer(name, 0)
    arguments.flag("extendtimerange")
    steps = planner(arguments.subsearch())
    arguments.end()

    def run(frame: Frame, session: Session) -> Frame:
        added = subsearch(steps, session)
        if most and len(added) > most:
            session.context.message(
                "warn", f"[subsearch]: Subsearch produced {len(added)} results, truncating to maxout {most}."
            )
            added = session.engine.filter(added, f"rowid < {most}")
        return session.engine.concat([frame, added])

    return run


@command("appendpipe [run_in_preview=<bool>] [<subsearch>]", "transforming")
def appendpipe(stage: Stage, planner: Planner) -> Run:
    """The rows, then what the subpipeline makes of them."""
    arguments = Arguments(stage)
    arguments.flag("run_in_preview")
    steps = planner(arguments.subsearch(), given=True)
    arguments.end()
    return lambda frame, session: session.engine.concat(
        [frame, frame_of(run_steps(steps, frame, session), session.engine)]
    )


@command("join [type=inner|left|outer] [max=<rows>] [overwrite=<bool>] [<field> ...] [<subsearch>]", "transforming")
def join(stage: Stage, planner: Planner) -> Run:
    """Each row with the fields of the subsearch's rows that have the same values, the first ``max`` (1; 0: all) of them.

    ``type=inner`` drops rows without such a row, ``left`` keeps them.
    """
    arguments = Arguments(stage)
    kind = (arguments.option("type", "inner") or "").lower()
    most = arguments.integer("max", 1)
    overwrite = arguments.flag("overwrite", default=True)
    for name in ("usetime", "earlier"):
        arguments.flag(name)
    fields: list[str] = []
    while (piece := arguments.peek()) is not None and piece.kind != "subsearch":
        if not arguments.sign(","):
            fields.append(arguments.name())
    steps = planner(arguments.subsearch())
    arguments.end()
    if kind not in ("inner", "left", "outer"):
        raise arguments.error(f"Invalid value '{kind}' for the option 'type': it is inner, left or outer.")

    def run(frame: Frame, session: Session) -> Frame:
        other = subsearch(steps, session)
        keys = fields or [field for field in frame.fields if field in other.columns and not field.startswith("_")]
        left = {field: Sql(f"e.{column.text}", column.kind, plain=True) for field, column in frame.columns.items()}
        right = {field: Sql(f"s.{column.text}", column.kind, plain=True) for field, column in other.columns.items()}
        same = [f"{sql.first(left.get(key, sql.NULL))} = {sql.first(right.get(key, sql.NULL))}" for key in keys]
        partition = ", ".join(sql.first(other.get(key)) for key in keys) or "1"
        place = f"row_number() OVER (PARTITION BY {partition} ORDER BY rowid)"
        ranked = f"(SELECT *, rowid AS line, {place} AS place FROM {other.name})"
        bound = f" AND s.place <= {most}" if most else ""
        outputs = dict(left)
        for field, column in right.items():
            if field in keys or (field in left and not overwrite):
                continue
            outputs[field] = _kept(column, left[field]) if field in left and kind != "inner" else column
        way = "JOIN" if kind == "inner" else "LEFT JOIN"
        source = f"{frame.name} AS e {way} {ranked} AS s ON {' AND '.join(same) or 'TRUE'}{bound}"
        return session.engine.select(outputs, source, "ORDER BY e.rowid, s.line")

    return run


def _kept(new: Sql, old: Sql) -> Sql:
    """The subsearch's value, or the row's own where no row was found."""
    if "multi" in (new.kind, old.kind):
        return Sql(f"coalesce({sql.multi(new)}, {sql.multi(old)})", "multi")
    return Sql(f"coalesce({sql.text(new)}, {sql.text(old)})", "text")
