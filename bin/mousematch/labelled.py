"""Labelled images on disk: what a search collects, and what training reads.

    <folder>/images.json   the encoding, and for each session its label, name, capture rate and start
    <folder>/pixels.u8     uint8 (images, size, size, 3), one after the other
    <folder>/session.i4    int32 (images,), the number of each image's session; -1 for images that are left out

An image that comes twice counts once. One that comes under two labels says nothing of either, and is left out; so is a
later session's copy of an earlier one's image, which would be in training and test at once.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from mousematch.errors import TrainingError

INDEX, PIXELS, SESSION = "images.json", "pixels.u8", "session.i4"


@dataclass(frozen=True)
class LabelledSession:
    """A session of the training material.

    rate_hz: points per active second. start: seconds. window_s: active seconds of a window. NaN where unknown.
    """

    label: str
    name: str
    rate_hz: float = float("nan")
    start: float = float("nan")
    window_s: float = float("nan")


class Writer:
    """Collects labelled images in a folder. Raises TrainingError if the folder cannot take them.

    most_images: a collection that grows beyond this is refused, before it fills the disk.
    """

    def __init__(self, folder: Path, *, encoding: str, most_images: int) -> None:
        self._folder, self._encoding, self._most = folder, encoding, most_images
        self._sessions: dict[tuple[str, str], int] = {}
        self._described: list[LabelledSession] = []
        self._owner: list[int] = []
        self._seen: dict[bytes, int] = {}
        self._hash: list[bytes] = []
        self.repeated = self.shared = 0
        self._file: BinaryIO = self._write(lambda: (folder / PIXELS).open("wb"))

    @property
    def images(self) -> int:
        """How many different images there are."""
        return len(self._owner)

    def session(self, session: LabelledSession) -> int:
        """The number of a session; the same label and name are the same session."""
        key = (session.label, session.name)
        if key not in self._sessions:
            self._sessions[key] = len(self._described)
            self._described.append(session)
        return self._sessions[key]

    def add(self, session: int, pixels: NDArray[np.uint8]) -> None:
        """Takes in an image of a session: uint8 (size, size, 3)."""
        data = pixels.tobytes()
        digest = hashlib.blake2b(data, digest_size=16).digest()
        known = self._seen.get(digest)
        if known is not None:
            self._meets_again(known, session)
            return
        if self.images >= self._most:
            raise TrainingError(
                f"There are more than {self._most:,} images; train on fewer sessions, such as | sample in front."
            )
        self._seen[digest] = self.images
        self._owner.append(session)
        self._hash.append(digest)
        self._write(lambda: self._file.write(data))

    def _meets_again(self, image: int, session: int) -> None:
        owner = self._owner[image]
        self.repeated += 1
        if owner >= 0 and self._described[owner].label != self._described[session].label:
            self._owner[image] = -1
            self.shared += 1

    def finish(self) -> str:
        """Completes the folder; the fingerprint of its content, 16 hexadecimal digits, whatever the order it came in."""
        index = {"encoding": self._encoding, "sessions": [asdict(session) for session in self._described]}
        self._write(self._file.close)
        self._write(lambda: np.asarray(self._owner, np.int32).tofile(self._folder / SESSION))
        self._write(lambda: (self._folder / INDEX).write_text(json.dumps(index), "utf-8"))
        lines = sorted(
            digest + repr((self._described[owner].label, self._described[owner].name)).encode()
            for digest, owner in zip(self._hash, self._owner)
            if owner >= 0
        )
        return hashlib.sha256(b"\n".join([self._encoding.encode(), *lines])).hexdigest()[:16]

    def _write(self, step: Callable[[], object]) -> BinaryIO:
        try:
            return step()  # type: ignore[return-value]
        except OSError as exc:
            raise TrainingError(
                f"The images cannot be kept in {self._folder} ({exc.strerror or exc}); make room there, or train on fewer "
                "sessions."
            ) from exc


@dataclass(frozen=True)
class LabelledImages:
    """Labelled images as they lie in a folder.

    pixels: uint8 (n, size, size, 3), a memory map. sessions: with images; images: the image numbers of each of them.
    """

    encoding: str
    pixels: NDArray[np.uint8]
    sessions: list[LabelledSession]
    images: list[NDArray[np.int64]]

    @property
    def labels(self) -> list[str]:
        """The labels, in order."""
        return sorted({session.label for session in self.sessions})

    @property
    def size(self) -> int:
        """Height and width of the images."""
        return self.pixels.shape[1]

    def of_label(self, label: str) -> list[int]:
        """The numbers of a label's sessions, the earliest first where the start is known, else by name."""
        numbers = [number for number, session in enumerate(self.sessions) if session.label == label]
        return sorted(numbers, key=lambda number: _order(self.sessions[number]))


def _order(session: LabelledSession) -> tuple[float, str]:
    # NaN is neither before nor after anything.
    return (session.start if math.isfinite(session.start) else 0.0, session.name)


def read(folder: Path) -> LabelledImages:
    """The images that a Writer has left in a folder. Raises TrainingError if they are incomplete."""
    try:
        index = json.loads((folder / INDEX).read_text("utf-8"))
        size = int(index["encoding"].rpartition("/")[2])
        owner = np.fromfile(folder / SESSION, np.int32)
        pixels = np.memmap(folder / PIXELS, np.uint8, "r", shape=(len(owner), size, size, 3))
        sessions = [LabelledSession(**session) for session in index["sessions"]]
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise TrainingError(f"The labelled images in {folder} cannot be read ({exc}); collect them again.") from exc
    numbers = [np.flatnonzero(owner == number) for number in range(len(sessions))]
    kept = [number for number, images in enumerate(numbers) if len(images)]
    return LabelledImages(
        index["encoding"], pixels, [sessions[number] for number in kept], [numbers[number] for number in kept]
    )
