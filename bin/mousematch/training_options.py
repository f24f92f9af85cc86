"""What ``| mousetrain`` is asked for, checked before a search begins: no numpy, no files."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from mousematch.errors import OptionError

TASKS = ("embed", "classify")
_BOOLEANS = ("true", "false")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
# A network that knows movement already is changed more gently.
RATE, GENTLE_RATE = 2e-3, 5e-4
SCRATCH_WIDTH = 0.25
DEFAULT_MINUTES = 10.0


def _number(default: float, low: float, high: float) -> Any:
    return field(default=default, metadata={"low": low, "high": high})


def _word(default: str, *allowed: str) -> Any:
    return field(default=default, metadata={"allowed": allowed})


@dataclass(frozen=True)
class TrainingOptions:
    """Read by settings.parse, as settings are. 0 and "" are what was not given.

    begin: a model reference. imagenet: a path. freeze: blocks that stay as they are. minutes, steps: how long.
    """

    name: str = _word("trained")
    task: str = _word("embed", *TASKS)
    begin: str = _word("")
    imagenet: str = _word("")
    freeze: str = _word("0", "0", "1", "2", "3", "4", "5", "all")
    width: float = _number(0.0, 1 / 64, 2)
    minutes: float = _number(0.0, 0.01, 10_000)
    steps: int = _number(0, 1, 10_000_000)
    seed: int = _number(1, 0, 2**31 - 1)
    activate: str = _word("false", *_BOOLEANS)
    resume: str = _word("true", *_BOOLEANS)

    def check(self) -> None:
        """Raises OptionError for options that do not go together."""
        if not _NAME.fullmatch(self.name):
            raise OptionError(f'name="{self.name}" cannot name a model; use letters, digits, "_" and "-".')
        if self.begin and self.imagenet:
            raise OptionError(
                f'from="{self.begin}" and imagenet="{self.imagenet}" are two beginnings; leave one of them out.'
            )
        if self.freeze != "0" and not (self.begin or self.imagenet):
            raise OptionError(f"freeze={self.freeze} would keep random weights; begin with from= or imagenet=.")
        if self.imagenet and self.width not in (0.0, 1.0):
            raise OptionError(f"width={self.width:g} does not go with imagenet=, whose network has width 1; leave it out.")
        if self.minutes and self.steps:
            raise OptionError("minutes and steps both say how long to train; leave one of them out.")

    def phases(self, begin_width: float | None) -> str:
        """The schedule for the command line of the training. begin_width: of the network that it begins with."""
        begun = begin_width if begin_width is not None else 1.0 if self.imagenet else None
        width = self.width or begun or SCRATCH_WIDTH
        length = f"{self.steps}steps" if self.steps else f"{self.minutes or DEFAULT_MINUTES:g}"
        return f"{width:.10g}:{length}:{RATE if begun is None else GENTLE_RATE:g}"
