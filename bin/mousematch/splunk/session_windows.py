"""The windows of each row that can be evidence: their images, each once, and their active seconds."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from mousematch.splunk.chunks import Columns, decode_values

# What is read of a row beside image and user.
FIELDS = ("window_active_s", "window_distance_px", "active_s")
# A window with a shorter path is clicks, rests or a nudge of the desk, and looks like anybody's. Of the windows in public
# recordings, none of 30 s and one in a hundred of 5 s is below.
LEAST_DISTANCE_PX = 50.0


@dataclass(frozen=True)
class SessionWindows:
    """The windows of one row that can be evidence, in order.

    images: base64 PNG, each image once however often the row has it: a copy is no further evidence.
    numbers: of each image, at which place of the row it stands first, from 1.
    seconds: active seconds of each, None where the row does not tell.
    count: how many windows the row has. still: the places of those that hold next to no movement, copies: how many others
    repeat one; both are not among the images.
    """

    images: tuple[str, ...]
    numbers: tuple[int, ...]
    seconds: tuple[float | None, ...]
    count: int
    still: tuple[int, ...] = ()
    copies: int = 0

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
        every = len(self.images) + len(self.still)
        sentences = [
            reason if len(numbers) == every else f"Window {', '.join(numbers)} of {self.count}: {reason}"
            for reason, numbers in windows.items()
        ]
        if self.still:
            sentences.append(
                f"{len(self.still)} of {self.count} windows hold next to no movement (less than "
                f"{LEAST_DISTANCE_PX:g} px) and do not count."
            )
        if self.copies:
            sentences.append(f"{self.copies} of {self.count} windows repeat another one and count once.")
        return sentences


def session_windows(columns: Columns, image_field: str) -> list[SessionWindows]:
    """The windows of every row, from the images and FIELDS.

    Rows behind each other with the same images share theirs: after mvexpand by claimed owner a session's images stand in
    every row, and are taken apart once.
    """
    pictures = columns.column(image_field)
    encoded = columns.encoded.get(image_field, [""] * columns.rows)
    seconds, distances = columns.lists("window_active_s"), columns.lists("window_distance_px")
    found: list[SessionWindows] = []
    before = None
    for many, one, each, paths, total in zip(encoded, pictures, seconds, distances, columns.column("active_s")):
        row = (many or one, each, paths, total)
        if row != before:
            images = decode_values(many) if many else [one] if one else []
            found.append(_windows(images, each, paths, total))
            before = row
        else:
            found.append(found[-1])
    return found


def _windows(images: Sequence[str], seconds: Sequence[str], distances: Sequence[str], total: str) -> SessionWindows:
    count = len(images)
    if len(seconds) == count:
        each = [_amount(text) for text in seconds]
    else:
        # The session's total, shared out evenly: all that a row without seconds per window tells.
        whole = _amount(total)
        each = [None if whole is None else whole / count] * count
    paths = [_amount(text) for text in distances] if len(distances) == count else []
    still = [number for number, path in enumerate(paths) if path is not None and path < LEAST_DISTANCE_PX]
    first: dict[str, int] = {}
    for number, image in enumerate(images):
        if number not in still:
            first.setdefault(image, number)
    return SessionWindows(
        images=tuple(first),
        numbers=tuple(number + 1 for number in first.values()),
        seconds=tuple(each[number] for number in first.values()),
        count=count,
        still=tuple(number + 1 for number in still),
        copies=count - len(still) - len(first),
    )


def _amount(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
