"""The registry of this search head, and its versions as search results."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mousematch.errors import ModelError
from mousematch.registry import LITERT, SAVED_MODEL, WEIGHTS, ModelVersion, Registry
from mousematch.splunk.chunks import Columns

APP_FOLDER = Path(__file__).resolve().parents[3]
# Which files a version has, by the executor that runs them.
FORMATS = {"litert": LITERT, "tensorflow": SAVED_MODEL, "weights": WEIGHTS}


def state_folder() -> Path:
    """Where this installation keeps what it makes itself: outside the app, which an update replaces."""
    state = os.environ.get("MOUSEMATCH_STATE")
    if state:
        return Path(state)
    home = os.environ.get("SPLUNK_HOME")
    return Path(home, "var", "lib", "mousematch") if home else APP_FOLDER / "var"


# A list of more plain values than this is counted, not shown.
MOST_LISTED = 8


def roots() -> list[Path]:
    """The registry's folders: what was trained here goes before what the app ships."""
    return [state_folder() / "models", APP_FOLDER / "models"]


def registry() -> Registry:
    """The models of this search head."""
    return Registry(roots())


def listing(models: Registry, *, name: str | None = None) -> Columns:
    """One row per version, of all models or of one. A version that cannot be read has its reason in model_error.

    Raises ModelError if there is no model of that name.
    """
    names = [name] if name else models.names()
    rows: list[dict[str, Any]] = []
    for each in names:
        if not models.versions(each):
            models.resolve(each)
        active = _active(models, each)
        rows += [_row(models, each, version, version == active) for version in models.versions(each)]
    columns = Columns(rows=len(rows))
    for field in ("model", "version", "active", "encoding", "embedding", "created"):
        columns[field] = [row[field] for row in rows]
    for field in ("training", "metrics", "formats"):
        columns.put_lists(field, [row[field] for row in rows])
    for field in ("folder", "model_error"):
        columns[field] = [row[field] for row in rows]
    return columns


def _active(models: Registry, name: str) -> int | None:
    try:
        return models.active(name)
    except ModelError:
        return None


def _row(models: Registry, name: str, version: int, active: bool) -> dict[str, Any]:
    empty = dict.fromkeys(("encoding", "embedding", "created", "folder", "model_error"), "")
    row: dict[str, Any] = {
        "model": name,
        "version": str(version),
        "active": "1" if active else "0",
        **empty,
        "training": [],
        "metrics": [],
        "formats": [],
    }
    try:
        found = models.resolve(f"{name}/{version}")
    except ModelError as exc:
        row["model_error"] = str(exc)
        return row
    row.update(
        encoding=found.encoding,
        embedding=str(found.embedding),
        created=str(found.card.get("created", "")),
        training=pairs(found.card.get("training")),
        metrics=pairs(found.card.get("metrics")),
        formats=_formats(found),
        folder=str(found.folder),
    )
    return row


def pairs(value: object, prefix: str = "") -> list[str]:
    """A card's nested objects and lists as "a.b=value" texts; the elements of a list are numbered from 0.

    Of a list of many plain values, such as the hashes of what a model was trained on, only their number is given.
    """
    if isinstance(value, Mapping):
        items = [(str(name), item) for name, item in value.items()]
    elif isinstance(value, list) and len(value) > MOST_LISTED and not any(isinstance(x, (Mapping, list)) for x in value):
        return [f"{prefix[:-1]}={len(value)} values"]
    elif isinstance(value, list):
        items = [(str(number), item) for number, item in enumerate(value)]
    else:
        return [f"{prefix[:-1]}={value}"] if prefix and value is not None else []
    return [pair for name, item in items for pair in pairs(item, f"{prefix}{name}.")]


def _formats(version: ModelVersion) -> list[str]:
    return [name for name, file in FORMATS.items() if (version.folder / file).is_file()]
