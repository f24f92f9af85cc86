"""Rows with images and a user → the same rows with match scores.

row ──┬─ session_windows ─ distinct images, active seconds
      ├─ owners ────────── template of the claimed owner
      └─ embedder ──────── embeddings ──▶ compare ──▶ decide ──▶ the match fields
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mousematch import matching
from mousematch.matching import Backend
from mousematch.splunk.chunks import Columns
from mousematch.splunk.embedder import BLANK, Embedded, Embedder
from mousematch.splunk.messages import Messages
from mousematch.splunk.owners import Owner, Owners
from mousematch.splunk.row_policies import RowPolicies, Ruling
from mousematch.splunk.session_windows import SessionWindows, session_windows
from mousematch.splunk.templatestore import TemplateStore
from mousematch.templates import Template

# No calibration on a few people supports a claim beyond one in a million, and 0 and 1 read like certainty.
SMALLEST_SCORE = 1e-6
NO_IMAGE = "The row has no image: its session is too short to draw, or mouseencode did not run."
UNKNOWN_EVIDENCE = "How much movement there was is unknown: keep window_active_s or active_s in front of mousescore."


@dataclass
class Result:
    """What is known of one row; None and empty texts are fields that it does not have.

    llr: of all windows that were scored, window_llr: of each. evidence_s: active seconds of these. threshold: on the match
    score. far, frr: the error rates to expect at it. policy: by which it was chosen.
    """

    llr: float | None = None
    window_llr: list[str] = field(default_factory=list)
    verdict: str = ""
    evidence_s: float | None = None
    threshold: float | None = None
    far: float | None = None
    frr: float | None = None
    policy: str = ""
    reasons: list[str] = field(default_factory=list)


class SessionScorer:
    """Scores sessions against the templates of their users.

    embedder, store, backend, policies: of the same model version, called ``model``. prior: probability of the owner before
    anything was seen. user_field, image_field: where the rows have them.
    """

    def __init__(
        self,
        *,
        model: str,
        backend: Backend,
        embedder: Embedder,
        store: TemplateStore,
        policies: RowPolicies,
        prior: float,
        messages: Messages,
        user_field: str = "user",
        image_field: str = "image",
    ) -> None:
        self._model = model
        self._backend = backend
        self._embedder = embedder
        self._owners = Owners(
            store=store, model=model, dimensions=backend.cohort.shape[1], user_field=user_field, messages=messages
        )
        self._policies = policies
        self._prior = prior
        self._image_field = image_field

    def add_scores(self, columns: Columns) -> Columns:
        """The rows with the match fields; each row in its place, with a score or with the reason in match_error."""
        sessions = session_windows(columns, self._image_field)
        owners = self._owners.of(columns)
        # Only what can be compared is embedded: most of a site's visitors may not be enrolled.
        embedded = self._embedder.embed(
            image for session, owner in zip(sessions, owners) if owner.template for image in session.images
        )
        results = [self._compared(session, owner, embedded) for session, owner in zip(sessions, owners)]
        by_ruling: dict[Ruling, list[Result]] = {}
        for result, ruling in zip(results, self._policies.of(columns)):
            by_ruling.setdefault(ruling, []).append(result)
        for ruling, ruled in by_ruling.items():
            self._decide(ruled, ruling)
        return self._with_fields(columns, results)

    def _compared(self, session: SessionWindows, owner: Owner, embedded: Embedded) -> Result:
        """What the row's windows say of its owner, with the verdict still open where there is an LLR."""
        result = Result(reasons=[owner.reason] if owner.reason else [])
        if not owner.enrolled:
            result.verdict = matching.NOT_ENROLLED
        if session.count == 0:
            result.verdict, result.evidence_s = matching.INSUFFICIENT, 0.0
            result.reasons.insert(0, NO_IMAGE)
        elif owner.template is not None:
            result.reasons += session.problems(embedded.reasons)
            self._compare(session, owner.template, embedded, result)
            if all(embedded.reasons.get(image) == BLANK for image in session.images):
                result.verdict, result.evidence_s = matching.INSUFFICIENT, 0.0
        return result

    def _compare(self, session: SessionWindows, template: Template, embedded: Embedded, result: Result) -> None:
        vectors = [embedded.vectors[image] for image in session.images if image in embedded.vectors]
        if vectors:
            llrs = matching.window_llrs(np.stack(vectors), template.embedding, self._backend)
            result.window_llr = [f"{value:.4f}" for value in llrs]
            result.llr = matching.fuse(llrs, self._backend)
            result.evidence_s = session.evidence_s(embedded.vectors)

    def _decide(self, results: Sequence[Result], ruling: Ruling) -> None:
        """The thresholds of all rows whose evidence is known, and the verdicts of those that have an LLR."""
        decider = ruling.decider
        evidence = np.array([math.nan if result.evidence_s is None else result.evidence_s for result in results])
        thresholds = decider.thresholds(evidence)
        rates = zip(decider.far(thresholds, evidence), decider.frr(thresholds, evidence))
        least = decider.policy.min_evidence_s
        for result, threshold, (far, frr) in zip(results, thresholds.tolist(), rates):
            result.policy = ruling.label
            if ruling.reason:
                result.reasons.append(ruling.reason)
            if not math.isnan(threshold):
                result.threshold, result.far, result.frr = matching.probability(threshold, self._prior), far, frr
            if result.llr is None:
                continue
            if math.isnan(threshold) or (result.evidence_s is None and least > 0):
                result.verdict = matching.INSUFFICIENT
                result.reasons.append(UNKNOWN_EVIDENCE)
            else:
                # On the LLR: scores beyond 36 are all 1 in floating point, and thresholds may be.
                result.verdict = matching.verdict(
                    result.llr, evidence_s=result.evidence_s or 0.0, threshold=threshold, min_evidence_s=least
                )

    def _with_fields(self, columns: Columns, results: Sequence[Result]) -> Columns:
        columns["match_score"] = [self._score(result.llr) for result in results]
        columns["match_llr"] = [_number(result.llr, ".4f") for result in results]
        columns.put_lists("window_llr", [result.window_llr for result in results])
        columns["match_verdict"] = [result.verdict for result in results]
        columns["match_evidence_s"] = [_number(result.evidence_s, ".3f") for result in results]
        columns["match_threshold"] = [_number(result.threshold, ".6g") for result in results]
        columns["match_far"] = [_number(result.far, ".3g") for result in results]
        columns["match_frr"] = [_number(result.frr, ".3g") for result in results]
        columns["match_policy"] = [result.policy for result in results]
        columns["match_model"] = [self._model] * columns.rows
        columns["match_error"] = [" ".join(result.reasons) for result in results]
        return columns

    def _score(self, llr: float | None) -> str:
        if llr is None:
            return ""
        score = matching.probability(llr, self._prior)
        return f"{min(max(score, SMALLEST_SCORE), 1 - SMALLEST_SCORE):.6f}"


def _number(value: float | None, form: str) -> str:
    """A field's text; empty where the value is unknown."""
    return "" if value is None or math.isnan(value) else format(value, form)
