"""Events and reporting commands: they may answer with rows at any time, usually after the last chunk.

The last data chunk carries ``finished``. For a preview splunkd starts the command anew with what has arrived so far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from searchhead.table import Table

from .process import CommandProcess


def transform(process: CommandProcess, chunks: Iterable[Table]) -> Iterator[Table]:
    """The command's rows, reply by reply; ends the process when the last is read.

    Without any chunk the command gets one request without rows.
    """
    for chunk, last in _with_last(chunks):
        reply = process.execute(chunk, finished=last)
        if len(reply.table):
            yield reply.table
        if reply.finished:
            break
    process.close()


def with_previews(chunks: Iterable[Table], show: Callable[[list[Table]], None]) -> Iterator[Table]:
    """The same chunks; ``show`` gets all so far after the first, second, fourth, eighth … unless it was the last."""
    seen: list[Table] = []
    due = 1
    for chunk, last in _with_last(chunks):
        yield chunk
        seen.append(chunk)
        if len(seen) == due and not last:
            show(list(seen))
            due *= 2


def _with_last(chunks: Iterable[Table]) -> Iterator[tuple[Table, bool]]:
    """Each chunk, and whether it is the last; one without rows when there is none."""
    held: Table | None = None
    for chunk in chunks:
        if held is not None:
            yield held, False
        held = chunk
    yield Table.empty() if held is None else held, True
