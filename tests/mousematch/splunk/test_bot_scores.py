"""match_bot in the rows of a search."""

from __future__ import annotations

from pathlib import Path

from mousematch.kinematics import kinematics, to_text
from mousematch.splunk.bot_scores import BotScores
from mousematch.splunk.chunks import Columns
from mousematch.splunk.messages import Messages
from samples.bots import bot


class Said:
    """Keeps the messages of a search."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def write_info(self, message: str) -> None: ...

    def write_warning(self, message: str) -> None:
        self.warnings.append(message)

    def write_error(self, message: str) -> None: ...


def line() -> str:
    vector = kinematics(bot("linear", seed=70_000))
    assert vector is not None
    return to_text(vector)


def test_each_row_has_its_own_answer_or_none() -> None:
    columns = BotScores(Messages(Said())).add(Columns({"kinematics": ["", line(), "damaged"]}))

    empty, bot_row, damaged = columns["match_bot"]
    assert (empty, damaged) == ("", "")
    assert float(bot_row) > 0.9


def test_rows_without_the_field_need_no_detector(tmp_path: Path) -> None:
    said = Said()

    columns = BotScores(Messages(said), tmp_path).add(Columns({"image": ["a", "b"]}))

    assert columns["match_bot"] == ["", ""] and said.warnings == []


def test_a_missing_detector_is_said_once_and_leaves_the_rows_empty(tmp_path: Path) -> None:
    said = Said()
    scores = BotScores(Messages(said), tmp_path)

    for _ in range(2):
        assert scores.add(Columns({"kinematics": [line()]}))["match_bot"] == [""]

    assert len(said.warnings) == 1 and "install the app again" in said.warnings[0]
