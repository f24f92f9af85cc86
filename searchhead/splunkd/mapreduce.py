"""Simulated indexers: rows are spread over them, each runs its own processes, their results come together again.

    rows ─┬→ indexer1: map process ─┐
          ├→ indexer2: map process ─┼→ reduce process
          └→ indexer3: map process ─┘

Everything is deterministic: which row lies on which indexer, and the order in which results are taken from them.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence

from searchhead.table import Table

from .dispatch import Dispatch
from .streaming import Streamed

_AHEAD = 4  # results that an indexer may be ahead of their reader
_WAIT_S = 0.1
_GOLDEN = 0x9E3779B97F4A7C15  # a multiplier that scatters consecutive numbers over 64 bits
_WORD = (1 << 64) - 1


class _End:
    """The end of one indexer's results; ``error`` when it failed."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def placement(rows: int, indexers: int) -> list[list[int]]:
    """Row numbers for each indexer, in order: every row on one of them, neighbours scattered."""
    placed: list[list[int]] = [[] for _ in range(indexers)]
    for row in range(rows):
        placed[(((row + 1) * _GOLDEN & _WORD) >> 32) % indexers].append(row)
    return placed


def on_indexers(
    work: Callable[[int, Table, list[int]], Iterator[Streamed]],
    table: Table,
    indexers: int,
    dispatch: Dispatch,
) -> Iterator[Streamed]:
    """What ``work(indexer, its rows, their numbers)`` gives on all indexers at once, taken from each in turn.

    The first failure is raised; the other indexers are then abandoned at their next result.
    """
    stop = threading.Event()
    results: list[queue.Queue[Streamed | _End]] = []
    threads: list[threading.Thread] = []
    for indexer, rows in enumerate(placement(len(table), indexers)):
        results.append(queue.Queue(_AHEAD))
        arguments = (work, indexer, table.take(rows) if indexers > 1 else table, rows, results[-1], stop)
        threads.append(threading.Thread(target=_run, args=arguments, name=f"indexer{indexer + 1}", daemon=True))
        threads[-1].start()
    try:
        yield from _in_turn(results, dispatch)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def together(pieces: Sequence[Streamed]) -> Table:
    """All rows as one table: in the order of the input when every row's origin is known, else piece by piece."""
    table = Table.concat([piece.table for piece in pieces])
    origins: list[int] = []
    for piece in pieces:
        if piece.origins is None:
            return table
        origins += piece.origins
    return table.take(sorted(range(len(origins)), key=origins.__getitem__))


def _in_turn(results: list[queue.Queue[Streamed | _End]], dispatch: Dispatch) -> Iterator[Streamed]:
    waiting = list(results)
    while waiting:
        for source in list(waiting):
            result = _next(source, dispatch)
            if not isinstance(result, _End):
                yield result
                continue
            waiting.remove(source)
            if result.error is not None:
                raise result.error


def _next(source: queue.Queue[Streamed | _End], dispatch: Dispatch) -> Streamed | _End:
    while True:
        try:
            return source.get(timeout=_WAIT_S)
        except queue.Empty:
            dispatch.check_cancelled()


def _run(
    work: Callable[[int, Table, list[int]], Iterator[Streamed]],
    indexer: int,
    table: Table,
    rows: list[int],
    results: queue.Queue[Streamed | _End],
    stop: threading.Event,
) -> None:
    end = _End()
    pieces = work(indexer, table, rows)
    try:
        for piece in pieces:
            if not _put(results, piece, stop):
                break
    except BaseException as error:  # raised again by the thread that reads the results
        end = _End(error)
    finally:
        pieces.close()  # type: ignore[attr-defined]
    _put(results, end, stop)


def _put(results: queue.Queue[Streamed | _End], item: Streamed | _End, stop: threading.Event) -> bool:
    """False when nobody will read it any more."""
    while not stop.is_set():
        try:
            results.put(item, timeout=_WAIT_S)
            return True
        except queue.Full:
            continue
    return False
