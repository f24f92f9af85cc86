"""The search language: a documented subset of SPL, run on DuckDB.

    text ─ macros.expand ─▶ text ─ syntax.parse_pipeline ─▶ stages ─ plan.plan ─▶ steps ─ run ─▶ Table

``docs/searchhead.md`` lists the commands, functions and options; anything else is an SplError that names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..table import Table
from . import compile as compiling
from . import macros
from .context import Context, CustomCall, EventQuery, Indexes, KVStore
from .engine import Engine
from .errors import LookupFileError, SplError, SplSyntaxError
from .expressions import parse_condition
from .plan import plan
from .registry import Session, run_steps, table_of, too_deep
from .syntax import Pipeline, Stage, Subsearch, parse_pipeline

__all__ = [
    "Context",
    "CustomCall",
    "EventQuery",
    "Indexes",
    "KVStore",
    "LookupFileError",
    "Pipeline",
    "SplError",
    "SplSyntaxError",
    "Stage",
    "Subsearch",
    "check",
    "parse",
    "run",
]


def parse(text: str, context: Context | None = None) -> Pipeline:
    """The search as a tree, its comments gone and the app's macros expanded. Raises SplError.

    Without a context there are no macros.
    """
    text = text.encode("utf-8", "replace").decode("utf-8")
    with _not_too_deep():
        return parse_pipeline(_expanded(text, context))


def check(pipeline: Pipeline, context: Context) -> None:
    """Raise the SplError that running would raise for an unknown command or for arguments that are not understood."""
    with _not_too_deep():
        plan(pipeline, context.custom_commands)


def run(search: Pipeline | str, context: Context) -> Table:
    """The results of a search. Raises SplError; what the context's callbacks raise passes through."""
    pipeline = parse(search, context) if isinstance(search, str) else search
    with _not_too_deep():
        steps = plan(pipeline, context.custom_commands)
    transforms = context.conf("transforms")
    with Engine() as engine:
        session = Session(context, engine, transforms, expand=lambda text: _expanded(text, context))
        return table_of(run_steps(steps, Table.empty(), session), engine)


@contextmanager
def _not_too_deep() -> Iterator[None]:
    try:
        yield
    except RecursionError as exc:
        raise too_deep() from exc


def _expanded(text: str, context: Context | None) -> str:
    return macros.expand(text, {} if context is None else context.conf("macros"), _evaluator(context))


def _evaluator(context: Context | None) -> macros.Evaluate:
    def evaluate(text: str) -> str | None:
        if context is None:
            raise SplError("Error in 'SearchParser': Macros that evaluate need an app.")
        with Engine() as engine:
            return compiling.evaluate(parse_condition(text, command="SearchParser", position=0), engine, context)

    return evaluate
