"""Commands that count values and rank them: top, rare."""

from __future__ import annotations

from ..aggregates import Aggregate
from ..aggregations import Aggregations
from ..arguments import Arguments
from ..engine import Frame
from ..registry import Planner, Run, Session, command
from ..sql import Sql
from ..syntax import Stage
from .aggregate import group
from .order import by_values

_RANKING = (
    "[<count>] <field> ... [BY <field> ...] [limit=<count>]"
    " [countfield=<field>] [percentfield=<field>] [showcount=<bool>] [showperc=<bool>]"
)


@command(f"top {_RANKING}", "transforming")
def top(stage: Stage, planner: Planner) -> Run:
    """The most frequent combinations of values, with count and percent."""
    return _ranked(stage, "DESC")


@command(f"rare {_RANKING}", "transforming")
def rare(stage: Stage, planner: Planner) -> Run:
    """The least frequent combinations of values, with count and percent."""
    return _ranked(stage, "ASC")


def _ranked(stage: Stage, way: str) -> Run:
    arguments = Arguments(stage)
    limit = arguments.integer("limit", 10)
    count_field = arguments.option("countfield", "count") or "count"
    percent_field = arguments.option("percentfield", "percent") or "percent"
    show_count, show_percent = (
        arguments.flag("showcount", default=True),
        arguments.flag("showperc", default=True),
    )
    limit = arguments.count(limit)
    names = arguments.names(until=("by",))
    by = arguments.names() if arguments.sign("by") else []
    arguments.end()
    if not names:
        raise arguments.error("Missing field list.")
    wanted = Aggregations((Aggregate("count", None, None, "\0count"),), tuple(dict.fromkeys([*by, *names])), {})

    def run(frame: Frame, session: Session) -> Frame:
        groups = by_values(group(frame, wanted, session, stage.name), list(wanted.by), session)
        count = groups.columns["\0count"].text
        keys = ", ".join(groups.columns[field].text for field in by)
        partition = f"PARTITION BY {keys}" if by else ""
        place = f"row_number() OVER ({partition} ORDER BY {count} {way}, rowid)"
        source = (
            f"(SELECT *, rowid AS line, {place} AS place, sum({count}) OVER ({partition}) AS total FROM {groups.name})"
        )
        outputs = {field: groups.columns[field] for field in wanted.by}
        if show_count:
            outputs[count_field] = Sql(count, "number", plain=True)
        if show_percent:
            outputs[percent_field] = Sql(f"printf('%.6f', 100 * {count} / total)", "text")
        order = f"ORDER BY {keys + ', ' if by else ''}place"
        return session.engine.select(outputs, source, f"{f'WHERE place <= {limit}' if limit else ''} {order}")

    return run
