"""Commands on lookups: inputlookup, outputlookup, lookup."""

from __future__ import annotations

from dataclasses import dataclass

from .. import lookups, search_terms, sql
from ..arguments import Arguments
from ..compile import Scope
from ..engine import Frame
from ..registry import Planner, Run, Session, command
from ..sql import Sql
from ..syntax import Stage


@command("inputlookup [append=<bool>] [start=<row>] [max=<rows>] <lookup> [where <terms>]", "generating")
def inputlookup(stage: Stage, planner: Planner) -> Run:
    """The rows of a lookup; with append=true below the rows there are."""
    lowered = stage.raw_args.lower()
    cut = next(
        (
            at
            for at in range(len(lowered))
            if lowered.startswith("where", at) and lowered[at - 1 : at].isspace() and lowered[at + 5 : at + 6].isspace()
        ),
        None,
    )
    condition = None
    if cut is not None:
        text = stage.raw_args[cut + 5 :]
        condition = search_terms.parse(text, command=stage.name, position=stage.args_position + cut + 5)
        stage = Stage(stage.name, stage.raw_args[:cut].rstrip(), stage.position, stage.args_position, ())
    arguments = Arguments(stage)
    append = arguments.flag("append")
    arguments.flag("strict")  # a missing lookup is an error in any case
    start, most = arguments.integer("start", 0), arguments.integer("max", 1_000_000_000)
    name = arguments.name("lookup name")
    arguments.end()

    def run(frame: Frame, session: Session) -> Frame:
        found = lookups.load(lookups.define(name, session), session)
        if condition is not None:
            found = session.engine.filter(
                found,
                search_terms.condition(condition, Scope.of(found, session.engine, session.context, stage.name)),
            )
        if start or most < len(found):
            found = session.engine.filter(found, f"rowid >= {start} AND rowid < {start + most}")
        return session.engine.concat([frame, found]) if append else found

    return run


@command(
    "outputlookup [append=<bool>] [create_empty=<bool>] [override_if_empty=<bool>]"
    " [key_field=<field>] [max=<rows>] <lookup>",
    "transforming",
)
def outputlookup(stage: Stage, planner: Planner) -> Run:
    """Write the rows to a lookup, and give them on."""
    arguments = Arguments(stage)
    append = arguments.flag("append")
    create_empty = arguments.flag("create_empty", default=True)
    override = arguments.flag("override_if_empty", default=True)
    key_field = arguments.option("key_field")
    most = arguments.integer("max", 1_000_000_000)
    for name in ("createinapp", "allow_updates"):
        arguments.flag(name)
    name = arguments.name("lookup name")
    arguments.end()

    def run(frame: Frame, session: Session) -> Frame:
        definition = lookups.define(name, session)
        if len(frame) == 0 and not (override and create_empty):
            return frame
        table = session.engine.table(frame).slice(0, most)
        if key_field is not None and definition.collection is not None:
            table = table.with_column("_key", table.column(key_field))
        visible = [field for field in table.fields if not field.startswith("_") or field in ("_key", "_raw", "_time")]
        lookups.save(definition, table.select(visible), session, append=append or key_field is not None)
        return frame

    return run


@dataclass(frozen=True)
class _Pair:
    """A field of the lookup and the field of the results that it meets."""

    theirs: str
    ours: str


@command(
    "lookup [local=<bool>] [update=<bool>] <lookup> <field> [AS <field>] ... [OUTPUT|OUTPUTNEW <field> [AS <field>] ...]",
    "streaming",
)
def lookup(stage: Stage, planner: Planner) -> Run:
    """Fields of the lookup's rows whose key fields equal the row's; several matches give a multivalue."""
    arguments = Arguments(stage)
    arguments.flag("local")
    arguments.flag("update")
    name = arguments.name("lookup name")
    keys = _pairs(arguments, until=("output", "outputnew"))
    only_new = arguments.sign("outputnew")
    asked = _pairs(arguments, until=()) if only_new or arguments.sign("output") else None
    arguments.end()
    if not keys:
        raise arguments.error("Must specify one or more lookup fields.")

    def run(frame: Frame, session: Session) -> Frame:
        definition = lookups.define(name, session)
        rows = lookups.load(definition, session)
        for pair in [*keys, *(asked or [])]:
            if pair.theirs not in rows.columns:
                raise arguments.error(f"Could not find the field '{pair.theirs}' in the lookup table '{name}'.")
        outputs = asked
        if outputs is None:
            used = {pair.theirs for pair in keys}
            outputs = [_Pair(field, field) for field in rows.fields if field not in used and not field.startswith("_")]
        return _joined(frame, rows, keys, outputs, definition, session, only_new=only_new)

    return run


def _pairs(arguments: Arguments, *, until: tuple[str, ...]) -> list[_Pair]:
    found: list[_Pair] = []
    while (piece := arguments.peek()) is not None and not (piece.kind == "word" and piece.text.lower() in until):
        if found and arguments.sign(","):
            continue
        theirs = arguments.name()
        found.append(_Pair(theirs, arguments.name() if arguments.sign("as") else theirs))
    return found


def _joined(
    frame: Frame,
    rows: Frame,
    keys: list[_Pair],
    outputs: list[_Pair],
    definition: lookups.Definition,
    session: Session,
    *,
    only_new: bool,
) -> Frame:
    engine = session.engine
    fold = (lambda text: text) if lookups.is_case_sensitive(definition) else (lambda text: f"lower({text})")
    wildcards = [part.strip() for part in definition.settings.get("match_type", "").split(",")]
    conditions = []
    for pair in keys:
        key = fold(sql.text(_of("l", rows.columns[pair.theirs])))
        if f"WILDCARD({pair.theirs})" in wildcards:
            escaped = f"replace(replace(replace({key}, '\\', '\\\\'), '%', '\\%'), '_', '\\_')"
            conditions.append(
                f"{fold(sql.first(_of('e', frame.get(pair.ours))))} LIKE replace({escaped}, '*', '%') ESCAPE '\\'"
            )
            continue
        column = _of("e", frame.get(pair.ours))
        if column.kind == "multi":
            conditions.append(f"list_contains(list_transform({column.text}, lambda v: {fold('v')}), {key})")
        else:
            conditions.append(f"{fold(sql.text(column))} = {key}")
    most = lookups.whole(definition, "max_matches", 1000, session)
    gathered = ", ".join(
        f"list({sql.first(_of('l', rows.columns[pair.theirs]))} ORDER BY l.rowid) AS o{index}"
        for index, pair in enumerate(outputs)
    )
    matches = (
        f"(SELECT e.rowid AS line{', ' if gathered else ''}{gathered} FROM {frame.name} AS e JOIN {rows.name} AS l"
        f" ON {' AND '.join(conditions)} GROUP BY e.rowid)"
    )
    default = (
        definition.settings.get("default_match") if lookups.whole(definition, "min_matches", 0, session) > 0 else None
    )
    columns = {field: _of("e", column) for field, column in frame.columns.items()}
    lacking = " AND ".join(f"({sql.is_null(columns.get(pair.ours, sql.NULL))})" for pair in outputs) or "TRUE"
    for index, pair in enumerate(outputs):
        values = f"list_slice(list_filter(m.o{index}, lambda v: v IS NOT NULL), 1, {most})"
        if default is not None:
            values = f"coalesce({values}, [{sql.quoted(default)}])"
        if only_new:
            values = f"(CASE WHEN {lacking} THEN {values} ELSE {sql.multi(columns.get(pair.ours, sql.NULL))} END)"
        columns[pair.ours] = Sql(values, "multi")
    result = engine.select(
        columns, f"{frame.name} AS e LEFT JOIN {matches} AS m ON e.rowid = m.line", "ORDER BY e.rowid"
    )
    return _singles(result, [pair.ours for pair in outputs], session)


def _of(alias: str, column: Sql) -> Sql:
    return column if column.kind == "null" else Sql(f"{alias}.{column.text}", column.kind, plain=True)


def _singles(frame: Frame, fields: list[str], session: Session) -> Frame:
    """Multivalue columns in which no row has two values, as plain text."""
    plain = {}
    for field in fields:
        column = frame.columns[field]
        if session.engine.rows(f"SELECT coalesce(max(len({column.text})), 0) FROM {frame.name}")[0][0] <= 1:
            plain[field] = Sql(f"{column.text}[1]", "text")
    return session.engine.extend(frame, plain) if plain else frame
