"""mousescore with the local scorer: a real process with a narrow network, started, shared, killed, and impossible."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mousematch.splunk.service import connect
from tests.commands.protocol import CommandProcess, Result, run
from tests.commands.serving import wait_for
from tests.commands.splunkd import Splunkd, splunkd
from tests.mousematch.scorer.conftest import EMBEDDING, TAG, picture, pictures

BACKEND = {"scale": 1.0, "offset": -0.5, "correlation": 0.3}


class LocalHead:
    """A search head whose settings name the narrow model, and the scorers that its searches started."""

    enrolled: Result
    """Of the first search, which enrolled alice."""

    def __init__(self, head: Splunkd, state: Path) -> None:
        self.head, self.state = head, state
        self.settings = connect(head.search)

    @property
    def options(self) -> dict[str, Any]:
        return {"searchinfo": self.head.searchinfo, "env": {"MOUSEMATCH_STATE": str(self.state)}}

    def run(self, name: str, *args: str, chunks: Any) -> Result:
        return run(name, *args, chunks=chunks, **self.options)

    def set(self, stanza: str, **values: str) -> None:
        self.settings.post(f"configs/conf-mousematch/{stanza}", **values)

    def pids(self) -> list[int]:
        """Processes of this state folder's scorers, by their command line."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                line = (entry / "cmdline").read_bytes() if entry.name.isdecimal() else b""
            except OSError:
                continue
            if b"mousematch.scorer" in line and str(self.state / "run").encode() in line:
                found.append(int(entry.name))
        return found

    def kill(self) -> None:
        """Ends the scorers at once and waits until they are gone."""
        for pid in self.pids():
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not self.pids())


@pytest.fixture(scope="module")
def local(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHead]:
    state = tmp_path_factory.mktemp("state")
    folder = state / "models" / "tiny" / "1"
    shutil.copytree(models / "tiny" / "1", folder)
    card = {**json.loads((folder / "model.json").read_text()), "backend": BACKEND}
    (folder / "model.json").write_text(json.dumps(card))
    cohort = np.random.default_rng(0).normal(size=(20, EMBEDDING)).astype(np.float32)
    np.savez(folder / "cohort.npz", cohort=cohort / np.linalg.norm(cohort, axis=1, keepdims=True))
    with splunkd(state) as head:
        found = LocalHead(head, state)
        found.set("scorer", executor="litert", idle_s="60")
        found.set("matching", model="tiny")
        found.set("enrollment", min_windows="4", min_active_s="1", min_consistency="-1000")
        found.enrolled = found.run("mouseenroll", chunks=[rows("alice", 3)])
        yield found
        found.kill()


def rows(user: str, count: int, first: int = 0) -> list[dict[str, Any]]:
    images = [pictures(3, first=first + 10 * number) for number in range(count)]
    return [
        {"user": user, "session": f"s{first + number}", "image": image, "window_active_s": ["20.000"] * 3}
        for number, image in enumerate(images)
    ]


def test_the_first_search_starts_the_scorer_and_the_next_one_finds_it(local: LocalHead) -> None:
    warm = local.run("mousescore", chunks=[rows("alice", 1, first=400)])
    scored = local.run("mousescore", chunks=[rows("alice", 2, first=500)])

    assert warm.error is None and local.enrolled.error is None
    assert [row["status"] for row in local.enrolled.rows] == ["enrolled"]
    told = [text for _, text in local.enrolled.messages]
    assert told[0].startswith("Starting the scorer") and told[-1].startswith("The scorer is ready")
    assert {level for level, _ in local.enrolled.messages} == {"INFO"}
    assert all(row["match_verdict"] in ("match", "mismatch") for row in scored.rows)
    assert all(row["match_model"] == "tiny/1" and row["match_error"] == "" for row in scored.rows)
    assert scored.messages == []
    assert len(local.pids()) == 1


def test_the_same_images_score_the_same_whatever_comes_with_them(local: LocalHead) -> None:
    probe = rows("alice", 1, first=700)

    alone = local.run("mousescore", chunks=[probe]).rows[0]
    among = local.run("mousescore", chunks=[rows("alice", 4, first=900) + probe]).rows[-1]

    assert float(among["match_llr"]) == pytest.approx(float(alone["match_llr"]), abs=0.01)


def test_a_scorer_killed_in_the_middle_is_started_again_and_no_row_loses_its_score(local: LocalHead) -> None:
    with CommandProcess("mousescore", **local.options) as command:
        command.getinfo()
        before = command.execute(rows("alice", 2, first=1_000))
        local.kill()
        after = command.execute(rows("alice", 2, first=2_000), finished=True)

    assert [row["match_error"] for row in before.rows + after.rows] == [""] * 4
    assert all(row["match_score"] for row in before.rows + after.rows)
    assert any("Starting the scorer" in text for _, text in after.messages)


def test_an_image_of_another_encoding_never_reaches_the_scorer(local: LocalHead) -> None:
    row = {"user": "alice", "image": [picture(1, tag="path/1/64"), picture(2)], "window_active_s": ["20", "20"]}

    (scored,) = local.run("mousescore", chunks=[[row]]).rows

    assert f'Window 1 of 2: The image has the encoding "path/1/64", the model reads "{TAG}"' in scored["match_error"]
    assert scored["match_score"]


@pytest.mark.parametrize("fault", ["interpreter", "folder"])
def test_a_scorer_that_cannot_be_started_costs_the_scores_and_no_row(local: LocalHead, fault: str) -> None:
    local.kill()
    run_folder = local.state / "run"
    if fault == "interpreter":
        local.set("scorer", python="/nowhere/python")
    else:
        shutil.rmtree(run_folder)
        run_folder.write_text("in the way of the scorer's folder")
    try:
        result = local.run("mousescore", chunks=[rows("alice", 2, first=3_000), rows("alice", 1, first=4_000)])
    finally:
        local.set("scorer", python="")
        if run_folder.is_file():
            run_folder.unlink()

    assert len(result.rows) == 3 and result.error is None
    assert all("cannot be" in row["match_error"] and not row["match_score"] for row in result.rows)
    assert [level for level, _ in result.messages if level != "INFO"] == ["ERROR"]
