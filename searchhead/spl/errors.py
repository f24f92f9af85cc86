"""What can go wrong with a search, as a tree.

SplError                  a search that cannot run; the message is the one line that splunkd shows
├── SplSyntaxError        text that is no SPL; knows the position in the search
└── LookupFileError       a lookup that is missing, unreadable or of an unknown kind
"""

from __future__ import annotations


class SplError(Exception):
    """A search that cannot run; the message is one line, worded as splunkd words it."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class SplSyntaxError(SplError):
    """Text that is no SPL; ``position`` counts characters from 0 in the search, after macros were expanded."""

    def __init__(self, message: str, position: int | None = None) -> None:
        self.position = position
        suffix = "" if position is None else f" (at position {position})"
        super().__init__(f"{message}{suffix}")


class LookupFileError(SplError):
    """A lookup that is missing, unreadable or of an unknown kind."""


def in_command(command: str, message: str, position: int | None = None) -> SplSyntaxError:
    """The error as splunkd words it for one command of the search."""
    return SplSyntaxError(f"Error in '{command}' command: {message}", position)
