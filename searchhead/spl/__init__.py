"""The search language: a documented subset of SPL, run on DuckDB.

    text ─ macros.expand ─▶ text ─ syntax.parse_pipeline ─▶ stages ─ plan.plan ─▶ steps ─ run ─▶ Table

``docs/searchhead.md`` lists the commands, functions and options; anything else is an SplError that names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .. import conf_files
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
    stanzas = {} if context is None else _stanzas(context, "macros")
    with _not_too_deep():
        return parse_pipeline(macros.expand(text, stanzas, _evaluator(context)))


def check(pipeline: Pipeline, context: Context) -> None:
    """Raise the SplError that running would raise for an unknown command or for arguments that are not understood."""
    with _not_too_deep():
        plan(pipeline, context.custom_commands)


def run(search: Pipeline | str, context: Context) -> Table:
    """The results of a search. Raises SplError; what the context's callbacks raise passes through."""
    pipeline = parse(search, context) if isinstance(search, str) else search
    with _not_too_deep():
        steps = plan(pipeline, context.custom_commands)
    transforms = _stanzas(context, "transforms")
    with Engine() as engine:
        return table_of(run_steps(steps, Table.empty(), Session(context, engine, transforms)), engine)


@contextmanager
def _not_too_deep() -> Iterator[None]:
    try:
        yield
    except RecursionError as exc:
        raise too_deep() from exc


def _stanzas(context: Context, name: str) -> conf_files.Stanzas:
    try:
        return conf_files.read(context.app, name)
    except conf_files.ConfError as exc:
        raise SplError(str(exc)) from exc


def _evaluator(context: Context | None) -> macros.Evaluate:
    def evaluate(text: str) -> str | None:
        if context is None:
            raise SplError("Error in 'SearchParser': Macros that evaluate need an app.")
        with Engine() as engine:
            return compiling.evaluate(parse_condition(text, command="SearchParser", position=0), engine, context)

    return evaluate
