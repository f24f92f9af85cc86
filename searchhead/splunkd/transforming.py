"""Events and reporting commands: they may answer with rows at any time, usually after the last chunk.

The last data chunk carries ``finished``. For a preview splunkd starts the command anew with what has arrived so far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from searchhead.table import Table

from .process import CommandProcess


def transform(process: CommandProcess, chunks: Iterable[Table]) -> Iterator[Table]:
    """The command's rows, reply by reply; ends the process when the last is read.

    Without any chunk the command gets one request without rows. A header-only chunk follows the first one, as Splunk
    8.0.3 does mid-stream.
    """
    for number, (chunk, last) in enumerate(_with_last(chunks)):
        replies = [process.execute(chunk, finished=last)]
        if number == 0 and not last and not replies[0].finished:
            replies.append(process.execute(chunk.slice(0, 0), finished=False))
        yield from (reply.table for reply in replies if len(reply.table))
        if any(reply.finished for reply in replies):
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
