"""mousetrain as a process, with a real training of a narrow network on tiny images; and what ends it."""

from __future__ import annotations

import json
import os
import signal
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mousematch import images
from mousematch.registry import Registry
from tests.commands.interpreters import EVERY_PYTHON
from tests.commands.protocol import APP, CommandProcess, Result, run
from tests.commands.serving import wait_for
from tests.commands.splunkd import Splunkd, splunkd

SIZE = 32
TAG = f"trial/1/{SIZE}"
FIELDS = [
    *("model", "version", "active", "task", "classes", "people", "sessions", "images", "steps", "metrics", "seconds"),
    "folder",
]
NARROW = ("width=0.0625",)


def picture(person: int, number: int, tag: str = TAG) -> str:
    """Noise in a column of the person's own, on grey."""
    pixels = np.full((SIZE, SIZE, 3), 128, np.uint8)
    random = np.random.default_rng((person, number))
    pixels[:, 3 * person : 3 * person + 3] = random.integers(150, 255, (SIZE, 3, 3))
    return images.to_base64(images.to_png(pixels, tag))


def session(person: int, number: int, windows: int = 4, **more: Any) -> dict[str, Any]:
    pictures = [picture(person, 100 * number + window) for window in range(windows)]
    return {
        "session": f"p{person}s{number}",
        "user": f"p{person}",
        "start": str(number),
        "active_s": str(10 * windows),
        "points": str(600 * windows),
        "image": pictures,
        "window_active_s": ["10.000"] * windows,
        **more,
    }


def people(count: int, sessions: int = 3) -> list[dict[str, Any]]:
    return [session(person, number) for person in range(count) for number in range(sessions)]


class Head:
    """A search head with an empty state folder of its own."""

    def __init__(self, state: Path, rest: Splunkd) -> None:
        self.state, self._rest = state, rest

    def configure(self, **settings: str) -> None:
        folder = self.state / "local"
        folder.mkdir(exist_ok=True)
        # A scorer that a test starts leaves soon after it.
        lines = [f"{name} = {value}" for name, value in {"threads": "1", "idle_s": "3", **settings}.items()]
        (folder / "mousematch.conf").write_text("\n".join(["[scorer]", *lines]) + "\n")

    def options(self) -> dict[str, Any]:
        return {"searchinfo": self._rest.searchinfo, "env": {"MOUSEMATCH_STATE": str(self.state)}}

    def run(self, *args: str, rows: Any, command: str = "mousetrain", **more: Any) -> Result:
        return run(command, *args, chunks=[rows], **{**self.options(), **more})

    def start(self, *args: str) -> CommandProcess:
        return CommandProcess("mousetrain", *args, **self.options())

    @property
    def versions(self) -> list[int]:
        return Registry([self.state / "models"]).versions("trained")

    @property
    def work(self) -> list[Path]:
        """The folders of trainings that are not finished."""
        return [folder for folder in (self.state / "training").glob("*") if folder.is_dir()]


@pytest.fixture
def head(tmp_path: Path) -> Iterator[Head]:
    with splunkd(tmp_path) as rest:
        made = Head(tmp_path, rest)
        made.configure()
        yield made


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    found = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in found.read_text().split()] if found.exists() else []


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_cancelled_training_goes_on_with_the_same_search_and_is_published_when_it_ends(head: Head) -> None:
    rows = people(3)
    junk = [
        {**session(0, 7), "image": ["NaN", "not base64 !", picture(0, 1, "other/1/32")]},
        {**session(0, 8), "user": ["p0", "p1"]},
        {**session(1, 9), "image": [picture(1, 1000), picture(0, 0)]},
    ]
    # The first line of the log comes after 50 steps; so many are left that the search ends before the training does.
    steps = 250
    search = ("task=classify", f"steps={steps}", *NARROW)
    with head.start(*search) as command:
        command.getinfo()
        command.send({"action": "execute", "finished": False}, to_body(rows + junk))
        command.receive()
        command.send({"action": "execute", "finished": True})
        wait_for(lambda: any("step" in log.read_text() for log in head.state.glob("training/*/work/training.log")), 120)
        (child,) = children(command.process.pid)
        assert command.process.stdin is not None
        # What splunkd does when the job is cancelled.
        command.process.stdin.close()
        assert command.process.wait(60) == 0
        assert command.process.stdout is not None and command.process.stdout.read() == b""
        command.exit_code = 0
    wait_for(lambda: not running(child), 60)
    assert head.versions == [] and len(head.work) == 1

    result = head.run(*search, rows=rows + junk)

    assert result.error is None, result.error
    (row,) = result.rows
    assert list(row) == FIELDS
    assert {name: row[name] for name in FIELDS[:9]} == {
        "model": "trained", "version": "1", "active": "1", "task": "classify", "classes": ["p0", "p1", "p2"],
        "people": "", "sessions": "10", "images": "36", "steps": str(steps),
    }  # fmt: skip
    told = [text for _, text in result.messages]
    assert any(text.startswith("Training goes on from step ") for text in told)
    assert any(f"Training: phase 1 of 1, 100%, step {steps}" in text for text in told)
    assert "1 images came under two labels and count for neither." in told
    assert sum("left out" in text for text in told) == 3
    assert head.work == []
    card = json.loads(Path(row["folder"], "model.json").read_text())
    assert card["training"]["options"] == {"label": "user", "from": "scratch", "freeze": "0"}
    assert len(card["training"]["data"]["images"]) == 16
    assert {"weights.npz", "classes.npz", "model.tflite", "saved_model.pb"} <= set(os.listdir(row["folder"]))
    assert card["metrics"]["held_out_sessions"]["sessions"] == 3
    scored = head.run("model=trained", command="mousescore", rows=people(3))
    assert scored.error is None and {row["match_class"] for row in scored.rows} <= {"p0", "p1", "p2"}
    assert all(1 / 3 < float(row["match_class_probability"]) <= 1 for row in scored.rows), scored.rows[0]["match_error"]
    refused = head.run("model=trained", command="mouseenroll", rows=people(3))
    assert refused.error is not None and "knows classes and compares nobody" in refused.error


def to_body(rows: list[dict[str, Any]]) -> bytes:
    from tests.commands.protocol import to_csv

    return to_csv(rows)


def test_people_become_a_model_that_can_be_enrolled_with_and_is_not_active_by_itself(head: Head) -> None:
    rows = [*people(8), session(8, 0)]

    first = head.run("steps=12", *NARROW, rows=rows)
    second = head.run("steps=4", "from=trained/1", "freeze=2", rows=rows)

    assert first.error is None and second.error is None, (first.error, second.error)
    assert (first.rows[0]["task"], first.rows[0]["people"], first.rows[0]["steps"]) == ("embed", "9", "12")
    assert any(metric.startswith("held_out_people.0.auc=") for metric in first.rows[0]["metrics"])
    assert any("1 of 9 people have one session" in text for _, text in first.messages)
    assert any("take the probabilities as rough" in text for _, text in first.messages)
    # The first version of a name is the active one, for there is no other; the second waits to be activated.
    assert [result.rows[0]["active"] for result in (first, second)] == ["1", "0"]
    models = Registry([head.state / "models"])
    assert models.active("trained") == 1
    version = models.resolve("trained/2")
    assert version.card["training"]["options"] == {"label": "user", "from": "trained/1", "freeze": "2"}
    assert version.cohort().shape == (5, version.embedding)
    assert version.held_out() is not None
    enrolled = head.run("model=trained", "min_active_s=10", "min_consistency=-100", command="mouseenroll", rows=rows[:6])
    assert [row["status"] for row in enrolled.rows] == ["enrolled", "enrolled"], enrolled.rows
    scored = head.run("model=trained", command="mousescore", rows=rows[:6])
    assert {row["match_verdict"] for row in scored.rows} <= {"match", "mismatch"}


def test_the_training_ends_when_the_search_is_killed(head: Head) -> None:
    with head.start("steps=100000", *NARROW) as command:
        command.getinfo()
        command.send({"action": "execute", "finished": True}, to_body(people(8)))
        wait_for(lambda: children(command.process.pid), 30)
        (child,) = children(command.process.pid)

        command.process.kill()

        command.exit_code = command.process.wait()
        wait_for(lambda: not running(child), 90)
    assert head.versions == []


def test_a_training_process_that_is_killed_is_an_error_and_leaves_the_registry(head: Head) -> None:
    with head.start("steps=100000", *NARROW) as command:
        command.getinfo()
        command.send({"action": "execute", "finished": True}, to_body(people(8)))
        wait_for(lambda: children(command.process.pid), 30)

        os.kill(children(command.process.pid)[0], signal.SIGKILL)

        reply = command.receive()
    assert reply.error is not None and "was ended by SIGKILL" in reply.error and "goes on from its last" in reply.error
    assert head.versions == []


@pytest.mark.parametrize(
    "args, rows, words",
    [
        (("task=classify",), [*people(2), session(2, 0)], '1 of 3 labels have one session ("p2"); each class needs two'),
        (("task=classify",), people(1), "at least two classes; there is 1"),
        ((), people(1), "There are 1 people; a model needs at least 8"),
        ((), people(8, sessions=1), "0 of 8 people have two sessions; at least 4 need them"),
        ((), [{"user": "p0", "session": "s", "image": "NaN"}], "No row has an image and a label to train on (1 rows)"),
        (("label=owner",), people(8), "No row has an image and a label to train on"),
        (("from=nobody",), people(8), 'There is no model "nobody"'),
    ],
)
def test_material_that_cannot_be_trained_on_is_refused_before_a_training_begins(
    head: Head, args: tuple[str, ...], rows: list[dict[str, Any]], words: str
) -> None:
    began = time.monotonic()

    result = head.run(*args, rows=rows)

    assert result.error is not None and words in result.error
    assert result.exit_code == 1 and result.stderr == "" and head.versions == []
    assert not any((folder / "images").exists() for folder in head.work)
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("python", EVERY_PYTHON)
def test_splunks_pythons_collect_and_start_the_training(head: Head, python: str) -> None:
    """The training itself runs in the Python of mousematch.conf; here one that cannot train says so."""
    head.configure(python="/bin/false")

    refused = head.run(rows=people(1), python=python)
    started = head.run(*NARROW, rows=people(8), python=python)

    assert refused.error is not None and "a model needs at least 8" in refused.error
    assert started.error is not None and "was ended with code 1" in started.error
    assert refused.stderr == started.stderr == ""


def test_users_with_wildly_unequal_data_are_trained_alike(head: Head) -> None:
    """The split and the sampler take them; that people are drawn alike is the sampler's own test."""
    rows = [session(0, number, windows=20) for number in range(10)] + [session(1, number, windows=1) for number in range(2)]

    result = head.run("task=classify", "steps=2", *NARROW, rows=rows)

    assert result.error is None, result.error
    assert (result.rows[0]["sessions"], result.rows[0]["images"]) == ("12", "202")


@pytest.mark.parametrize(
    "args, words",
    [
        (("task=guess",), 'task="guess" is none of the choices; write embed or classify.'),
        (("minutes=1", "steps=5"), "minutes and steps both say how long"),
        (("freeze=2",), "would keep random weights"),
        (("freeze=6",), 'freeze="6" is none of the choices'),
        (("from=base", "imagenet=/x.h5"), "two beginnings"),
        (("imagenet=/x.h5", "width=0.5"), "width=0.5 does not go with imagenet="),
        (("name=../up",), 'name="../up" cannot name a model'),
        (("steps=0",), "from 1 to"),
        (("activate=maybe",), "write true or false"),
        (("label=",), "label is empty"),
        (("epochs=3",), "mousetrain has no option epochs"),
    ],
)
def test_a_mistake_in_the_options_ends_the_search_at_once(head: Head, args: tuple[str, ...], words: str) -> None:
    result = head.run(*args, rows=[])

    assert result.error is not None and words in result.error and result.stderr == ""


def test_a_python_without_tensorflow_is_an_error_that_says_what_to_set(head: Head, tmp_path: Path) -> None:
    bare = tmp_path / "bare-python"
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    bare.chmod(0o755)
    head.configure(python=str(bare))

    result = head.run(*NARROW, rows=people(8))

    assert result.error is not None and "which training needs; set python in mousematch.conf [scorer]" in result.error
    head.configure(python=str(tmp_path / "no-python"))
    missing = head.run(*NARROW, rows=people(8))
    assert missing.error is not None and "cannot be started with" in missing.error and head.versions == []


def test_an_imagenet_file_of_the_wrong_make_is_an_error_and_publishes_nothing(head: Head, tmp_path: Path) -> None:
    (tmp_path / "vgg.h5").write_bytes(b"this is no HDF5 file")

    result = head.run(f"imagenet={tmp_path / 'vgg.h5'}", "steps=1", rows=people(8))

    assert result.error is not None and "is no readable weight file of VGG16" in result.error
    assert head.versions == []


def test_a_full_disk_is_an_error_and_leaves_no_images_behind(head: Head, tmp_path: Path) -> None:
    """Played by the largest file that the process may write."""
    script = tmp_path / "limited.py"
    script.write_text(
        textwrap.dedent(f"""
        import resource, runpy, signal, sys
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        sys.path.insert(0, {str(APP / "bin")!r})
        runpy.run_path({str(APP / "bin" / "mousetrain.py")!r}, run_name="__main__")
        """)
    )

    result = head.run(rows=people(8), script=script)

    assert result.error is not None and "The images cannot be kept in" in result.error and "make room" in result.error
    assert head.work == [] and head.versions == []


def test_no_rows_are_no_results_and_no_error(head: Head) -> None:
    result = head.run(rows=[])

    assert result.rows == [] and result.error is None and result.exit_code == 0
