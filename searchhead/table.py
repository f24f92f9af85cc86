"""Search results: ordered, named columns of equal length.

A value is what Splunk shows of a field: ``None`` (the row lacks the field), a string, or a list of strings (a multivalue
field with two or more values). Numbers, times and truth values are strings like everything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Value = None | str | list[str]


class Table:
    """Columns by field name; a table is never changed after it was made."""

    __slots__ = ("_columns", "_length")

    def __init__(self, columns: Mapping[str, list[Value]], length: int) -> None:
        """``columns`` are kept as they are, each of ``length`` values; ``length`` counts rows even without columns."""
        self._columns = dict(columns)
        self._length = length

    @classmethod
    def empty(cls, fields: Iterable[str] = ()) -> Table:
        """No rows."""
        return cls({field: [] for field in fields}, 0)

    @classmethod
    def from_columns(cls, columns: Mapping[str, Sequence[Any]]) -> Table:
        """A table of these columns; ValueError when their lengths differ.

        Values are normalised: a list of one value becomes that value, an empty list ``None``, a number its text.
        """
        normal = {field: [_normal(value) for value in values] for field, values in columns.items()}
        lengths = {field: len(values) for field, values in normal.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"Columns of a table need one length, not {lengths}.")
        return cls(normal, next(iter(lengths.values()), 0))

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, Any]], fields: Sequence[str] | None = None) -> Table:
        """A table of these rows; without ``fields`` the columns are those of all rows, in the order of appearance."""
        rows = list(rows)
        if fields is None:
            fields = list(dict.fromkeys(field for row in rows for field in row))
        columns: dict[str, list[Value]] = {field: [_normal(row.get(field)) for row in rows] for field in fields}
        return cls(columns, len(rows))

    @classmethod
    def concat(cls, tables: Sequence[Table]) -> Table:
        """The rows of all tables, one table after the other; a field that a table lacks is ``None`` in its rows."""
        fields = list(dict.fromkeys(field for table in tables for field in table.fields))
        columns: dict[str, list[Value]] = {field: [] for field in fields}
        for table in tables:
            for field, values in columns.items():
                values.extend(table.column(field))
        return cls(columns, sum(len(table) for table in tables))

    @property
    def fields(self) -> list[str]:
        """The names of the columns, in order."""
        return list(self._columns)

    def column(self, field: str) -> list[Value]:
        """The values of a field, one per row; all ``None`` when the table has no such field. Do not change the list."""
        values = self._columns.get(field)
        return [None] * self._length if values is None else values

    def rows(self) -> Iterator[dict[str, Value]]:
        """Each row as field → value, without the fields the row lacks."""
        fields = self.fields
        for values in self.tuples():
            yield {field: value for field, value in zip(fields, values) if value is not None}

    def tuples(self) -> Iterator[tuple[Value, ...]]:
        """Each row as a tuple in the order of ``fields``."""
        return zip(*self._columns.values()) if self._columns else iter([()] * self._length)

    def slice(self, start: int, stop: int) -> Table:
        """Rows ``start`` up to, not including, ``stop``, as in a Python slice."""
        indices = range(self._length)[start:stop]
        columns = {field: values[start:stop] for field, values in self._columns.items()}
        return Table(columns, len(indices))

    def take(self, indices: Sequence[int]) -> Table:
        """The rows with these indices, in this order."""
        columns = {field: [values[i] for i in indices] for field, values in self._columns.items()}
        return Table(columns, len(indices))

    def select(self, fields: Iterable[str]) -> Table:
        """Just these columns, in this order; those that the table lacks are ``None`` throughout."""
        return Table({field: self.column(field) for field in fields}, self._length)

    def with_column(self, field: str, values: Sequence[Any]) -> Table:
        """The table with this column added or replaced; ValueError for a wrong number of values."""
        if len(values) != self._length:
            raise ValueError(f"Column {field!r} has {len(values)} values for a table of {self._length} rows.")
        return Table({**self._columns, field: [_normal(value) for value in values]}, self._length)

    def __len__(self) -> int:
        return self._length

    def __contains__(self, field: object) -> bool:
        return field in self._columns

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Table):
            return NotImplemented
        return self._length == other._length and list(self._columns.items()) == list(other._columns.items())

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Table({self._length} rows: {', '.join(self._columns)})"


def _normal(value: Any) -> Value:
    """A value in the one form that tables hold."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        values = [str(item) for item in value if item is not None]
        return values if len(values) > 1 else values[0] if values else None
    return str(value)
