"""Streaming and stateful commands: every chunk is answered by a chunk.

With ``required_fields`` a command receives just these and ``_chunked_idx``, the row's number in its chunk. Its reply is
merged by that number with the fields that were held back:

    row 0  user=u1 image=… page=/a  ⇢ sent      image=…  _chunked_idx=0
                                      reply     image=…  match_score=0.9  _chunked_idx=0
    row 0  user=u1 page=/a image=… match_score=0.9
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from searchhead.table import Table

from .dispatch import Dispatch
from .process import CommandProcess

INDEX = "_chunked_idx"


@dataclass(frozen=True)
class Streamed:
    """Rows that came out of a command, and where each comes from: row numbers of the input, or None when unknown."""

    table: Table
    origins: Sequence[int] | None


@dataclass(frozen=True)
class Chunk:
    """Rows on their way into a command; ``origins`` number them in the whole input."""

    table: Table
    origins: Sequence[int] | None


def required_fields(configuration: dict[str, Any]) -> list[str] | None:
    """The fields that a command asks for; None for all of them."""
    fields = configuration.get("required_fields")
    if isinstance(fields, str):
        fields = [field.strip() for field in fields.split(",")]
    if not isinstance(fields, list) or not fields or "*" in fields:
        return None
    return [str(field) for field in fields]


def stream(
    process: CommandProcess, configuration: dict[str, Any], chunks: Iterable[Chunk], dispatch: Dispatch
) -> Iterator[Streamed]:
    """The command's rows, chunk by chunk; ends the process when the last is read.

    After the data follows a header-only chunk that finishes; a stateful command gets one more before it, and every
    command one after its first data chunk, as Splunk 8.0.3 does mid-stream.
    """
    wanted = required_fields(configuration)
    fields = Table.empty()
    for number, chunk in enumerate(chunks):
        rows, finished = _exchange(process, chunk, wanted, dispatch)
        yield from rows
        fields = chunk.table.slice(0, 0)
        if finished:
            process.close()
            return
        if number == 0:
            yield from _exchange(process, Chunk(fields, None), wanted, dispatch)[0]
    if configuration.get("type") == "stateful":
        yield from _exchange(process, Chunk(fields, None), wanted, dispatch)[0]
    yield from _exchange(process, Chunk(fields, None), wanted, dispatch, last=True)[0]
    process.close()


def _exchange(
    process: CommandProcess, chunk: Chunk, wanted: list[str] | None, dispatch: Dispatch, *, last: bool = False
) -> tuple[list[Streamed], bool]:
    """The rows that answer a chunk (one piece, or none) and whether the command wants no more."""
    sent = chunk.table if wanted is None else _narrowed(chunk.table, wanted)
    reply = process.execute(sent, finished=last)
    if len(reply.table) == 0:
        return [], reply.finished
    if wanted is None:
        same = chunk.origins is not None and len(reply.table) == len(chunk.table)
        return [Streamed(reply.table, chunk.origins if same else None)], reply.finished
    return [_merged(chunk, sent, reply.table, process.launch.command, dispatch)], reply.finished


def _narrowed(table: Table, wanted: list[str]) -> Table:
    """The wanted fields of the rows (names may hold ``*``) and their numbers."""
    fields = [name for name in table.fields if any(fnmatch.fnmatchcase(name, pattern) for pattern in wanted)]
    return table.select(fields).with_column(INDEX, [str(row) for row in range(len(table))])


def _merged(chunk: Chunk, sent: Table, reply: Table, command: str, dispatch: Dispatch) -> Streamed:
    """The reply with the fields that were held back; a row without a valid number gets none of them."""
    numbers = [_number(value, len(chunk.table)) for value in reply.column(INDEX)]
    lost = sum(number is None for number in numbers)
    if lost:
        text = f"{lost} rows of {command} have no valid {INDEX}: the fields that it did not ask for are lost."
        dispatch.log("WARN", "ChunkedExternProcessor", text)
    columns: dict[str, list[Any]] = {}
    for field in chunk.table.fields:
        if field in reply:
            columns[field] = reply.column(field)
        elif field not in sent:
            held = chunk.table.column(field)
            columns[field] = [None if number is None else held[number] for number in numbers]
    columns.update((field, reply.column(field)) for field in reply.fields if field not in columns and field != INDEX)
    origins = None
    if chunk.origins is not None and not lost:
        origins = [chunk.origins[number] for number in numbers if number is not None]
    return Streamed(Table(columns, len(reply)), origins)


def _number(value: Any, rows: int) -> int | None:
    try:
        number = int(value)
    except (TypeError, ValueError):
        return None
    return number if 0 <= number < rows else None
