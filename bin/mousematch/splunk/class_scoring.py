"""Rows with images → the same rows with the most likely class, by a model that was trained on a closed set of classes."""

from __future__ import annotations

import numpy as np

from mousematch.classes import Head, session_probabilities
from mousematch.splunk.chunks import Columns
from mousematch.splunk.embedder import Embedded, Embedder
from mousematch.splunk.scoring import NO_IMAGE
from mousematch.splunk.session_windows import SessionWindows, session_windows


class ClassScorer:
    """Classifies sessions; nobody has to be enrolled.

    head, embedder: of the same model version, called ``model``. image_field: where the rows have their images.
    """

    def __init__(self, *, model: str, head: Head, embedder: Embedder, image_field: str = "image") -> None:
        self._model, self._head, self._embedder, self._image_field = model, head, embedder, image_field

    def add_scores(self, columns: Columns) -> Columns:
        """The rows with match_class and what belongs to it; each in its place, or with the reason in match_error."""
        sessions = session_windows(columns, self._image_field)
        embedded = self._embedder.embed(image for session in sessions for image in session.images)
        rows = [self._classified(session, embedded) for session in sessions]
        columns["match_class"] = [name for name, _, _ in rows]
        columns["match_class_probability"] = [probability for _, probability, _ in rows]
        evidence = [session.evidence_s(embedded.vectors) for session in sessions]
        columns["match_evidence_s"] = ["" if seconds is None else f"{seconds:.3f}" for seconds in evidence]
        columns["match_model"] = [self._model] * columns.rows
        columns["match_error"] = [reason for _, _, reason in rows]
        return columns

    def _classified(self, session: SessionWindows, embedded: Embedded) -> tuple[str, str, str]:
        """Class, its probability, and why something is missing; empty where there is nothing to say."""
        if session.count == 0:
            return "", "", NO_IMAGE
        reasons = " ".join(session.problems(embedded.reasons))
        vectors = [embedded.vectors[image] for image in session.images if image in embedded.vectors]
        if not vectors:
            return "", "", reasons
        probabilities = session_probabilities(np.stack(vectors), self._head)
        best = int(probabilities.argmax())
        return self._head.classes[best], f"{probabilities[best]:.6f}", reasons
