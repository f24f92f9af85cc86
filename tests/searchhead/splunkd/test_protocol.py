"""Frames of the chunked protocol: whatever the portions they arrive in, they come out whole, or are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchhead.splunkd.protocol import Frame, FrameError, FrameReader, encode

_METADATA = st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.integers() | st.booleans(), max_size=3)


@given(st.lists(st.tuples(_METADATA, st.binary(max_size=50)), max_size=4), st.data())
def test_frames_survive_any_cutting_of_the_stream(frames: list[tuple[dict, bytes]], data: st.DataObject) -> None:
    stream = b"".join(part for metadata, body in frames for part in encode(metadata, [body]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    reader = FrameReader()
    read = []

    for start, stop in zip([0, *cuts], [*cuts, len(stream)]):
        reader.feed(stream[start:stop])
        while (frame := reader.next()) is not None:
            read.append(frame)

    assert read == [Frame(metadata, body) for metadata, body in frames]


def test_a_frame_is_header_metadata_and_body_with_nothing_between() -> None:
    assert b"".join(encode({"finished": True}, [b"a\n", b"1\n"])) == b'chunked 1.0,17,4\n{"finished":true}a\n1\n'


def test_lengths_count_bytes_of_utf8() -> None:
    header, metadata = encode({"name": "Ünï"})[0].split(b"\n")

    assert len(metadata) == len('{"name":"Ünï"}') + 2
    assert header == b"chunked 1.0,%d,0" % len(metadata)


@pytest.mark.parametrize(
    ("garbage", "told"),
    [
        (b"hello\n", "hello"),
        (b"Traceback (most recent call last):\n", "Traceback"),
        (b"chunked 2.0,1,1\n", "chunked 2.0"),
        (b"chunked 1.0,-1,0\n", "-1"),
        (b"chunk" + b"x" * 100, "chunkxxx"),
        (b"chunked 1.0,3,0\n{,}", "metadata"),
        (b"chunked 1.0,2,0\n[]", "JSON object"),
    ],
)
def test_what_is_no_frame_is_refused_and_quoted(garbage: bytes, told: str) -> None:
    reader = FrameReader()
    reader.feed(garbage)

    with pytest.raises(FrameError, match=told):
        reader.next()


def test_a_frame_above_the_limit_is_refused_before_its_body_arrives() -> None:
    reader = FrameReader(max_bytes=100)
    reader.feed(b"chunked 1.0,0,101\n")

    with pytest.raises(FrameError, match="maxchunksize = 100"):
        reader.next()


@given(st.binary(max_size=200))
def test_arbitrary_bytes_give_frames_or_a_frame_error(data: bytes) -> None:
    reader = FrameReader()
    reader.feed(data)

    try:
        frame = reader.next()
    except FrameError:
        return
    assert frame is None or isinstance(frame, Frame)
