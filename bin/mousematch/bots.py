"""The bot detector: kinematic vectors → probability that no human moved the mouse.

Boosted decision trees, trained by ``python -m samples.bots`` and kept as arrays, so that numpy alone evaluates them: all
rows and trees go down one level at a time. The sum of the leaves is a margin; scale and offset make it the natural
logarithm of the odds, fitted on people and on whole generators that the trees had not seen, with as many bots as people.

    <root>/bots/<version>/card.json    version of the vector, scale, offset, data, figures
                          trees.npz    feature, threshold, missing_left, left, right, value: one row a tree
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mousematch.errors import ModelError
from mousematch.kinematics import NAMES, VERSION, from_texts

MODEL = "bots"
CARD, TREES = "card.json", "trees.npz"
# Rows that go down the trees together: enough for numpy, little enough memory.
_BLOCK = 2048


@dataclass(frozen=True)
class Detector:
    """Trees as arrays (trees, nodes). A leaf leads to itself; ``value`` is the margin that it adds.

    feature: int16. threshold: float32; what is at most this goes left. missing_left: bool, where a NaN goes.
    left, right: int16, nodes. depth: levels below the root. scale, offset: margin → natural logarithm of the odds.
    """

    feature: NDArray[np.int16]
    threshold: NDArray[np.float32]
    missing_left: NDArray[np.bool_]
    left: NDArray[np.int16]
    right: NDArray[np.int16]
    value: NDArray[np.float32]
    depth: int
    scale: float
    offset: float

    @classmethod
    def read(cls, folder: Path) -> Detector:
        """The detector in a folder. Raises ModelError."""
        try:
            card = json.loads((folder / CARD).read_text("utf-8"))
            vector, depth = card["vector"], int(card["depth"])
            scale, offset = float(card["scale"]), float(card["offset"])
            with np.load(folder / TREES, allow_pickle=False) as arrays:
                trees = [arrays[name] for name in ("feature", "threshold", "missing_left", "left", "right", "value")]
        except (OSError, KeyError, TypeError, ValueError, EOFError, zipfile.BadZipFile) as exc:
            raise ModelError(f"The bot detector in {folder} cannot be read ({exc}); install the app again.") from exc
        if vector != VERSION or len({part.shape for part in trees}) != 1 or trees[0].max() >= len(NAMES):
            raise ModelError(
                f'The bot detector in {folder} reads vectors of version "{vector}", mouseencode gives "{VERSION}"; '
                "install the app again."
            )
        feature, threshold, missing_left, left, right, value = trees
        return cls(feature, threshold, missing_left, left, right, value, depth=depth, scale=scale, offset=offset)

    def margins(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """What the trees say: float32 (n, len(NAMES)) → float64 (n,), higher is more a bot."""
        trees = np.arange(len(self.feature))
        sums = np.empty(len(vectors), np.float64)
        for start in range(0, len(vectors), _BLOCK):
            block = vectors[start : start + _BLOCK]
            rows = np.arange(len(block))[:, None]
            node = np.zeros((len(block), len(trees)), np.intp)
            for _ in range(self.depth):
                seen = block[rows, self.feature[trees, node]]
                goes_left = np.where(np.isnan(seen), self.missing_left[trees, node], seen <= self.threshold[trees, node])
                node = np.where(goes_left, self.left[trees, node], self.right[trees, node])
            sums[start : start + _BLOCK] = self.value[trees, node].sum(axis=1, dtype=np.float64)
        return sums

    def probabilities(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probability that no human moved the mouse, if half of all sessions were bots: (n,), 0–1; NaN without a vector."""
        odds = np.clip(self.scale * self.margins(vectors) + self.offset, -30.0, 30.0)
        # A vector always has its reaches; one without them was never measured.
        return np.where(np.isnan(vectors[:, 0]), np.nan, 1.0 / (1.0 + np.exp(-odds)))

    def texts(self, kinematics: Sequence[str]) -> list[str]:
        """The values of match_bot for values of the field kinematics; "" where there is none, or of another version."""
        answers = [""] * len(kinematics)
        numbers = [number for number, text in enumerate(kinematics) if text]
        if numbers:
            found = self.probabilities(from_texts([kinematics[number] for number in numbers]))
            for number, probability in zip(numbers, found):
                if not np.isnan(probability):
                    answers[number] = f"{probability:.6f}"
        return answers
