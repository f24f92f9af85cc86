"""The tables of docs/study.md, from results.json.

Each stands between two marks, ``<!-- table NAME -->`` and ``<!-- end -->``; what else the page says is written by hand.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mousematch.errors import OptionError
from study.measurement import EVIDENCE
from study.results import finished
from study.rows import ROWS, TABLES, Row, Table

PAGE = Path(__file__).parent.parent / "docs" / "study.md"
_MARKED = re.compile(r"(<!-- table (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(of: Table, entries: dict[str, Any]) -> str:
    """A Markdown table: each row's figures, or that it was not run."""
    head = ["`ROW`", of.title, *(f"{name}: AUC, EER %" for name in EVIDENCE), "steps", "numbers", "minutes"]
    rows = [*(ROWS[name] for name in of.beside), *of.rows]
    lines = [head, ["---"] * len(head), *(_line(row, entries.get(row.name)) for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def page(text: str, entries: dict[str, Any]) -> str:
    """The page with all of its tables made anew. Raises OptionError if it marks a table that there is not."""
    known = {table.name: table for table in TABLES}

    def filled(match: re.Match[str]) -> str:
        if match[2] not in known:
            raise OptionError(f'The page marks a table "{match[2]}"; there are: {", ".join(known)}.')
        return match[1] + table(known[match[2]], entries) + match[3]

    return _MARKED.sub(filled, text)


def _line(row: Row, entry: dict[str, Any] | None) -> list[str]:
    if entry is None or not finished({row.name: entry}, row, entry["steps"]):
        return [f"`{row.name}`", row.about, *("not run" for _ in EVIDENCE), "", "", ""]
    figures = [_figures(entry["figures"][name]) for name in EVIDENCE]
    steps = f"{entry['steps']:,}" if entry["steps"] else "–"
    return [
        f"`{row.name}`", row.about, *figures, steps, f"{entry['numbers'] / 1e6:.1f} M", f"{entry['seconds'] / 60:.1f}"
    ]  # fmt: skip


def _figures(one: dict[str, float]) -> str:
    auc = f"**{one['auc']:.3f}** ({one['auc_low']:.3f}–{one['auc_high']:.3f})"
    eer = f"{100 * one['eer']:.1f} ({100 * one['eer_low']:.0f}–{100 * one['eer_high']:.0f})"
    return f"{auc}, {eer}"
