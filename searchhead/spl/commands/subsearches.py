"""Commands about subsearches: format, return, foreach, multisearch, union."""

from __future__ import annotations

import re
from collections.abc import Callable

from ...table import Table
from .. import sql
from ..arguments import Arguments
from ..engine import Frame
from ..errors import SplError, in_command
from ..registry import Planner, Run, Session, Steps, command, frame_of, run_steps, subsearch
from ..sql import Sql
from ..syntax import Stage, parse_pipeline
from .filtering import as_terms, quoted
from .shape import matching

_ITEM = "\0item"
_MOST_ITEMS = 1_000


@command('format [mvsep="<text>"] [maxresults=<count>] [emptystr="<text>"]', "transforming")
def format_(stage: Stage, planner: Planner) -> Run:
    """All rows as the terms that a subsearch stands for, in the field search of one row."""
    arguments = Arguments(stage)
    separator = arguments.option("mvsep", "OR") or "OR"
    most = arguments.integer("maxresults", 0)
    empty = arguments.option("emptystr", "NOT ( )") or ""
    arguments.end()

    def run(frame: Frame, session: Session) -> Frame:
        held = session.engine.filter(frame, f"rowid < {most}") if most else frame
        text = as_terms(held, session, between=separator) if len(held) else empty
        return session.engine.load(Table({"search": [text]}, 1))

    return run


@command("return [<count>] [<field> | <name>=<field> | $<field>] ...", "transforming")
def return_(stage: Stage, planner: Planner) -> Run:
    """The first rows, 1 unless told otherwise, as terms in the field search of one row; ``$field`` gives the value alone."""
    arguments = Arguments(stage)
    count = arguments.count(1)
    wanted: list[tuple[str | None, str]] = []
    while arguments.peek() is not None:
        if wanted and arguments.sign(","):
            continue
        piece = arguments.next()
        if piece.kind == "option":
            wanted.append((piece.name, piece.text))
        elif piece.kind == "word" and piece.text.startswith("$"):
            wanted.append((None, piece.text[1:]))
        elif piece.kind in ("word", "quoted"):
            wanted.append((piece.text, piece.text))
        else:
            raise arguments.error(f"Invalid argument: '{piece.text}'.", piece)
    if not wanted:
        raise arguments.error("Missing field list.")

    def run(frame: Frame, session: Session) -> Frame:
        rows = []
        for row in session.engine.table(frame).slice(0, count).rows():
            parts = []
            for name, field in wanted:
                value = row.get(field)
                for item in value if isinstance(value, list) else [] if value is None else [value]:
                    parts.append(item if name is None else f"{name}={quoted(item)}")
            if parts:
                rows.append(" ".join(parts))
        text = rows[0] if len(rows) == 1 else " OR ".join(f"({row})" for row in rows)
        return session.engine.load(Table({"search": [text or None]}, 1))

    return run


@command(
    "foreach [mode=multifield|multivalue] <field> ... [<subsearch with eval and <<FIELD>>, <<MATCHSTR>> or <<ITEM>>>]",
    "streaming",
)
def foreach(stage: Stage, planner: Planner) -> Run:
    """A subpipeline for each field that matches; with mode=multivalue, for each value of one field, ``<<ITEM>>``."""
    if len(stage.subsearches) != 1:
        raise in_command(stage.name, "It takes one subsearch in brackets.", stage.args_position)
    (inner,) = stage.subsearches
    template = stage.raw_args[inner.start + 1 : inner.stop - 1]
    arguments = Arguments(stage)
    mode = (arguments.option("mode", "multifield") or "").lower()
    fieldstr, matchstr = arguments.option("fieldstr", "FIELD"), arguments.option("matchstr", "MATCHSTR")
    itemstr = arguments.option("itemstr", "ITEM")
    if mode not in ("multifield", "multivalue"):
        raise arguments.error(f"Invalid value '{mode}' for the option 'mode': it is multifield or multivalue.")
    names: list[str] = []
    while (piece := arguments.peek()) is not None and piece.kind != "subsearch":
        if not (names and arguments.sign(",")):
            names.append(arguments.name())
    arguments.subsearch()
    arguments.end()
    if not names or (mode == "multivalue" and (len(names) > 1 or "*" in names[0])):
        raise arguments.error("Missing field list." if not names else "The mode multivalue works on one field.")

    def filled(field: str, parts: tuple[str, ...]) -> Callable[[Frame, Session], Frame]:
        marks = {f"<<{fieldstr}>>": field, f"<<{matchstr}>>": "".join(parts)}
        marks.update({f"<<MATCHSEG{n}>>": part for n, part in enumerate(parts, 1)})
        text = template
        for mark, value in marks.items():
            text = text.replace(mark, value)
        text = text.replace(f"<<{itemstr}>>", f"'{_ITEM}'")
        steps = planner(parse_pipeline("| " + text.strip()), given=True)
        return lambda frame, session: frame_of(run_steps(steps, frame, session), session.engine)

    try:
        filled("field", ("part",) * 3)  # to refuse what cannot run before anything runs
    except SplError as exc:
        raise arguments.error(f"The subsearch cannot run: {exc}") from exc

    def run(frame: Frame, session: Session) -> Frame:
        if mode == "multivalue":
            return _each_item(frame, names[0], filled(names[0], ()), session)
        for pattern in names:
            for field in matching(frame, [pattern]) if "*" in pattern else [pattern]:
                regex = "(.*)".join(re.escape(part) for part in pattern.split("*"))
                match = re.fullmatch(regex, field, re.DOTALL)
                frame = filled(field, match.groups() if match else ())(frame, session)
        return frame

    return run


def _each_item(frame: Frame, field: str, body: Callable[[Frame, Session], Frame], session: Session) -> Frame:
    """The body for the first value in each row, then the second, and so on; rows with fewer values stay as they are then."""
    engine = session.engine
    listed = sql.multi(frame.get(field))
    frame = engine.extend(frame, {"\0items": Sql(f"coalesce({listed}, [])", "multi")})
    most = engine.rows(f"SELECT coalesce(max(len({frame.columns[chr(0) + 'items'].text})), 0) FROM {frame.name}")[0][0]
    for place in range(1, min(most, _MOST_ITEMS) + 1):
        before = engine.extend(frame, {_ITEM: Sql(f"({frame.columns[chr(0) + 'items'].text})[{place}]", "text")})
        after = body(before, session)
        outputs = {}
        for name, new in after.columns.items():
            if name == _ITEM:
                continue
            old, changed = before.get(name), Sql(f"a.{new.text}", new.kind, plain=True)
            kept = Sql(f"b.{old.text}", old.kind, plain=True) if old.kind != "null" else old
            kind: sql.Kind = "multi" if "multi" in (old.kind, new.kind) else "text"
            texts = [sql.multi(part) if kind == "multi" else sql.text(part) for part in (changed, kept)]
            outputs[name] = Sql(
                f"(CASE WHEN b.{before.columns[_ITEM].text} IS NOT NULL THEN {texts[0]} ELSE {texts[1]} END)", kind
            )
        source = f"{before.name} AS b JOIN {after.name} AS a ON a.rowid = b.rowid"
        frame = engine.select(outputs, source, "ORDER BY b.rowid")
    return frame.with_columns({name: column for name, column in frame.columns.items() if name != "\0items"})


@command("multisearch [<subsearch>] [<subsearch>] ...", "generating")
def multisearch(stage: Stage, planner: Planner) -> Run:
    """The events of several searches, newest first."""
    return _joined(stage, planner, least=2)


@command("union [maxout=<rows>] [maxtime=<seconds>] [timeout=<seconds>] [<subsearch>] ...", "transforming")
def union(stage: Stage, planner: Planner) -> Run:
    """The rows, and those of the subsearches, newest first where they have a time."""
    return _joined(stage, planner, least=1)


def _joined(stage: Stage, planner: Planner, *, least: int) -> Run:
    arguments = Arguments(stage)
    for name in ("maxout", "maxtime", "timeout"):
        arguments.integer(name, 0)
    plans: list[Steps] = []
    while arguments.peek() is not None:
        if not (plans and arguments.sign(",")):
            plans.append(planner(arguments.subsearch()))
    if len(plans) < least:
        raise arguments.error(f"It takes at least {least} subsearch{'es' if least > 1 else ''} in brackets.")

    def run(frame: Frame, session: Session) -> Frame:
        whole = session.engine.concat([frame, *(subsearch(steps, session) for steps in plans)])
        if "_time" not in whole.columns:
            return whole
        time = sql.number(whole.columns["_time"])
        return session.engine.select(whole.columns, whole.name, f"ORDER BY {time} DESC NULLS LAST, rowid")

    return run
