"""How a training is asked to end: as processes, since signals and pipes are the process's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np

from mousematch import labelled
from mousematch.labelled import LabelledSession
from tests.commands.serving import wait_for

BIN = Path(__file__).resolve().parents[2] / "bin"
ENVIRONMENT = {"PATH": "", "PYTHONPATH": str(BIN), "OMP_NUM_THREADS": "1"}


def start(script: str, **pipes: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], text=True, stdout=subprocess.PIPE, env=ENVIRONMENT, **pipes
    )


WAITS = """
    import sys, time
    from mousematch.interruption import Interruption
    stop = Interruption().on_signals().while_open(sys.stdin.fileno())
    print("ready", flush=True)
    while not stop():
        time.sleep(0.01)
    print("asked", flush=True)
    time.sleep(30)
"""


def test_the_first_signal_asks_and_the_second_one_ends() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        process = start(WAITS, stdin=subprocess.PIPE)
        assert process.stdout is not None and process.stdin is not None
        assert process.stdout.readline() == "ready\n"

        process.send_signal(number)
        assert process.stdout.readline() == "asked\n"
        process.send_signal(number)

        assert process.wait(10) == -number
        process.stdin.close()
        process.stdout.close()


def test_a_parent_that_is_gone_asks_too() -> None:
    process = start(WAITS, stdin=subprocess.PIPE)
    assert process.stdout is not None and process.stdin is not None
    assert process.stdout.readline() == "ready\n"

    process.stdin.close()

    assert process.stdout.readline() == "asked\n"
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_training_that_hangs_does_not_outlive_its_parent() -> None:
    process = start(
        """
        import os, sys, time
        from mousematch import interruption
        interruption.GRACE_S = 0.1
        interruption.Interruption().while_open(sys.stdin.fileno())
        time.sleep(60)
        """,
        stdin=subprocess.PIPE,
    )
    assert process.stdin is not None and process.stdout is not None

    process.stdin.close()

    assert process.wait(10) == 1
    process.stdout.close()


def test_ctrl_c_on_the_command_line_leaves_a_checkpoint_and_says_how_to_go_on(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    writer = labelled.Writer(images, encoding="trial/1/32", most_images=100)
    random = np.random.default_rng(0)
    for number in range(8):
        session = writer.session(LabelledSession(f"class{number % 2}", f"session{number}"))
        writer.add(session, random.integers(0, 256, (32, 32, 3)).astype(np.uint8))
    writer.finish()
    work = tmp_path / "work"
    command = [sys.executable, "-m", "mousematch", "train", "--images", str(images), "--task", "classify"]
    command += ["--work", str(work), "--out", str(tmp_path / "out"), "--phases", "0.0625:100000steps:1e-3", "--threads", "1"]
    process = subprocess.Popen(
        command, env=ENVIRONMENT, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    wait_for(lambda: (work / "training.log").exists() and "step" in (work / "training.log").read_text(), 120)

    os.kill(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "mousematch: Training was stopped at step" in errors and "the same command goes on from there" in errors
    assert "width 0.0625" in output
    assert (work / "checkpoint.npz").exists() and not (tmp_path / "out").exists()
