"""Lookups: which file or collection a name means, and what is in it.

A name is a CSV file (``x.csv``, ``x.csv.gz``), or a stanza of transforms.conf with ``filename`` or with
``external_type = kvstore`` and ``collection``. Files are looked for in the search's own state first, then in the
app, then in the further folders.
"""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..conf_files import is_true
from ..table import Table, Value
from . import sql
from .engine import Frame
from .errors import LookupFileError, SplError
from .registry import Session
from .sql import Sql

_ENDINGS = (".csv", ".csv.gz")


@dataclass(frozen=True)
class Definition:
    """A lookup: a CSV file's ``filename``, or a ``collection`` with its ``fields``; ``settings`` of transforms.conf."""

    name: str
    filename: str | None = None
    collection: str | None = None
    fields: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)


def define(name: str, session: Session) -> Definition:
    """What a lookup's name means. Raises LookupFileError."""
    stanza = session.transforms.get(name)
    if stanza is not None and stanza.get("filename"):
        return Definition(name, filename=stanza["filename"], settings=dict(stanza))
    if stanza is not None and stanza.get("external_type") == "kvstore":
        fields = tuple(part.strip() for part in stanza.get("fields_list", "").split(",") if part.strip())
        return Definition(name, collection=stanza.get("collection", name), fields=fields, settings=dict(stanza))
    if stanza is not None:
        raise _refused(
            session,
            f"The lookup table '{name}' is of an unknown kind:"
            " transforms.conf gives neither filename nor external_type = kvstore.",
        )
    if name.endswith(_ENDINGS) or find(name, session) is not None:
        return Definition(name, filename=name)
    if find(f"{name}.csv", session) is not None:
        return Definition(name, filename=f"{name}.csv")
    raise _refused(session, f"The lookup table '{name}' requires a .csv or KV store lookup definition.")


def find(filename: str, session: Session) -> Path | None:
    """The first folder's file of that name."""
    if os.sep in filename or filename in ("", ".", "..") or "\0" in filename:
        raise _refused(session, f"The lookup file name '{filename}' is invalid: it names a file, not a path.")
    context = session.context
    own = () if context.state_lookups is None else (context.state_lookups,)
    for folder in (*own, context.app / "lookups", *context.lookup_dirs):
        if (folder / filename).is_file():
            return Path(folder / filename)
    return None


def load(definition: Definition, session: Session) -> Frame:
    """All rows of a lookup; empty cells are missing fields. Raises LookupFileError."""
    if definition.collection is not None:
        if session.context.kvstore is None:
            raise _refused(session, f"The lookup '{definition.name}' needs the KV store, which does not run here.")
        table = session.context.kvstore.read(definition.collection)
        return session.engine.load(table.select(definition.fields) if definition.fields else table)
    path = find(str(definition.filename), session)
    if path is None:
        raise _refused(
            session,
            f"The lookup table '{definition.name}' is invalid:"
            f" there is no file '{definition.filename}' in the lookup folders.",
        )
    return _quick(path, session) or session.engine.load(_careful(path, session))


def save(definition: Definition, table: Table, session: Session, *, append: bool) -> None:
    """Write the rows: a collection through the KV store, a file into the search's state. Raises LookupFileError."""
    if definition.collection is not None:
        if session.context.kvstore is None:
            raise _refused(session, f"The lookup '{definition.name}' needs the KV store, which does not run here.")
        kept = (
            table.select([f for f in table.fields if f == "_key" or f in definition.fields])
            if definition.fields
            else table
        )
        session.context.kvstore.write(definition.collection, kept, append=append)
        return
    folder = session.context.state_lookups
    filename = str(definition.filename)
    if folder is None:
        raise _refused(
            session,
            f"The lookup '{definition.name}' cannot be written: this search has no folder for its state.",
        )
    existing = find(filename, session)
    if append and existing is not None:
        table = Table.concat([session.engine.table(load(definition, session)), table])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / filename, table)
    except OSError as exc:
        raise _refused(session, f"The lookup '{definition.name}' cannot be written: {exc.strerror or exc}.") from exc


def whole(definition: Definition, setting: str, default: int, session: Session) -> int:
    """A whole number of the definition's settings. Raises LookupFileError."""
    text = definition.settings.get(setting, "").strip()
    if text and not (text.isdecimal() and text.isascii() and len(text) < 10):
        message = (
            f"The lookup table '{definition.name}' has {setting} = {text} in transforms.conf; it is a whole number."
        )
        raise _refused(session, message)
    return int(text) if text else default


def is_case_sensitive(definition: Definition) -> bool:
    """Whether keys match in their case only."""
    return is_true(definition.settings.get("case_sensitive_match"), default=True)


def _refused(session: Session, message: str) -> LookupFileError:
    return LookupFileError(f"Error in '{session.engine.command}' command: {message}")


def _quick(path: Path, session: Session) -> Frame | None:
    """The file as DuckDB reads it; None for what it does not take as it stands, such as rows of differing length."""
    header = next(_records(path, session), None)
    if not header or len(set(header)) != len(header):
        return None
    types = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(len(header)))
    source = (
        f"read_csv({sql.quoted(str(path))}, auto_detect = false, strict_mode = true,"
        " header = true, delim = ',', quote = '\"', escape = '\"',"
        f" columns = {{{types}}}, nullstr = '', allow_quoted_nulls = true, null_padding = false, max_line_size = 100000000)"
    )
    columns = {name: Sql(f"c{index}", "text", plain=True) for index, name in enumerate(header)}
    try:
        return session.engine.select(columns, source)
    except SplError:
        return None


def _careful(path: Path, session: Session) -> Table:
    """The file record by record: short rows lack their last fields, surplus cells go, odd bytes become U+FFFD."""
    records = _records(path, session)
    header = next(records, None)
    if header is None:
        raise _refused(session, f"The lookup file '{path.name}' is empty: its first line must name the fields.")
    fields = list(dict.fromkeys(header))
    rows = [record for record in records if record]
    cells = (
        zip(
            *(itertools.islice(itertools.chain(row, itertools.repeat("")), len(header)) for row in rows),
            strict=True,
        )
        if rows
        else ()
    )
    columns: dict[str, list[Value]] = {name: [] for name in fields}
    for name, values in zip(header, cells, strict=False):
        columns[name] = [value or None for value in values]
    return Table(columns, len(rows))


def _records(path: Path, session: Session) -> Iterator[list[str]]:
    csv.field_size_limit(sys.maxsize)
    try:
        with path.open("rb") as raw:
            compressed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if compressed else path.open("rb") as binary:
            yield from csv.reader(io.TextIOWrapper(binary, encoding="utf-8-sig", errors="replace", newline=""))
    except (OSError, EOFError, csv.Error) as exc:
        raise _refused(session, f"The lookup file '{path.name}' cannot be read: {exc}.") from exc


def _write(path: Path, table: Table) -> None:
    """The file at once or not at all; multivalues are joined by newlines."""
    partial = path.with_name(path.name + ".partial")
    try:
        with (
            gzip.open(partial, "wt", encoding="utf-8", newline="")
            if path.suffix == ".gz"
            else partial.open("w", encoding="utf-8", newline="")
        ) as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(table.fields)
            writer.writerows(["\n".join(v) if isinstance(v, list) else v or "" for v in row] for row in table.tuples())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
