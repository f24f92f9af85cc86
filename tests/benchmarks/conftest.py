"""A search head's state with a narrow model that has all that a published one has."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mousematch.encoding import DEFAULT, encoding_named

# The narrow network that the scorer's own tests run is made once for all of them.
from tests.mousematch.scorer.conftest import EMBEDDING
from tests.mousematch.scorer.conftest import models as models


@pytest.fixture
def state(models: Path, tmp_path: Path) -> Path:
    """A state folder whose registry holds the model tiny: random weights, a cohort, held-out scores."""
    folder = tmp_path / "state" / "models" / "tiny" / "1"
    shutil.copytree(models / "tiny" / "1", folder)
    random = np.random.default_rng(1)
    cohort = random.normal(size=(5, EMBEDDING))
    np.savez(folder / "cohort.npz", cohort=(cohort / np.linalg.norm(cohort, axis=1)[:, None]).astype(np.float32))
    trials = {"genuine_llr": random.normal(1, 1, 60), "impostor_llr": random.normal(-1, 1, 300)}
    seconds = {name.replace("llr", "s"): random.uniform(3, 60, len(llrs)) for name, llrs in trials.items()}
    np.savez(folder / "errors.npz", **{name: array.astype(np.float32) for name, array in {**trials, **seconds}.items()})
    card = json.loads((folder / "model.json").read_text())
    encoding = encoding_named(DEFAULT)
    card["backend"] = {"scale": 0.1, "offset": 0.0, "correlation": 0.2}
    if encoding.size == card["size"]:
        card["encoding"] = encoding.tag
    (folder / "model.json").write_text(json.dumps(card))
    return tmp_path / "state"


def know(state: Path, *hashes: str) -> None:
    """Lets the model's card say that it was trained on these recordings."""
    path = state / "models" / "tiny" / "1" / "model.json"
    card = json.loads(path.read_text())
    path.write_text(json.dumps({**card, "training": {"recordings": list(hashes)}}))
