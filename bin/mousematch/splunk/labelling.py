"""Rows with images and a label → labelled images in a folder, for training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from mousematch import images
from mousematch.errors import ImageError, TrainingError
from mousematch.labelled import LabelledSession, Writer
from mousematch.splunk.chunks import Columns
from mousematch.splunk.messages import Messages

# What the images of one training may take on disk.
MOST_BYTES = 4_000_000_000
# So many reasons for leaving images out are told; the rest is summed up.
TOLD_REASONS = 5


class Collector:
    """Collects the images of a search. Images that cannot be used are counted, by reason, and left out.

    encoding: the tag that all images must have; None takes the first image's.
    """

    def __init__(
        self, folder: Path, *, label_field: str, session_field: str, image_field: str, encoding: str | None = None
    ) -> None:
        self._folder = folder
        self._fields = (label_field, session_field, image_field)
        self._encoding = encoding
        self._writer: Writer | None = None
        self._problems: dict[str, int] = {}
        self._rows = 0

    @property
    def images(self) -> int:
        """How many different images there are."""
        return self._writer.images if self._writer else 0

    def add(self, columns: Columns) -> None:
        """Takes in rows. Raises TrainingError if there are too many images, or if the disk is full."""
        label_field, session_field, image_field = self._fields
        labels, pictures = columns.lists(label_field), columns.lists(image_field)
        sessions = columns.column(session_field)
        points, totals, starts = columns.column("points"), columns.column("active_s"), columns.column("start")
        seconds = columns.lists("window_active_s")
        for row in range(columns.rows):
            self._rows += 1
            if len(labels[row]) != 1:
                self._count(f'the field "{label_field}" has {len(labels[row]) or "no"} values', len(pictures[row]) or 1)
                continue
            total = _number(totals[row])
            session = LabelledSession(
                labels[row][0],
                sessions[row] or f"row {self._rows}",
                rate_hz=_number(points[row]) / total if total > 0 else math.nan,
                start=_number(starts[row]),
                window_s=_mean(seconds[row]) if seconds[row] else total / max(1, len(pictures[row])),
            )
            for picture in pictures[row]:
                self._add(session, picture)

    def _add(self, session: LabelledSession, picture: str) -> None:
        try:
            data = images.from_base64(picture)
            tag = images.tag_of(data)
            if self._encoding is None and tag is None:
                raise ImageError("The image does not say its encoding; use the field image as mouseencode gives it.")
            pixels = images.from_png(data, self._encoding or tag)
        except ImageError as exc:
            self._count(str(exc))
            return
        if self._writer is None:
            self._encoding = self._encoding or tag
            assert self._encoding is not None
            if pixels.shape[0] != pixels.shape[1] or str(pixels.shape[0]) != self._encoding.rpartition("/")[2]:
                raise TrainingError(
                    f'The first image is {pixels.shape[1]} x {pixels.shape[0]} pixels, but says the encoding "'
                    f'{self._encoding}"; use the field image as mouseencode gives it.'
                )
            self._shape = pixels.shape
            self._writer = Writer(self._folder, encoding=self._encoding, most_images=MOST_BYTES // pixels.nbytes)
        if pixels.shape != self._shape:
            self._count("The image has another size than its encoding says; encode the session again.")
            return
        self._writer.add(self._writer.session(session), pixels)

    def _count(self, reason: str, number: int = 1) -> None:
        self._problems[reason] = self._problems.get(reason, 0) + number

    def finish(self, messages: Messages) -> str:
        """Completes the folder, and tells what was left out; the fingerprint of the images.

        Raises TrainingError if there is no image.
        """
        for reason, number in list(self._problems.items())[:TOLD_REASONS]:
            messages.warn(f"{number:,} left out: {reason}")
        if len(self._problems) > TOLD_REASONS:
            rest = sum(list(self._problems.values())[TOLD_REASONS:])
            messages.warn(f"{rest:,} more left out, for {len(self._problems) - TOLD_REASONS} other reasons.")
        if self._writer is None:
            raise TrainingError(
                f"No row has an image and a label to train on ({self._rows:,} rows); put mouseencode in front, and name "
                "the label's field with label=."
            )
        if self._writer.shared:
            messages.warn(f"{self._writer.shared:,} images came under two labels and count for neither.")
        return self._writer.finish()


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def _mean(texts: Sequence[str]) -> float:
    return sum(map(_number, texts)) / len(texts)
