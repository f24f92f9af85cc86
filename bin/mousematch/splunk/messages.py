"""What a search tells its user: each message once, however many chunks meet its cause."""

from __future__ import annotations

from typing import Protocol


class Writer(Protocol):
    """The part of a search command that shows messages."""

    def write_info(self, message: str) -> None:
        """Shows a message with the next reply."""

    def write_warning(self, message: str) -> None:
        """Shows a warning with the next reply."""

    def write_error(self, message: str) -> None:
        """Shows an error with the next reply; the search goes on."""


class Messages:
    """The messages of one search. Repeats of the same text and level are left out."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._said: set[tuple[str, str]] = set()

    def info(self, text: str) -> None:
        """Progress, or something worth knowing."""
        if self._first("info", text):
            self._writer.write_info(text)

    def warn(self, text: str) -> None:
        """Something that makes results weaker or incomplete."""
        if self._first("warn", text):
            self._writer.write_warning(text)

    def error(self, text: str) -> None:
        """Something that keeps rows from having results; the search goes on with the others."""
        if self._first("error", text):
            self._writer.write_error(text)

    def _first(self, level: str, text: str) -> bool:
        if (level, text) in self._said:
            return False
        self._said.add((level, text))
        return True
