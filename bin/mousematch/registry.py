"""Model versions on disk: which there are, which one is active, and how a new one is published.

    <root>/<name>/active                 the number of the active version; without it, the highest counts
    <root>/<name>/<version>/model.json   the model card
                            weights.npz  the one set of weights
                            cohort.npz   the cohort's embeddings
                            classes.npz  the head of a classifier (task classify)
                            errors.npz   LLRs of held-out people, for thresholds (optional)
                            model.tflite, saved_model.pb, variables/   made from the weights by mousematch.export

The folders are TensorFlow Serving's, so a fleet of it serves them as they are. Several roots are read as one: the models
that this installation trained, then those that the app ships.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mousematch.classes import Head
from mousematch.errors import ModelError
from mousematch.policy import ARRAYS, WHOSE, HeldOut, held_out

CARD, WEIGHTS, COHORT, CLASSES, ERRORS, LITERT, SAVED_MODEL, ACTIVE = (
    "model.json",
    "weights.npz",
    "cohort.npz",
    "classes.npz",
    "errors.npz",
    "model.tflite",
    "saved_model.pb",
    "active",
)
EMBED, CLASSIFY = "embed", "classify"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_PUBLISH_TRIES = 100


@dataclass(frozen=True)
class ModelVersion:
    """One version of a model: its folder and its card."""

    name: str
    version: int
    folder: Path
    card: Mapping[str, Any]

    @property
    def reference(self) -> str:
        """Name and version as mousematch.conf and the field match_model write them: "base/1"."""
        return f"{self.name}/{self.version}"

    @property
    def encoding(self) -> str:
        """Tag of the encoding that the model reads, such as "motion/1/64"."""
        return str(self.card["encoding"])

    @property
    def size(self) -> int:
        """Height and width of the model's images in pixels."""
        return int(self.card["size"])

    @property
    def embedding(self) -> int:
        """Length of the model's embeddings."""
        return int(self.card["embedding"])

    @property
    def task(self) -> str:
        """What the model was trained for: "embed" (people are compared) or "classify" (a closed set of classes)."""
        return str(self.card.get("task", EMBED))

    def head(self) -> Head:
        """The classes of a model with the task "classify". Raises ModelError if it has none, or unusable ones."""
        path = self.folder / CLASSES
        names = self.card.get("classes")
        if self.task != CLASSIFY or not isinstance(names, list):
            raise ModelError(f"Model {self.reference} has no classes; it compares people, see mouseenroll.")
        try:
            with np.load(path, allow_pickle=False) as arrays:
                head = Head(
                    tuple(map(str, names)),
                    np.asarray(arrays["directions"], np.float32),
                    np.asarray(arrays["bias"], np.float32),
                )
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile, ModelError) as exc:
            raise ModelError(f"The classes {path} cannot be read ({exc}); publish the model again.") from exc
        if head.directions.shape[0] != self.embedding:
            raise ModelError(
                f"The classes {path} are for embeddings of {head.directions.shape[0]} numbers, model {self.reference} has "
                f"{self.embedding}; publish the model again."
            )
        return head

    def cohort(self) -> NDArray[np.float32]:
        """The cohort's embeddings: float32 (people, embedding). Raises ModelError if they are missing or unreadable."""
        path = self.folder / COHORT
        try:
            with np.load(path, allow_pickle=False) as arrays:
                cohort = np.asarray(arrays["cohort"], np.float32)
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as exc:
            raise ModelError(f"The cohort {path} cannot be read ({exc}); publish the model again.") from exc
        if cohort.ndim != 2 or cohort.shape[1] != self.embedding:
            raise ModelError(
                f"The cohort {path} has the shape {cohort.shape}, model {self.reference} needs (people, "
                f"{self.embedding}); publish the model again."
            )
        return cohort

    def held_out(self) -> HeldOut | None:
        """LLRs of held-out people, None if the version was published without. Raises ModelError if they are unusable."""
        path = self.folder / ERRORS
        if not path.exists():
            return None
        try:
            with np.load(path, allow_pickle=False) as arrays:
                whose = {name: arrays[name] for name in WHOSE if name in arrays}
                return held_out(**{name: arrays[name] for name in ARRAYS}, **whose)
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile, ModelError) as exc:
            raise ModelError(
                f"The held-out scores {path} cannot be read ({exc}); publish the model again, or delete the file."
            ) from exc


class Registry:
    """The models below some roots. An earlier root goes before a later one; new versions go into the first."""

    def __init__(self, roots: Sequence[Path | str]) -> None:
        if not roots:
            raise ModelError("The registry has no folder; name at least one model root.")
        self.roots = tuple(Path(root) for root in roots)

    def names(self) -> list[str]:
        """Names of the models that have a version, in alphabetical order."""
        found = {folder.name for root in self.roots for folder in _folders(root) if _NAME.fullmatch(folder.name)}
        return sorted(name for name in found if self.versions(name))

    def versions(self, name: str) -> list[int]:
        """Numbers of a model's versions, ascending. A folder without a card is no version."""
        return sorted(self._version_folders(name))

    def resolve(self, reference: str) -> ModelVersion:
        """The version that "name" (its active one) or "name/version" means. Raises ModelError."""
        name, slash, number = reference.partition("/")
        if not _NAME.fullmatch(name) or (slash and not number.isdecimal()):
            raise ModelError(f'"{reference}" names no model; write a name, or name/version such as base/1.')
        folders = self._version_folders(name)
        if not folders:
            known = ", ".join(self.names()) or "none"
            where = ", ".join(str(root) for root in self.roots)
            raise ModelError(f'There is no model "{name}" in {where} (there: {known}); name one of these.')
        version = int(number) if slash else self.active(name)
        if version not in folders:
            known = ", ".join(str(known) for known in sorted(folders))
            raise ModelError(f'Model "{name}" has no version {version}; it has {known}.')
        return read_version(folders[version], name=name, version=version)

    def active(self, name: str) -> int:
        """The active version's number: the one set by ``activate``, else the highest. Raises ModelError."""
        for root in self.roots:
            path = root / name / ACTIVE
            try:
                text = path.read_text("utf-8").strip()
            except (FileNotFoundError, NotADirectoryError):
                continue
            except (OSError, ValueError) as exc:
                raise ModelError(f"{path} cannot be read ({exc}); let it hold a version number, or delete it.") from exc
            if not text.isdecimal():
                raise ModelError(f'{path} holds "{text[:40]}"; let it hold a version number, or delete it.')
            return int(text)
        versions = self.versions(name)
        if not versions:
            raise ModelError(f'There is no model "{name}"; | mousemodels lists those that there are.')
        return versions[-1]

    def activate(self, name: str, version: int) -> ModelVersion:
        """Makes a version the active one, at once for everybody. Raises ModelError if there is no such version."""
        found = self.resolve(f"{name}/{version}")
        folder = self.roots[0] / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(prefix=".active-", dir=folder)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(f"{version}\n")
            Path(temporary).chmod(0o644)
            Path(temporary).replace(folder / ACTIVE)
        except OSError as exc:
            raise ModelError(
                f"{folder} cannot be written ({exc}); give the Splunk user write access and space."
            ) from exc
        return found

    def pin(self, name: str) -> None:
        """Makes the version that is active now stay so when a higher one is published. Does nothing without a version."""
        if self.versions(name) and not any((root / name / ACTIVE).exists() for root in self.roots):
            self.activate(name, self.active(name))

    def publish(self, name: str, write: Callable[[Path], None]) -> ModelVersion:
        """A new version of a model, complete or not at all.

        write: fills the folder that it is given, model.json included. The folder gets its number only afterwards, by
        renaming, so a crash or a full disk in the middle leaves the registry as it was.
        Raises ModelError; what ``write`` raises passes through.
        """
        if not _NAME.fullmatch(name):
            raise ModelError(f'"{name}" cannot name a model; use letters, digits, "_" and "-".')
        parent = self.roots[0] / name
        try:
            parent.mkdir(parents=True, exist_ok=True)
            # The dot keeps an unfinished folder out of the versions, ours and TensorFlow Serving's.
            temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=parent))
        except OSError as exc:
            raise ModelError(
                f"{parent} cannot be written ({exc}); give the Splunk user write access and space."
            ) from exc
        try:
            write(temporary)
            read_version(temporary, name=name, version=0)
            temporary.chmod(0o755)
            return self._number(temporary, name, parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _number(self, temporary: Path, name: str, parent: Path) -> ModelVersion:
        first = max(self.versions(name), default=0) + 1
        # Numbers may be taken: by somebody who published since we looked, or by a folder without a card.
        for version in range(first, first + _PUBLISH_TRIES):
            folder = parent / str(version)
            try:
                # Fails on a folder that holds anything: nothing is ever replaced.
                temporary.rename(folder)
            except OSError as exc:
                if folder.exists():
                    continue
                raise ModelError(f"{folder} cannot be written ({exc}); give the Splunk user write access.") from exc
            return read_version(folder, name=name, version=version)
        raise ModelError(f"{parent} holds {_PUBLISH_TRIES} folders without {CARD} in the way of new versions; remove them.")

    def _version_folders(self, name: str) -> dict[int, Path]:
        found: dict[int, Path] = {}
        for root in reversed(self.roots):
            for folder in _folders(root / name):
                if folder.name.isdecimal() and int(folder.name) > 0 and (folder / CARD).is_file():
                    found[int(folder.name)] = folder
        return found


def read_version(folder: Path, *, name: str, version: int) -> ModelVersion:
    """The version in a folder, with its card checked. Raises ModelError that names file, field and remedy."""
    path = folder / CARD
    try:
        card = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as exc:
        raise ModelError(f"The model card {path} cannot be read ({exc}); publish the model again.") from exc
    if not isinstance(card, dict):
        raise ModelError(f"The model card {path} is no JSON object; publish the model again.")
    encoding = card.get("encoding")
    if not isinstance(encoding, str) or encoding.count("/") != 2:
        raise ModelError(f'The model card {path} has the encoding "{encoding}"; it must read name/version/size.')
    for field in ("size", "embedding"):
        value = card.get(field)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ModelError(f'The model card {path} has {field} "{value}"; it must be a positive whole number.')
    if encoding.rpartition("/")[2] != str(card["size"]):
        raise ModelError(f'The model card {path} has size {card["size"]}, but the encoding "{encoding}".')
    return ModelVersion(name=name, version=version, folder=folder, card=card)


def _folders(folder: Path) -> list[Path]:
    try:
        return [child for child in folder.iterdir() if child.is_dir()]
    except OSError:
        # A root that nobody has trained into yet does not exist.
        return []
