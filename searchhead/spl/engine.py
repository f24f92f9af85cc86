"""Search results inside DuckDB, while built-in commands work on them.

A frame is a stored table and the field → column map that reads it: field names are any text and case-sensitive, SQL's are
not, so columns are named c1, c2 … Rows keep their order; ``rowid`` of the stored table is a row's number.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np

from ..table import Table, Value
from . import sql
from .documents import encodable
from .errors import SplError
from .sql import Sql


class Stored:
    """A table in DuckDB; it goes when nothing refers to it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, name: str, length: int) -> None:
        self.name = name
        self.length = length
        weakref.finalize(self, _drop, connection, name).atexit = False


@dataclass(frozen=True)
class Frame:
    """Search results: ``columns`` are of kind text, number or multi."""

    stored: Stored
    columns: Mapping[str, Sql]

    @property
    def fields(self) -> list[str]:
        """The names of the columns, in order."""
        return list(self.columns)

    @property
    def name(self) -> str:
        """The table's name in SQL."""
        return self.stored.name

    def __len__(self) -> int:
        return self.stored.length

    def get(self, field: str) -> Sql:
        """The field's column, or null."""
        return self.columns.get(field, sql.NULL)

    def with_columns(self, columns: Mapping[str, Sql]) -> Frame:
        """The same rows under other columns: no data moves."""
        return Frame(self.stored, dict(columns))


class Engine:
    """One DuckDB database in memory, for one search."""

    def __init__(self) -> None:
        self.connection = duckdb.connect(":memory:")
        self.command = "search"
        self.run("SET GLOBAL pandas_analyze_sample = 0")  # object arrays are text, whatever comes first
        self.run("SET TimeZone = 'UTC'")
        for macro in sql.MACROS:
            self.run(macro)
        self._tables = 0
        self._columns = 0
        self._functions: set[str] = set()
        self.names: dict[str, str] = {}

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.connection.close()

    def run(self, statement: str) -> None:
        """Execute SQL that gives no rows; SplError, in the name of the command at work, for what the database refuses."""
        self.rows(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of a query. Raises SplError."""
        try:
            return self.connection.execute(query).fetchall()
        except (duckdb.Error, RuntimeError) as exc:
            raise self._refused(exc) from exc

    def values(self, query: str) -> list[Any]:
        """The one column of a query. Raises SplError."""
        try:
            arrays = self.connection.execute(query).fetchnumpy()
        except (duckdb.Error, RuntimeError) as exc:
            raise self._refused(exc) from exc
        (array,) = arrays.values()
        values: list[Any] = array.tolist()  # masked values, SQL's NULL, become None
        return values

    def _refused(self, exc: Exception) -> SplError:
        reason = str(exc).split("\n")[0]
        return SplError(f"Error in '{self.command}' command: {reason}")

    def select(self, outputs: Mapping[str, Sql], source: str, tail: str = "") -> Frame:
        """Store ``SELECT outputs FROM source tail`` as a frame; truth values and null become text."""
        columns: dict[str, Sql] = {}
        parts: list[str] = []
        for field, value in outputs.items():
            name = self._column()
            kind = value.kind if value.kind in ("number", "multi") else "text"
            made = (
                f"(CASE WHEN len({value.text}) > 0 THEN {value.text} END)"
                if kind == "multi" and not value.plain
                else value.text
            )
            parts.append(f"{sql.text(value) if value.kind == 'boolean' else made} AS {name}")
            columns[field] = Sql(name, kind, plain=True)
        return Frame(self.store(f"SELECT {', '.join(parts) or '0 AS none'} FROM {source} {tail}"), columns)

    def store(self, query: str) -> Stored:
        """The query's result as a table of its own."""
        self._tables += 1
        name = f"t{self._tables}"
        self.run(f"CREATE TABLE {name} AS {query}")
        ((length,),) = self.rows(f"SELECT count(*) FROM {name}")
        return Stored(self.connection, name, length)

    def extend(self, frame: Frame, added: Mapping[str, Sql]) -> Frame:
        """The frame with further or replaced columns."""
        return self.select({**frame.columns, **added}, frame.name)

    def filter(self, frame: Frame, condition: str) -> Frame:
        """The rows that meet the condition."""
        return self.select(frame.columns, frame.name, f"WHERE {condition}")

    def concat(self, frames: Sequence[Frame]) -> Frame:
        """The rows of all frames, one frame after the other; missing fields are null."""
        frames = [frame for frame in frames if frame.columns or len(frame)]
        if len(frames) == 1:
            return frames[0]
        fields = list(dict.fromkeys(field for frame in frames for field in frame.fields))
        kinds: dict[str, sql.Kind] = {}
        for field in fields:
            present = {frame.columns[field].kind for frame in frames if field in frame.columns}
            kinds[field] = "multi" if "multi" in present else "text" if "text" in present else "number"
        names = [self._column() for _ in fields]
        selects = []
        for order, frame in enumerate(frames):
            values = [
                f"{_as_kind(frame.get(field), kinds[field])} AS {name}"
                for name, field in zip(names, fields, strict=True)
            ]
            selects.append(f"SELECT {', '.join([*values, f'{order} AS source', 'rowid AS line'])} FROM {frame.name}")
        rows = " UNION ALL ".join(selects) or "SELECT 0 AS source, 0 AS line LIMIT 0"
        stored = self.store(f"SELECT {', '.join(names) or '0 AS none'} FROM ({rows}) ORDER BY source, line")
        return Frame(
            stored,
            {field: Sql(name, kinds[field], plain=True) for name, field in zip(names, fields, strict=True)},
        )

    def load(self, table: Table) -> Frame:
        """A table's rows as a frame; what UTF-8 cannot hold becomes U+FFFD."""
        try:
            return self._loaded(table)
        except SplError:
            replaced = {field: [_encodable(value) for value in table.column(field)] for field in table.fields}
            if all(replaced[field] == table.column(field) for field in table.fields):
                raise
            return self._loaded(Table(replaced, len(table)))

    def _loaded(self, table: Table) -> Frame:
        arrays: dict[str, np.ndarray] = {"none": np.zeros(len(table), dtype=np.int8)}
        columns: dict[str, Sql] = {}
        parts: list[str] = []
        for field in table.fields:
            name = self._column()
            values = table.column(field)
            is_multi = list in set(map(type, values))
            arrays[name] = _array([packed(value) for value in values] if is_multi else values)
            column = f"CAST({name} AS VARCHAR)"
            parts.append(f"{UNPACKED.format(column) if is_multi else column} AS {name}")
            columns[field] = Sql(name, "multi" if is_multi else "text", plain=True)
        self.connection.register("loading", arrays)
        try:
            return Frame(self.store(f"SELECT {', '.join(parts) or 'none'} FROM loading"), columns)
        finally:
            self.connection.unregister("loading")

    def table(self, frame: Frame) -> Table:
        """A frame's rows as a table."""
        # A scan gives a stored table's rows in their order: DuckDB keeps it unless told not to.
        columns: dict[str, list[Value]] = {}
        for field, column in frame.columns.items():
            if column.kind == "multi":
                rows = self.rows(f"SELECT {column.text} FROM {frame.name}")
                columns[field] = [_single(values) for (values,) in rows]
            else:
                columns[field] = self.values(f"SELECT {sql.text(column)} FROM {frame.name}")
        return Table(columns, len(frame))

    def _column(self) -> str:
        """A column name that no other table has: a name in SQL then means one column, in ORDER BY too."""
        self._columns += 1
        return f"c{self._columns}"

    def function(self, name: str, function: Callable[..., str], parameters: int) -> str:
        """Make a Python function of VARCHAR values callable in SQL, once; its name. It is not called for NULLs."""
        if name not in self._functions:
            text = duckdb.sqltype("VARCHAR")
            self.connection.create_function(name, function, [text] * parameters, text)
            self._functions.add(name)
        return name


# A multivalue crosses into DuckDB as one text: values joined by U+001F after U+001B escapes both.
UNPACKED = (
    "list_transform(string_split({0}, chr(31)),"
    " lambda v: replace(replace(v, chr(27) || 'u', chr(31)), chr(27) || 'e', chr(27)))"
)


def packed(value: Value) -> str | None:
    """A multivalue as the one text that UNPACKED takes apart."""
    if value is None:
        return None
    values = value if isinstance(value, list) else [value]
    return "\x1f".join(item.replace("\x1b", "\x1be").replace("\x1f", "\x1bu") for item in values)


def _encodable(value: Value) -> Value:
    if isinstance(value, list):
        return [encodable(item) for item in value]
    return value if value is None else encodable(value)


def _array(values: Sequence[Value]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _single(values: list[str] | None) -> Value:
    if not values:
        return None
    return values[0] if len(values) == 1 else values


def _as_kind(value: Sql, kind: sql.Kind) -> str:
    if kind == "multi":
        return "CAST(NULL AS VARCHAR[])" if value.kind == "null" else sql.multi(value)
    if kind == "number":
        return "CAST(NULL AS DOUBLE)" if value.kind == "null" else value.text
    return sql.text(value)


def _drop(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    with contextlib.suppress(duckdb.Error):  # when the database is closed, the table is gone with it
        connection.execute(f"DROP TABLE IF EXISTS {name}").fetchall()
