"""The options of mouseevaluate, read and checked. No numpy: splunkd also starts commands for their fields alone."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mousematch.errors import OptionError

SHOWS = ("summary", "roc", "det", "calibration", "scores")
AUTO, USER, LABEL = "auto", "user", "label"
SCALES = ("llr", "probability", "none")
# prior=trials: the trials' own share of genuine ones.
AS_THEY_ARE = "trials"
DEFAULT_SCORES = ("match_llr", "match_score")
DECIDING = ("match_verdict", "match_score", "match_threshold")
PROMISED = ("match_far", "match_frr")
PATH_HASH = "path_hash"


@dataclass(frozen=True)
class Reading:
    """Where the rows have what.

    score: None for match_llr, else match_score. threshold: on match_score where the score is match_llr, else on the score
    itself; None for the rows' own verdicts. truth_is: AUTO, USER or LABEL. enrolled: marks rows that are no trials but
    sessions of the enrollment.
    """

    user: str = "user"
    truth: str = "truth"
    session: str = "session"
    by: tuple[str, ...] = ()
    score: str | None = None
    scale: str | None = None
    threshold: float | None = None
    truth_is: str = AUTO
    enrolled: str | None = None

    @property
    def scores(self) -> tuple[str, ...]:
        """The fields that may have the score, the preferred one first."""
        return (self.score,) if self.score else DEFAULT_SCORES

    @property
    def fields(self) -> list[str]:
        """All fields that are read."""
        fields = [self.user, self.truth, self.session, *self.by, *self.scores, *DECIDING, *PROMISED, "match_error"]
        return [*fields, self.enrolled, PATH_HASH] if self.enrolled else fields


@dataclass(frozen=True)
class Show:
    """How groups are shown. prior: None for the trials' own share of genuine ones. targets: FARs, 0-1."""

    what: str = "summary"
    by: tuple[str, ...] = ()
    prior: float | None = 0.5
    targets: tuple[float, ...] = ()
    draws: int = 1000
    points: int = 200
    bins: int = 40


def reading_of(command: Any) -> Reading:
    """What a command's options say about its rows. Raises OptionError."""
    for name in ("truth", "user", "session", "score", "enrolled"):
        if getattr(command, name) == "":
            raise OptionError(f"{name} is empty; name the field, or leave the option out.")
    return Reading(
        user=command.user,
        truth=command.truth,
        session=command.session,
        by=_by_fields(command),
        score=command.score,
        scale=command.scale and _word("scale", command.scale, SCALES),
        threshold=None if command.threshold is None else _number("threshold", command.threshold, -math.inf, math.inf),
        truth_is=_word("truth_is", command.truth_is, (AUTO, USER, LABEL)),
        enrolled=command.enrolled,
    )


def show_of(command: Any) -> Show:
    """What a command's options say about its results. Raises OptionError."""
    prior = command.prior
    targets = dict.fromkeys(_number("target_far", word, 1e-9, 0.5) for word in command.target_far.split(",") if word)
    return Show(
        what=_word("show", command.show, SHOWS),
        by=_by_fields(command),
        prior=None if prior == AS_THEY_ARE else _number("prior", prior, 1e-6, 1 - 1e-6, f"or {AS_THEY_ARE}"),
        targets=tuple(targets),
        draws=_whole("draws", command.draws, 0, 100_000),
        points=_whole("points", command.points, 2, 100_000),
        bins=_whole("bins", command.bins, 1, 10_000),
    )


def _by_fields(command: Any) -> tuple[str, ...]:
    words = [word for text in command.fieldnames for word in text.split(",") if word]
    if words and (words[0].lower() != "by" or len(words) == 1):
        raise OptionError(
            f'{command.name} cannot use "{" ".join(words)}"; the fields of groups follow the word by: by neutralised.'
        )
    return tuple(dict.fromkeys(words[1:]))


def _word(name: str, text: str, allowed: Iterable[str]) -> str:
    if text not in allowed:
        raise OptionError(f'{name}="{text}" is unknown; choose one of: {", ".join(allowed)}.')
    return text


def _number(name: str, text: str, low: float, high: float, otherwise: str = "") -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (low <= number <= high and math.isfinite(number)):
        limits = f"from {low:g} to {high:g}" if math.isfinite(high) else "such as 0.5"
        raise OptionError(
            f'{name}="{text}" cannot be used; write a number {" ".join(filter(None, (limits, otherwise)))}.'
        )
    return number


def _whole(name: str, text: str, low: int, high: int) -> int:
    number = _number(name, text, low, high)
    if number != int(number):
        raise OptionError(f'{name}="{text}" cannot be used; write a whole number.')
    return int(number)
