"""A world of four people, each of whom moves along one axis: what stands in for scorer, store and search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mousematch import images
from mousematch.errors import StoreError
from mousematch.matching import Backend
from mousematch.splunk.chunks import Columns
from mousematch.templates import Template, key, to_document

TAG = "motion/1/64"
D = 4
BACKEND = Backend(cohort=np.eye(D, dtype=np.float32), scale=2.0, offset=-1.0, correlation=0.2)


def picture(axis: int, shade: int = 0, tag: str = TAG) -> str:
    """A PNG that the scorer of these tests embeds along one axis."""
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[0, 0] = axis, shade, 255
    return images.to_base64(images.to_png(pixels, tag))


class AxisScorer:
    """A client whose embeddings are the axis written in the first pixel."""

    def __init__(self) -> None:
        self.requests: list[list[str]] = []
        self.fails: list[Exception] = []

    def embed(self, images_b64: Sequence[str]) -> NDArray[np.float32]:
        self.requests.append(list(images_b64))
        if self.fails:
            raise self.fails.pop(0)
        axes = [int(images.from_png(images.from_base64(text))[0, 0, 0]) for text in images_b64]
        return np.eye(D, dtype=np.float32)[axes]


class Shelf:
    """A collection in memory."""

    def __init__(self, *templates: Template) -> None:
        self.documents = {key(template.user, template.model): to_document(template) for template in templates}
        self.finds: list[list[str]] = []
        self.fails = 0
        self.refuses: set[str] = set()

    def find(self, keys: Any) -> dict[str, Any]:
        self.finds.append(list(keys))
        if self.fails:
            self.fails -= 1
            raise StoreError("The store is away.")
        return {key: self.documents[key] for key in self.finds[-1] if key in self.documents}

    def query(self, query: dict[str, Any], *, limit: int) -> list[dict[str, Any]]:
        return [document for document in self.documents.values() if document["model"] == query["model"]][:limit]

    def save(self, documents: Sequence[dict[str, Any]]) -> dict[str, StoreError]:
        kept = {document["_key"]: document for document in documents if document["user"] not in self.refuses}
        self.documents.update(kept)
        return {document["_key"]: StoreError("It is full.") for document in documents if document["_key"] not in kept}


class Said:
    """What a search said."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        for level in ("info", "warning", "error"):
            setattr(self, f"write_{level}", lambda text, level=level: self.lines.append((level, text)))


def template(user: str, axis: int) -> Template:
    """The template of somebody whose images have this axis."""
    return Template(user, "base/1", TAG, np.eye(D, dtype=np.float32)[axis], 9, 2, 60.0, 1.0, 0.0, "admin")


def rows(*given: dict[str, Any]) -> Columns:
    """Columns from dicts; lists are multivalues."""
    names = list(dict.fromkeys(name for row in given for name in row))
    columns = Columns(rows=len(given))
    for name in names:
        values = [row.get(name, "") for row in given]
        columns.put_lists(name, [value if isinstance(value, list) else [value] if value else [] for value in values])
    return columns
