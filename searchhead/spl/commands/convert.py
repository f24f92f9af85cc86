"""Commands that rewrite values: convert, fieldformat, rangemap, replace."""

from __future__ import annotations

import re

from .. import sql
from ..arguments import Arguments
from ..compile import FUNCTIONS, Scope
from ..engine import Frame
from ..errors import in_command
from ..expressions import Call, Reference, String, parse_assignments
from ..registry import Planner, Run, Session, command
from ..sql import Sql
from ..syntax import Stage
from .shape import matching

_CONVERSIONS = ("auto", "ctime", "dur2sec", "mktime", "mstime", "none", "num", "rmcomma", "rmunit")


@command("convert [timeformat=<format>] <conversion>(<field>) [AS <field>] ...", "streaming")
def convert(stage: Stage, planner: Planner) -> Run:
    """Values in another form: auto, ctime, dur2sec, mktime, mstime, none, num, rmcomma or rmunit."""
    arguments = Arguments(stage)
    form = arguments.option("timeformat", "%m/%d/%Y %H:%M:%S") or ""
    wanted: list[tuple[str, str, str]] = []
    while arguments.peek() is not None:
        if wanted and arguments.sign(","):
            continue
        conversion = arguments.name("conversion").lower()
        if conversion not in _CONVERSIONS:
            raise arguments.error(f"The conversion '{conversion}' is not one of {', '.join(_CONVERSIONS)}.")
        if not arguments.sign("("):
            raise arguments.error(f"Missing '(' after '{conversion}'.")
        field = arguments.name()
        if not arguments.sign(")"):
            raise arguments.error(f"Missing ')' after the field '{field}'.")
        target = arguments.name("new field name") if arguments.sign("as") else field
        wanted.append((conversion, field, target))
    if not wanted:
        raise arguments.error("Missing conversions, as in ctime(_time).")

    def run(frame: Frame, session: Session) -> Frame:
        scope = Scope.of(frame, session.engine, session.context, stage.name)
        done = {field for conversion, field, _ in wanted if conversion == "none"}
        for conversion, pattern, target in wanted:
            for field in matching(frame, [pattern]):
                if conversion == "none" or ("*" in pattern and (field in done or field.startswith("_"))):
                    continue
                made = _converted(conversion, field, scope, form)
                frame = session.engine.extend(frame, {field if "*" in pattern else target: made})
                scope = Scope.of(frame, session.engine, session.context, stage.name)
        return frame

    return run


def _converted(conversion: str, field: str, scope: Scope, form: str) -> Sql:
    column = scope.columns[field]
    text, number = sql.first(column), sql.number(column)
    if conversion in ("ctime", "mktime"):
        function = "strftime" if conversion == "ctime" else "strptime"
        return FUNCTIONS[function].build(scope, Call(function, (Reference(field), String(form)), 0))
    if conversion == "num":
        return Sql(f"num(replace({text}, ',', ''))", "number")
    if conversion == "auto":
        return Sql(f"coalesce(fmt(num(replace({text}, ',', ''))), {text})", "text")
    if conversion == "rmcomma":
        return Sql(f"replace({text}, ',', '')", "text")
    if conversion == "rmunit":
        return Sql(
            f"num(regexp_extract({text}, '^\\s*([+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?)', 1))", "number"
        )
    clock = r"^(?:(?:(\d+)\+)?(\d+):)?(\d+):(\d+(?:\.\d+)?)$"  # [[days+]hours:]minutes:seconds
    parts = [
        f"coalesce(num(regexp_extract({text}, {sql.quoted(clock)}, {group})), 0) * {seconds}"
        for group, seconds in enumerate((86_400, 3_600, 60, 1), 1)
    ]
    told = f"CASE WHEN regexp_matches({text}, {sql.quoted(clock)}) THEN {' + '.join(parts)} END"
    return Sql(f"coalesce({number}, {told})", "number")


@command("fieldformat <field>=<expression>", "streaming")
def fieldformat(stage: Stage, planner: Planner) -> Run:
    """How a page would show a field; the value stays as it is, here as in Splunk."""
    if len(parse_assignments(stage.raw_args, command=stage.name, position=stage.args_position)) != 1:
        raise in_command(stage.name, "It formats one field.", stage.args_position)
    return lambda frame, session: frame


@command("rangemap field=<field> [<range name>=<low>-<high>] ... [default=<range name>]", "streaming")
def rangemap(stage: Stage, planner: Planner) -> Run:
    """The names of the ranges that hold the field's number, in a field range; the default where none does."""
    arguments = Arguments(stage)
    field, default = arguments.option("field"), arguments.option("default", "None") or "None"
    if not field:
        raise arguments.error("Missing the option 'field'.")
    ranges: list[tuple[str, float, float]] = []
    while (piece := arguments.peek()) is not None and piece.kind == "option":
        match = re.fullmatch(r"(-?\d+(?:\.\d+)?)-(-?\d+(?:\.\d+)?)", arguments.next().text)
        if match is None:
            raise arguments.error(f"Invalid range '{piece.name}={piece.text}': it is written low=0-30.", piece)
        ranges.append((piece.name, float(match[1]), float(match[2])))
    arguments.end()

    def run(frame: Frame, session: Session) -> Frame:
        number = sql.number(frame.get(field))
        cases = [
            f"CASE WHEN {number} BETWEEN {low!r} AND {high!r} THEN {sql.quoted(name)} END" for name, low, high in ranges
        ]
        held = f"list_filter([{', '.join(cases) or 'CAST(NULL AS VARCHAR)'}], lambda v: v IS NOT NULL)"
        named = f"(CASE WHEN len({held}) > 0 THEN array_to_string({held}, ' ') ELSE {sql.quoted(default)} END)"
        return session.engine.extend(frame, {"range": Sql(named, "text")})

    return run


@command("replace <text> WITH <text> [, <text> WITH <text>] ... [IN <field> ...]", "streaming")
def replace(stage: Stage, planner: Planner) -> Run:
    """Whole values replaced by others; ``*`` in both stands for the same text. Without IN: in all fields."""
    arguments = Arguments(stage)
    pairs: list[tuple[str, str]] = []
    while arguments.peek() is not None and not arguments.sign("in"):
        if pairs and arguments.sign(","):
            continue
        old = arguments.name("text")
        if not arguments.sign("with"):
            raise arguments.error(f"Missing WITH after '{old}'.")
        new = arguments.name("text")
        if new.count("*") not in (0, old.count("*")):
            raise arguments.error(f"The wildcards of '{old}' and '{new}' do not match.")
        pairs.append((old, new))
    names = arguments.names()
    if not pairs:
        raise arguments.error("Missing what to replace, as in replace 0 WITH none IN count.")

    def run(frame: Frame, session: Session) -> Frame:
        made = {}
        for field in matching(frame, names) if names else [f for f in frame.fields if not f.startswith("_")]:
            column = frame.columns[field]
            if column.kind != "multi":
                made[field] = Sql(_replaced(sql.text(column), pairs), "text")
        return session.engine.extend(frame, made)

    return run


def _replaced(value: str, pairs: list[tuple[str, str]]) -> str:
    branches = []
    for old, new in pairs:
        pattern = "(?s)^" + "(.*)".join(re.escape(part) for part in old.split("*")) + "$"
        parts = [part.replace("\\", "\\\\") for part in new.split("*")]
        by = parts[0] + "".join(f"\\{index}{part}" for index, part in enumerate(parts[1:], 1))
        changed = f"regexp_replace({value}, {sql.quoted(pattern)}, {sql.quoted(by)})"
        branches.append(f"WHEN regexp_matches({value}, {sql.quoted(pattern)}) THEN {changed}")
    return f"(CASE {' '.join(branches)} ELSE {value} END)"
