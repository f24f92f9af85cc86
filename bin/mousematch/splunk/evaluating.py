"""Scored rows with a truth → trials by group, and a count of every row that is none.

row ──▶ truth? ──▶ user? ──▶ score? ──▶ trial of its group
          └──────────┴─────────┴──────▶ left out, counted by reason and by what the row was in truth
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mousematch import matching
from mousematch.errors import OptionError
from mousematch.evaluation import ACCEPTED, LLR, PLAIN, PROBABILITY, REJECTED, UNDECIDED, Trials
from mousematch.intervals import UNKNOWN, People
from mousematch.splunk.chunks import Columns
from mousematch.splunk.enrolled_too import EnrolledToo
from mousematch.splunk.evaluation_options import AUTO, LABEL, PATH_HASH, PROMISED, USER, Reading

# What a truth field may say if it does not name the user.
LABELS = {
    "1": True,
    "true": True,
    "yes": True,
    "genuine": True,
    "0": False,
    "false": False,
    "no": False,
    "impostor": False,
}
SCALES = {"match_llr": LLR, "match_score": PROBABILITY}
# What a mark says of a session that is not the enrollment's.
NOT_ENROLLED = ("", "0", "false", "no")
NO_TRUTH, NO_USER, ERROR, NO_SCORE, UNREADABLE = "no_truth", "no_user", "error", "no_score", "unreadable_score"


@dataclass(frozen=True)
class Group:
    """The trials of rows with the same by-fields. trials: None without one. left_out: reason → truth → rows.

    truth is "genuine", "impostor" or "" where nobody knows. promised_far, promised_frr: means of match_far over impostor
    trials and of match_frr over genuine ones; NaN if the rows do not have them. enrolled_too: trials of sessions that are
    among the enrollment's; None where nobody looked.
    """

    key: tuple[str, ...]
    rows: int
    trials: Trials | None
    left_out: dict[str, Counter[str]]
    promised_far: float = math.nan
    promised_frr: float = math.nan
    enrolled_too: int | None = None


@dataclass
class _Numbers:
    """A text → its number, from 0."""

    numbers: dict[str, int] = field(default_factory=dict)

    def of(self, text: str) -> int:
        return self.numbers.setdefault(text, len(self.numbers))


class ScoredRows:
    """Rows while they come in: some 60 bytes each, so that a million fit."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._groups: dict[tuple[str, ...], int] = {}
        self._people, self._truths, self._whys = _Numbers(), _Numbers(), _Numbers()
        self._group, self._claimed, self._truth, self._why = (array("l") for _ in range(4))
        self._decision = array("B")
        self._scores = {name: array("d") for name in reading.scores}
        self._promised = {name: array("d") for name in PROMISED}
        self._seen: set[int] = set()
        self.repeated = 0
        self.enrolled_too = EnrolledToo()
        self._tested = array("l")

    def __len__(self) -> int:
        return len(self._group)

    def add(self, columns: Columns) -> None:
        """Takes in rows."""
        reading = self._reading
        if reading.enrolled:
            columns = self._set_apart(columns)
        keys = zip(*(columns.column(name) for name in reading.by)) if reading.by else iter([()] * columns.rows)
        users = columns.lists(reading.user)
        verdicts, errors = columns.column("match_verdict"), columns.column("match_error")
        scores = [columns.column(name) for name in reading.scores]
        thresholds = columns.column("match_threshold")
        probabilities = columns.column("match_score")
        truths, sessions = columns.column(reading.truth), columns.column(reading.session)
        for row, key in enumerate(keys):
            self._group.append(self._groups.setdefault(key, len(self._groups)))
            user = users[row][0] if len(users[row]) == 1 else ""
            self._claimed.append(self._people.of(user))
            self._truth.append(self._truths.of(truths[row].strip()))
            self._why.append(self._whys.of(_why(verdicts[row], errors[row], [column[row] for column in scores])))
            for name, column in zip(reading.scores, scores):
                self._scores[name].append(number(column[row]))
            self._decision.append(self._decided(verdicts[row], probabilities[row], thresholds[row], scores[0][row]))
            if sessions[row]:
                self._note(hash((key, sessions[row], user, truths[row], tuple(column[row] for column in scores))))
        for name in PROMISED:
            self._promised[name].extend(map(number, columns.column(name)))

    def _set_apart(self, columns: Columns) -> Columns:
        """The rows that are no sessions of the enrollment."""
        reading = self._reading
        users, sessions = columns.column(reading.user), columns.column(reading.session)
        truths, hashes = columns.column(reading.truth), columns.lists(PATH_HASH)
        rest = []
        for row, mark in enumerate(columns.column(reading.enrolled or "")):
            if mark.strip().lower() in NOT_ENROLLED:
                number = self.enrolled_too.add_tested(users[row], truths[row].strip(), sessions[row], hashes[row])
                self._tested.append(number)
                rest.append(row)
            else:
                self.enrolled_too.add_enrolled(users[row], sessions[row], hashes[row])
        return columns.take(rest)

    def _note(self, trial: int) -> None:
        """Counts a row that came already, as after a careless join: it would count as evidence twice."""
        before = len(self._seen)
        self._seen.add(trial)
        self.repeated += len(self._seen) == before

    def _decided(self, verdict: str, probability: str, threshold: str, score: str) -> int:
        if self._reading.threshold is not None:
            decisive = number(probability) if self._reading.scores[0] == "match_llr" else number(score)
            if math.isnan(decisive):
                return UNDECIDED
            return ACCEPTED if decisive >= self._reading.threshold else REJECTED
        if verdict:
            return {matching.MATCH: ACCEPTED, matching.MISMATCH: REJECTED}.get(verdict, UNDECIDED)
        stated, limit = number(probability), number(threshold)
        if math.isnan(stated) or math.isnan(limit):
            return UNDECIDED
        return ACCEPTED if stated >= limit else REJECTED

    # At the end --------------------------------------------------------------------------------------------------

    def groups(self) -> Iterator[Group]:
        """The groups in the order of their by-fields. Raises OptionError if the rows are not what can be evaluated."""
        truth_is = self._truth_is()
        name = self._score_field()
        scores = np.array(self._scores[name])
        genuine, known, actual, nobody = self._compared(truth_is)
        claimed = np.array(self._claimed)
        usable = known & ~nobody & np.isfinite(scores)
        self._check(usable, genuine, known, truth_is)
        shared = self._shared(truth_is)
        group, decision = np.array(self._group), np.array(self._decision)
        whys, why = list(self._whys.numbers), np.array(self._why)
        for key in sorted(self._groups):
            here = group == self._groups[key]
            these = here & usable
            trials = Trials(
                scores=scores[these],
                genuine=genuine[these],
                people=People(claimed[these], actual[these]),
                decisions=decision[these].astype(np.uint8),
                scale=self._reading.scale or SCALES.get(name, PLAIN),
            )
            left_out: dict[str, Counter[str]] = {}
            for row in np.flatnonzero(here & ~usable).tolist():
                reason = NO_TRUTH if not known[row] else NO_USER if nobody[row] else whys[why[row]] or UNREADABLE
                kind = "" if not known[row] or nobody[row] else "genuine" if genuine[row] else "impostor"
                left_out.setdefault(reason, Counter())[kind] += 1
            far, frr = (np.array(self._promised[name]) for name in PROMISED)
            yield Group(
                key=key,
                rows=int(here.sum()),
                trials=trials if these.any() else None,
                left_out=left_out,
                promised_far=_mean(far[these & ~genuine]),
                promised_frr=_mean(frr[these & genuine]),
                enrolled_too=None if shared is None else int((shared & these).sum()),
            )

    def _shared(self, truth_is: str) -> NDArray[np.bool_] | None:
        """Of each row: was its session enrolled too? None where nobody looked."""
        if self._reading.enrolled is None:
            return None
        if not self.enrolled_too.enrolled:
            raise OptionError(
                f'No row is marked in the field "{self._reading.enrolled}"; append the sessions of the enrollment with '
                f"{self._reading.enrolled}=1, or leave out enrolled=<field>."
            )
        return np.array(self.enrolled_too.found(truth_is_user=truth_is == USER), bool)[np.array(self._tested, np.intp)]

    def score_field(self) -> str:
        """The field whose scores are evaluated."""
        return self._score_field()

    def _score_field(self) -> str:
        for name in self._reading.scores:
            if np.isfinite(np.array(self._scores[name])).any():
                return name
        return self._reading.scores[0]

    def _truth_is(self) -> str:
        truths = [text for text in self._truths.numbers if text]
        if not truths:
            name = self._reading.truth
            raise OptionError(
                f'No row has a value in the field "{name}"; name the field with the user who moved the mouse, or with 1 '
                "(genuine) and 0 (impostor): truth=<field>."
            )
        labels = all(text.lower() in LABELS for text in truths)
        if self._reading.truth_is == LABEL and not labels:
            strange = next(text for text in truths if text.lower() not in LABELS)
            raise OptionError(f'The field "{self._reading.truth}" has the value "{strange}"; labels are 1 and 0.')
        if self._reading.truth_is == AUTO:
            return LABEL if labels else USER
        return self._reading.truth_is

    def _compared(
        self, truth_is: str
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.intp], NDArray[np.bool_]]:
        """Of each row: is it genuine, is that known, who moved the mouse (UNKNOWN if nobody says), is its user missing."""
        claimed, truth = np.array(self._claimed), np.array(self._truth)
        texts = list(self._truths.numbers)
        known = np.array([bool(text) for text in texts])[truth]
        if truth_is == LABEL:
            genuine = np.array([LABELS.get(text.lower(), False) for text in texts])[truth]
            # Rows without a user can still be judged; for the intervals each of them would be the same nobody.
            nobody = np.zeros(len(claimed), bool)
            return genuine, known, np.where(genuine, claimed, UNKNOWN), nobody
        people = np.array([self._people.of(text) for text in texts])
        actual = people[truth]
        nobody = claimed == self._people.numbers.get("", UNKNOWN)
        return (actual == claimed) & known & ~nobody, known, actual, nobody

    def _check(
        self, usable: NDArray[np.bool_], genuine: NDArray[np.bool_], known: NDArray[np.bool_], truth_is: str
    ) -> None:
        """Raises OptionError if no group could have error rates."""
        if not usable.any():
            whys = Counter(list(self._whys.numbers)[why] or UNREADABLE for why in self._why)
            what = ", ".join(f"{why} {rows:,}" for why, rows in whys.most_common())
            fields = " or ".join(f'"{name}"' for name in self._reading.scores)
            raise OptionError(
                f"None of {len(self):,} rows has truth, user and a score in {fields} ({what}); put mousescore in front, or "
                "name the field: score=<field>."
            )
        if genuine[usable].all():
            raise OptionError(
                f"All {int(usable.sum()):,} scored rows are genuine; error rates need impostors too: score sessions under "
                "other people's names as well, as docs/evaluation.md shows."
            )
        if not genuine[usable].any():
            row = int(np.flatnonzero(usable)[0])
            truth, user = list(self._truths.numbers)[self._truth[row]], list(self._people.numbers)[self._claimed[row]]
            hint = f' (the first has the user "{user}" and the truth "{truth}")' if truth_is == USER else ""
            raise OptionError(
                f'None of {int(usable.sum()):,} scored rows is genuine{hint}; the field "{self._reading.truth}" must '
                "hold the user's own name, or 1, where the owner moved the mouse."
            )


def number(text: str) -> float:
    """The number that a text is, NaN if it is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _why(verdict: str, error: str, scores: Sequence[str]) -> str:
    """Why a row without a usable score has none; empty if it has something that should have been one."""
    if any(scores):
        return ""
    if verdict in (matching.NOT_ENROLLED, matching.INSUFFICIENT):
        return verdict
    return ERROR if error else NO_SCORE


def _mean(values: NDArray[np.float64]) -> float:
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else math.nan
