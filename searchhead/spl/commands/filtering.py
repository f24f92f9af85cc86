"""Commands that keep some rows: search, where, regex, head, tail, dedup."""

from __future__ import annotations

import re

from .. import patterns, sql, timespans
from .. import search_terms as terms
from ..arguments import Arguments
from ..compile import Scope
from ..engine import Frame
from ..errors import in_command
from ..expressions import Expression, parse_condition
from ..registry import Planner, Run, Session, Steps, command, subsearch
from ..syntax import Stage
from .order import keys, ordering

_MOST_TERMS = 10_000
_EVENTS_ONLY = ("earliest", "latest")


@command(
    "search [<field><=|!=|<|>|<=|>=><value> | <field> IN (<value>, ...) | <term>] [AND|OR|NOT ...]",
    "streaming",
)
def search(stage: Stage, planner: Planner) -> Run:
    """Rows that meet the terms; ``*`` is a wildcard; a subsearch stands for ``field=value`` terms of its rows."""
    inner = [(sub.start, sub.stop, planner(sub.pipeline)) for sub in stage.subsearches]
    fixed = None if inner else terms.parse(stage.raw_args, command=stage.name, position=stage.args_position)

    def run(frame: Frame, session: Session) -> Frame:
        term = fixed or terms.parse(
            filled(stage.raw_args, inner, session), command=stage.name, position=stage.args_position
        )
        scope = Scope.of(frame, session.engine, session.context, stage.name)
        bounded, limits = _without_times(term, scope)
        return session.engine.filter(frame, " AND ".join([terms.condition(bounded, scope), *limits]))

    return run


def filled(text: str, inner: list[tuple[int, int, Steps]], session: Session) -> str:
    """The text with every subsearch replaced by the terms that its rows stand for."""
    for start, stop, steps in reversed(inner):
        found = subsearch(steps, session)
        if len(found) > _MOST_TERMS:
            session.context.message(
                "warn", f"[subsearch]: Subsearch produced {len(found)} results, truncating to maxout {_MOST_TERMS}."
            )
            found = session.engine.filter(found, f"rowid < {_MOST_TERMS}")
        text = text[:start] + as_terms(found, session) + text[stop:]
    return text


def as_terms(frame: Frame, session: Session, *, between: str = "OR") -> str:
    """``( ( a="1" AND b="2" ) OR ( … ) )``; a field named search or query is taken as it is; no rows match nothing.

    ``between`` stands between the values of a multivalue.
    """
    rows = []
    for row in session.engine.table(frame).rows():
        parts = []
        for field, value in row.items():
            if field.startswith("_"):
                continue
            values = value if isinstance(value, list) else [str(value)]
            plain = field in ("search", "query")
            name = field if re.fullmatch(r"[\w.]+", field) else quoted(field)
            either = [item if plain else f"{name}={quoted(item)}" for item in values]
            parts.append("( " + f" {between} ".join(either) + " )" if len(either) > 1 else either[0])
        if parts:
            rows.append("( " + " AND ".join(parts) + " )")
    return "( " + " OR ".join(rows) + " )" if rows else "NOT *"


def quoted(text: str) -> str:
    """The text as a quoted string of SPL."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _without_times(term: terms.SearchTerm, scope: Scope) -> tuple[terms.SearchTerm, list[str]]:
    """The terms without earliest= and latest=, and those as conditions on _time."""
    parts = term.parts if isinstance(term, terms.Logic) and term.operator == "and" else (term,)
    limits: list[str] = []
    kept: list[terms.SearchTerm] = []
    for part in parts:
        if not (
            isinstance(part, terms.Comparison)
            and part.operator == "="
            and part.field in _EVENTS_ONLY
            and part.field not in scope.columns
        ):
            kept.append(part)
            continue
        now = f"CAST({scope.context.now!r} AS DOUBLE)"
        moment = part.value if sql.looks_numeric(part.value) else timespans.relative(part.value, now)
        if moment is None:
            raise in_command(scope.command, f"Invalid value '{part.value}' for the time term '{part.field}'.")
        sign = ">=" if part.field == "earliest" else "<"
        limits.append(f"coalesce({sql.number(scope.columns.get('_time', sql.NULL))} {sign} {moment}, FALSE)")
    return (kept[0] if len(kept) == 1 else terms.Logic("and", tuple(kept)) if kept else terms.Everything()), limits


@command("where <condition>", "streaming")
def where(stage: Stage, planner: Planner) -> Run:
    """Rows for which the expression is true; a subsearch stands for what it returns."""
    inner = [(sub.start, sub.stop, planner(sub.pipeline)) for sub in stage.subsearches]

    def parsed(text: str) -> Expression:
        return parse_condition(text, command=stage.name, position=stage.args_position)

    fixed = None if inner else parsed(stage.raw_args)

    def run(frame: Frame, session: Session) -> Frame:
        expression = fixed or parsed(filled(stage.raw_args, inner, session))
        return session.engine.filter(
            frame, Scope.of(frame, session.engine, session.context, stage.name).condition(expression)
        )

    return run


@command('regex [<field>=|<field>!=]"<regex>"', "streaming")
def regex(stage: Stage, planner: Planner) -> Run:
    """Rows whose field (else _raw) matches, or with != does not."""
    arguments = Arguments(stage)
    piece = arguments.next("regex")
    field, negated = "_raw", False
    if piece.kind == "option":
        field, pattern = piece.name, piece.text
    elif arguments.sign("!="):
        field, negated, pattern = piece.text, True, arguments.name("regex")
    else:
        pattern = piece.text
    arguments.end()

    def run(frame: Frame, session: Session) -> Frame:
        column = frame.get(field)
        wanted = sql.string(pattern)
        if column.kind == "multi":
            found = sql.any_value(column, patterns.search(session.engine, "v", wanted))
        else:
            found = patterns.search(session.engine, sql.text(column), wanted)
        return session.engine.filter(frame, f"{'NOT ' if negated else ''}coalesce({found}, FALSE)")

    return run


@command("head [<count>] [limit=<count>] [(<condition>)]", "transforming")
def head(stage: Stage, planner: Planner) -> Run:
    """The first rows, 10 unless told otherwise; or those before the first that fails the condition."""
    if stage.raw_args.startswith("("):
        condition = parse_condition(stage.raw_args, command=stage.name, position=stage.args_position)

        def run_while(frame: Frame, session: Session) -> Frame:
            met = Scope.of(frame, session.engine, session.context, stage.name).condition(condition)
            failed = session.engine.rows(f"SELECT min(rowid) FROM {frame.name} WHERE NOT coalesce({met}, FALSE)")[0][0]
            return frame if failed is None else session.engine.filter(frame, f"rowid < {failed}")

        return run_while
    count = _one_count(stage)
    return lambda frame, session: frame if len(frame) <= count else session.engine.filter(frame, f"rowid < {count}")


@command("tail [<count>]", "transforming")
def tail(stage: Stage, planner: Planner) -> Run:
    """The last rows, the last of them first, as Splunk gives them."""
    count = _one_count(stage)
    return lambda frame, session: session.engine.select(frame.columns, frame.name, f"ORDER BY rowid DESC LIMIT {count}")


def _one_count(stage: Stage) -> int:
    arguments = Arguments(stage)
    count = arguments.count(arguments.integer("limit", 10))
    arguments.end()
    return count


@command(
    "dedup [<count>] <field> ... [keepevents=<bool>] [keepempty=<bool>] [consecutive=<bool>] [sortby [+|-]<field> ...]",
    "transforming",
)
def dedup(stage: Stage, planner: Planner) -> Run:
    """The first rows of each combination of the fields' values; rows that lack a field go, unless keepempty."""
    arguments = Arguments(stage)
    keep_events, keep_empty = arguments.flag("keepevents"), arguments.flag("keepempty")
    consecutive = arguments.flag("consecutive")
    count = arguments.count(1)
    fields = arguments.names(until=("sortby",))
    order = keys(arguments) if arguments.sign("sortby") else []
    arguments.end()
    if not fields:
        raise arguments.error("Missing field list.")
    if count < 1:
        raise arguments.error("The count must be above 0.")

    def run(frame: Frame, session: Session) -> Frame:
        engine = session.engine
        values = [frame.get(field) for field in fields]
        if all(value.kind == "null" for value in values) and not keep_empty:
            return engine.filter(frame, "FALSE")
        texts = [f"CAST({value.text} AS VARCHAR)" if value.kind == "multi" else sql.text(value) for value in values]
        missing = " OR ".join(sql.is_null(value) for value in values)
        key = ", ".join(texts)
        if consecutive:
            before = " AND ".join(f"{text} IS NOT DISTINCT FROM lag({text}) OVER (ORDER BY rowid)" for text in texts)
            number = f"(CASE WHEN rowid > 0 AND {before} THEN {count + 1} ELSE 1 END)"
        else:
            number = f"row_number() OVER (PARTITION BY {key} ORDER BY rowid)"
        source = f"(SELECT *, rowid AS line, {number} AS place, ({missing}) AS lacks FROM {frame.name})"
        if keep_events:
            kept = {
                field: sql.Sql(f"(CASE WHEN place <= {count} THEN {value.text} END)", value.kind)
                if field in fields
                else value
                for field, value in frame.columns.items()
            }
            result = engine.select(kept, source, "ORDER BY line")
        else:
            empty = "OR lacks" if keep_empty else "AND NOT lacks"
            result = engine.select(frame.columns, source, f"WHERE place <= {count} {empty} ORDER BY line")
        return engine.select(result.columns, result.name, f"ORDER BY {ordering(result, order)}") if order else result

    return run
