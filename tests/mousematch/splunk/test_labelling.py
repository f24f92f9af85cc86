"""Which images of a search are collected for training, and what is said of the others."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mousematch import images, labelled
from mousematch.errors import TrainingError
from mousematch.splunk.labelling import Collector
from mousematch.splunk.messages import Messages
from tests.mousematch.splunk.axes import TAG, Said, picture, rows


def collect(folder: Path, *given: dict[str, Any], encoding: str | None = None) -> tuple[labelled.LabelledImages, Said]:
    said = Said()
    collector = Collector(folder, label_field="user", session_field="session", image_field="image", encoding=encoding)
    collector.add(rows(*given))
    collector.finish(Messages(said))  # type: ignore[arg-type]
    return labelled.read(folder), said


def row(user: Any, session: str, *pictures: str, **more: str) -> dict[str, Any]:
    return {"user": user, "session": session, "image": list(pictures), **more}


def test_sessions_keep_what_sampling_and_splitting_need(tmp_path: Path) -> None:
    fast = row("a", "s1", picture(0), picture(1), points="1200", active_s="20", start="5.5")
    found, said = collect(tmp_path, fast, row("b", "s1", picture(2)), row("a", "", picture(3)))

    first, second, third = found.sessions
    assert (first.label, first.name, first.rate_hz, first.start, first.window_s) == ("a", "s1", 60.0, 5.5, 10.0)
    assert (second.label, second.name, third.name) == ("b", "s1", "row 3")
    assert math.isnan(second.rate_hz) and math.isnan(second.start) and math.isnan(second.window_s)
    assert (found.encoding, found.size, said.lines) == (TAG, 64, [])


def test_what_is_no_usable_image_is_counted_by_reason(tmp_path: Path) -> None:
    blank = images.to_base64(images.to_png(np.full((64, 64, 3), 128, np.uint8), TAG))
    found, said = collect(
        tmp_path,
        row("a", "s", picture(0), "NaN", "nan", picture(1, tag="path/1/64"), picture(2)[:-40], blank),
        row(["a", "b"], "s", picture(4), picture(5)),
        row("", "s", picture(6)),
    )

    assert [len(numbers) for numbers in found.images] == [1]
    text = " | ".join(line for _, line in said.lines)
    for words in ('2 left out: the field "user" has 2 values', "2 left out: The image is not base64", "1 more left out"):
        assert words in text
    assert {level for level, _ in said.lines} == {"warning"}


def test_a_window_in_which_next_to_nothing_moved_is_left_out(tmp_path: Path) -> None:
    still = {"window_active_s": "10", "window_distance_px": "3"}

    found, said = collect(tmp_path, row("a", "s", picture(7), **still), row("a", "s", picture(8)))

    assert len(found.images) == 1
    assert said.lines == [("warning", "1 left out: next to nothing moved in the window")]


def test_images_of_another_encoding_than_the_model_begun_with_are_left_out(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="No row has an image and a label"):
        collect(tmp_path, row("a", "s", picture(0)), encoding="other/1/64")


def test_an_image_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="64 x 64 pixels, but says the encoding"):
        collect(tmp_path, row("a", "s", picture(0, tag="motion/1/32")))


def test_an_image_under_two_labels_is_told(tmp_path: Path) -> None:
    found, said = collect(tmp_path, row("a", "s", picture(0), picture(1)), row("b", "s", picture(1), picture(2)))

    assert [len(numbers) for numbers in found.images] == [1, 1]
    assert said.lines == [("warning", "1 images came under two labels and count for neither.")]
