"""The grammars of SPL: one for pipelines, three for what stands between the pipes."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lark import Lark, Token, Tree, UnexpectedInput

_STARTS = {
    "pipeline": ("pipeline",),
    "expression": ("eval", "where", "aggregations"),
    "search": ("search",),
    "arguments": ("arguments",),
}


class Malformed(Exception):
    """Text that the grammar does not read: the offset at which reading stopped, and what stood there ("" at the end)."""

    def __init__(self, offset: int, found: str) -> None:
        super().__init__(f"unexpected {found!r} at {offset}")
        self.offset = offset
        self.found = found


def read(grammar: str, start: str, text: str) -> Tree[Token]:
    """The syntax tree of the text, every token with its offset in ``start_pos``. Raises Malformed."""
    try:
        return _parser(grammar).parse(text, start=start)
    except UnexpectedInput as exc:
        offset: int = exc.pos_in_stream if exc.pos_in_stream is not None else len(text)
        token = getattr(exc, "token", None)
        at_end = offset >= len(text) or (token is not None and token.type == "$END")
        if at_end:
            raise Malformed(len(text), "") from exc
        raise Malformed(offset, text[offset : offset + 20]) from exc


@cache
def _parser(grammar: str) -> Lark:
    path = Path(__file__).with_name(f"{grammar}.lark")
    return Lark(
        path.read_text(encoding="utf-8"),
        parser="lalr",
        lexer="contextual",
        start=list(_STARTS[grammar]),
        propagate_positions=True,
        maybe_placeholders=False,
    )
