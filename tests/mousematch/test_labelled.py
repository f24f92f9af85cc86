"""Labelled images on their way from a search to training."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousematch import labelled
from mousematch.errors import TrainingError
from mousematch.labelled import LabelledSession

TAG = "trial/1/8"


def image(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (8, 8, 3)).astype(np.uint8)


def write(folder, rows, **options):
    """rows: (label, session, image number)."""
    writer = labelled.Writer(folder, encoding=TAG, most_images=options.pop("most_images", 100))
    for label, name, number in rows:
        writer.add(writer.session(LabelledSession(label, name, **options)), image(number))
    return writer, writer.finish()


def test_images_come_back_with_label_session_and_rate(tmp_path):
    write(tmp_path, [("a", "s1", 1), ("a", "s2", 2), ("b", "s1", 3), ("a", "s1", 4)], rate_hz=60.0)

    found = labelled.read(tmp_path)

    assert (found.encoding, found.size, found.labels) == (TAG, 8, ["a", "b"])
    assert [(session.label, session.name, session.rate_hz) for session in found.sessions] == [
        ("a", "s1", 60.0),
        ("a", "s2", 60.0),
        ("b", "s1", 60.0),
    ]
    assert [images.tolist() for images in found.images] == [[0, 3], [1], [2]]
    assert (found.pixels[3] == image(4)).all()
    assert math.isnan(found.sessions[0].start)


def test_an_image_that_comes_twice_counts_once_and_one_of_two_labels_for_nobody(tmp_path):
    rows = [("a", "s1", 1), ("a", "s1", 1), ("a", "s2", 1), ("a", "s1", 2), ("b", "s1", 2), ("b", "s1", 3), ("a", "s1", 2)]

    writer, _ = write(tmp_path, rows)

    found = labelled.read(tmp_path)
    assert [images.tolist() for images in found.images] == [[0], [2]]
    assert (writer.repeated, writer.shared) == (4, 1)


def test_too_many_images_are_refused_with_a_remedy(tmp_path):
    with pytest.raises(TrainingError, match=r"more than 2 images; .* sample"):
        write(tmp_path, [("a", "s", number) for number in range(3)], most_images=2)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(TrainingError, match="cannot be kept in .*missing"):
        labelled.Writer(tmp_path / "missing", encoding=TAG, most_images=1)


def test_a_full_disk_is_an_error_with_its_remedy(monkeypatch, tmp_path):
    writer = labelled.Writer(tmp_path, encoding=TAG, most_images=10)
    with open("/dev/full", "wb", buffering=0) as full:
        writer._file.close()
        writer._file = full

        with pytest.raises(TrainingError, match="No space left on device"):
            writer.add(writer.session(LabelledSession("a", "s")), image(1))


def test_an_incomplete_folder_is_refused(tmp_path):
    write(tmp_path, [("a", "s", 1)])
    (tmp_path / labelled.PIXELS).write_bytes(b"")

    with pytest.raises(TrainingError, match="collect them again"):
        labelled.read(tmp_path)


@given(st.permutations([("a", "s1", 1), ("a", "s2", 2), ("b", "s1", 3), ("b", "s2", 4), ("c", "s", 5)]))
def test_the_fingerprint_does_not_depend_on_the_order(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("labelled")

    _, fingerprint = write(folder, rows)

    _, sorted_fingerprint = write(folder, sorted(rows))
    _, other = write(folder, sorted(rows)[1:])
    assert fingerprint == sorted_fingerprint != other


def test_sessions_of_a_label_come_in_the_order_in_which_they_happened(tmp_path):
    writer = labelled.Writer(tmp_path, encoding=TAG, most_images=10)
    for number, (name, start) in enumerate([("x", 30.0), ("y", 10.0), ("z", 20.0)]):
        writer.add(writer.session(LabelledSession("a", name, start=start)), image(number))
    writer.finish()

    assert labelled.read(tmp_path).of_label("a") == [1, 2, 0]
