"""Commands that make fields out of text: rex, spath."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...table import Table, Value
from .. import patterns, sql
from ..arguments import Arguments
from ..engine import Frame
from ..functions.text import json_values
from ..knowledge.key_values import leaves
from ..registry import Planner, Run, Session, command
from ..sql import Sql
from ..syntax import Stage

_SED = re.compile(
    r"s(?P<d>[^\w\s\\])(?P<regex>(?:\\.|(?!(?P=d)).)*)(?P=d)(?P<by>(?:\\.|(?!(?P=d)).)*)(?P=d)(?P<flags>g?)",
    re.DOTALL,
)


@command('rex [field=<field>] [max_match=<count>] [mode=sed] "<regex with (?<name>groups)>"', "streaming")
def rex(stage: Stage, planner: Planner) -> Run:
    """Fields from the named groups of a regex; or with mode=sed the field changed by s/regex/replacement/g."""
    arguments = Arguments(stage)
    field = arguments.option("field", "_raw") or "_raw"
    most = arguments.integer("max_match", 1)
    mode = arguments.option("mode")
    text = arguments.name("regex")
    arguments.end()
    if mode == "sed":
        return _sed(arguments, field, text)
    if mode is not None:
        raise arguments.error(f"Invalid value '{mode}' for the option 'mode': it is sed.")
    pattern = patterns.compiled_pattern(text, stage.name)
    if not pattern.groupindex:
        raise arguments.error(
            f"The regex '{text}' does not extract anything. It should specify at least one named group."
            " Format: (?<name>...)."
        )

    def run(frame: Frame, session: Session) -> Frame:
        if most == 1 and patterns.is_native(session.engine, text):
            return _first_match(frame, field, text, pattern.groupindex, session)
        source = session.engine.values(f"SELECT {sql.first(frame.get(field))} FROM {frame.name} ORDER BY rowid")
        found: dict[str, list[Value]] = {name: [] for name in pattern.groupindex}
        for value in source:
            matches = (
                []
                if value is None
                else [match for match, _ in zip(pattern.finditer(value), range(most or 10**9), strict=False)]
            )
            for name, values in found.items():
                got = [match.group(name) for match in matches if match.group(name) is not None]
                values.append(got if len(got) > 1 else got[0] if got else None)
        return beside(frame, Table(found, len(source)), session, keep_old=True)

    return run


def _first_match(frame: Frame, field: str, regex: str, groups: Mapping[str, int], session: Session) -> Frame:
    """Named groups of the first match; a row without a match, or with an empty group, keeps what it had."""
    value = sql.first(frame.get(field))
    found = {}
    for name, index in groups.items():
        group = f"nullif(regexp_extract({value}, {sql.quoted(regex)}, {index}), '')"
        old = frame.get(name)
        if old.kind == "multi":
            found[name] = Sql(f"coalesce({sql.multi(Sql(group, 'text'))}, {old.text})", "multi")
        else:
            found[name] = Sql(f"coalesce({group}, {sql.text(old)})", "text")
    return session.engine.extend(frame, found)


def _sed(arguments: Arguments, field: str, text: str) -> Run:
    match = _SED.fullmatch(text.strip())
    if match is None:
        raise arguments.error(f"The sed expression '{text}' is not s/regex/replacement/ with an optional g.")
    pattern = patterns.compiled_pattern(match.group("regex"), arguments.stage.name)
    count = 0 if match.group("flags") else 1
    by = re.sub(r"\\(\d)", r"\\g<\1>", match.group("by").replace("\\" + match.group("d"), match.group("d")))

    def run(frame: Frame, session: Session) -> Frame:
        source = session.engine.values(f"SELECT {sql.first(frame.get(field))} FROM {frame.name} ORDER BY rowid")
        try:
            changed: list[Value] = [None if value is None else pattern.sub(by, value, count=count) for value in source]
        except (re.error, IndexError) as exc:
            raise arguments.error(f"The replacement of '{text}' is invalid: {exc}.") from exc
        return beside(frame, Table({field: changed}, len(changed)), session, keep_old=False)

    return run


@command("spath [input=<field>] [output=<field>] [path=<path> | <path>]", "streaming")
def spath(stage: Stage, planner: Planner) -> Run:
    """Fields from JSON text: that at a path, or all of them, named by their paths such as ``a.b{}.c``."""
    arguments = Arguments(stage)
    source, path = arguments.option("input", "_raw") or "_raw", arguments.option("path")
    output = arguments.option("output")
    if path is None and arguments.peek() is not None:
        path = arguments.name("path")
    arguments.end()

    def run(frame: Frame, session: Session) -> Frame:
        texts = session.engine.values(f"SELECT {sql.first(frame.get(source))} FROM {frame.name} ORDER BY rowid")
        if path is not None:
            values = [json_values(text, path) if text is not None else [] for text in texts]
            return beside(frame, Table.from_columns({output or path: values}), session, keep_old=False)
        rows = [leaves(text) if text is not None else {} for text in texts]
        return beside(frame, Table.from_rows(rows), session, keep_old=True)

    return run


def beside(frame: Frame, added: Table, session: Session, *, keep_old: bool) -> Frame:
    """The frame with the columns of a table of as many rows; ``keep_old``: a row without a new value keeps its old one."""
    if not added.fields:
        return frame
    new = session.engine.load(added)
    outputs = {field: Sql(f"e.{column.text}", column.kind, plain=True) for field, column in frame.columns.items()}
    for field, column in new.columns.items():
        value = Sql(f"n.{column.text}", column.kind, plain=True)
        old = outputs.get(field)
        if keep_old and old is not None:
            either = "multi" if "multi" in (value.kind, old.kind) else "text"
            parts = [sql.multi(value), sql.multi(old)] if either == "multi" else [sql.text(value), sql.text(old)]
            value = Sql(f"coalesce({', '.join(parts)})", "multi" if either == "multi" else "text")
        outputs[field] = value
    return session.engine.select(
        outputs, f"{frame.name} AS e JOIN {new.name} AS n ON e.rowid = n.rowid", "ORDER BY e.rowid"
    )
