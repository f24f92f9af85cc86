"""Replies that are larger than memory should be, and disks that are full."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from mousematch.splunk.spool import Spool

PIECES = [bytes([number]) * 1000 for number in range(40)]


def copied(spool: Spool) -> bytes:
    out = io.BytesIO()
    spool.copy_to(out)
    return out.getvalue()


@pytest.fixture
def file_size_limit() -> Iterator[object]:
    """Sets how large a file may become, in bytes; the kernel then refuses writes as it does on a full disk."""
    resource = pytest.importorskip("resource", reason="only POSIX can limit a file's size")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("memory_bytes", [0, 999, 5000, 10**9])
def test_bytes_come_out_as_they_went_in_wherever_they_waited(memory_bytes):
    spool = Spool(memory_bytes)
    for piece in PIECES:
        spool.write(piece)

    assert spool.length == 40_000
    assert copied(spool) == b"".join(PIECES)


@pytest.mark.parametrize("space", [0, 500, 7300, 30_000])
def test_a_full_disk_loses_nothing(space, file_size_limit):
    spool = Spool(2000)

    file_size_limit(space)
    for piece in PIECES:
        spool.write(piece)
    file_size_limit(10**9)

    assert spool.length == 40_000
    assert copied(spool) == b"".join(PIECES)


def test_a_folder_that_cannot_be_written_to_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    spool = Spool(2000)
    for piece in PIECES:
        spool.write(piece)

    assert copied(spool) == b"".join(PIECES)
