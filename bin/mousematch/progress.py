"""How a training reports: a bar on a terminal, plain lines elsewhere, JSON lines to the search that started it.

    {"event": "step", "phase": 1, "phases": 2, "step": 250, "share": 0.31, "loss": 1.52, "accuracy": 0.61}
    {"event": "note", "text": "Training goes on from step 200."}
    {"event": "error", "text": "…"}            the last line of a training that failed
    {"event": "done", "summary": {…}}          the last line of one that did not
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, TextIO

STEP, NOTE, ERROR, DONE = "step", "note", "error", "done"


class Progress(Protocol):
    """Who is told how far a training is."""

    def step(self, figures: Mapping[str, Any]) -> None:
        """After each step. figures: phase, phases, width, step, share (0-1 of the phase), loss, accuracy."""

    def epoch(self, figures: Mapping[str, Any]) -> None:
        """After every so many steps, with the means over them; also minutes."""

    def note(self, text: str) -> None:
        """Something worth a line."""


def line(figures: Mapping[str, Any]) -> str:
    """Figures as one line of text: "width 0.25 minute 3.1 step 150 loss 1.520 accuracy 0.610"."""
    return (
        f"width {figures['width']:g} minute {figures['minutes']:.1f} step {figures['step']} "
        f"loss {figures['loss']:.3f} accuracy {figures['accuracy']:.3f}"
    )


class Lines:
    """A line every so many steps."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def step(self, figures: Mapping[str, Any]) -> None:
        pass

    def epoch(self, figures: Mapping[str, Any]) -> None:
        self.note(line(figures))

    def note(self, text: str) -> None:
        print(text, file=self._stream, flush=True)


class Bar:
    """A bar for each phase, in percent of it."""

    def __init__(self, stream: TextIO) -> None:
        from tqdm import tqdm

        self._tqdm, self._stream = tqdm, stream
        self._phase = -1
        self._bar: Any = None

    def step(self, figures: Mapping[str, Any]) -> None:
        if figures["phase"] != self._phase:
            self.close()
            self._phase = figures["phase"]
            self._bar = self._tqdm(
                total=100, unit="%", file=self._stream, bar_format="{desc} {percentage:3.0f} %|{bar}| {elapsed}{postfix}"
            )
            self._bar.set_description_str(f"phase {self._phase} of {figures['phases']}, width {figures['width']:g}")
        self._bar.n = 100 * figures["share"]
        self._bar.set_postfix_str(
            f"step {figures['step']} loss {figures['loss']:.3f} accuracy {figures['accuracy']:.3f}", refresh=False
        )
        self._bar.update(0)
        if figures["share"] >= 1:
            self.close()

    def epoch(self, figures: Mapping[str, Any]) -> None:
        pass

    def note(self, text: str) -> None:
        self._tqdm.write(text, file=self._stream)

    def close(self) -> None:
        """Leaves the bar as it is."""
        if self._bar is not None:
            self._bar.refresh()
            self._bar.close()
            self._bar = None


class Events:
    """JSON lines."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def step(self, figures: Mapping[str, Any]) -> None:
        pass

    def epoch(self, figures: Mapping[str, Any]) -> None:
        self.send(STEP, **figures)

    def note(self, text: str) -> None:
        self.send(NOTE, text=text)

    def send(self, event: str, **values: Any) -> None:
        """One event."""
        print(json.dumps({"event": event, **values}), file=self._stream, flush=True)


class Logged:
    """Passes everything on, and keeps the lines in a file too."""

    def __init__(self, inner: Progress, path: Path) -> None:
        self._inner, self._path = inner, path

    def step(self, figures: Mapping[str, Any]) -> None:
        self._inner.step(figures)

    def epoch(self, figures: Mapping[str, Any]) -> None:
        self._write(line(figures))
        self._inner.epoch(figures)

    def note(self, text: str) -> None:
        self._write(text)
        self._inner.note(text)

    def _write(self, text: str) -> None:
        try:
            with self._path.open("a", encoding="utf-8") as lines:
                print(text, file=lines)
        except OSError:
            # A full disk costs the log; the next checkpoint says what is wrong.
            pass


def suited_to(stream: TextIO = sys.stdout, *, events: bool = False) -> Progress:
    """JSON lines if asked for, a bar on a terminal that has tqdm, else plain lines."""
    if events:
        return Events(stream)
    if stream.isatty():
        try:
            return Bar(stream)
        except ImportError:
            pass
    return Lines(stream)
