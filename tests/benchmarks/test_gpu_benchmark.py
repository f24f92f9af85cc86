"""benchmarks/gpu.py where there is no GPU: what it says, what ends it, and that what it is given fits the network."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests.benchmarks.benchmark_files import module


@pytest.fixture(scope="module")
def gpu() -> ModuleType:
    return module("gpu")


class Doubles:
    """In place of a framework."""

    title = "a framework"

    def __init__(self, given: int) -> None:
        self._given = given

    def double(self, times: int) -> int:
        return 2 * times * self._given

    def fail(self) -> None:
        raise ValueError("too large")

    def die(self) -> None:
        os._exit(1)


def test_without_a_gpu_it_says_so_and_is_skipped(
    gpu: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gpu, "NODES", ("/dev/no-such-device",))
    monkeypatch.setattr(sys, "argv", ["gpu.py"])

    assert gpu.main() == gpu.SKIPPED
    assert capsys.readouterr().out == "skipped: this machine has no NVIDIA GPU\n"


def test_without_torch_it_says_how_to_get_it(
    gpu: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gpu.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--device", "cpu"])

    assert gpu.main() == gpu.SKIPPED
    assert capsys.readouterr().out == "skipped: torch is not installed (pip install torch)\n"


def test_all_benchmarks_pass_over_one_that_is_skipped_but_one_that_was_asked_for_does_not(
    gpu: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = importlib.import_module("benchmarks.__main__")
    assert every.SKIPPED == gpu.SKIPPED
    monkeypatch.setattr(every, "FOLDER", tmp_path)
    (tmp_path / "fine.py").write_text('"""Fine."""\n')
    (tmp_path / "skips.py").write_text(f'"""Skips."""\nraise SystemExit({gpu.SKIPPED})\n')

    assert every.main([]) == 0
    assert every.main(["skips"]) == gpu.SKIPPED
    (tmp_path / "wrong.py").write_text('"""Fails."""\nraise SystemExit("differ")\n')
    assert every.main([]) == 1


def test_a_framework_works_in_a_process_of_its_own(gpu: ModuleType) -> None:
    with gpu.process(Doubles, 21) as call:
        assert call() == "a framework"
        assert call("double", 1) == 42
        assert call("double", 2) == 84


@pytest.mark.parametrize(("method", "said"), [("fail", r"Doubles: ValueError\('too large'\)"), ("die", "Doubles died")])
def test_a_framework_that_fails_ends_the_benchmark(gpu: ModuleType, method: str, said: str) -> None:
    with gpu.process(Doubles, 21) as call:
        call()
        with pytest.raises(SystemExit, match=said):
            call(method)


def test_results_that_differ_end_the_benchmark(gpu: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    gpu.near("embeddings", [0.5, -0.5], [0.5, -0.50005], 1e-4)
    assert capsys.readouterr().out == "embeddings: 5.0e-05 apart, 0.0001 allowed\n"

    for theirs in ([0.5, 0.5], [0.5, float("nan")]):
        with pytest.raises(SystemExit, match="do not compute the same"):
            gpu.near("embeddings", [0.5, -0.5], theirs, 1e-4)


def test_the_weights_fit_the_network_and_its_work_is_counted_as_for_scoring() -> None:
    from mousematch.model import build_model

    networks = module("_gpu_networks")
    task = networks.task(device="cpu", width=1 / 16, batch=2, mode="default", side=8)
    network = build_model(size=networks.SIZE, width=1 / 16, embedding=networks.EMBEDDING)

    network.set_weights(task.weights)

    assert task.flops() == module("scoring").flops(network)
    found = np.asarray(network(task.images, training=False))
    assert np.isfinite(found).all()
    assert np.abs(found[0] - found[1]).max() > 1e-3
