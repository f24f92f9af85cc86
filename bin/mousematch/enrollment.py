"""Genuine sessions of one user → a template, or the reason why there is none.

Enrolling decides whose movement counts as the owner's, so the material is questioned first: is there enough, do the
sessions match one another, is a window a copy of another session's (replayed or doubled recordings), is the template
like somebody else's. Arrays in, values out: no files, no clock, no logging.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mousematch.errors import TemplateError
from mousematch.matching import Backend, consistency, fuse, mean_direction, window_llrs
from mousematch.settings import EnrollmentSettings
from mousematch.templates import Template

# A thumbnail has this many blocks a side: fine enough to tell movements apart, coarse enough to overlook jitter.
THUMBNAIL_SIDE = 16
# Two windows are copies if their thumbnails differ by less than this share of their own contrast (standard deviation).
COPY_DISTANCE = 0.08
# Pictures with fewer colours show next to nothing, such as a pause with a few clicks, and are alike for everybody. Of
# movement they have hundreds.
MIN_COLOURS = 32
# Distances of more windows than this would take seconds and hundreds of megabytes; only exact copies are found then.
MAX_COMPARED = 4_000
# Sessions with fewer windows are pooled before they are compared: one window's score is mostly noise.
MIN_FOLD_WINDOWS = 2
# A lookalike must be supported by at least this fused LLR (twenty to one): the nearest of many is always somewhat near.
LOOKALIKE_LLR = 3.0


@dataclass
class Session:
    """What one session brings.

    embeddings: float32 (d,) each. thumbnails: float32 (k,) each, of the same windows. active_s: of these windows, NaN
    if unknown.
    """

    name: str
    embeddings: list[NDArray[np.float32]] = field(default_factory=list)
    thumbnails: list[NDArray[np.float32]] = field(default_factory=list)
    active_s: float = 0.0


@dataclass(frozen=True)
class Judgement:
    """What the material of a user is good for: its mean direction, or why it is refused.

    embedding: float32 (d,), unit length, or None. reason: a sentence, empty without one. consistency: NaN if unknown.
    support: mean LLR of the windows against templates made of the other sessions, NaN if unknown.
    """

    embedding: NDArray[np.float32] | None
    reason: str
    consistency: float
    support: float = math.nan


def judge(sessions: Sequence[Session], *, requirements: EnrollmentSettings, backend: Backend) -> Judgement:
    """Whether the sessions make a template."""
    used = [session for session in sessions if session.embeddings]
    missing = _thin(used, requirements)
    if missing:
        return Judgement(None, missing, math.nan)
    copied = copies(used)
    if copied:
        pairs = ", ".join(f'"{one}" and "{other}"' for one, other in copied[:3])
        more = f" and {len(copied) - 3} more pairs" if len(copied) > 3 else ""
        return Judgement(
            None, f"Replayed or doubled movement: the sessions {pairs}{more} share a window; leave one out.", math.nan
        )
    parts = _folds(used)
    try:
        agreement = consistency(parts, backend)
    except TemplateError:
        # A single window: allowed only where min_windows was set to 1.
        agreement = math.nan
    if agreement < requirements.min_consistency:
        return Judgement(
            None,
            f"The sessions contradict each other (consistency {agreement:.2f}, at least "
            f"{requirements.min_consistency:g} is needed): they may be of several people; enroll other sessions.",
            agreement,
        )
    try:
        return Judgement(mean_direction(np.concatenate(parts)), "", agreement, _support(parts, backend))
    except TemplateError as exc:
        return Judgement(None, str(exc), agreement)


def _thin(sessions: Sequence[Session], requirements: EnrollmentSettings) -> str:
    """Why there is too little material, or nothing."""
    windows = sum(len(session.embeddings) for session in sessions)
    active_s = sum(session.active_s for session in sessions)
    if windows < max(1, requirements.min_windows):
        return f"Too little: {windows} windows, at least {max(1, requirements.min_windows)} are needed (min_windows)."
    if len(sessions) < requirements.min_sessions:
        return f"Too little: {len(sessions)} sessions, at least {requirements.min_sessions} are needed (min_sessions)."
    if math.isnan(active_s) and requirements.min_active_s > 0:
        return "The active seconds are unknown: keep the field window_active_s or active_s, or set min_active_s=0."
    if active_s < requirements.min_active_s:
        least = f"{requirements.min_active_s:g}"
        return f"Too little: {active_s:.1f} active seconds, at least {least} are needed (min_active_s)."
    return ""


def _folds(sessions: Sequence[Session]) -> list[NDArray[np.float32]]:
    """The sessions' embeddings (n, d), short sessions pooled until they have MIN_FOLD_WINDOWS."""
    parts: list[NDArray[np.float32]] = []
    pool: list[NDArray[np.float32]] = []
    for session in sessions:
        pool += session.embeddings
        if len(pool) >= MIN_FOLD_WINDOWS:
            parts.append(np.stack(pool))
            pool = []
    if pool and parts:
        parts[-1] = np.concatenate((parts[-1], np.stack(pool)))
    elif pool:
        parts.append(np.stack(pool))
    return parts


def _support(parts: Sequence[NDArray[np.float32]], backend: Backend) -> float:
    """Mean LLR of all windows, each part against a template of the others; NaN if there are no others."""
    if len(parts) < 2:
        half = len(parts[0]) // 2
        parts = [parts[0][:half], parts[0][half:]]
    if not len(parts[0]):
        return math.nan
    llrs = []
    for left_out, part in enumerate(parts):
        others = np.concatenate([other for index, other in enumerate(parts) if index != left_out])
        llrs.append(window_llrs(part, mean_direction(others), backend))
    return float(np.concatenate(llrs).mean())


def thumbnail(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The mean colour of each block of an image: uint8 (height, width, 3) → float32 (THUMBNAIL_SIDE² x 3,), 0-255.

    All zero for an image of less than MIN_COLOURS, which is not to be compared with others.
    """
    packed = image.reshape(-1, 3).astype(np.uint32) @ np.array([65_536, 256, 1], np.uint32)
    few = len(np.unique(packed)) < MIN_COLOURS
    side = THUMBNAIL_SIDE
    height, width = (max(1, extent // side) for extent in image.shape[:2])
    cut = image[: height * side, : width * side].astype(np.float32)
    rows, columns = cut.shape[0] // height, cut.shape[1] // width
    blocks = cut.reshape(rows, height, columns, width, 3).mean(axis=(1, 3)) * (0.0 if few else 1.0)
    return np.ascontiguousarray(blocks.reshape(-1), np.float32)


def copies(sessions: Sequence[Session]) -> list[tuple[str, str]]:
    """Pairs of sessions, by name, that share a window: the same picture but for what jitter and rounding change.

    Thumbnails of one colour throughout are compared with nothing.
    """
    pictures = [picture for session in sessions for picture in session.thumbnails]
    if len(pictures) < 2 or len(pictures) > MAX_COMPARED or len({len(picture) for picture in pictures}) > 1:
        return []
    of = np.repeat(np.arange(len(sessions)), [len(session.thumbnails) for session in sessions])
    pixels = np.stack(pictures)
    pixels -= pixels.mean(axis=1, keepdims=True)
    contrast = pixels.std(axis=1)
    plain = contrast == 0
    # The distance of standardised pictures, by way of their correlation: |a - b|² / k = 2 (1 - a·b / k).
    standard = pixels / np.where(plain, 1.0, contrast)[:, None]
    distance = np.sqrt(np.maximum(0.0, 2.0 * (1.0 - standard @ standard.T / pixels.shape[1])))
    alike = (distance < COPY_DISTANCE) & (of[:, None] < of[None, :])
    alike &= ~plain[:, None] & ~plain[None, :]
    pairs = sorted({(int(of[one]), int(of[other])) for one, other in zip(*np.nonzero(alike))})
    return [(sessions[one].name, sessions[other].name) for one, other in pairs]


def lookalike(
    user: str, sessions: Sequence[Session], judgement: Judgement, others: Sequence[Template], backend: Backend
) -> str:
    """A warning if another user's template fits the sessions better than they fit one another, else nothing."""
    others = [other for other in others if other.user != user and other.embedding.shape == backend.cohort.shape[1:]]
    if judgement.embedding is None or not others:
        return ""
    nearest = others[int(np.argmax(np.stack([other.embedding for other in others]) @ judgement.embedding))]
    embeddings = np.stack([vector for session in sessions for vector in session.embeddings])
    llrs = window_llrs(embeddings, nearest.embedding, backend)
    fit = float(llrs.mean())
    if fuse(llrs, backend) < LOOKALIKE_LLR or fit <= judgement.support:
        return ""
    return (
        f'Warning: the template of user "{nearest.user}" fits these sessions as well (mean LLR {fit:.2f}); '
        "scores may not tell the two apart. Check that they are two people."
    )
