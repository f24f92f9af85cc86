"""Groups of trials → the result rows of mouseevaluate, one function for each ``show``."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from mousematch import evaluation, metrics
from mousematch.evaluation import Estimate
from mousematch.intervals import UNKNOWN, Numbers
from mousematch.splunk.chunks import Columns
from mousematch.splunk.evaluating import Group, ScoredRows
from mousematch.splunk.evaluation_options import Show

Row = dict[str, str]
LEFT_OUT_WHY = "left_out_why"


def shown(groups: Sequence[Group], score: str, show: Show) -> Columns:
    """The result rows of ``show.what``. score: the field that was evaluated."""
    if show.what == "summary":
        columns = _table(groups, [[_summary_row(group, score, show)] for group in groups], show)
        columns.put_lists(LEFT_OUT_WHY, [_left_out(group) for group in groups])
        return columns
    if show.what == "calibration":
        return _table(groups, [_reliability_rows(group, show) for group in groups], show)
    if show.what == "scores":
        found = [group.trials.scores for group in groups if group.trials is not None]
        edges = evaluation.histogram_edges(np.concatenate(found), show.bins)
        return _table(groups, [_histogram_rows(group, edges) for group in groups], show)
    return _table(groups, [_curve_rows(group, show) for group in groups], show)


def warnings(groups: Sequence[Group], rows: ScoredRows, show: Show) -> Iterator[str]:
    """What makes the figures weaker than they look, as sentences."""
    left_out = sum(sum(kinds.values()) for group in groups for kinds in group.left_out.values())
    if left_out:
        whys = sum((_totals(group) for group in groups), Counter[str]())
        what = ", ".join(f"{reason} {number:,}" for reason, number in whys.most_common())
        yield f"mouseevaluate left out {left_out:,} of {len(rows):,} rows ({what}); the figures say nothing about them."
    if rows.repeated:
        yield (
            f"{rows.repeated:,} rows repeat the session, user, truth and score of another row, and count as evidence twice; "
            "put | dedup in front."
        )
    shared = sum(group.enrolled_too or 0 for group in groups)
    if shared:
        yield (
            f"{shared:,} trials are of sessions that were enrolled too, by name or by movement; the figures are better than "
            "those of other sessions would be: leave them out of one of the two."
        )
    trials = [group.trials for group in groups if group.trials is not None]
    if show.draws and any(each.people.count < 2 for each in trials):
        yield "Intervals come from drawing people: a group with fewer than two people has none."
    elif any((each.people.actual == UNKNOWN).any() for each in trials):
        yield (
            "Who the impostors are is unknown, so that only claimed owners are drawn for the intervals; name the actual "
            "user in the truth field if it is known."
        )


def _summary_row(group: Group, score: str, show: Show) -> Row:
    trials = group.trials
    left_out = sum(sum(kinds.values()) for kinds in group.left_out.values())
    row = {"score": score, "trials": "0", "genuine": "0", "impostor": "0", "people": "0"}
    row["enrolled_too"] = "" if group.enrolled_too is None else str(group.enrolled_too)
    row["left_out"], row[LEFT_OUT_WHY] = str(left_out), ""
    reason = "There is no trial." if trials is None else trials.lacks()
    if trials is not None:
        genuine = int(trials.genuine.sum())
        row.update(trials=str(len(trials.scores)), genuine=str(genuine), impostor=str(len(trials.scores) - genuine))
        row["people"] = str(trials.people.count)
    figures = (
        evaluation.summary(trials, targets=show.targets, prior=show.prior, draws=show.draws)
        if trials is not None and not reason
        else None
    )
    nothing = Estimate(math.nan)
    for name in ("auc", "eer", "cllr"):
        _put(row, name, getattr(figures, name) if figures else nothing)
    row["prior"], row["brier"], row["ece"] = (
        text(getattr(figures, name, math.nan)) for name in ("prior", "brier", "ece")
    )
    at = figures.at_threshold if figures else None
    _put(row, "far", at.far if at else nothing)
    _put(row, "frr", at.frr if at else nothing)
    for name in ("false_accepts", "false_rejects", "undecided"):
        row[name] = str(getattr(at, name)) if at else ""
    row["promised_far"], row["promised_frr"] = text(group.promised_far), text(group.promised_frr)
    targets = figures.targets if figures else [evaluation.Target(far, math.nan, math.nan) for far in show.targets]
    for target in targets:
        name = percent(target.far)
        row[f"threshold_at_far_{name}"], row[f"frr_at_far_{name}"] = text(target.threshold), text(target.frr)
    row["reason"] = reason
    return row


def _curve_rows(group: Group, show: Show) -> list[Row]:
    """Points of the ROC, from everybody accepted to nobody (its threshold, above all scores, is empty).

    For a DET curve with both rates as normal deviates; rates of 0 and 1 have none and are left out.
    """
    if group.trials is None or group.trials.lacks():
        return []
    curve = evaluation.curve(group.trials, show.points)
    rows = [
        {"far": text(far), "frr": text(frr), "threshold": text(threshold)}
        for far, frr, threshold in zip(curve.far, curve.frr, curve.thresholds)
    ]
    if show.what == "roc":
        return rows
    far, frr = metrics.normal_deviate(curve.far), metrics.normal_deviate(curve.frr)
    return [
        {"far_deviate": text(right), "frr_deviate": text(up), **row}
        for row, right, up in zip(rows, far, frr)
        if math.isfinite(right) and math.isfinite(up)
    ]


def _reliability_rows(group: Group, show: Show) -> list[Row]:
    """The reliability diagram: one row for each tenth of stated probability that has trials."""
    if group.trials is None or group.trials.lacks():
        return []
    found = evaluation.reliability(group.trials, prior=show.prior)
    if found is None:
        return []
    edges = np.linspace(0, 1, len(found.trials) + 1)
    return [
        {
            "bin_low": text(edges[number]),
            "bin_high": text(edges[number + 1]),
            "stated": text(found.stated[number]),
            "observed": text(found.observed[number]),
            "weight": text(found.weight[number]),
            "trials": str(found.trials[number]),
        }
        for number in np.flatnonzero(found.trials).tolist()
    ]


def _histogram_rows(group: Group, edges: Numbers) -> list[Row]:
    if group.trials is None:
        return []
    own, other = (np.histogram(group.trials.scores[group.trials.genuine == kind], edges)[0] for kind in (True, False))
    return [
        {
            "bin_low": text(edges[number]),
            "bin_high": text(edges[number + 1]),
            "genuine": str(own[number]),
            "impostor": str(other[number]),
            "genuine_share": text(own[number] / max(1, own.sum())),
            "impostor_share": text(other[number] / max(1, other.sum())),
        }
        for number in range(len(own))
    ]


def _table(groups: Sequence[Group], rows: Sequence[Sequence[Row]], show: Show) -> Columns:
    """Rows of the groups with their by-fields in front."""
    keyed = [(group.key, row) for group, its in zip(groups, rows) for row in its]
    columns = Columns(rows=len(keyed))
    for place, name in enumerate(show.by):
        columns[name] = [key[place] for key, _ in keyed]
    for name in keyed[0][1] if keyed else ():
        columns[name] = [row[name] for _, row in keyed]
    return columns


def _totals(group: Group) -> Counter[str]:
    return Counter({reason: sum(kinds.values()) for reason, kinds in group.left_out.items()})


def _left_out(group: Group) -> list[str]:
    """Texts such as ``not_enrolled=3 (2 genuine, 1 impostor)``."""
    texts = []
    for reason, kinds in sorted(group.left_out.items()):
        known = ", ".join(f"{rows} {kind}" for kind, rows in sorted(kinds.items()) if kind)
        texts.append(f"{reason}={sum(kinds.values())}" + (f" ({known})" if known else ""))
    return texts


def _put(row: Row, name: str, estimate: Estimate) -> None:
    row[name], row[f"{name}_low"], row[f"{name}_high"] = map(text, (estimate.value, estimate.low, estimate.high))


def percent(rate: float) -> str:
    """A rate as a part of a field's name: 0.01 → ``1pct``, 0.001 → ``0_1pct``."""
    return f"{100 * rate:g}".replace(".", "_") + "pct"


def text(number: float) -> str:
    """A figure as a field's value; empty if there is none."""
    return f"{number:.6g}" if math.isfinite(number) else ""
