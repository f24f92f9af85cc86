"""Checkpoints of a training: weights, optimiser and position in one file, complete or not at all.

    <work>/checkpoint.npz        the phase that is being trained
    <work>/phase0.npz, …         phases that are finished: their weights alone

A file is written beside the old one and put in its place by renaming, so a crash or a full disk leaves the old one.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from mousematch.errors import TrainingError

_POSITION = "position"


@dataclass(frozen=True)
class Position:
    """Where a training stands. key: what has to be the same for it to go on (see training._key)."""

    key: str
    phase: int
    step: int
    seconds: float


def save(path: Path, position: Position, variables: Sequence[Any]) -> None:
    """Writes a checkpoint. Raises TrainingError, and leaves the old one, if there is no room."""
    temporary = path.with_name(f".{path.name}")
    arrays: dict[str, Any] = {
        f"{number:04}": keras.ops.convert_to_numpy(variable) for number, variable in enumerate(variables)
    }
    arrays[_POSITION] = np.array(json.dumps(asdict(position)))
    try:
        with temporary.open("wb") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as exc:
        temporary.unlink(missing_ok=True)
        raise TrainingError(
            f"The checkpoint {path} of step {position.step} cannot be written ({exc.strerror or exc}); make room there "
            "and run the same command again, which goes on from the checkpoint before."
        ) from exc


def read(path: Path) -> tuple[Position, list[NDArray[Any]]] | None:
    """The position and the arrays of a checkpoint, None if there is none. Raises TrainingError if it is damaged."""
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as archive:
            position = Position(**json.loads(str(archive[_POSITION])))
            names = sorted(name for name in archive.files if name != _POSITION)
            return position, [archive[name] for name in names]
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as exc:
        raise TrainingError(f"The checkpoint {path} cannot be read ({exc}); delete it to begin anew.") from exc


def restore(path: Path, arrays: Sequence[NDArray[Any]], variables: Sequence[Any]) -> None:
    """Sets variables from a checkpoint's arrays. Raises TrainingError if they are not of the same network."""
    if [array.shape for array in arrays] != [tuple(variable.shape) for variable in variables]:
        raise TrainingError(f"The checkpoint {path} is of another network; give another work folder, or delete it.")
    for variable, array in zip(variables, arrays):
        variable.assign(array)
