"""Rows with images and a user → the same rows with match scores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mousematch import matching
from mousematch.errors import MouseMatchError, StoreError
from mousematch.matching import Backend
from mousematch.settings import MatchingSettings
from mousematch.splunk.chunks import Columns, decode_values
from mousematch.splunk.embedder import Embedded, Embedder
from mousematch.splunk.messages import Messages
from mousematch.splunk.templatestore import TemplateStore
from mousematch.templates import Template

# No calibration on a few people supports a claim beyond one in a million, and 0 and 1 read like certainty.
SMALLEST_SCORE = 1e-6
NO_IMAGE = "The row has no image: its session is too short to draw, or mouseencode did not run."
UNKNOWN_EVIDENCE = "How much movement there was is unknown: keep window_active_s or active_s, or set min_evidence_s=0."


@dataclass
class Result:
    """What is known of one row; empty texts are fields that it does not have."""

    match_score: str = ""
    match_llr: str = ""
    window_llr: list[str] = field(default_factory=list)
    match_verdict: str = ""
    match_evidence_s: str = ""
    reasons: list[str] = field(default_factory=list)


class SessionScorer:
    """Scores sessions against the templates of their users.

    embedder, store, backend: of the same model version, called ``model``. policy: threshold, prior and least evidence.
    user_field, image_field: where the rows have them.
    """

    def __init__(
        self,
        *,
        model: str,
        backend: Backend,
        embedder: Embedder,
        store: TemplateStore,
        policy: MatchingSettings,
        messages: Messages,
        user_field: str = "user",
        image_field: str = "image",
    ) -> None:
        self._model = model
        self._backend = backend
        self._embedder = embedder
        self._store = store
        self._policy = policy
        self._messages = messages
        self._user_field = user_field
        self._image_field = image_field

    def add_scores(self, columns: Columns) -> Columns:
        """The rows with the match fields; each row in its place, with a score or with the reason in match_error."""
        images = _shared_lists(columns, self._image_field)
        users = columns.lists(self._user_field)
        seconds = columns.lists("window_active_s")
        totals = columns.column("active_s")
        templates = self._templates({row[0] for row in users if len(row) == 1})
        results = [Result() for _ in images]
        owners = [self._template(users[row], templates, result) for row, result in enumerate(results)]
        # Only what can be compared is embedded: most of a site's visitors may not be enrolled.
        embedded = self._embedder.embed(image for row, owner in zip(images, owners) if owner for image in row)
        for row, (result, owner) in enumerate(zip(results, owners)):
            if not images[row]:
                result.match_verdict, result.match_evidence_s = matching.INSUFFICIENT, "0.000"
                result.reasons.insert(0, NO_IMAGE)
            elif owner is not None:
                result.reasons += _bad_images(images[row], embedded)
                evidence = _evidence(images[row], seconds[row], totals[row], embedded)
                self._score(images[row], owner, evidence, embedded, result)
        columns["match_score"] = [result.match_score for result in results]
        columns["match_llr"] = [result.match_llr for result in results]
        columns.put_lists("window_llr", [result.window_llr for result in results])
        columns["match_verdict"] = [result.match_verdict for result in results]
        columns["match_evidence_s"] = [result.match_evidence_s for result in results]
        columns["match_threshold"] = [f"{self._policy.threshold:.6g}"] * columns.rows
        columns["match_model"] = [self._model] * columns.rows
        columns["match_error"] = [" ".join(result.reasons) for result in results]
        return columns

    def _templates(self, users: set[str]) -> Mapping[str, Template | MouseMatchError | None]:
        try:
            return self._store.fetch(users)
        except StoreError as exc:
            self._messages.error(f"Sessions have no score: {exc}")
            return dict.fromkeys(users, exc)

    def _score(
        self, images: Sequence[str], owner: Template, evidence: float | None, embedded: Embedded, result: Result
    ) -> None:
        """Fills in what the row's embeddings say. evidence: active seconds of these, None if unknown."""
        vectors = [embedded.vectors[image] for image in images if image in embedded.vectors]
        if not vectors:
            return
        llrs = matching.window_llrs(np.stack(vectors), owner.embedding, self._backend)
        llr = matching.fuse(llrs, self._backend)
        score = matching.probability(llr, self._policy.prior)
        result.window_llr = [f"{value:.4f}" for value in llrs]
        result.match_llr = f"{llr:.4f}"
        result.match_score = f"{min(max(score, SMALLEST_SCORE), 1 - SMALLEST_SCORE):.6f}"
        if evidence is not None:
            result.match_evidence_s = f"{evidence:.3f}"
        elif self._policy.min_evidence_s > 0:
            result.match_verdict = matching.INSUFFICIENT
            result.reasons.append(UNKNOWN_EVIDENCE)
            return
        result.match_verdict = matching.verdict(
            score,
            evidence_s=evidence or 0.0,
            threshold=self._policy.threshold,
            min_evidence_s=self._policy.min_evidence_s,
        )

    def _template(
        self, users: Sequence[str], templates: Mapping[str, Template | MouseMatchError | None], result: Result
    ) -> Template | None:
        """The row's template, or None with the reason in the result."""
        if len(users) != 1:
            many = f"has {len(users)} values; put | mvexpand {self._user_field} in front of mousescore"
            none = "is empty; name the claimed owner, or say user=<field> where it is"
            result.reasons.append(f'The field "{self._user_field}" {many if users else none}.')
            return None
        found = templates[users[0]]
        if isinstance(found, Template):
            if found.embedding.shape[0] == self._backend.cohort.shape[1]:
                return found
            result.reasons.append(f'The template of user "{users[0]}" is of another model; run mouseenroll again.')
        elif found is not None:
            result.reasons.append(str(found))
        else:
            result.match_verdict = matching.NOT_ENROLLED
            result.reasons.append(f'No template for user "{users[0]}" with model {self._model}; run mouseenroll first.')
        return None


def _shared_lists(columns: Columns, name: str) -> list[list[str]]:
    """The values of a field, one list a row; rows behind each other with the same values share theirs.

    After mvexpand by claimed owner a session's images stand in every row: they are taken apart once.
    """
    encoded = columns.encoded.get(name)
    if encoded is None:
        return columns.lists(name)
    lists: list[list[str]] = []
    for row, (many, one) in enumerate(zip(encoded, columns.column(name))):
        if row and many and many == encoded[row - 1]:
            lists.append(lists[-1])
        else:
            lists.append(decode_values(many) if many else [one] if one else [])
    return lists


def _bad_images(images: Sequence[str], embedded: Embedded) -> list[str]:
    """One sentence for each reason why images of the row have no embedding."""
    windows: dict[str, list[str]] = {}
    for number, image in enumerate(images, start=1):
        if image in embedded.reasons:
            windows.setdefault(embedded.reasons[image], []).append(str(number))
    if len(images) == 1:
        return list(windows)
    return [
        reason if len(numbers) == len(images) else f"Window {', '.join(numbers)} of {len(images)}: {reason}"
        for reason, numbers in windows.items()
    ]


def _evidence(images: Sequence[str], seconds: Sequence[str], total: str, embedded: Embedded) -> float | None:
    """Active seconds of the windows that have an embedding; None if the row does not tell."""
    scored = [image in embedded.vectors for image in images]
    if len(seconds) == len(images):
        numbers = [_seconds(text) for text in seconds]
        used = [number for number, use in zip(numbers, scored) if use]
        return None if any(number is None for number in used) else sum(number or 0.0 for number in used)
    whole = _seconds(total)
    if whole is None:
        return None
    return whole * sum(scored) / len(scored) if scored else 0.0


def _seconds(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
