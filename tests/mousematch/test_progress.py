"""What is said of a training while it runs."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from mousematch import progress

FIGURES: dict[str, Any] = {
    "phase": 1, "phases": 2, "width": 0.25, "step": 50, "minutes": 1.5, "share": 0.5, "loss": 1.2345, "accuracy": 0.75,
}  # fmt: skip
LINE = "width 0.25 minute 1.5 step 50 loss 1.234 accuracy 0.750\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_elsewhere_than_on_a_terminal_there_is_a_line_every_so_many_steps() -> None:
    stream = io.StringIO()
    told = progress.suited_to(stream)

    told.step(FIGURES)
    told.epoch(FIGURES)
    told.note("Half of it is done.")

    assert stream.getvalue() == LINE + "Half of it is done.\n"


def test_a_terminal_gets_a_bar_for_each_phase() -> None:
    stream = Terminal()
    told = progress.suited_to(stream)

    told.step(FIGURES)
    told.note("Half of it is done.")
    told.step({**FIGURES, "share": 1.0, "step": 100})
    told.step({**FIGURES, "phase": 2, "share": 0.0})

    text = stream.getvalue()
    assert "phase 1 of 2, width 0.25  50 %" in text and "100 %" in text and "phase 2 of 2" in text
    assert "step 50 loss 1.234 accuracy 0.750" in text and "Half of it is done." in text


def test_a_search_gets_json_lines() -> None:
    stream = io.StringIO()
    told = progress.suited_to(stream, events=True)

    told.step(FIGURES)
    told.epoch(FIGURES)
    told.note("Half of it is done.")

    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert events == [{"event": "step", **FIGURES}, {"event": "note", "text": "Half of it is done."}]


def test_the_log_keeps_lines_and_a_full_disk_costs_no_more_than_the_log(tmp_path: Path) -> None:
    stream = io.StringIO()

    told = progress.Logged(progress.Lines(stream), tmp_path / "training.log")
    told.epoch(FIGURES)
    progress.Logged(progress.Lines(stream), Path("/dev/full")).note("still told")

    assert (tmp_path / "training.log").read_text() == LINE
    assert stream.getvalue() == LINE + "still told\n"
