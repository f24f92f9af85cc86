"""One ``| mousetrain``: images are collected, a process trains on them, and the registry gets the version at the end.

    <state>/training/<key>/images/     the search's images
                           work/       log and checkpoints (training.py)
                           version/    the version before it is published
                           output.log  what the process wrote to stderr

The key is of the images and the options: the same search finds its folder again and goes on. A folder is deleted when its
version is published, or after KEPT_DAYS.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mousematch import labelled, splits
from mousematch.errors import ModelError, TrainingError
from mousematch.registry import CARD, CLASSIFY, WEIGHTS, ModelVersion
from mousematch.splunk.chunks import Columns
from mousematch.splunk.conf import settings_for
from mousematch.splunk.labelling import Collector
from mousematch.splunk.messages import Messages
from mousematch.splunk.models import pairs, registry, state_folder
from mousematch.splunk.training_process import TrainingProcess
from mousematch.training_options import TrainingOptions

KEPT_DAYS = 14
# Progress is told once per tenth of a phase.
TOLD_SHARES = 10


class TrainingSearch:
    """The training of one search: ``add`` for each block of rows, ``finish`` once."""

    def __init__(self, command: Any, options: TrainingOptions, *, label: str, session: str, image: str) -> None:
        """Raises ModelError for a version to begin with that is not there, TrainingError without room for images."""
        self._messages = Messages(command)
        self._settings = settings_for(command.metadata.searchinfo, warn=self._messages.warn)
        self._options, self._label = options, label
        self._models = registry()
        self._begin = self._models.resolve(options.begin) if options.begin else None
        if self._begin is not None and not (self._begin.folder / WEIGHTS).is_file():
            raise ModelError(f"Model {self._begin.reference} has no {WEIGHTS} to begin with; name another version.")
        self._root = state_folder() / "training"
        self._spool = _made(self._root)
        self._collector = Collector(
            self._spool,
            label_field=label,
            session_field=session,
            image_field=image,
            encoding=self._begin.encoding if self._begin else None,
        )

    def add(self, columns: Columns) -> None:
        """Collects the images of some rows."""
        self._collector.add(columns)

    def close(self) -> None:
        """Deletes what was collected, unless a training has taken it over."""
        shutil.rmtree(self._spool, ignore_errors=True)

    def finish(self) -> Columns:
        """Trains, publishes and reports. Whatever goes wrong leaves the registry as it was."""
        fingerprint = self._collector.finish(self._messages)
        self._messages.info(f"{self._collector.images:,} images were collected.")
        self._check_sessions()
        _remove_old(self._root)
        folder = self._root / self._key(fingerprint)
        with _locked(folder) as lock:
            self._take_over(folder)
            began = time.monotonic()
            self._train(folder, fingerprint, lock)
            version = self._publish(folder / "version")
            seconds = time.monotonic() - began
        shutil.rmtree(folder, ignore_errors=True)
        return self._report(version, seconds)

    def _check_sessions(self) -> None:
        """Raises TrainingError if the material cannot be split, before TensorFlow loads."""
        data = labelled.read(self._spool)
        sessions = {label: data.of_label(label) for label in data.labels}
        single = sum(len(numbers) < 2 for numbers in sessions.values())
        if self._options.task == CLASSIFY:
            splits.by_session(sessions, seed=self._options.seed)
            return
        splits.by_person(sessions, seed=self._options.seed)
        if single:
            self._messages.warn(
                f"{single} of {len(sessions)} people have one session: they are trained on, but can neither calibrate nor "
                "measure."
            )

    def _key(self, fingerprint: str) -> str:
        begin = self._begin.reference if self._begin else ""
        asked = {**dataclasses.asdict(self._options), "begin": begin, "activate": None, "resume": None}
        digest = hashlib.sha256(repr((fingerprint, sorted(asked.items()))).encode()).hexdigest()
        return f"{self._options.name}-{digest[:12]}"

    def _take_over(self, folder: Path) -> None:
        images = folder / "images"
        if self._options.resume == "false":
            shutil.rmtree(folder / "work", ignore_errors=True)
        shutil.rmtree(folder / "version", ignore_errors=True)
        shutil.rmtree(images, ignore_errors=True)
        try:
            self._spool.rename(images)
        except OSError as exc:
            raise TrainingError(f"{folder} cannot be written ({exc.strerror}); make room there.") from exc

    def _note(self) -> str:
        """What the model card says of the search's options, as JSON."""
        begin = self._begin.reference if self._begin else "imagenet" if self._options.imagenet else "scratch"
        return json.dumps({"label": self._label, "from": begin, "freeze": self._options.freeze})

    def _train(self, folder: Path, fingerprint: str, lock: int) -> None:
        options = [
            *("--images", str(folder / "images"), "--work", str(folder / "work"), "--out", str(folder / "version")),
            *("--task", self._options.task, "--freeze", self._options.freeze, "--seed", str(self._options.seed)),
            *("--phases", self._options.phases(_width(self._begin) if self._begin else None)),
            *("--fingerprint", fingerprint, "--threads", str(self._settings.scorer.threads), "--note", self._note()),
        ]
        if self._begin is not None:
            options += ["--from", str(self._begin.folder.absolute())]
        if self._options.imagenet:
            options += ["--imagenet", self._options.imagenet]
        if self._settings.scorer.precision == "bfloat16":
            options += ["--precision", "mixed_bfloat16"]
        told: set[tuple[int, int]] = set()
        python, output = self._settings.scorer.python, folder / "output.log"
        with TrainingProcess(options, python=python, output=output, lock=lock) as training:
            for event in training.events():
                self._tell(event, told)
        if not (folder / "version" / CARD).is_file():
            raise TrainingError(f"The training ended without a version; its output is in {output}.")

    def _tell(self, event: Mapping[str, Any], told: set[tuple[int, int]]) -> None:
        if event["event"] == "note":
            self._messages.info(str(event["text"]))
        elif event["event"] == "step":
            tenth = int(event["share"] * TOLD_SHARES)
            if (event["phase"], tenth) not in told:
                told.add((event["phase"], tenth))
                self._messages.info(
                    f"Training: phase {event['phase']} of {event['phases']}, {event['share']:.0%}, step {event['step']}: "
                    f"loss {event['loss']:.3f}, accuracy {event['accuracy']:.1%}."
                )

    def _publish(self, version: Path) -> ModelVersion:
        options = self._options
        activate = options.activate == "true"
        if not activate:
            # Without this the highest version, and so this one, would be the active one.
            self._models.pin(options.name)
        try:
            published = self._models.publish(options.name, lambda folder: _copy(version, folder))
        except OSError as exc:
            raise TrainingError(
                f"The version could not be published ({exc.strerror or exc}); make room in {self._models.roots[0]} and run "
                "the same search again, which does not train anew."
            ) from exc
        if activate:
            self._models.activate(options.name, published.version)
        return published

    def _report(self, version: ModelVersion, seconds: float) -> Columns:
        card = version.card
        training = card.get("training", {})
        active = self._models.active(version.name) == version.version
        columns = Columns(rows=1)
        columns["model"], columns["version"] = [version.name], [str(version.version)]
        columns["active"] = ["1" if active else "0"]
        columns["task"] = [version.task]
        columns.put_lists("classes", [[str(name) for name in card.get("classes", [])]])
        columns["people"] = [str(card.get("people", ""))]
        for figure in ("sessions", "images", "steps"):
            columns[figure] = [str(training.get(figure, ""))]
        columns.put_lists("metrics", [pairs(card.get("metrics"))])
        columns["seconds"] = [f"{seconds:.1f}"]
        columns["folder"] = [str(version.folder)]
        return columns


def _copy(source: Path, target: Path) -> None:
    for item in source.iterdir():
        if item.is_dir():
            shutil.copytree(item, target / item.name)
        else:
            shutil.copy2(item, target / item.name)


def _made(root: Path) -> Path:
    try:
        # Images of people's movement: for this user alone.
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=".new-", dir=root))
    except OSError as exc:
        raise TrainingError(
            f"{root} cannot be written ({exc.strerror}); give the Splunk user write access and space there."
        ) from exc


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[int]:
    """The folder, for this search alone. Raises TrainingError if another one trains in it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as exc:
        raise TrainingError(f"{folder} cannot be written ({exc.strerror}); make room there.") from exc
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        raise TrainingError(
            "The same training runs in another search, or is leaving its checkpoint after one that was cancelled; try "
            "again when it has ended."
        ) from exc
    else:
        yield handle
    finally:
        os.close(handle)


def _remove_old(root: Path) -> None:
    for folder in root.iterdir():
        with contextlib.suppress(OSError, TrainingError):
            if time.time() - folder.stat().st_mtime > 86_400 * KEPT_DAYS:
                shutil.rmtree(folder, ignore_errors=True)


def _width(version: ModelVersion) -> float:
    """The width of a version's network, from the shape of its last convolution."""
    try:
        with np.load(version.folder / WEIGHTS, allow_pickle=False) as arrays:
            return float(arrays["block5_conv3/kernel"].shape[-1]) / 512
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as exc:
        raise ModelError(f"The weights of {version.reference} cannot be read ({exc}); name another version.") from exc

