"""Commands that open no event: metadata, tstats and rest; and those that do nothing at all: noop, localop, redistribute."""

from __future__ import annotations

import re

from .. import search_terms, timespans
from ..aggregations import parse
from ..arguments import Arguments
from ..engine import Frame
from ..errors import in_command
from ..registry import Planner, Run, Session, command
from ..retrieval import given_fields, timed
from ..syntax import Stage
from .aggregate import group
from .buckets import automatic_time_span, binned
from .order import by_values

_TYPES = {"hosts": "host", "sources": "source", "sourcetypes": "sourcetype"}
_WORD = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|\(|\)|[^\s"()]+|\s+', re.DOTALL)


@command("metadata type=hosts|sources|sourcetypes [index=<index>] [splunk_server=<text>]", "generating")
def metadata(stage: Stage, planner: Planner) -> Run:
    """The hosts, sources or sourcetypes of an index, each with firstTime, lastTime, recentTime and totalCount."""
    arguments = Arguments(stage)
    kind, index = arguments.option("type"), arguments.option("index")
    for name in ("splunk_server", "splunk_server_group", "datatype"):
        arguments.option(name)
    arguments.end()
    if kind not in _TYPES:
        raise arguments.error(f"The option 'type' is one of {', '.join(_TYPES)}.")
    field = _TYPES[kind]
    counting = parse(
        Stage(
            "stats",
            "min(_time) AS firstTime max(_time) AS lastTime max(_indextime) AS recentTime count AS totalCount"
            f" by {field}",
            0,
            0,
        )
    )

    def run(frame: Frame, session: Session) -> Frame:
        found = given_fields(
            search_terms.Everything() if index is None else search_terms.Comparison("index", "=", index), session
        )
        rows = session.engine.table(by_values(group(found, counting, session, stage.name), [field], session))
        return session.engine.load(rows.with_column("type", [kind] * len(rows)))

    return run


@command("tstats <function>[(<field>)] [AS <field>] ... [where <terms>] [by <field> ... [span=<span>]]", "generating")
def tstats(stage: Stage, planner: Planner) -> Run:
    """Aggregates of _time, index, sourcetype, source, host and indexed fields; the events' texts are not opened."""
    head, where, by = _clauses(stage)
    terms = search_terms.parse(where, command=stage.name, position=stage.args_position)
    text = re.sub(r"(?i)\b(allow_old_summaries|summariesonly|include_reduced_buckets|chunk_size)\s*=\s*\w+", " ", head)
    inner = Stage(stage.name, text.strip() + (f" by {by}" if by else ""), stage.position, stage.args_position)
    wanted = parse(inner, options=("span",))
    span = timespans.parse_span(wanted.options["span"]) if "span" in wanted.options else None
    if "span" in wanted.options and span is None:
        raise in_command(
            stage.name, f"Invalid value '{wanted.options['span']}' for the option 'span'.", stage.args_position
        )

    def run(frame: Frame, session: Session) -> Frame:
        found = given_fields(timed(terms, stage, session.context), session)
        if "_time" in wanted.by and len(found):
            low, high = session.engine.rows(
                f"SELECT min(num({found.columns['_time'].text})), max(num({found.columns['_time'].text})) FROM {found.name}"
            )[0]
            width = span or automatic_time_span(
                low if session.earliest is None else session.earliest,
                high if session.latest is None else session.latest,
            )
            found = binned(found, "_time", "_time", width, 100, session)
        grouped = group(found, wanted, session, stage.name)
        return by_values(grouped, list(wanted.by), session) if wanted.by else grouped

    return run


def _clauses(stage: Stage) -> tuple[str, str, str]:
    """What stands before WHERE, after it, and after BY; words in quotes or brackets do not count."""
    parts = {"": "", "where": "", "by": ""}
    current, depth = "", 0
    for match in _WORD.finditer(stage.raw_args):
        word = match.group()
        depth += (word == "(") - (word == ")")
        if depth == 0 and word.lower() in ("where", "by", "groupby"):
            current = "by" if word.lower() == "groupby" else word.lower()
            continue
        parts[current] += word
    return parts[""].strip(), parts["where"].strip(), parts["by"].strip()


@command("rest <path> [<argument>=<value>] ...", "generating")
def rest(stage: Stage, planner: Planner) -> Run:
    """A row for each entity of a REST endpoint that the search head offers."""
    arguments = Arguments(stage)
    path = arguments.name("path of an endpoint")
    for name in ("splunk_server", "splunk_server_group", "timeout", "strict"):
        arguments.option(name)
    asked: dict[str, str] = {}
    while (piece := arguments.peek()) is not None and piece.kind == "option":
        asked[piece.name] = arguments.next().text
    arguments.end()

    def run(frame: Frame, session: Session) -> Frame:
        if session.context.rest is None:
            raise in_command(stage.name, f"There are no REST endpoints here to ask for '{path}'.", stage.args_position)
        return session.engine.load(session.context.rest(path, asked))

    return run


def _nothing(name: str) -> None:
    @command(f"{name} [<option>=<value>] ...", "streaming")
    def ignored(stage: Stage, planner: Planner) -> Run:
        """Nothing; it only tells splunkd how to run a search."""
        return lambda frame, session: frame


for _name in ("noop", "localop", "redistribute"):
    _nothing(_name)
