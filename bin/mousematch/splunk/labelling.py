"""Rows with images and a label → labelled images in a folder, for training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from mousematch import images
from mousematch.errors import ImageError, TrainingError
from mousematch.labelled import LabelledSession, Writer
from mousematch.splunk.chunks import Columns
from mousematch.splunk.embedder import BLANK
from mousematch.splunk.messages import Messages
from mousematch.splunk.session_windows import session_windows

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
        labels, sessions = columns.lists(label_field), columns.column(session_field)
        points, totals, starts = columns.column("points"), columns.column("active_s"), columns.column("start")
        for row, windows in enumerate(session_windows(columns, image_field)):
            self._rows += 1
            if len(labels[row]) != 1:
                self._count(f'the field "{label_field}" has {len(labels[row]) or "no"} values', windows.count or 1)
                continue
            if windows.still:
                self._count("next to nothing moved in the window", len(windows.still))
            total = _number(totals[row])
            session = LabelledSession(
                labels[row][0],
                sessions[row] or f"row {self._rows}",
                rate_hz=_number(points[row]) / total if total > 0 else math.nan,
                start=_number(starts[row]),
                window_s=_mean(windows.seconds),
            )
            for picture in windows.images:
                self._add(session, picture)

    def _add(self, session: LabelledSession, picture: str) -> None:
        try:
            data = images.from_base64(picture)
            tag = images.tag_of(data)
            if self._encoding is None and tag is None:
                raise ImageError("The image does not say its encoding; use the field image as mouseencode gives it.")
            pixels = images.from_png(data, self._encoding or tag)
            if (pixels == pixels[0, 0]).all():
                raise ImageError(BLANK)
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
        problems = sorted(self._problems.items(), key=lambda problem: -problem[1])
        for reason, number in problems[:TOLD_REASONS]:
            messages.warn(f"{number:,} left out: {reason}")
        if len(problems) > TOLD_REASONS:
            rest = sum(number for _, number in problems[TOLD_REASONS:])
            messages.warn(f"{rest:,} more left out, for {len(problems) - TOLD_REASONS} other reasons.")
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


def _mean(seconds: Sequence[float | None]) -> float:
    known = [number for number in seconds if number is not None]
    return sum(known) / len(known) if known else math.nan
