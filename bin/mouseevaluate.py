"""``| mouseevaluate``: error rates, curves and calibration of scored rows whose truth is known.

    mouseencode → mousescore → mouseevaluate truth=<field> → genuine impostor people auc eer cllr brier ece far frr …

Reporting, without a map phase: error rates need all trials. docs/evaluation.md says how to set up an evaluation.
"""

from __future__ import annotations

from collections.abc import Iterator

import mousematch_path  # noqa: F401 (first: it puts the app's packages on sys.path)

# isort: split
from splunklib.searchcommands import Configuration, Option

from mousematch.splunk.chunks import Columns
from mousematch.splunk.commands import ReportingColumns, run
from mousematch.splunk.evaluation_options import reading_of, show_of


@Configuration(run_in_preview=False)
class MouseEvaluate(ReportingColumns):
    """Evaluates scores against the truth."""

    truth = Option(doc="truth=<field>: the user who moved the mouse, or 1 (genuine) and 0 (impostor).", default="truth")
    truth_is = Option(doc="truth_is=auto|user|label: what that field has.", default="auto")
    user = Option(doc="user=<field>: the claimed owner.", default="user")
    session = Option(doc="session=<field>: tells sessions apart, to find rows that came twice.", default="session")
    enrolled = Option(
        doc="enrolled=<field>: 1 in rows that are the enrollment's sessions, to find those in the test too."
    )
    score = Option(doc="score=<field>: the score; without it match_llr, else match_score.")
    scale = Option(doc="scale=llr|probability|none: what the score of another field is.")
    show = Option(doc="show=summary|roc|det|calibration|scores: what the rows are.", default="summary")
    threshold = Option(doc="threshold=<number>: accept from here on, in place of the rows' own verdicts.")
    prior = Option(doc="prior=<0-1>|trials: share of genuine sessions that brier and ece hold for.", default="0.5")
    target_far = Option(doc="target_far=<FAR,FAR,…>: whose thresholds and FRRs are given.", default="0.1,0.01,0.001")
    draws = Option(doc="draws=<int>: resamplings of people for the intervals, 0 for none.", default="1000")
    points = Option(doc="points=<int>: of a curve, about.", default="200")
    bins = Option(doc="bins=<int>: of the histograms of show=scores.", default="40")

    _rows = None

    def check(self) -> None:
        self._reading, self._show = reading_of(self), show_of(self)

    def required_fields(self) -> list[str]:
        return self._reading.fields

    def reduce(self, columns: Columns) -> None:
        if self._rows is None:
            # Loads numpy, which launches for getinfo alone have no use for.
            from mousematch.splunk.evaluating import ScoredRows

            self._rows = ScoredRows(self._reading)
        self._rows.add(columns)

    def report(self) -> Iterator[Columns]:
        if self._rows is None:
            return
        from mousematch.splunk.evaluation_rows import shown, warnings

        groups = list(self._rows.groups())
        for sentence in warnings(groups, self._rows, self._show):
            self.write_warning("{}", sentence)
        yield shown(groups, self._rows.score_field(), self._show)


if __name__ == "__main__":
    run(MouseEvaluate)
