"""How many rows go into each chunk.

splunkd hands over what it has after 2 s, so early chunks are small and grow to 50,000 rows. Here they grow by count,
so that the same search always cuts the same chunks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from searchhead.table import Table

FIRST_ROWS = 100
GROWTH = 5
MAX_ROWS = 50_000
MAX_CHARACTERS = 100_000_000  # splunkd's cap on the text of one chunk


@dataclass(frozen=True)
class Chunking:
    """Rows of the first chunk, the factor from chunk to chunk, and the most rows of one."""

    first_rows: int = FIRST_ROWS
    growth: int = GROWTH
    max_rows: int = MAX_ROWS
    max_characters: int = MAX_CHARACTERS

    @classmethod
    def fixed(cls, rows: int) -> Chunking:
        """Every chunk has this many rows, but the last."""
        return cls(first_rows=rows, growth=1, max_rows=rows)

    def cut(self, table: Table) -> Iterator[Table]:
        """The table's rows in order, chunk by chunk; a table without rows gives none."""
        start, rows = 0, self.first_rows
        while start < len(table):
            chunk = self._within_cap(table.slice(start, start + rows))
            yield chunk
            start += len(chunk)
            rows = min(rows * self.growth, self.max_rows)

    def _within_cap(self, chunk: Table) -> Table:
        """The chunk's first rows whose text fits under the cap, at least one."""
        lengths = [0] * len(chunk)
        for field in chunk.fields:
            for row, value in enumerate(chunk.column(field)):
                if value is not None:
                    lengths[row] += len(value) if isinstance(value, str) else sum(map(len, value))
        if sum(lengths) <= self.max_characters:
            return chunk
        total = 0
        for row, length in enumerate(lengths):
            total += length
            if total > self.max_characters:
                return chunk.slice(0, max(row, 1))
        return chunk
