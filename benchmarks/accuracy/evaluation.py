"""Scored trials → the figures of the table, through ``mouseevaluate``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.accuracy.head import Head
from benchmarks.accuracy.sapimouse import Trials


@dataclass(frozen=True)
class Figure:
    """A figure and its 95 % interval by person; None where there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Measured:
    """How well trials separate. scored: which pieces of sessions, of ``window``. missing: trials without a score."""

    dataset: str
    neutralised: str
    scored: str
    window: str
    auc: Figure
    eer: Figure
    cllr: Figure
    genuine: int
    impostor: int
    people: int
    missing: int


@dataclass(frozen=True)
class Calibration:
    """What the scores promise and keep, genuine and impostor trials counting the same. far, frr: at the shipped threshold.

    far_expected: what mousescore expects at that threshold (``match_far``). ratio: measured to expected.
    """

    dataset: str
    neutralised: str
    scored: str
    brier: float | None
    ece: float | None
    far: Figure
    frr: Figure
    far_expected: float | None
    ratio: float | None


@dataclass(frozen=True)
class Promise:
    """A policy's target FAR, and what it comes to on these trials."""

    dataset: str
    scored: str
    target_far: float
    far: float | None
    frr: float | None
    ratio: float | None
    genuine: int
    impostor: int


def evaluated(head: Head, trials: Trials, notes: list[str]) -> tuple[Measured, Calibration]:
    """The figures of some trials. notes takes a sentence on trials that have no score, and on figures that there are not."""
    row = {} if trials.lack else _summary(head, trials)
    told = f"{trials.dataset}, {trials.neutralised}, {trials.scored}"
    if trials.lack:
        notes.append(f"{told}: {trials.lack}")
    if trials.missing:
        why = row.get("left_out_why") or "their sessions have no window"
        notes.append(f"{told}: {trials.missing} of {trials.trials} trials have no score ({why}).")
    what = (trials.dataset, trials.neutralised, trials.scored)
    far, expected = figure(row, "far"), number(row, "promised_far")
    return (
        Measured(
            *what,
            window=trials.window,
            auc=figure(row, "auc"),
            eer=figure(row, "eer"),
            cllr=figure(row, "cllr"),
            genuine=trials.genuine,
            impostor=trials.with_score - trials.genuine,
            people=count(row, "people"),
            missing=trials.missing,
        ),
        Calibration(
            *what,
            brier=number(row, "brier"),
            ece=number(row, "ece"),
            far=far,
            frr=figure(row, "frr"),
            far_expected=expected,
            ratio=ratio(far.value, expected),
        ),
    )


def promise(head: Head, trials: Trials, target_far: float) -> Promise:
    """What a target FAR comes to. trials: scored with it."""
    row = {} if trials.lack else _summary(head, trials, draws=0)
    far = number(row, "far")
    return Promise(
        trials.dataset,
        trials.scored,
        target_far=target_far,
        far=far,
        frr=number(row, "frr"),
        ratio=ratio(far, target_far),
        genuine=count(row, "genuine"),
        impostor=count(row, "impostor"),
    )


def mean_by_user(head: Head, trials: Trials) -> Measured | None:
    """Mean AUC and EER over the claimed owners that have trials of both kinds; None if nobody has."""
    if trials.lack:
        return None
    spl = (
        f"| inputlookup {trials.lookup}\n"
        f"| mouseevaluate truth=genuine truth_is=label session=trial draws=0 by user\n"
        "| where isnotnull(auc)\n"
        "| stats avg(auc) as auc, avg(eer) as eer, avg(cllr) as cllr, sum(genuine) as genuine, sum(impostor) as impostor,"
        " count as people"
    )
    (row,) = head.search(f"{trials.dataset}, {trials.neutralised}: evaluate each owner", spl)
    if not count(row, "people"):
        return None
    return Measured(
        trials.dataset,
        trials.neutralised,
        "mean over owners",
        window=trials.window,
        auc=figure(row, "auc"),
        eer=figure(row, "eer"),
        cllr=figure(row, "cllr"),
        genuine=count(row, "genuine"),
        impostor=count(row, "impostor"),
        people=count(row, "people"),
        missing=trials.missing,
    )


def _summary(head: Head, trials: Trials, *, draws: int = 1000) -> Mapping[str, object]:
    truth = "truth=actual truth_is=user" if trials.people_known else "truth=genuine truth_is=label"
    spl = f"| inputlookup {trials.lookup}\n| mouseevaluate {truth} session=trial draws={draws}"
    rows = head.search(f"{trials.dataset}, {trials.neutralised}: evaluate {trials.scored}", spl)
    return rows[0] if rows else {}


def figure(row: Mapping[str, object], name: str) -> Figure:
    """A figure of mouseevaluate with its interval."""
    return Figure(number(row, name), number(row, f"{name}_low"), number(row, f"{name}_high"))


def number(row: Mapping[str, object], name: str) -> float | None:
    """A number of a result row; None where the field is missing or empty."""
    text = str(row.get(name) or "")
    return float(text) if text else None


def count(row: Mapping[str, object], name: str) -> int:
    """A number of trials or people."""
    return round(number(row, name) or 0)


def ratio(measured: float | None, promised: float | None) -> float | None:
    """How many times as high as promised."""
    return measured / promised if measured is not None and promised else None
