"""Images as PNG files that say which encoding drew them.

Every image is an RGB PNG without palette whose text chunk ``mousematch`` holds the encoding's tag, such as
``motion/1/64``. So an image that was stored, renamed or mixed up in a search is still refused by a model that was
trained on another encoding.
"""

from __future__ import annotations

import binascii
import io
import struct
import zlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mousematch.errors import ImageError

TEXT_KEY = b"mousematch"
SIGNATURE = b"\x89PNG\r\n\x1a\n"
# The largest image that any encoding draws; a PNG that announces more is not decoded at all (decompression bombs).
MAX_SIDE_PX = 512
MAX_BYTES = 4 * MAX_SIDE_PX * MAX_SIDE_PX
# On 64-pixel images of real sessions level 4 takes half the time of level 6 for files 1 % larger; 9 saves nothing more.
_LEVEL = 4
_HEADER = struct.Struct(">II5B")


def to_png(image: NDArray[np.uint8], tag: str) -> bytes:
    """The PNG file of an image: uint8 (height, width, 3), tagged with its encoding. The same pixels, the same bytes."""
    height, width, channels = image.shape
    if channels != 3 or image.dtype != np.uint8:
        raise ImageError(f"An image is uint8 (height, width, 3), not {image.dtype} {image.shape}.")
    return b"".join((_before_pixels(width, height, tag), _chunk(b"IDAT", _compressed(image)), _END))


@lru_cache(maxsize=8)
def _before_pixels(width: int, height: int, tag: str) -> bytes:
    """The beginning of a file, up to its pixels: the same for all images of an encoding."""
    header = _HEADER.pack(width, height, 8, 2, 0, 0, 0)
    text = TEXT_KEY + b"\0" + tag.encode("latin-1")
    return SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"tEXt", text)


def _compressed(image: NDArray[np.uint8]) -> bytes:
    """The rows of an image, each with its filter, compressed.

    Mostly black images, such as histograms, are smallest as they are, and looking for runs of one byte alone finds nearly
    all that there is to find, in a third of the time. All others get the filter "up": each byte less the one above it,
    which smooth areas compress best with.
    """
    height, width, _ = image.shape
    rows = np.empty((height, 1 + 3 * width), np.uint8)
    flat = image.reshape(height, 3 * width)
    if 2 * np.count_nonzero(flat) < flat.size:
        rows[:, 0] = 0
        rows[:, 1:] = flat
        runs = zlib.compressobj(_LEVEL, strategy=zlib.Z_RLE)
        return runs.compress(rows.data) + runs.flush()
    rows[:, 0] = 2
    rows[0, 1:] = flat[0]
    np.subtract(flat[1:], flat[:-1], out=rows[1:, 1:])
    return zlib.compress(rows.data, _LEVEL)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


_END = _chunk(b"IEND", b"")


def tag_of(data: bytes) -> str | None:
    """The encoding tag that a PNG file carries in front of its pixels, or None. Reads no pixels."""
    position = len(SIGNATURE)
    while position + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        kind = data[position + 4 : position + 8]
        if kind == b"IDAT":
            return None
        if kind == b"tEXt":
            key, _, value = data[position + 8 : position + 8 + length].partition(b"\0")
            if key == TEXT_KEY:
                return value.decode("latin-1")
        position += 12 + length
    return None


def from_png(data: bytes, expected_tag: str | None = None) -> NDArray[np.uint8]:
    """The pixels of a PNG file: uint8 (height, width, 3).

    Raises ImageError if the data is no RGB PNG, announces more than MAX_SIDE_PX a side (before anything is
    decompressed), is damaged, or carries another encoding than ``expected_tag``.
    """
    width, height = _checked(data, expected_tag)
    pixels = _pixels(data, width, height)
    return _by_pillow(data, width, height) if pixels is None else pixels


def is_blank(data: bytes, expected_tag: str | None = None) -> bool:
    """Whether all pixels of a PNG file are the same. Raises ImageError as ``from_png`` does."""
    pixels = from_png(data, expected_tag)
    return bool((pixels == pixels[0, 0]).all())


def _checked(data: bytes, expected_tag: str | None) -> tuple[int, int]:
    """Width and height of a PNG file of the kind that is read. Raises ImageError."""
    if not data.startswith(SIGNATURE) or data[12:16] != b"IHDR" or len(data) < 33:
        raise ImageError("The image is not a PNG file; use the field image as mouseencode gives it.")
    if len(data) > MAX_BYTES:
        raise ImageError(f"The image file has {len(data):,} bytes; the most that is read is {MAX_BYTES:,}.")
    width, height, depth, colour, *_ = _HEADER.unpack_from(data, 16)
    if not (0 < width <= MAX_SIDE_PX and 0 < height <= MAX_SIDE_PX):
        raise ImageError(f"The image is {width} x {height} pixels; the most that is read is {MAX_SIDE_PX} a side.")
    if (depth, colour) != (8, 2):
        raise ImageError("The image is not a palette-free 8-bit RGB PNG; use the field image as mouseencode gives it.")
    if expected_tag is not None:
        tag = tag_of(data)
        if tag != expected_tag:
            raise ImageError(
                f'The image has the encoding "{tag or "unknown"}", the model reads "{expected_tag}"; '
                f"run mouseencode with encoding={expected_tag.split('/')[0]}."
            )
    return width, height


def _pixels(data: bytes, width: int, height: int) -> NDArray[np.uint8] | None:
    """The pixels of a sound PNG file whose rows all have the same filter, one that ``to_png`` uses; None for any other.

    Pillow takes longer to load than a command needs for a session.
    """
    packed = _packed(data)
    if packed is None:
        return None
    row_bytes = 1 + 3 * width
    unpack = zlib.decompressobj()
    try:
        rows = unpack.decompress(packed, height * row_bytes + 1)
    except zlib.error:
        return None
    if len(rows) != height * row_bytes or not unpack.eof or unpack.unused_data:
        return None
    values = np.frombuffer(rows, np.uint8).reshape(height, row_bytes)[:, 1:]
    filters = rows[::row_bytes]
    if filters == b"\0" * height:
        return values.reshape(height, width, 3)
    if filters == b"\2" * height:
        return np.cumsum(values, axis=0, dtype=np.uint8).reshape(height, width, 3)
    return None


def _packed(data: bytes) -> bytes | None:
    """What the one IDAT chunk holds of a file of IHDR, tEXt, IDAT and IEND that are sound and nothing else."""
    packed, before, position = None, b"", len(SIGNATURE)
    follows = {b"": b"IHDR", b"IHDR": b"tEXt IDAT", b"tEXt": b"tEXt IDAT", b"IDAT": b"IEND"}
    while before != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, position) if position + 12 <= len(data) else (0, b"")
        end = position + 8 + length
        if not kind or kind not in follows[before].split() or end + 4 > len(data):
            return None
        if data[end : end + 4] != struct.pack(">I", zlib.crc32(data[position + 4 : end])):
            return None
        if kind == b"IHDR" and data[position + 18 : end] != bytes(3):
            # Interlaced, or of methods that nobody has.
            return None
        if kind == b"IDAT":
            packed = data[position + 8 : end]
        before, position = kind, end + 4
    return packed if position == len(data) else None


def _by_pillow(data: bytes, width: int, height: int) -> NDArray[np.uint8]:
    from PIL import Image as PillowImage

    try:
        with PillowImage.open(io.BytesIO(data), formats=["PNG"]) as picture:
            pixels = np.array(picture)
    except (
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        struct.error,
        zlib.error,
        PillowImage.DecompressionBombError,
    ) as exc:
        raise ImageError(f"The image is a damaged PNG file ({exc}); encode the session again.") from exc
    if pixels.shape != (height, width, 3):
        raise ImageError("The image is a damaged PNG file (its pixels are incomplete); encode the session again.")
    return pixels


def to_base64(png: bytes) -> str:
    """Base64 text of a PNG file, on one line, as search results carry it."""
    return binascii.b2a_base64(png, newline=False).decode("ascii")


def from_base64(text: str) -> bytes:
    """The bytes of base64 text. Raises ImageError if it is none."""
    try:
        return binascii.a2b_base64(text.encode("ascii"))
    except (binascii.Error, UnicodeEncodeError) as exc:
        raise ImageError("The image is not base64 text; use the field image as mouseencode gives it.") from exc
