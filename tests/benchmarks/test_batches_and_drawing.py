"""The benchmarks of batched telemetry and of drawing: what ends them. Small runs; none is timed."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from tests.benchmarks.benchmark_files import module


@pytest.fixture(scope="module")
def batches() -> ModuleType:
    return module("batches")


@pytest.fixture(scope="module")
def drawing() -> ModuleType:
    return module("drawing")


def test_batches_are_compared_with_plain_points_and_give_a_row(
    batches: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(batches, "EVENTS", 60)

    batches.compare("tenths", batches.collected((16.6, 0.3)), tmp_path, 1)

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("tenths: 60 events, 6,000 points;")
    assert lines[1].startswith("| `mouseencode` on batched telemetry (tenths, 100 points an event) |")


def test_one_other_point_ends_the_benchmark_of_batches(
    batches: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(batches, "EVENTS", 20)
    events = batches.collected((16, 17))
    plain = batches.plainly(events)
    (time_us, x, *rest), *others = plain[("s-1", "user1")]
    plain[("s-1", "user1")] = [(time_us, x + 1, *rest), *others]
    monkeypatch.setattr(batches, "plainly", lambda events: plain)

    with pytest.raises(SystemExit, match=r"other points of \('s-1', 'user1'\)"):
        batches.compare("whole", events, tmp_path, 1)


def test_the_sample_is_read_as_plainly(batches: ModuleType) -> None:
    events = batches.sample()

    assert len(events) > batches.EVENTS // 2
    assert len(batches.plainly(events[:50])) == len({event.split('"session":"')[1].split('"')[0] for event in events[:50]})


@pytest.mark.parametrize("encoding", ["path", "portrait"])
def test_one_other_pixel_ends_the_benchmark_of_drawing(
    drawing: ModuleType, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    points = drawing.session(0)[:300]
    drawing.check(points)
    plain = getattr(drawing, "plain_lines" if encoding == "path" else "plain_portrait")

    def other(*arguments: object) -> object:
        image = plain(*arguments).copy()
        image[5, 5, 0] ^= 1
        return image

    monkeypatch.setattr(drawing, plain.__name__, other)
    with pytest.raises(SystemExit, match=f"{encoding} draws other pixels"):
        drawing.check(points)
