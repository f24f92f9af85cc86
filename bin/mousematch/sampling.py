"""Batches of training images, drawn so that nobody and no device dominates.

Every sampler is a Keras dataset of (images, person numbers): float32 (batch, size, size, 3) in 0-1 and int32 (batch,).
A batch depends on the seed and its number alone, so an interrupted training sees the same batches when it goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from mousematch.datasets import Recording
from mousematch.encoding import Encoding
from mousematch.errors import OptionError
from mousematch.stretches import Session
from mousematch.virtual import neutral_copies

# Share of the images that each source of people gives, whatever its size; of those given, scaled to a sum of 1.
SHARES = {"sapimouse": 0.5, "virtual": 0.3, "balabit": 0.1, "synthetic": 0.1}
# Of the images of SapiMouse people, this share shows their movement without frame or timer.
NEUTRAL_SHARE = 0.2
# Captures below this many points per active second are slow ones, such as remote desktops at 10 Hz; browsers give 60.
SLOW_BELOW_HZ = 30.0
# Augmentation of images: the largest share of a side that a mask covers, and how far colours move towards or away from
# the background's.
MASK_SHARE, CONTRAST_JITTER = 0.25, 0.08

Batch = tuple[NDArray[np.float32], NDArray[np.int32]]


def session_chances(lengths: Sequence[float], rates_hz: Sequence[float]) -> NDArray[np.float64]:
    """How likely each session of one person is drawn: float64 (n,), sum 1.

    By length, but slow and fast captures together equally: who is recorded on both should be known by neither.
    lengths: of any unit. rates_hz: points per active second; NaN where unknown, which counts as fast.
    """
    length = np.asarray(lengths, np.float64)
    slow = np.asarray(rates_hz, np.float64) < SLOW_BELOW_HZ
    chances = np.zeros(len(length))
    for group in (slow, ~slow):
        total = length[group].sum()
        if total > 0:
            chances[group] = length[group] / total
    return chances / chances.sum()


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """What all samplers share: people drawn by ``chances``, one image of each drawn by ``_image``.

    material: a text that differs for other images; a training does not go on with other material than it began with.
    """

    material = ""

    def __init__(self, chances: NDArray[np.float64], *, batch: int, steps: int, seed: int, **workers: Any) -> None:
        super().__init__(**workers)
        if len(chances) < 2:
            raise OptionError(f"Training needs sessions of at least two people; there is {len(chances)}.")
        self._chances = chances / chances.sum()
        self._batch, self._steps, self._seed = batch, steps, seed

    @property
    def people(self) -> int:
        """How many classes there are."""
        return len(self._chances)

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, index: int) -> Batch:
        random = np.random.default_rng((self._seed, index))
        people = random.choice(self.people, self._batch, p=self._chances).astype(np.int32)
        images = [self._image(person, random) for person in people]
        return np.stack(images).astype(np.float32) / np.float32(255), people

    def _image(self, person: int, random: np.random.Generator) -> NDArray[np.uint8]:
        raise NotImplementedError


def in_processes(workers: int) -> dict[str, Any]:
    """Options of a sampler that lets so many processes draw; the batches are the same."""
    return {"workers": workers, "use_multiprocessing": workers > 1, "max_queue_size": 4 * workers}


class Windows(Batches):
    """Freshly drawn windows of recordings.

    Sources are drawn by their share, then people with equal probability, then their sessions (session_chances).
    """

    def __init__(
        self,
        sources: dict[str, list[Recording]],
        encoding: Encoding,
        *,
        batch: int,
        steps: int,
        seed: int,
        **workers: Any,
    ) -> None:
        self._encoding = encoding
        self._people: list[list[Session]] = []
        self._neutral: dict[int, list[Session]] = {}
        chances: list[float] = []
        for name, recordings in sources.items():
            by_person: dict[str, list[Session]] = {}
            for recording in recordings:
                by_person.setdefault(recording.person, []).append(Session(recording.points))
                if name == "sapimouse" and encoding.exact:
                    copies = [Session(points) for points in neutral_copies(recording.points)]
                    self._neutral.setdefault(len(self._people) + len(by_person) - 1, []).extend(copies)
            self._people.extend(by_person.values())
            chances.extend([SHARES[name] / len(by_person)] * len(by_person))
        self._session_chances = [
            session_chances([session.length_us for session in sessions], [_rate_hz(session) for session in sessions])
            for sessions in self._people
        ]
        self.material = repr((encoding.tag, [[len(session.points) for session in person] for person in self._people]))
        super().__init__(np.array(chances), batch=batch, steps=steps, seed=seed, **workers)

    def _image(self, person: int, random: np.random.Generator) -> NDArray[np.uint8]:
        sessions = self._people[person]
        session = sessions[random.choice(len(sessions), p=self._session_chances[person])]
        if person in self._neutral and random.random() < NEUTRAL_SHARE:
            session = self._neutral[person][random.integers(len(self._neutral[person]))]
        points = (session.piece if self._encoding.exact else session.stretch)(self._encoding.window, random)
        return next(self._encoding.images(points, [slice(0, None)]))


def _rate_hz(session: Session) -> float:
    return 1e6 * len(session.points) / session.length_us if session.length_us else float("nan")


class Images(Batches):
    """Images that a search has drawn already, varied so that direction survives (``varied``).

    pixels: uint8 (n, size, size, 3), may be a memory map. people: for each person the image numbers of each session;
    rates_hz: the capture rate of each of these sessions. Every person is drawn alike.
    """

    def __init__(
        self,
        pixels: NDArray[np.uint8],
        people: Sequence[Sequence[NDArray[np.int64]]],
        rates_hz: Sequence[Sequence[float]],
        *,
        batch: int,
        steps: int,
        seed: int,
        **workers: Any,
    ) -> None:
        self._pixels, self._people = pixels, people
        self._session_chances = [
            session_chances([len(session) for session in sessions], rates) for sessions, rates in zip(people, rates_hz)
        ]
        self.material = repr([[len(session) for session in person] for person in people])
        super().__init__(np.ones(len(people)), batch=batch, steps=steps, seed=seed, **workers)

    def _image(self, person: int, random: np.random.Generator) -> NDArray[np.uint8]:
        sessions = self._people[person]
        session = sessions[random.choice(len(sessions), p=self._session_chances[person])]
        return varied(self._pixels[session[random.integers(len(session))]], random)


def varied(image: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """An image with a little of it masked and its colours a little nearer to or farther from the background's.

    Neither changes a direction: flips, rotations and changes of hue would, because place and colour carry it. The
    background is the most frequent colour.
    """
    size = image.shape[0]
    # One number a colour: numpy finds the most frequent of those many times faster than the most frequent row.
    _, first, counts = np.unique(
        image.reshape(-1, 3).astype(np.int32) @ (65_536, 256, 1), return_index=True, return_counts=True
    )
    background = image.reshape(-1, 3)[first[counts.argmax()]].astype(np.float32)
    contrast = np.float32(np.exp(random.normal(0, CONTRAST_JITTER)))
    result = np.clip(np.rint(background + (image - background) * contrast), 0, 255).astype(np.uint8)
    height, width = random.integers(0, max(2, round(size * MASK_SHARE)), 2)
    top, left = random.integers(0, size - height), random.integers(0, size - width)
    result[top : top + height, left : left + width] = background
    return result


class From(keras.utils.PyDataset):  # type: ignore[misc]
    """The batches of a dataset from one on: what an interrupted training has not seen yet."""

    def __init__(self, data: keras.utils.PyDataset, step: int) -> None:
        super().__init__(
            workers=data.workers, use_multiprocessing=data.use_multiprocessing, max_queue_size=data.max_queue_size
        )
        self._data, self._step = data, step

    def __len__(self) -> int:
        return len(self._data) - self._step

    def __getitem__(self, index: int) -> Any:
        return self._data[index + self._step]
