"""The benchmark of mouseencode: what ends it, and what its records are. Small runs; none is timed."""

from __future__ import annotations

import io
from pathlib import Path
from types import ModuleType

import pytest

from tests.benchmarks.benchmark_files import module

APP = Path(__file__).resolve().parents[2]
COUNT = 2_500


@pytest.fixture(scope="module")
def encode() -> ModuleType:
    return module("encode")


def test_map_and_reduce_at_once_draw_the_plain_images(encode: ModuleType, tmp_path: Path) -> None:
    requests, out = tmp_path / "requests", tmp_path / "out"
    encode.chunks(requests, COUNT, 600, "phase=map")

    found = encode.streamed(APP / "bin" / "mouseencode.py", requests, out)

    assert found.cpu_s > 0
    encode.check(out, encode.plain_images(COUNT))


def test_one_other_pixel_ends_the_benchmark(encode: ModuleType, tmp_path: Path) -> None:
    requests, out = tmp_path / "requests", tmp_path / "out"
    encode.chunks(requests, COUNT, 5_000)
    encode.cost(APP / "bin" / "mouseencode.py", requests, out)
    plain = encode.plain_images(COUNT)
    encode.check(out, plain)
    plain["s-1"][0] = bytes([plain["s-1"][0][0] ^ 1]) + plain["s-1"][0][1:]

    with pytest.raises(SystemExit, match="s-1"):
        encode.check(out, plain)


def test_replies_become_requests_one_by_one(encode: ModuleType) -> None:
    class Kept(io.BytesIO):
        def close(self) -> None:
            self.kept = self.getvalue()

    replies = encode.frame({"type": "streaming"}) + encode.frame({"finished": False}, b"a\n1\n") + encode.frame({}, b"")
    requests = Kept()

    encode.forward(io.BytesIO(replies), requests)

    found = list(encode.frames(io.BytesIO(requests.kept)))
    assert [metadata["action"] for metadata, _ in found] == ["getinfo", "execute", "execute"]
    assert [body for _, body in found] == [b"", b"a\n1\n", b""]
    assert found[-1][0]["finished"] is True
