"""Rows with the field kinematics → the same rows with match_bot."""

from __future__ import annotations

from pathlib import Path

from mousematch.bots import Detector
from mousematch.errors import ModelError
from mousematch.formats.names import KINEMATICS
from mousematch.splunk.chunks import Columns
from mousematch.splunk.messages import Messages
from mousematch.splunk.models import APP_FOLDER

MATCH_BOT = "match_bot"
FOLDER = APP_FOLDER / "models" / "bots" / "1"


class BotScores:
    """Adds match_bot; reads the detector with the first row that needs it. Without a detector every row stays empty."""

    def __init__(self, messages: Messages, folder: Path = FOLDER) -> None:
        self._messages = messages
        self._folder = folder
        self._detector: Detector | None = None
        self._broken = False

    def add(self, columns: Columns) -> Columns:
        """The rows with match_bot, empty where the row has no kinematics that the detector reads."""
        texts = columns.column(KINEMATICS)
        detector = self._read() if any(texts) else None
        columns[MATCH_BOT] = detector.texts(texts) if detector else [""] * columns.rows
        return columns

    def _read(self) -> Detector | None:
        if self._detector is None and not self._broken:
            try:
                self._detector = Detector.read(self._folder)
            except ModelError as exc:
                self._broken = True
                self._messages.warn(f"Rows have no match_bot: {exc}")
        return self._detector
