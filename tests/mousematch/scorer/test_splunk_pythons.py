"""The scorer under Splunk's own Pythons, with nothing but the vendored packages."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from mousematch.scorer.launch import BIN
from tests.commands.interpreters import interpreter
from tests.mousematch.scorer.conftest import Head, pictures

LIB = BIN.parent / "lib"
SEARCH = """
import sys
from pathlib import Path
sys.path[:0] = [sys.argv[1], sys.argv[2]]
from mousematch.scorer.client import Client
from mousematch.scorer.launch import Launch
from mousematch.scorer.supervisor import ensure_running, stop
launch = Launch((Path(sys.argv[3]),), model="tiny", idle_s=30)
address = ensure_running(launch)
print(Client(address, "tiny").embed(sys.argv[4:]).shape)
print(*(module for module in sys.modules if module in ("tensorflow", "ai_edge_litert", "uvicorn")))
stop(launch)
"""


@pytest.mark.parametrize(("version", "tree"), [("3.9", "py39"), ("3.13", "py313")])
def test_a_search_under_splunks_python_starts_the_scorer_and_gets_embeddings(
    head: Head, models: Path, version: str, tree: str
) -> None:
    python = interpreter(version)
    if python is None or not (LIB / tree / "ai_edge_litert").is_dir():
        pytest.skip(f"needs python{version} and lib/{tree} (make lib)")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}

    search = subprocess.run(
        [python, "-S", "-c", SEARCH, str(BIN), str(LIB / tree), str(models), *pictures(3)],
        env={**clean, "MOUSEMATCH_STATE": head.environ["MOUSEMATCH_STATE"]},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert search.stdout.splitlines() == ["(3, 128)", ""], search.stderr
    assert "runs in litert on the CPU" in head.log
