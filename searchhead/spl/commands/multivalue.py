"""Commands on multivalues: makemv, mvexpand, mvcombine, nomv."""

from __future__ import annotations

from .. import patterns, sql
from ..arguments import Arguments
from ..engine import Frame
from ..registry import Planner, Run, Session, command
from ..sql import Sql
from ..syntax import Stage


@command('makemv [delim="<text>" | tokenizer="<regex>"] [allowempty=<bool>] [setsv=<bool>] <field>', "streaming")
def makemv(stage: Stage, planner: Planner) -> Run:
    """The field's text split at a delimiter (a blank by default), or its matches of a regex's first group."""
    arguments = Arguments(stage)
    delimiter, tokenizer = arguments.option("delim"), arguments.option("tokenizer")
    allow_empty = arguments.flag("allowempty")
    arguments.flag("setsv")
    field = arguments.name()
    arguments.end()
    if tokenizer is not None and patterns.compiled_pattern(tokenizer, stage.name).groups < 1:
        raise arguments.error(f"The tokenizer '{tokenizer}' needs a group in parentheses.")

    def run(frame: Frame, session: Session) -> Frame:
        column = frame.get(field)
        if column.kind in ("null", "multi"):
            return frame
        text = sql.text(column)
        if tokenizer is not None:
            values = f"regexp_extract_all({text}, {sql.quoted(tokenizer)}, 1)"
        else:
            values = f"string_split({text}, {sql.quoted(' ' if delimiter is None else delimiter)})"
        if not allow_empty:
            values = f"list_filter({values}, lambda v: v <> '')"
        return session.engine.extend(frame, {field: Sql(values, "multi")})

    return run


@command("mvexpand <field> [limit=<count>]", "streaming")
def mvexpand(stage: Stage, planner: Planner) -> Run:
    """A row for each of the field's values; rows that lack the field stay."""
    arguments = Arguments(stage)
    limit = arguments.integer("limit", 0)
    field = arguments.name()
    arguments.end()

    def run(frame: Frame, session: Session) -> Frame:
        column = frame.get(field)
        if column.kind != "multi":
            return frame
        values = f"list_slice({column.text}, 1, {limit})" if limit else column.text
        held = f"(CASE WHEN len({column.text}) > 0 THEN {values} ELSE [CAST(NULL AS VARCHAR)] END)"
        place = f"generate_subscripts({held}, 1)"
        source = f"(SELECT *, rowid AS line, unnest({held}) AS one, {place} AS place FROM {frame.name})"
        return session.engine.select(
            {**frame.columns, field: Sql("one", "text", plain=True)}, source, "ORDER BY line, place"
        )

    return run


@command('mvcombine [delim="<text>"] <field>', "transforming")
def mvcombine(stage: Stage, planner: Planner) -> Run:
    """Rows that differ in one field only as one row, with that field's values as a multivalue."""
    arguments = Arguments(stage)
    arguments.option("delim")
    field = arguments.name()
    arguments.end()

    def run(frame: Frame, session: Session) -> Frame:
        column = frame.get(field)
        if column.kind == "null":
            return frame
        others = {name: value for name, value in frame.columns.items() if name != field}
        gathered = f"flatten(list({sql.multi(column)} ORDER BY rowid) FILTER (NOT ({sql.is_null(column)})))"
        outputs = {name: Sql(gathered, "multi") if name == field else value for name, value in frame.columns.items()}
        keys = ", ".join(value.text for value in others.values())
        return session.engine.select(outputs, frame.name, f"GROUP BY {keys or '()'} ORDER BY min(rowid)")

    return run


@command("nomv <field>", "streaming")
def nomv(stage: Stage, planner: Planner) -> Run:
    """The multivalue as one text, its values joined by newlines."""
    arguments = Arguments(stage)
    field = arguments.name()
    arguments.end()

    def run(frame: Frame, session: Session) -> Frame:
        column = frame.get(field)
        if column.kind != "multi":
            return frame
        return session.engine.extend(frame, {field: Sql(f"array_to_string({column.text}, chr(10))", "text")})

    return run
