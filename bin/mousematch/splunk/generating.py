"""Commands that begin a search: rows out of nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from splunklib.searchcommands import GeneratingCommand

from mousematch.splunk.chunks import Columns, Frame
from mousematch.splunk.commands import ColumnCommand


class GeneratingColumns(ColumnCommand, GeneratingCommand):  # type: ignore[misc]  # splunklib is untyped
    """A generating command: ``generate()`` gives all its rows, in blocks of the same fields."""

    def generate(self) -> Iterable[Columns]:
        """The rows."""
        raise NotImplementedError

    def _replies(self, frame: Frame) -> Iterator[Columns]:
        yield from self.generate()
        # splunkd asks on until the command says that this was all.
        frame.metadata["finished"] = True
