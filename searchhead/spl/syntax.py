"""A search as a tree: pipelines of stages, each a command with its arguments as text and the subsearches among them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

from lark import Token, Tree

from . import grammar
from .errors import SplSyntaxError

_NAME = re.compile(r"\s*([A-Za-z_][\w.]*)(?![^\s\[\"'(+\-])")


@dataclass(frozen=True)
class Subsearch:
    """A pipeline in brackets; ``start`` and ``stop`` are its offsets in the stage's ``raw_args``, brackets included."""

    pipeline: Pipeline
    start: int
    stop: int


@dataclass(frozen=True)
class Stage:
    """One command of a pipeline; ``raw_args`` is the text after its name as typed, without the blanks around it."""

    name: str
    raw_args: str
    position: int
    args_position: int
    subsearches: tuple[Subsearch, ...] = ()


@dataclass(frozen=True)
class Pipeline:
    """A search, or a subsearch; ``text`` is all of it as typed."""

    stages: tuple[Stage, ...]
    text: str


def parse_pipeline(text: str) -> Pipeline:
    """The pipeline in a text whose comments and macros are expanded; positions count from its start. Raises SplSyntaxError.

    A search that does not begin with a pipe begins with the search command, named or not.
    """
    try:
        tree = grammar.read("pipeline", "pipeline", text)
        return _pipeline(tree, text, outermost=True)
    except grammar.Malformed as exc:
        raise _pipeline_error(text, exc) from exc


def _pipeline(tree: Tree[Token], text: str, *, outermost: bool) -> Pipeline:
    start = tree.meta.start_pos
    stages: list[Stage] = []
    for child in tree.children:
        if isinstance(child, Tree):
            implicit = outermost and not stages and tree.children[0] is child
            stages.append(_stage(child, text, implicit_search=implicit))
    return Pipeline(tuple(stages), text[start : tree.meta.end_pos].strip())


def _stage(tree: Tree[Token], text: str, *, implicit_search: bool) -> Stage:
    start, stop = tree.meta.start_pos, tree.meta.end_pos
    body = text[start:stop]
    named = _NAME.match(body)
    if implicit_search and not (named and named.group(1).lower() == "search"):
        name, position, skip = "search", start, 0
    elif named:
        name, position, skip = named.group(1).lower(), start + named.start(1), named.end(1)
    else:
        shown = body.strip()[:20] or "|"
        raise SplSyntaxError(f"Search Parser: Missing a search command name before '{shown}'.", start)
    raw = body[skip:]
    args_position = start + skip + len(raw) - len(raw.lstrip())
    subsearches = tuple(
        Subsearch(
            _pipeline(cast(Tree[Token], child.children[0]), text, outermost=False),
            child.meta.start_pos - args_position,
            child.meta.end_pos - args_position,
        )
        for child in tree.children
        if isinstance(child, Tree)
    )
    return Stage(name, raw.strip(), position, args_position, subsearches)


def _pipeline_error(text: str, exc: grammar.Malformed) -> SplSyntaxError:
    if exc.found.startswith('"'):
        return SplSyntaxError("Search Parser: Unbalanced quotes.", exc.offset)
    if exc.found.lstrip().startswith("|"):
        return SplSyntaxError("Search Parser: Missing a search command before '|'.", exc.offset)
    if exc.found.startswith("]"):
        missing_command = text[: exc.offset].rstrip().endswith(("|", "["))
        reason = "Missing a search command before ']'" if missing_command else "Mismatched ']'"
        return SplSyntaxError(f"Search Parser: {reason}.", exc.offset)
    if exc.found == "":
        reason = (
            "The search is empty" if not text.strip(" |") else "Missing a search command after '|', or a closing ']'"
        )
        return SplSyntaxError(f"Search Parser: {reason}.", exc.offset)
    return SplSyntaxError(f"Search Parser: Unexpected '{exc.found[0]}'.", exc.offset)
