"""What a job's results are made of: fields and their values (summary), and rows over time (timeline)."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from searchhead.splunkd.atom import clean
from searchhead.splunkd.rest import Response
from searchhead.splunkd.search import Search
from searchhead.table import Table, Value

from .results import iso

_SPANS_S = (1, 5, 10, 30, 60, 300, 600, 1_800, 3_600, 10_800, 43_200, 86_400, 604_800, 2_592_000, 31_536_000)
_JSON_TYPE = "application/json; charset=UTF-8"


def summary(table: Table, search: Search, *, top: int, as_json: bool) -> Response:
    """Each field with ``count``, ``distinct_count``, ``numeric_count`` and its ``top`` most frequent values."""
    described = {name: _field(table.column(name), top) for name in table.fields}
    if as_json:
        end = search.now if search.latest is None else search.latest
        body = {
            "earliest_time": iso(str(search.earliest or 0)),
            "latest_time": iso(str(end)),
            "duration": max(end - (search.earliest or 0), 0),
            "event_count": len(table),
            "fields": described,
            "histogram": [],
        }
        return Response(json.dumps(body).encode(), content_type=_JSON_TYPE)
    parts = [
        f"<?xml version='1.0' encoding='UTF-8'?>\n<summary earliest_time='' latest_time='' duration='0' c='{len(table)}'>\n"
    ]
    for name, field in described.items():
        values = "".join(
            f"<value c='{mode['count']}' exact='1'><text>{escape(clean(mode['value']))}</text></value>"
            for mode in field["modes"]
        )
        parts.append(
            f"<field k={quoteattr(clean(name))} c='{field['count']}' nc='{field['numeric_count']}'"
            f" dc='{field['distinct_count']}' exact='1'><modes>{values}</modes></field>\n"
        )
    return Response("".join([*parts, "</summary>"]).encode("utf-8", "replace"))


def timeline(table: Table, search: Search, *, buckets: int, done: bool, as_json: bool) -> Response:
    """Rows in each span of time; without ``buckets`` asked for at the job's start there are none, as on splunkd."""
    times = sorted(time for value in table.column("_time") if (time := _number(value)) is not None) if buckets else []
    spans = _spans(times, buckets)
    if as_json:
        body = {
            "event_count": len(times),
            "cursor_time": times[0] if times else 0,
            "is_time_cursored": False,
            "buckets": [
                {
                    "total_count": count,
                    "available_count": count,
                    "is_finalized": done,
                    "duration": width,
                    "earliest_strftime": iso(str(start)),
                    "earliest_time": start,
                    "earliest_time_offset": 0,
                    "latest_time_offset": 0,
                }
                for start, width, count in spans
            ],
        }
        return Response(json.dumps(body).encode(), content_type=_JSON_TYPE)
    parts = "".join(
        f"<bucket c='{count}' a='{count}' t='{start:.3f}' d='{width}' f='{int(done)}' etz='0' ltz='0'></bucket>\n"
        for start, width, count in spans
    )
    timeline = f"<timeline c='{len(times)}' cursor='{times[0] if times else 0:.0f}'>\n{parts}</timeline>"
    return Response(f"<?xml version='1.0' encoding='UTF-8'?>\n{timeline}".encode())


def _field(column: list[Value], top: int) -> dict[str, Any]:
    values = [one for value in column if value is not None for one in (value if isinstance(value, list) else [value])]
    counts = Counter(values)
    numbers = [number for value in values if (number := _number(value)) is not None]
    field: dict[str, Any] = {
        "count": sum(value is not None for value in column),
        "distinct_count": len(counts),
        "is_exact": True,
        "numeric_count": len(numbers),
        "relevant": False,
        "modes": [
            {"value": value, "count": count, "is_exact": True} for value, count in counts.most_common(max(top, 0))
        ],
    }
    if numbers:
        mean = math.fsum(numbers) / len(numbers)
        deviation = math.sqrt(math.fsum((number - mean) ** 2 for number in numbers) / max(len(numbers) - 1, 1))
        field |= {"min": f"{min(numbers):g}", "max": f"{max(numbers):g}", "mean": mean, "stdev": deviation}
    return field


def _spans(times: list[float], buckets: int) -> list[tuple[float, int, int]]:
    """(start, width in seconds, rows) of each span between the first and the last row."""
    if not times:
        return []
    width = next((span for span in _SPANS_S if (times[-1] - times[0]) / span < buckets), _SPANS_S[-1])
    counts = Counter(int(time // width) for time in times)
    first, last = int(times[0] // width), int(times[-1] // width)
    return [
        (number * width, width, counts.get(number, 0)) for number in range(first, min(last, first + buckets - 1) + 1)
    ]


def _number(value: Value) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
