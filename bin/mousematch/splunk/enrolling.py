"""Rows of genuine sessions → templates in the KV store, and one result row per user."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mousematch import images
from mousematch.enrollment import Judgement, Session, judge, lookalike, thumbnail
from mousematch.errors import ScorerUnavailable, StoreError, TemplateError
from mousematch.matching import Backend
from mousematch.settings import EnrollmentSettings
from mousematch.splunk.chunks import Columns
from mousematch.splunk.embedder import Embedder
from mousematch.splunk.messages import Messages
from mousematch.splunk.session_windows import LEAST_DISTANCE_PX, session_windows
from mousematch.splunk.templatestore import TemplateStore
from mousematch.templates import Template, merged

ENROLLED, UPDATED, KEPT, REFUSED, NOT_STORED = "enrolled", "updated", "kept", "refused", "not_stored"
# Templates of other users that a new one is compared with: some 6 MB from the store.
COMPARED_TEMPLATES = 5_000


@dataclass
class _User:
    """What the search brought for one user.

    windows: session and digest of each image taken in. problems: reason → number of images or rows that it left out.
    shared_with: other users who came with one of the images.
    """

    sessions: dict[str, Session] = field(default_factory=dict)
    windows: set[tuple[str, bytes]] = field(default_factory=set)
    problems: dict[str, int] = field(default_factory=dict)
    shared_with: set[str] = field(default_factory=set)

    def count(self, reason: str, number: int = 1) -> None:
        self.problems[reason] = self.problems.get(reason, 0) + number


@dataclass
class _Outcome:
    """One result row."""

    user: str
    status: str
    sessions: int
    windows: int
    active_s: float
    consistency: float
    reason: str


class Enrollments:
    """Collects the material of each user block by block; images are embedded at once and not kept.

    embedder, store, backend: of the same model version, called ``model``; encoding: the tag of its images.
    """

    def __init__(
        self,
        *,
        model: str,
        encoding: str,
        backend: Backend,
        embedder: Embedder,
        store: TemplateStore,
        requirements: EnrollmentSettings,
        messages: Messages,
        user_field: str = "user",
        image_field: str = "image",
        session_field: str = "session",
    ) -> None:
        self._model = model
        self._encoding = encoding
        self._backend = backend
        self._embedder = embedder
        self._store = store
        self._requirements = requirements
        self._messages = messages
        self._fields = (user_field, image_field, session_field)
        self._users: dict[str, _User] = {}
        self._owners: dict[bytes, str] = {}
        self._judgements: dict[str, Judgement] = {}
        self._rows = 0

    def add(self, columns: Columns) -> None:
        """Takes in rows. Raises ScorerUnavailable if the scorer is gone: half the material makes no template."""
        user_field, image_field, session_field = self._fields
        users, sessions = columns.lists(user_field), columns.column(session_field)
        rows = session_windows(columns, image_field)
        embedded = self._embedder.embed(image for windows in rows for image in windows.images)
        if self._embedder.failure is not None:
            raise ScorerUnavailable(f"Nobody was enrolled: {self._embedder.failure}")
        for names, called, windows in zip(users, sessions, rows):
            self._rows += 1
            name = names[0] if len(names) == 1 else ""
            user = self._users.setdefault(name, _User())
            if not name:
                user.count(f'the field "{user_field}" has {len(names) or "no"} values')
            called = called or f"row {self._rows}"
            session = user.sessions.setdefault(called, Session(called))
            if windows.count == 0:
                user.count("there is no image in the row")
            if windows.still:
                user.count(f"less than {LEAST_DISTANCE_PX:g} px of movement in the window", len(windows.still))
            for image, seconds in zip(windows.images, windows.seconds):
                if image in embedded.vectors:
                    active_s = math.nan if seconds is None else seconds
                    self._add_window(name, session, image, embedded.vectors[image], active_s)
                else:
                    user.count(embedded.reasons[image])

    def _add_window(
        self, name: str, session: Session, picture: str, vector: NDArray[np.float32], active_s: float
    ) -> None:
        user = self._users[name]
        digest = hashlib.blake2b(picture.encode(), digest_size=16).digest()
        if (session.name, digest) in user.windows:
            # The same row twice, as after a careless join, is no further evidence.
            return
        user.windows.add((session.name, digest))
        small = thumbnail(images.from_png(images.from_base64(picture)))
        owner = self._owners.setdefault(digest, name) if small.any() else name
        if owner != name:
            user.shared_with.add(owner)
            self._users[owner].shared_with.add(name)
        session.embeddings.append(vector)
        session.thumbnails.append(small)
        session.active_s += active_s

    def finish(self, *, now: float, by: str) -> Columns:
        """Judges, stores and reports. now: seconds since the epoch. by: the Splunk user.

        Raises StoreError if the template store cannot be read, or if it took none of the templates.
        """
        existing = self._store.fetch(self._users) if self._users else {}
        stored_others = self._store.others(limit=COMPARED_TEMPLATES) if self._users else []
        outcomes: list[_Outcome] = []
        templates: dict[str, Template] = {}
        for name in sorted(self._users):
            outcome, template = self._decide(name, existing.get(name), now=now, by=by)
            outcomes.append(outcome)
            if template is not None:
                templates[name] = template
        self._warn_of_lookalikes(outcomes, templates, stored_others)
        self._save(outcomes, templates)
        return self._report(outcomes)

    def _decide(
        self, name: str, old: Template | TemplateError | None, *, now: float, by: str
    ) -> tuple[_Outcome, Template | None]:
        user = self._users[name]
        sessions = [session for session in user.sessions.values() if session.embeddings]
        windows = sum(len(session.embeddings) for session in sessions)
        active_s = sum(session.active_s for session in sessions)
        outcome = _Outcome(name, REFUSED, len(sessions), windows, active_s, math.nan, "")
        if not name:
            outcome.reason = "Rows without a single user are nobody's."
        elif user.shared_with:
            others = ", ".join(f'"{other}"' for other in sorted(user.shared_with)[:3])
            outcome.reason = f"The same images came for {others} too; check the field user."
        elif isinstance(old, Template) and self._requirements.mode == "keep":
            outcome.status, outcome.consistency = KEPT, old.consistency
            outcome.reason = "There is a template already (mode=keep)."
        else:
            judgement = judge(sessions, requirements=self._requirements, backend=self._backend)
            outcome.reason, outcome.consistency = judgement.reason, judgement.consistency
            if judgement.embedding is not None:
                self._judgements[name] = judgement
                return self._accept(outcome, judgement, old, now=now, by=by)
        _add_problems(outcome, user)
        return outcome, None

    def _accept(
        self, outcome: _Outcome, judgement: Judgement, old: Template | TemplateError | None, *, now: float, by: str
    ) -> tuple[_Outcome, Template | None]:
        assert judgement.embedding is not None
        template = Template(
            user=outcome.user,
            model=self._model,
            encoding=self._encoding,
            embedding=judgement.embedding,
            windows=outcome.windows,
            sessions=outcome.sessions,
            active_s=0.0 if math.isnan(outcome.active_s) else outcome.active_s,
            consistency=judgement.consistency,
            enrolled_at=now,
            enrolled_by=by,
        )
        outcome.status = ENROLLED
        if isinstance(old, Template) and self._requirements.mode == "update":
            try:
                template = merged(old, template)
            except TemplateError as exc:
                outcome.status, outcome.reason = REFUSED, str(exc)
                return outcome, None
            outcome.status = UPDATED
        _add_problems(outcome, self._users[outcome.user])
        return outcome, template

    def _warn_of_lookalikes(
        self, outcomes: Sequence[_Outcome], templates: dict[str, Template], stored: Sequence[Template]
    ) -> None:
        others = [template for template in stored if template.user not in templates] + list(templates.values())
        for outcome in outcomes:
            if outcome.user in templates:
                judgement = self._judgements[outcome.user]
                sessions = list(self._users[outcome.user].sessions.values())
                warning = lookalike(outcome.user, sessions, judgement, others, self._backend)
                outcome.reason = " ".join(filter(None, (outcome.reason, warning)))
        if len(stored) >= COMPARED_TEMPLATES:
            self._messages.info(f"New templates were compared with {COMPARED_TEMPLATES:,} others, not with all.")

    def _save(self, outcomes: Sequence[_Outcome], templates: dict[str, Template]) -> None:
        if not templates:
            return
        failed = self._store.save(list(templates.values()))
        for outcome in outcomes:
            if outcome.user in failed:
                outcome.status, outcome.reason = NOT_STORED, str(failed[outcome.user])
        if not failed:
            return
        names = ", ".join(f'"{name}"' for name in sorted(failed)[:20]) + (" and others" if len(failed) > 20 else "")
        text = f"{len(failed)} of {len(templates)} templates were not stored ({names}): {next(iter(failed.values()))}"
        if len(failed) == len(templates):
            raise StoreError(text)
        self._messages.error(text)

    def _report(self, outcomes: Sequence[_Outcome]) -> Columns:
        return Columns(
            {
                "user": [outcome.user for outcome in outcomes],
                "status": [outcome.status for outcome in outcomes],
                "sessions": [str(outcome.sessions) for outcome in outcomes],
                "windows": [str(outcome.windows) for outcome in outcomes],
                "active_s": [_number(outcome.active_s, 3) for outcome in outcomes],
                "consistency": [_number(outcome.consistency, 4) for outcome in outcomes],
                "template_model": [self._model] * len(outcomes),
                "reason": [outcome.reason for outcome in outcomes],
            }
        )


def _add_problems(outcome: _Outcome, user: _User) -> None:
    """Says in the reason what of the user's material was left out."""
    parts = [f"{number} left out: {reason}" for reason, number in user.problems.items()]
    outcome.reason = " ".join(filter(None, [outcome.reason, *parts]))


def _number(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}f}"
