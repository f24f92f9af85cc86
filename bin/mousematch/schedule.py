"""Training schedules: phases of a width, a length and a learning rate."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from mousematch.errors import OptionError

WARM_UP_STEPS = 60
_LOWEST_RATE = 1e-6
_LENGTH = re.compile(r"(\d+)steps")


@dataclass(frozen=True)
class Phase:
    """A part of the training: at what width, for how long, with which highest learning rate.

    It ends after ``minutes`` of training or after ``steps``, whichever comes first; None means no such limit. The rate
    rises over the first WARM_UP_STEPS and falls along a cosine to nearly zero at the end.
    """

    width: float
    minutes: float | None
    rate: float
    batch: int = 64
    dropout: float = 0.3
    steps: int | None = None

    def share(self, step: int, seconds: float) -> float:
        """How much of the phase is behind after so many steps and seconds: 0-1."""
        shares = [0.0]
        if self.steps is not None:
            shares.append(step / self.steps)
        if self.minutes is not None:
            shares.append(seconds / (60 * self.minutes))
        return min(1.0, max(shares))

    def rate_at(self, step: int, share: float) -> float:
        """The learning rate of a step, when this share of the phase is behind."""
        warm_up = min(1.0, (step + 1) / WARM_UP_STEPS)
        return max(_LOWEST_RATE, self.rate * warm_up * 0.5 * (1 + math.cos(math.pi * share)))


def phases_of(text: str) -> list[Phase]:
    """Reads phases as the command line writes them: ``width:length:rate,...``.

    The length is in minutes, or a number of steps: ``0.25:25:2e-3,1:4000steps:5e-4``. Raises OptionError.
    """
    try:
        phases = [_phase(*part.strip().split(":")) for part in text.split(",")]
    except (TypeError, ValueError) as exc:
        raise OptionError(
            f'phases="{text}" is no schedule; write width:minutes:rate or width:Nsteps:rate, such as '
            "0.25:25:2e-3,1:4000steps:5e-4."
        ) from exc
    return phases


def _phase(width: str, length: str, rate: str) -> Phase:
    steps = _LENGTH.fullmatch(length)
    phase = Phase(
        width=float(width),
        minutes=None if steps else float(length),
        rate=float(rate),
        steps=int(steps[1]) if steps else None,
    )
    for number in (phase.width, phase.minutes, phase.rate, phase.steps):
        if number is not None and not 0 < number < math.inf:
            raise ValueError(number)
    return phase
