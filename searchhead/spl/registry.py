"""What a built-in command is: its usage, its place in a search, and a parser that gives what it does to a frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, Protocol

from ..table import Table
from .context import Context
from .engine import Engine, Frame
from .errors import SplError, in_command
from .syntax import Pipeline, Stage

# generating: opens a pipeline; streaming: works on each row by itself, so indexers can do it; transforming: needs all rows
Kind = Literal["generating", "streaming", "transforming"]


@dataclass
class Session:
    """One running search: its surroundings, its database, the app's transforms.conf.

    ``expand`` replaces the macros of a text. ``earliest``, ``latest``: the times that the search's events are from, those of
    its own terms if it has any. ``memo`` keeps what is worked out once in a search.
    """

    context: Context
    engine: Engine
    transforms: Mapping[str, Mapping[str, str]]
    expand: Callable[[str], str] = str
    earliest: float | None = None
    latest: float | None = None
    memo: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.earliest, self.latest = self.context.earliest, self.context.latest


Results = Frame | Table
Step = Callable[[Results, Session], Results]
Run = Callable[[Frame, Session], Frame]
Steps = tuple[Step, ...]


class Planner(Protocol):
    """Plans a subsearch; ``given`` when it works on rows instead of beginning with none. Raises SplError."""

    def __call__(self, pipeline: Pipeline, *, given: bool = False) -> Steps: ...


@dataclass(frozen=True)
class Builtin:
    """A command; ``parse`` reads a stage, with a planner for the subsearches in it, and raises SplSyntaxError."""

    name: str
    usage: str
    kind: Kind
    parse: Callable[[Stage, Planner], Run] = field(repr=False)


BUILTINS: dict[str, Builtin] = {}


def command(
    usage: str, kind: Kind, *aliases: str
) -> Callable[[Callable[[Stage, Planner], Run]], Callable[[Stage, Planner], Run]]:
    """Register the parser of a command, named by the first word of its usage."""

    def register(parse: Callable[[Stage, Planner], Run]) -> Callable[[Stage, Planner], Run]:
        for name in (usage.split()[0], *aliases):
            BUILTINS[name] = Builtin(name, usage, kind, parse)
        return parse

    return register


def step(stage: Stage, planner: Planner, *, first: bool) -> Step:
    """The stage as a step of a search. Raises SplError for what its arguments do not allow."""
    builtin = BUILTINS[stage.name]
    if builtin.kind == "generating" and not first and stage.name != "inputlookup":
        raise in_command(stage.name, "This command must be the first command of a search.", stage.position)
    return partial(_run, builtin.parse(stage, planner), stage.name)


def _run(run: Run, name: str, results: Results, session: Session) -> Frame:
    session.engine.command = name
    frame = frame_of(results, session.engine)
    try:
        return run(frame, session)
    except RecursionError as exc:
        raise too_deep() from exc


def frame_of(results: Results, engine: Engine) -> Frame:
    """The results inside the engine."""
    return engine.load(results) if isinstance(results, Table) else results


def table_of(results: Results, engine: Engine) -> Table:
    """The results outside the engine."""
    return results if isinstance(results, Table) else engine.table(results)


def run_steps(steps: Steps, results: Results, session: Session) -> Results:
    """What the steps make of the results, one after the other."""
    for each in steps:
        results = each(results, session)
    return results


def subsearch(steps: Steps, session: Session) -> Frame:
    """The results of a subsearch, which begins with nothing; the command at work stays the one that asked."""
    asking, earliest, latest = session.engine.command, session.earliest, session.latest
    session.earliest, session.latest = session.context.earliest, session.context.latest
    frame = frame_of(run_steps(steps, Table.empty(), session), session.engine)
    session.engine.command, session.earliest, session.latest = asking, earliest, latest
    return frame


def too_deep() -> SplError:
    """The error for a search with more levels of brackets than Python's stack takes."""
    return SplError("The search is nested too deeply; compute parts of it in fields of their own.")


def unknown(stage: Stage) -> SplError:
    """The error for a command that is neither built in nor the app's."""
    return SplError(f"Unknown search command '{stage.name}' (at position {stage.position}).")
