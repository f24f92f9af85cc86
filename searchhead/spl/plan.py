"""From pipelines to steps: as in splunkd, every command is known and its arguments are read before anything runs."""

from __future__ import annotations

from collections.abc import Sequence

from ..table import Table
from . import commands, functions
from .commands.filtering import filled
from .context import CustomCall
from .registry import BUILTINS, Planner, Results, Session, Step, Steps, step, table_of, too_deep, unknown
from .retrieval import retrieve
from .search_terms import parse
from .syntax import Pipeline, Stage

__all__ = ["commands", "functions", "plan"]


def plan(pipeline: Pipeline, custom: frozenset[str], *, given: bool = False) -> Steps:
    """The steps of a pipeline; ``custom`` names the app's commands. Raises SplError.

    A pipeline that begins with search reads the indexes, unless it is ``given`` rows to work on.
    """

    def planner(pipeline: Pipeline, *, given: bool = False) -> Steps:
        return plan(pipeline, custom, given=given)

    steps: list[Step] = []
    for index, stage in enumerate(pipeline.stages):
        if stage.name in custom:
            steps.append(_custom_step(pipeline, index, planner))
        elif stage.name in BUILTINS:
            if index == 0 and not given and stage.name == "search":
                steps.append(_events(stage, pipeline.stages[1:], planner))
            else:
                steps.append(step(stage, planner, first=index == 0))
        else:
            raise unknown(stage)
    return tuple(steps)


def _events(stage: Stage, rest: Sequence[Stage], planner: Planner) -> Step:
    """What the indexes hold of the terms of a search that does not begin with a pipe."""
    inner = [(sub.start, sub.stop, planner(sub.pipeline)) for sub in stage.subsearches]
    fixed = None if inner else parse(stage.raw_args, command=stage.name, position=stage.args_position)

    def run(results: Results, session: Session) -> Results:
        session.engine.command = stage.name
        text = filled(stage.raw_args, inner, session)
        terms = fixed or parse(text, command=stage.name, position=stage.args_position)
        try:
            return retrieve(terms, text, rest, stage, session)
        except RecursionError as exc:
            raise too_deep() from exc

    return run


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
