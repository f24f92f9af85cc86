"""JSON documents as searches read them."""

from __future__ import annotations

import json


def parsed(text: str) -> object:
    """The document. Raises ValueError for text that is no JSON or too deeply nested.

    Halves of surrogate pairs, which JSON can spell but no text file can hold, become U+FFFD.
    """
    try:
        found: object = json.loads(text)
        if "\\ud" in text or "\\uD" in text:
            found = json.loads(encodable(json.dumps(found, ensure_ascii=False)))
    except RecursionError as exc:
        raise ValueError("The document is nested too deeply.") from exc
    return found


def encodable(text: str) -> str:
    """The text with halves of surrogate pairs as U+FFFD, and whole pairs as their character."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
