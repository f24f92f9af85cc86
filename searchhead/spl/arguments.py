"""The arguments of a command, read from left to right, options picked out wherever they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from lark import Token, Tree

from ..conf_files import is_true
from . import grammar
from .errors import SplSyntaxError, in_command
from .expressions import unquoted
from .syntax import Pipeline, Stage


@dataclass(frozen=True)
class Argument:
    """One piece: ``kind`` is word, quoted, sign, option (with its ``name``) or subsearch (``text`` is its index)."""

    kind: str
    text: str
    position: int
    name: str = ""


class Arguments:
    """A stage's arguments and how far they were read. Every method raises SplSyntaxError for what does not fit."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._pieces = _pieces(stage)

    def error(self, message: str, at: Argument | None = None) -> SplSyntaxError:
        """The error in the name of the command, at an argument."""
        return in_command(self.stage.name, message, self.stage.args_position if at is None else at.position)

    def option(self, name: str, default: str | None = None) -> str | None:
        """The value of ``name=value``, which is taken out; the last one counts."""
        found = [piece for piece in self._pieces if piece.kind == "option" and piece.name.lower() == name]
        self._pieces = [piece for piece in self._pieces if piece not in found]
        return found[-1].text if found else default

    def flag(self, name: str, *, default: bool = False) -> bool:
        """The truth value of an option."""
        value = self.option(name)
        if value is not None and is_true(value, default=True) != is_true(value, default=False):
            raise self.error(f"Invalid value '{value}' for the option '{name}': it is true or false.")
        return is_true(value, default=default)

    def integer(self, name: str, default: int, *, least: int = 0) -> int:
        """The whole number of an option."""
        value = self.option(name)
        return (
            default if value is None else self._whole(value, f"Invalid value '{value}' for the option '{name}'", least)
        )

    def count(self, default: int) -> int:
        """A whole number that may stand next."""
        piece = self.peek()
        if piece is None or piece.kind != "word" or not piece.text.isdecimal():
            return default
        return self._whole(self.next().text, "Invalid number", 0)

    def peek(self) -> Argument | None:
        """The next argument, if there is one."""
        return self._pieces[0] if self._pieces else None

    def next(self, what: str = "argument") -> Argument:
        """The next argument; ``what`` names it when it is missing."""
        if not self._pieces:
            raise self.error(f"Missing {what}.")
        return self._pieces.pop(0)

    def sign(self, text: str) -> bool:
        """Whether the next argument is this sign or bare word, in any case; then it is read."""
        piece = self.peek()
        if piece is None or piece.kind not in ("sign", "word") or piece.text.lower() != text:
            return False
        self.next()
        return True

    def name(self, what: str = "field name") -> str:
        """A name, quoted or not."""
        piece = self.next(what)
        if piece.kind not in ("word", "quoted"):
            raise self.error(f"Invalid argument: '{piece.name}{piece.text}'.", piece)
        return piece.text

    def names(self, *, until: tuple[str, ...] = ()) -> list[str]:
        """Names up to the end or to one of these words; commas between them are optional."""
        found: list[str] = []
        while (piece := self.peek()) is not None and not (piece.kind == "word" and piece.text.lower() in until):
            if piece.kind == "sign" and piece.text == "," and found:
                self.next()
                continue
            found.append(self.name())
        return found

    def subsearch(self) -> Pipeline:
        """The subsearch that stands next."""
        piece = self.next("subsearch")
        if piece.kind != "subsearch":
            raise self.error("The last argument must be a subsearch in brackets.", piece)
        return self.stage.subsearches[int(piece.text)].pipeline

    def end(self) -> None:
        """Nothing may be left."""
        if self._pieces:
            left = self._pieces[0]
            shown = f"{left.name}={left.text}" if left.kind == "option" else left.text
            kind = "option" if left.kind == "option" else "argument"
            raise self.error(f"Invalid {kind}: '{shown}'.", left)

    def _whole(self, text: str, message: str, least: int) -> int:
        if not (text.isdecimal() and text.isascii()) or not least <= int(text) <= 10**12:
            raise self.error(f"{message}: it is a whole number from {least} up.")
        return int(text)


def _pieces(stage: Stage) -> list[Argument]:
    text = stage.raw_args
    if "\x02" in text or "\x03" in text:
        raise in_command(stage.name, "The arguments hold a control character.", stage.args_position)
    for index, subsearch in enumerate(stage.subsearches):
        mark = f"\x02{index}\x03"
        text = text[: subsearch.start] + mark.ljust(subsearch.stop - subsearch.start) + text[subsearch.stop :]
    try:
        tree = grammar.read("arguments", "arguments", text)
    except grammar.Malformed as exc:
        reason = f"Invalid argument: '{exc.found}'." if exc.found else "A value is missing at the end of the arguments."
        raise in_command(stage.name, reason, stage.args_position + exc.offset) from exc
    pieces: list[Argument] = []
    for child in tree.children:
        if isinstance(child, Tree):
            tokens = [cast(Token, token) for token in child.children]
            at = stage.args_position + (tokens[0].start_pos or 0)
            if child.data == "subsearch":
                pieces.append(Argument("subsearch", str(tokens[0])[1:-1], at))
            else:
                pieces.append(Argument("option", unquoted(tokens[1]), at, str(tokens[0]).rstrip().rstrip("=").rstrip()))
        else:
            kind = {"QUOTED": "quoted", "SINGLE": "quoted", "SIGN": "sign"}.get(child.type, "word")
            pieces.append(Argument(kind, unquoted(child), stage.args_position + (child.start_pos or 0)))
    return pieces
