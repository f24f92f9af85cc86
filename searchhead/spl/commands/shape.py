"""Commands about columns: eval, fields, table, rename, fillnull, transpose."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from ...table import Table, Value
from .. import sql
from ..arguments import Arguments
from ..compile import Scope
from ..engine import Frame
from ..errors import in_command
from ..expressions import Assignment, parse_assignments
from ..registry import Planner, Run, Session, command
from ..sql import Sql
from ..syntax import Stage
from .filtering import filled


@command("eval <field>=<expression>[, <field>=<expression>] ...", "streaming")
def evaluate(stage: Stage, planner: Planner) -> Run:
    """Fields from expressions; each sees those before it. A subsearch stands for what it returns."""
    inner = [(sub.start, sub.stop, planner(sub.pipeline)) for sub in stage.subsearches]

    def parsed(text: str) -> tuple[Assignment, ...]:
        assignments = parse_assignments(text, command=stage.name, position=stage.args_position)
        for assignment in assignments:
            if re.search(r"\{[^{}]+\}", assignment.field):
                message = (
                    f"The field name '{assignment.field}' is made of a field's value, which is not supported here."
                )
                raise in_command(stage.name, message, stage.args_position)
        return assignments

    fixed = () if inner else parsed(stage.raw_args)

    def run(frame: Frame, session: Session) -> Frame:
        assignments = fixed or parsed(filled(stage.raw_args, inner, session))
        source, columns = frame.name, dict(frame.columns)
        for index, assignment in enumerate(assignments):
            value = Scope(session.engine, session.context, columns, stage.name).value(assignment.expression)
            if value.kind == "boolean":
                message = "Fields cannot be assigned a boolean result. Instead, try if([bool expr], [expr], [expr])."
                raise in_command(stage.name, message, stage.args_position)
            source = f"(SELECT *, {value.text} AS e{index} FROM {source})"
            columns[assignment.field] = Sql(f"e{index}", "text" if value.kind == "null" else value.kind, plain=True)
        # a column that was made here still needs its empty multivalues made null
        made = {field: Sql(c.text, c.kind, plain=not c.text.startswith("e")) for field, c in columns.items()}
        return session.engine.select(made, source)

    return run


def matching(frame: Frame, patterns: list[str]) -> list[str]:
    """The frame's fields that match the names, in the order of the names; ``*`` is a wildcard."""
    found: list[str] = []
    for pattern in patterns:
        if "*" in pattern:
            wanted = re.sub(r"[\[?]", lambda match: f"[{match.group()}]", pattern)
            found += [field for field in frame.fields if fnmatchcase(field, wanted)]
        elif pattern in frame.columns:
            found.append(pattern)
    return list(dict.fromkeys(found))


@command("fields [+|-] <field> ...", "streaming")
def fields(stage: Stage, planner: Planner) -> Run:
    """Just these fields, and _time and _raw; with ``-`` all but these."""
    arguments = Arguments(stage)
    removing = arguments.sign("-")
    if not removing:
        arguments.sign("+")
    names = arguments.names()
    arguments.end()
    if names and not removing and names[0].startswith("-"):
        removing, names[0] = True, names[0][1:]
    if not names:
        raise arguments.error("Missing field list.")

    def run(frame: Frame, session: Session) -> Frame:
        found = matching(frame, names)
        if removing:
            return frame.with_columns({field: column for field, column in frame.columns.items() if field not in found})
        internal = [field for field in ("_time", "_raw") if field in frame.columns and field not in found]
        return frame.with_columns({field: frame.columns[field] for field in [*found, *internal]})

    return run


@command("table <field> ...", "transforming")
def table(stage: Stage, planner: Planner) -> Run:
    """Just these fields, in this order; fields that no row has become empty columns."""
    arguments = Arguments(stage)
    names = arguments.names()
    if not names:
        raise arguments.error("Missing field list.")

    def run(frame: Frame, session: Session) -> Frame:
        missing = {name: sql.NULL for name in names if "*" not in name and name not in frame.columns}
        full = session.engine.extend(frame, missing) if missing else frame
        return full.with_columns({field: full.columns[field] for field in matching(full, names)})

    return run


@command("rename <field> AS <field>[, ...]", "streaming")
def rename(stage: Stage, planner: Planner) -> Run:
    """Fields under new names; ``a_* AS b_*`` renames all that match."""
    arguments = Arguments(stage)
    pairs: list[tuple[str, str]] = []
    while arguments.peek() is not None:
        if arguments.sign(",") and pairs:
            continue
        old = arguments.name()
        if not arguments.sign("as"):
            raise arguments.error(f"Missing AS after the field '{old}'.")
        new = arguments.name("new field name")
        if old.count("*") != new.count("*"):
            raise arguments.error(f"The wildcards of '{old}' and '{new}' do not match.")
        pairs.append((old, new))
    if not pairs:
        raise arguments.error("Missing field list.")

    def run(frame: Frame, session: Session) -> Frame:
        columns = dict(frame.columns)
        for old, new in pairs:
            for source, target in _renamings(list(columns), old, new):
                if source == target:
                    continue
                if source not in columns:
                    columns.pop(target, None)  # the field is missing in every row, and so is its new name
                    continue
                columns = {
                    target if field == source else field: column
                    for field, column in columns.items()
                    if field != target or field == source
                }
        return frame.with_columns(columns)

    return run


def _renamings(present: list[str], old: str, new: str) -> list[tuple[str, str]]:
    if "*" not in old:
        return [(old, new)] if old in present or new in present else []
    pattern = re.compile("(.*)".join(re.escape(part) for part in old.split("*")), re.DOTALL)
    found = []
    for field in present:
        if match := pattern.fullmatch(field):
            parts = iter(match.groups())
            found.append((field, re.sub(r"\*", lambda _: next(parts, ""), new)))  # noqa: B023
    return found


@command("fillnull [value=<text>] [<field> ...]", "streaming")
def fillnull(stage: Stage, planner: Planner) -> Run:
    """The value, 0 unless told otherwise, where a row lacks a field; without fields: in all of them."""
    arguments = Arguments(stage)
    value = arguments.option("value", "0") or ""
    names = arguments.names()
    arguments.end()

    def run(frame: Frame, session: Session) -> Frame:
        wanted = (
            list(
                dict.fromkeys(field for name in names for field in (matching(frame, [name]) if "*" in name else [name]))
            )
            or frame.fields
        )
        filler = sql.quoted(value)
        filled = {}
        for field in wanted:
            column = frame.get(field)
            if column.kind == "multi":
                filled[field] = Sql(f"coalesce({column.text}, [{filler}])", "multi")
            else:
                filled[field] = Sql(f"coalesce({sql.text(column)}, {filler})", "text")
        return session.engine.extend(frame, filled)

    return run


@command("transpose [<count>] [column_name=<field>] [header_field=<field>] [include_empty=<bool>]", "transforming")
def transpose(stage: Stage, planner: Planner) -> Run:
    """Rows as columns, the first 5 unless the count says otherwise (0: all)."""
    arguments = Arguments(stage)
    name = arguments.option("column_name", "column") or "column"
    header = arguments.option("header_field")
    keep_empty = arguments.flag("include_empty", default=True)
    count = arguments.count(5)
    arguments.end()

    def run(frame: Frame, session: Session) -> Frame:
        source = session.engine.table(frame)
        source = source.slice(0, count or len(source))
        kept = [field for field in source.fields if field != header]
        if not keep_empty:
            kept = [field for field in kept if any(value is not None for value in source.column(field))]
        heads = [f"row {index + 1}" for index in range(len(source))]
        if header is not None:
            heads = [
                str(value) if value is not None else f"row {index + 1}"
                for index, value in enumerate(source.column(header))
            ]
        columns: dict[str, list[Value]] = {name: list(kept)}
        for index, head in enumerate(heads):
            columns[head] = [source.column(field)[index] for field in kept]
        return session.engine.load(Table(columns, len(kept)))

    return run
