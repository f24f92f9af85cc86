"""Images of search results → embeddings, each distinct image once, through the local scorer or one behind a URL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mousematch import images
from mousematch.errors import ImageError, ScorerError, ScorerRejected, ScorerUnavailable

# One request's worth: large enough to fill a GPU batch several times, small enough that an answer comes within seconds
# on a CPU and that a rejected request takes few rows with it.
REQUEST_IMAGES = 256
BLANK = "The image is blank: nothing in its window moved."


class Client(Protocol):
    """The scorer, as mousematch.scorer.client reaches it."""

    def embed(self, images_b64: Sequence[str]) -> NDArray[np.float32]:
        """float32 (n, d) for n images. Raises ScorerError."""


@dataclass(frozen=True)
class Embedded:
    """Embeddings of images, and why there is none of some.

    vectors: image (base64 text, as it came) → float32 (d,), unit length.
    reasons: image → the sentence that says why it has no embedding.
    """

    vectors: dict[str, NDArray[np.float32]]
    reasons: dict[str, str]


class Embedder:
    """Embeds the images of one search.

    connect: gives a client of the scorer, starting one if need be; raises ScorerError. It is called at the first image,
    and once more after the scorer was lost in the middle of the search.
    encoding: the tag that the model reads; other images are refused before they are sent.
    dimensions: length of the model's embeddings; a scorer that serves another model is refused.
    lost: is told once if the scorer is gone for good.
    """

    def __init__(
        self, connect: Callable[[], Client], *, encoding: str, dimensions: int, lost: Callable[[str], None]
    ) -> None:
        self._connect = connect
        self._encoding = encoding
        self._dimensions = dimensions
        self._lost = lost
        self._client: Client | None = None
        self._failure: ScorerError | None = None
        # mvexpand puts the same images in rows behind each other, which may fall into two blocks.
        self._last = Embedded({}, {})

    @property
    def failure(self) -> ScorerError | None:
        """Why the scorer is gone for good, or None."""
        return self._failure

    def embed(self, pictures: Iterable[str]) -> Embedded:
        """The embeddings of the images; one that cannot have one has a reason instead."""
        vectors: dict[str, NDArray[np.float32]] = {}
        reasons: dict[str, str] = {}
        waiting: list[str] = []
        for picture in dict.fromkeys(pictures):
            if picture in self._last.vectors:
                vectors[picture] = self._last.vectors[picture]
            elif picture in self._last.reasons:
                reasons[picture] = self._last.reasons[picture]
            else:
                reason = self._refusal(picture)
                if reason is None:
                    waiting.append(picture)
                else:
                    reasons[picture] = reason
        for start in range(0, len(waiting), REQUEST_IMAGES):
            request = waiting[start : start + REQUEST_IMAGES]
            try:
                answer = self._ask(request)
            except ScorerError as exc:
                reasons.update((picture, str(exc)) for picture in request)
            else:
                vectors.update(zip(request, answer))
        self._last = Embedded(vectors, reasons)
        return self._last

    def _refusal(self, picture: str) -> str | None:
        """Why the image cannot be sent, or None. Reads it fully: a damaged one would fail a whole request."""
        try:
            # The network has an embedding of a blank one too, and would match whoever sits most still.
            return BLANK if images.is_blank(images.from_base64(picture), self._encoding) else None
        except ImageError as exc:
            return str(exc)

    def _ask(self, request: Sequence[str]) -> NDArray[np.float32]:
        """One request, repeated once with a new scorer if the old one is gone. Raises ScorerError."""
        if self._failure is not None:
            raise self._failure
        try:
            return self._once(self._connected(), request)
        except ScorerUnavailable:
            if self._failure is not None:
                raise
        self._client = None
        try:
            return self._once(self._connected(), request)
        except ScorerUnavailable as exc:
            self._give_up(exc)
            raise

    def _connected(self) -> Client:
        if self._client is None:
            try:
                self._client = self._connect()
            except ScorerError as exc:
                # It cannot be started, or not with this model: trying again would not help the rows that follow.
                self._give_up(exc)
                raise
        return self._client

    def _once(self, client: Client, request: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.asarray(client.embed(request), np.float32)
        expected = (len(request), self._dimensions)
        if vectors.shape != expected or not np.isfinite(vectors).all():
            raise ScorerRejected(
                f"The scorer answered with numbers of the shape {vectors.shape} instead of {expected} finite ones; "
                "let it serve the same model version as this search head."
            )
        return vectors

    def _give_up(self, error: ScorerError) -> None:
        if self._failure is not None:
            return
        # Each further try would hold the search for the whole time limit.
        self._failure = error
        self._lost(f"Sessions from here on have no score: {error}")
