"""From pipelines to steps: as in splunkd, every command is known and its arguments are read before anything runs."""

from __future__ import annotations

from ..table import Table
from . import commands, functions
from .commands.filtering import filled
from .context import CustomCall, EventQuery
from .errors import in_command
from .registry import BUILTINS, Planner, Results, Session, Step, Steps, step, table_of, unknown
from .syntax import Pipeline, Stage

__all__ = ["commands", "functions", "plan"]


def plan(pipeline: Pipeline, custom: frozenset[str], *, inner: bool = False) -> Steps:
    """The steps of a pipeline; ``custom`` names the app's commands, ``inner`` marks a subsearch. Raises SplError."""

    def planner(subsearch: Pipeline) -> Steps:
        return plan(subsearch, custom, inner=True)

    steps: list[Step] = []
    for index, stage in enumerate(pipeline.stages):
        if stage.name in custom:
            steps.append(_custom_step(pipeline, index, planner))
        elif stage.name in BUILTINS:
            if index == 0 and not inner and stage.name == "search":
                steps.append(_events)
            steps.append(step(stage, planner, first=index == 0))
        else:
            raise unknown(stage)
    return tuple(steps)


def _events(results: Results, session: Session) -> Results:
    """What the indexes hold, for a search that does not begin with a pipe."""
    if session.context.indexes is None:
        raise in_command(
            "search", "There are no indexes here; begin with '| inputlookup <file>.csv' or '| makeresults'."
        )
    return session.context.indexes.find(EventQuery(earliest=session.context.earliest, latest=session.context.latest))


def _custom_step(pipeline: Pipeline, index: int, planner: Planner) -> Step:
    stage = pipeline.stages[index]
    inner = [(sub.start, sub.stop, planner(sub.pipeline)) for sub in stage.subsearches]
    names = tuple(other.name for other in pipeline.stages)

    def run(results: Results, session: Session) -> Table:
        session.engine.command = stage.name
        call = CustomCall(
            name=stage.name,
            raw_args=filled(stage.raw_args, inner, session),
            position=stage.position,
            first=index == 0,
            distributable=all(_on_indexers(other, place) for place, other in enumerate(pipeline.stages[:index])),
            before=names[:index],
            after=names[index + 1 :],
            search=pipeline.text,
        )
        return session.context.custom(call, table_of(results, session.engine))

    return run


def _on_indexers(stage: Stage, place: int) -> bool:
    builtin = BUILTINS.get(stage.name)
    return builtin is not None and (builtin.kind == "streaming" or (builtin.kind == "generating" and place == 0))
