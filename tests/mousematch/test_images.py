"""PNG files that carry their encoding, and what is refused."""

from __future__ import annotations

import io
import re
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
from PIL import Image

from mousematch import images
from mousematch.errors import ImageError

pictures = nps.arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20), st.just(3)))


@given(pictures)
def test_pixels_survive_the_file_bit_for_bit(picture):
    assert (images.from_png(images.to_png(picture, "motion/1/64"), "motion/1/64") == picture).all()


@given(pictures)
def test_other_programs_read_the_file_as_plain_rgb(picture):
    with Image.open(io.BytesIO(images.to_png(picture, "path/1/256"))) as other:
        assert other.mode == "RGB"
        assert (np.array(other) == picture).all()
        assert other.text["mousematch"] == "path/1/256"


@pytest.mark.parametrize("drawn", [0, 10, 2_000, 4_096])
def test_mostly_black_images_and_all_others_are_read_as_drawn(drawn):
    random = np.random.default_rng(drawn)
    picture = np.zeros((64, 64, 3), np.uint8)
    picture.reshape(-1, 3)[random.permutation(4_096)[:drawn]] = random.integers(0, 256, (drawn, 3))
    png = images.to_png(picture, "motion/1/64")

    with Image.open(io.BytesIO(png)) as other:
        assert (np.array(other) == picture).all()
    assert (images.from_png(png) == picture).all() and len(png) < picture.size + 200


def outcome(read, *arguments):
    try:
        found = read(*arguments)
    except ImageError as exc:
        # Pillow names some errors' objects by their address.
        return re.sub(r"0x[0-9a-f]+", "", str(exc))
    return found.tolist() if isinstance(found, np.ndarray) else found


@given(pictures, st.integers(0, 2**31), st.binary(min_size=0, max_size=3))
def test_a_changed_file_is_read_as_pillow_reads_it(picture, place, bytes_):
    height, width, _ = picture.shape
    png = bytearray(images.to_png(picture, "motion/1/64"))
    place = 33 + place % (len(png) - 33)
    png[place : place + len(bytes_)] = bytes_

    assert outcome(images.from_png, bytes(png)) == outcome(images._by_pillow, bytes(png), width, height)


@given(pictures, st.integers(0, 9))
def test_a_file_of_another_program_is_read_as_pillow_reads_it(picture, level):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", compress_level=level)

    assert (images.from_png(file.getvalue()) == picture).all()


@pytest.mark.parametrize("filter_", range(5))
@pytest.mark.parametrize("interlace", [0, 1])
def test_other_filters_and_interlacing_are_left_to_pillow(filter_, interlace):
    rows = b"".join(bytes([filter_, *range(row, row + 9)]) for row in range(3))
    png = images.SIGNATURE + b"".join(
        (
            chunk(b"IHDR", struct.pack(">II5B", 3, 3, 8, 2, 0, 0, interlace)),
            chunk(b"IDAT", zlib.compress(rows)),
            chunk(b"IEND", b""),
        )
    )

    assert outcome(images.from_png, png) == outcome(images._by_pillow, png, 3, 3)
    assert (images._pixels(png, 3, 3) is None) == (filter_ not in (0, 2) or interlace == 1)


@given(pictures, st.booleans(), st.booleans())
def test_an_image_is_blank_if_all_its_pixels_are_the_same(picture, blank, by_pillow):
    if blank:
        picture = np.broadcast_to(picture[0, 0], picture.shape)
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(file, "PNG")
    png = file.getvalue() if by_pillow else images.to_png(np.ascontiguousarray(picture), "motion/1/64")

    assert images.is_blank(png) == bool((picture == picture[0, 0]).all())


def test_base64_text_is_one_line_and_reversible():
    png = images.to_png(np.zeros((64, 64, 3), np.uint8), "motion/1/64")

    assert "\n" not in images.to_base64(png)
    assert images.from_base64(images.to_base64(png)) == png


def test_an_image_of_another_encoding_is_refused_with_the_remedy():
    png = images.to_png(np.zeros((4, 4, 3), np.uint8), "path/1/256")

    with pytest.raises(ImageError, match='"path/1/256".*encoding=motion'):
        images.from_png(png, "motion/1/64")


def test_an_image_without_a_tag_is_refused_by_a_model():
    file = io.BytesIO()
    Image.new("RGB", (64, 64)).save(file, "PNG")

    assert images.from_png(file.getvalue()).shape == (64, 64, 3)
    with pytest.raises(ImageError, match='"unknown"'):
        images.from_png(file.getvalue(), "motion/1/64")


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def test_a_bomb_is_refused_before_anything_is_decompressed():
    header = struct.pack(">II5B", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = images.SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(10_000_000)))

    with pytest.raises(ImageError, match="60000 x 60000"):
        images.from_png(bomb)


def test_a_huge_file_is_refused():
    png = images.to_png(np.zeros((4, 4, 3), np.uint8), "motion/1/64")

    with pytest.raises(ImageError, match="bytes"):
        images.from_png(png + bytes(images.MAX_BYTES))


@pytest.mark.parametrize("mode", ["P", "L", "RGBA"])
def test_a_png_of_another_kind_is_refused(mode):
    file = io.BytesIO()
    Image.new(mode, (8, 8)).save(file, "PNG")

    with pytest.raises(ImageError, match="RGB"):
        images.from_png(file.getvalue())


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_an_image_or_an_image_error(data, signed):
    with pytest.raises(ImageError):
        images.from_png((images.SIGNATURE if signed else b"") + data)


@given(st.data())
def test_a_damaged_file_is_an_image_error_or_still_an_image(data):
    png = bytearray(images.to_png(np.arange(300, dtype=np.uint8).reshape(10, 10, 3), "motion/1/64"))
    position = data.draw(st.integers(0, len(png) - 1))
    png[position] ^= data.draw(st.integers(1, 255))

    try:
        assert images.from_png(bytes(png)).dtype == np.uint8
    except ImageError as error:
        assert str(error).endswith(".")


def test_a_truncated_file_is_refused():
    png = images.to_png(np.random.default_rng(1).integers(0, 255, (32, 32, 3)).astype(np.uint8), "motion/1/64")

    with pytest.raises(ImageError, match="damaged"):
        images.from_png(png[: len(png) // 2])


@pytest.mark.parametrize("text", ["näh", "a", "\x00"])
def test_text_that_is_no_base64_is_refused(text):
    with pytest.raises(ImageError):
        images.from_png(images.from_base64(text))
