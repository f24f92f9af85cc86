"""mousemodels as a process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from mousematch.policy import held_out
from mousematch.registry import ERRORS
from tests.commands.conftest import Bench
from tests.commands.protocol import CommandProcess
from tests.commands.serving import MODEL


def test_the_registry_is_listed_and_the_command_says_that_this_is_all(bench: Bench) -> None:
    (bench.state / "models" / "broken" / "3").mkdir(parents=True, exist_ok=True)
    (bench.state / "models" / "broken" / "3" / "model.json").write_text("{")

    with CommandProcess("mousemodels", env={"MOUSEMATCH_STATE": str(bench.state)}) as command:
        announced = command.getinfo().metadata
        reply = command.execute(b"", finished=False)

    assert announced["generating"] is True and announced["type"] == "stateful"
    assert reply.metadata["finished"] is True
    rows = {row["model"]: row for row in reply.rows}
    assert (
        rows["axes"]["version"] == "1" and rows["axes"]["active"] == "1" and rows["axes"]["encoding"] == "motion/1/64"
    )
    assert rows["axes"]["training"] == ["epochs=3", "data.people=4"]
    assert rows["axes"]["metrics"] == "auc=0.99" and rows["axes"]["model_error"] == ""
    assert "cannot be read" in rows["broken"]["model_error"]


def test_one_model_can_be_asked_for_and_a_missing_one_is_an_error(bench: Bench) -> None:
    environment = {"MOUSEMATCH_STATE": str(bench.state)}
    with CommandProcess("mousemodels", "model=axes", env=environment) as command:
        command.getinfo()
        assert {row["model"] for row in command.execute(b"").rows} == {"axes"}
    with CommandProcess("mousemodels", "model=nothing", env=environment) as command:
        command.getinfo()
        assert 'no model "nothing"' in (command.execute(b"").error or "")


def generated(bench: Bench, *args: str) -> Any:
    """The reply of the command."""
    environment = {"MOUSEMATCH_STATE": str(bench.state)}
    with CommandProcess("mousemodels", *args, searchinfo=bench.head.searchinfo, env=environment) as command:
        command.getinfo()
        return command.execute(b"")


@pytest.fixture
def trials(bench: Bench) -> Iterator[Bench]:
    """A bench whose model has four held-out trials of persons 3 and 5."""
    path = bench.state / "models" / MODEL / "1" / ERRORS
    arrays = held_out(
        genuine_llr=[2.0, -1.0], genuine_s=[12.0, 60.0], impostor_llr=[-2.0, 0.5], impostor_s=[12.0, 60.0],
        genuine_owner=[3, 5], impostor_owner=[3, 5], impostor_mover=[5, 3],
    )  # fmt: skip
    np.savez(path, **arrays.arrays())
    yield bench
    path.unlink()


def test_held_out_trials_are_rows_that_a_policy_has_decided(trials: Bench) -> None:
    reply = generated(trials, "trials=true", f"model={MODEL}")

    assert reply.error is None and reply.metadata["finished"] is True
    told = [
        (row["genuine"], row["user"], row["moved_by"], row["match_llr"], row["match_evidence_s"], row["match_verdict"])
        for row in reply.rows
    ]
    assert told == [
        ("1", "person 3", "person 3", "2.0000", "12.000", "match"),
        ("1", "person 5", "person 5", "-1.0000", "60.000", "mismatch"),
        ("0", "person 3", "person 5", "-2.0000", "12.000", "mismatch"),
        ("0", "person 5", "person 3", "0.5000", "60.000", "match"),
    ]
    assert {(row["model"], row["match_policy"], row["match_threshold"]) for row in reply.rows} == {
        ("axes/1", "default", "0.5")
    }
    assert all(float(row["match_far"]) > 0 and float(row["match_frr"]) > 0 for row in reply.rows)


def test_the_trials_of_another_policy_have_its_threshold_and_its_least_evidence(trials: Bench) -> None:
    reply = generated(trials, "trials=t", f"model={MODEL}/1", "policy=quiet")

    assert [row["match_verdict"] for row in reply.rows] == ["insufficient", "match", "insufficient", "match"]
    assert {row["match_policy"] for row in reply.rows} == {"quiet"}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("trials=true", "model=axes/7"), "no version 7"),
        (("trials=true", "model=axes", "policy=lax"), 'no policy "lax"'),
        (("policy=strict",), "add trials=true"),
        (("trials=perhaps",), 'trials="perhaps" is neither'),
    ],
)
def test_what_cannot_be_shown_ends_the_search_with_one_line(trials: Bench, args: tuple[str, ...], words: str) -> None:
    environment = {"MOUSEMATCH_STATE": str(trials.state)}
    with CommandProcess("mousemodels", *args, searchinfo=trials.head.searchinfo, env=environment) as command:
        error = command.getinfo().error or command.execute(b"").error

    assert error is not None and words in error and "\n" not in error


def test_a_version_without_held_out_trials_says_so(bench: Bench) -> None:
    assert "axes/1 has no held-out scores" in (generated(bench, "trials=true", f"model={MODEL}").error or "")
