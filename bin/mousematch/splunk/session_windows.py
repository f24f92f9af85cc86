"""The windows of each row: their images, each once, and their active seconds."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from mousematch.splunk.chunks import Columns, decode_values


@dataclass(frozen=True)
class SessionWindows:
    """The windows of one row, in order.

    images: base64 PNG, each image once however often the row has it: a copy is no further evidence.
    numbers: of each image, at which place of the row it stands first, from 1.
    seconds: active seconds of each, None where the row does not tell.
    count: how many windows the row has, copies included.
    """

    images: tuple[str, ...]
    numbers: tuple[int, ...]
    seconds: tuple[float | None, ...]
    count: int

    def evidence_s(self, scored: Container[str]) -> float | None:
        """Active seconds of the windows whose image was scored; None if those of one are unknown."""
        used = [seconds for image, seconds in zip(self.images, self.seconds) if image in scored]
        return None if any(seconds is None for seconds in used) else sum(seconds or 0.0 for seconds in used)

    def problems(self, reasons: Mapping[str, str]) -> list[str]:
        """A sentence for each reason why windows do not count. reasons: image → why it has no embedding."""
        windows: dict[str, list[str]] = {}
        for image, number in zip(self.images, self.numbers):
            if image in reasons:
                windows.setdefault(reasons[image], []).append(str(number))
        sentences = [
            reason if len(numbers) == len(self.images) else f"Window {', '.join(numbers)} of {self.count}: {reason}"
            for reason, numbers in windows.items()
        ]
        copies = self.count - len(self.images)
        if copies:
            sentences.append(f"{copies} of {self.count} windows repeat another one and count once.")
        return sentences


def session_windows(columns: Columns, image_field: str) -> list[SessionWindows]:
    """The windows of every row, from the images and the fields window_active_s and active_s.

    Rows behind each other with the same images share theirs: after mvexpand by claimed owner a session's images stand in
    every row, and are taken apart once.
    """
    pictures = columns.column(image_field)
    encoded = columns.encoded.get(image_field, [""] * columns.rows)
    seconds = columns.lists("window_active_s")
    totals = columns.column("active_s")
    found: list[SessionWindows] = []
    before = None
    for many, one, each, total in zip(encoded, pictures, seconds, totals):
        row = (many or one, each, total)
        if row != before:
            images = decode_values(many) if many else [one] if one else []
            found.append(_windows(images, each, total))
            before = row
        else:
            found.append(found[-1])
    return found


def _windows(images: Sequence[str], seconds: Sequence[str], total: str) -> SessionWindows:
    first: dict[str, int] = {}
    for number, image in enumerate(images):
        first.setdefault(image, number)
    if len(seconds) == len(images):
        each = [_seconds(text) for text in seconds]
    else:
        # The session's total, shared out evenly: all that a row without seconds per window tells.
        whole = _seconds(total)
        each = [None if whole is None else whole / len(images)] * len(images)
    return SessionWindows(
        images=tuple(first),
        numbers=tuple(number + 1 for number in first.values()),
        seconds=tuple(each[number] for number in first.values()),
        count=len(images),
    )


def _seconds(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
