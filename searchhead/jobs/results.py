"""Results as splunkd gives them: json, json_rows, json_cols, csv, xml, raw; and line by line for exports."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from searchhead.splunkd.atom import clean
from searchhead.splunkd.errors import RestError
from searchhead.splunkd.rest import Response
from searchhead.table import Table, Value

MODES = ("json", "json_rows", "json_cols", "csv", "xml", "raw")
_JSON_TYPE = "application/json; charset=UTF-8"
Messages = Sequence[tuple[str, str]]


def respond(
    table: Table, mode: str, *, messages: Messages = (), offset: int = 0, preview: bool = False, metadata: bool = False,
    status: int = 200, total: int | None = None,
) -> Response:  # fmt: skip
    """The results in an output mode; ``offset`` is the number of the first row, ``metadata`` makes fields objects.

    ``total``: how many rows there are in all, where the table is a part of them. Raises RestError 400 for an
    unknown mode.
    """
    mode = mode or "xml"
    if mode not in MODES:
        raise RestError(400, f"Invalid output mode specified ({mode}).")
    table = with_times(table, "%z" if mode == "csv" else "%:z")
    if mode == "csv":
        return Response(_csv(table), status, "text/csv; charset=UTF-8")
    if mode == "raw":
        return Response(
            "\n".join(_joined(value) for value in table.column("_raw")).encode(), status, "text/plain; charset=UTF-8"
        )
    if mode == "xml":
        return Response(_xml(table, messages, offset, preview), status)
    body: dict[str, Any] = {
        "preview": preview,
        "init_offset": offset,
        "messages": [{"type": level, "text": text} for level, text in messages],
        # By this Dashboard Studio counts the pages of a table that a chained search feeds.
        "post_process_count": len(table) if total is None else total,
    }
    if mode == "json":
        rows = list(table.rows())
        # splunkd names no fields where there are no rows
        body |= {"fields": _named(table.fields), "results": rows, "highlighted": {}} if rows else {"results": []}
        return Response(json.dumps(body).encode(), status, _JSON_TYPE)
    body["fields"] = _named(table.fields) if metadata else table.fields
    if mode == "json_rows":
        body["rows"] = [list(row) for row in table.tuples()]
    else:
        body["columns"] = [table.column(name) for name in table.fields]
    return Response(json.dumps(body).encode(), status, _JSON_TYPE)


def export(table: Table, mode: str, *, messages: Messages = ()) -> Response:
    """All results as search/jobs/export gives them: in JSON one object a line, and times as people write them."""
    if "_time" in table and mode != "xml":
        table = table.with_column("_time", [_written(value) for value in table.column("_time")])
    return (
        Response(b"".join(_lines(table, messages)), 200, _JSON_TYPE)
        if mode == "json"
        else respond(table, mode, messages=messages)
    )


def page(table: Table, parameters: Mapping[str, str], *, offset: int, count: int) -> Table:
    """The rows and the fields (``f``, ``field_list``) that were asked for; a count of 0 means all rows."""
    start = offset if offset >= 0 else max(len(table) + offset, 0)
    kept = table.slice(start, start + count if count > 0 else len(table))
    wanted = [name.strip() for name in parameters.get("field_list", "").split(",") if name.strip()]
    return kept.select([name for name in wanted if name in kept]) if wanted else kept


def with_times(table: Table, zone: str) -> Table:
    """The results with _time as people read it; what is no epoch time stays."""
    if "_time" not in table:
        return table
    return table.with_column("_time", [iso(value, zone) for value in table.column("_time")])


def iso(value: Value, zone: str = "%:z") -> Value:
    """Epoch seconds as ``2023-11-14T22:13:20.000+00:00``."""
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromtimestamp(float(value), timezone.utc)
    except (ValueError, OverflowError, OSError):
        return value
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}" + ("+00:00" if zone == "%:z" else "+0000")


def _written(value: Value) -> Value:
    """Epoch seconds as ``2023-11-14 22:13:20.000 UTC``."""
    text = iso(value)
    return text if text == value or not isinstance(text, str) else f"{text[:10]} {text[11:23]} UTC"


def _lines(table: Table, messages: Messages) -> Iterator[bytes]:
    if messages:
        told = [{"type": level, "text": text} for level, text in messages]
        yield json.dumps({"preview": False, "messages": told}).encode() + b"\n"
    last = len(table) - 1
    for number, row in enumerate(table.rows()):
        end = {"lastrow": True} if number == last else {}
        yield json.dumps({"preview": False, "offset": number, **end, "result": row}).encode() + b"\n"
    if last < 0:
        yield b'{"preview":false,"lastrow":true}\n'


def _named(fields: Sequence[str]) -> list[dict[str, str]]:
    return [{"name": name} for name in fields]


def _csv(table: Table) -> bytes:
    out = io.StringIO()
    if table.fields:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(table.fields)
        writer.writerows([_joined(value) for value in row] for row in table.tuples())
    return out.getvalue().encode("utf-8", "replace")


def _joined(value: Value) -> str:
    return "\n".join(value) if isinstance(value, list) else value or ""


def _xml(table: Table, messages: Messages, offset: int, preview: bool) -> bytes:
    parts = [f"<?xml version='1.0' encoding='UTF-8'?>\n<results preview='{int(preview)}'>\n<meta>\n<fieldOrder>\n"]
    parts += [f"<field>{_text(name)}</field>\n" for name in table.fields]
    parts.append("</fieldOrder>\n</meta>\n")
    if messages:
        told = "".join(f"<msg type={quoteattr(level)}>{_text(text)}</msg>\n" for level, text in messages)
        parts.append(f"<messages>\n{told}</messages>\n")
    for number, row in enumerate(table.rows(), start=offset):
        fields = "".join(_xml_field(name, value) for name, value in row.items())
        parts.append(f"\t<result offset='{number}'>\n{fields}\t</result>\n")
    parts.append("</results>")
    return "".join(parts).encode("utf-8", "replace")


def _xml_field(name: str, value: Value) -> str:
    values = value if isinstance(value, list) else [value or ""]
    key = quoteattr(clean(name))
    if name == "_raw":
        return f"\t\t<field k={key}><v xml:space='preserve' trunc='0'>{_text(_joined(value))}</v></field>\n"
    texts = "".join(f"\t\t\t<value><text>{_text(one)}</text></value>\n" for one in values)
    return f"\t\t<field k={key}>\n{texts}\t\t</field>\n"


def _text(text: str) -> str:
    return escape(clean(text))
