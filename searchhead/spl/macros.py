"""What happens to a search's text before it is parsed: comments leave, macros are replaced by their definitions.

`mouse_sessions(bob, "5m")`     [mouse_sessions(2)] of macros.conf, arguments in quotes or not
```why this is here```          a comment
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from ..conf_files import is_true
from .errors import SplError, SplSyntaxError

_PIECE = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|```|`', re.DOTALL)
_CALL = re.compile(r"\s*([^\s()`]+)\s*(?:\((.*)\))?\s*", re.DOTALL)
_ARGUMENT = re.compile(r'\s*("[^"\\]*(?:\\.[^"\\]*)*"|[^,]*)\s*(?:,|$)', re.DOTALL)
_DEPTH = 100

Stanzas = Mapping[str, Mapping[str, str]]
Evaluate = Callable[[str], "str | None"]


def expand(text: str, macros: Stanzas, evaluate: Evaluate) -> str:
    """The text without comments and with every macro expanded, macros in macros too.

    ``macros``: the stanzas of macros.conf. ``evaluate`` gives the value of an eval expression, for macros with ``iseval``
    and for their ``validation``. Raises SplError for an unknown macro, an argument that fails validation, or a macro that
    never ends.
    """
    return _expand(text, macros, evaluate, depth=0)


def _expand(text: str, macros: Stanzas, evaluate: Evaluate, *, depth: int) -> str:
    pieces: list[str] = []
    at = 0
    while match := _PIECE.search(text, at):
        pieces.append(text[at : match.start()])
        mark = match.group()
        if mark.startswith('"'):
            pieces.append(mark)
            at = match.end()
            continue
        end = text.find(mark, match.end())
        if end < 0:
            what = "comment" if mark == "```" else "macro"
            raise SplSyntaxError(f"Search Parser: The {what} that begins here has no closing '{mark}'.", match.start())
        if mark == "`":
            if depth >= _DEPTH:
                raise SplError(
                    f"Reached maximum recursion depth of {_DEPTH} while expanding the macro '{text[match.end() : end]}'."
                )
            definition = _definition(text[match.end() : end], macros, evaluate)
            pieces.append(_expand(definition, macros, evaluate, depth=depth + 1))
        else:
            pieces.append(" ")
        at = end + len(mark)
    return "".join([*pieces, text[at:]])


def _definition(call: str, macros: Stanzas, evaluate: Evaluate) -> str:
    match = _CALL.fullmatch(call)
    if match is None:
        raise SplSyntaxError(f"Error in 'SearchParser': The macro call '{call}' is no name(arguments).")
    name, arguments = match.group(1), _arguments(match.group(2))
    stanza = f"{name}({len(arguments)})" if arguments else name
    if stanza not in macros and f"{name}()" in macros and not arguments:
        stanza = f"{name}()"
    if stanza not in macros:
        raise SplError(
            f"Error in 'SearchParser': The search specifies a macro '{stanza}' that cannot be found."
            " Check its name and its number of arguments in macros.conf."
        )
    settings = macros[stanza]
    values = _named(stanza, [arg.strip() for arg in settings.get("args", "").split(",") if arg.strip()], arguments)

    def fill(template: str) -> str:
        return re.sub(r"\$([^$\s]+)\$", lambda m: values.get(m.group(1), m.group()), template)

    if validation := settings.get("validation", "").strip():
        verdict = evaluate(fill(validation))
        if verdict is not None and verdict != "True":
            reason = settings.get("errormsg") or verdict
            raise SplError(
                f"Error in 'SearchParser': The macro '{stanza}' refuses its arguments: {reason}.".replace("..", ".")
            )
    definition = fill(settings.get("definition", ""))
    if is_true(settings.get("iseval")):
        value = evaluate(definition)
        if value is None:
            raise SplError(
                f"Error in 'SearchParser': The definition of macro '{stanza}' is an eval that returns no string."
            )
        return value
    return definition


def _arguments(text: str | None) -> list[str]:
    """The arguments between the parentheses, in order; quotes around one are taken off."""
    if text is None or not text.strip():
        return []
    found: list[str] = []
    at = 0
    while at <= len(text):
        match = _ARGUMENT.match(text, at)
        if match is None:
            raise SplSyntaxError(f"Error in 'SearchParser': The macro arguments '{text}' are malformed.")
        found.append(_unquoted(match.group(1).strip()))
        if match.end() == len(text) and not match.group().endswith(","):
            break
        at = match.end()
    return found


def _named(stanza: str, names: list[str], arguments: list[str]) -> dict[str, str]:
    """Arguments by parameter name; an argument may name its parameter as ``name=value``."""
    if len(names) != len(arguments):
        raise SplError(
            f"Error in 'SearchParser': The macro '{stanza}' has {len(names)} names in args for {len(arguments)} arguments."
        )
    given = [argument.partition("=") for argument in arguments]
    if given and all(equals and key.strip() in names for key, equals, _ in given):
        return {key.strip(): _unquoted(value.strip()) for key, _, value in given}
    return dict(zip(names, arguments, strict=True))


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return text[1:-1].replace('\\"', '"')
    return text
