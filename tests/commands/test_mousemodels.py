"""mousemodels as a process."""

from __future__ import annotations

from tests.commands.conftest import Bench
from tests.commands.protocol import CommandProcess


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
