"""Generating commands: they begin a search and are asked until they have finished."""

from __future__ import annotations

from collections.abc import Iterator

from searchhead.table import Table

from .process import CommandProcess


def generate(process: CommandProcess) -> Iterator[Table]:
    """The command's rows, reply by reply; ends the process."""
    finished = False
    while not finished:
        reply = process.execute(Table.empty(), finished=True)
        finished = reply.finished
        if len(reply.table):
            yield reply.table
    process.close()
