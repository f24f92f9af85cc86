"""The vendored packages alone carry the app under Splunk's Pythons.

Each test runs a real python3.9 or python3.13, where one is installed, without its site-packages (-S) and environment (-E).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.imports import COMMANDS, packages, reached

ROOT = Path(__file__).resolve().parents[2]
TREES = {"3.9": ROOT / "lib" / "py39", "3.13": ROOT / "lib" / "py313"}

# The scorer's TensorFlow executor runs in an environment of its own.
NOT_VENDORED = ("mousematch.scorer.executors.savedmodel",)

# Sessions of any kind of movement, some of them of no place or no point at all, encoded together: a line for each row. The
# numbers are Python's own random ones, the same in all versions.
ENCODE = """
import hashlib, random
import numpy as np
from mousematch.encoded import session_rows, window_rows
from mousematch.encoding import encoding_named
from mousematch.formats.dropped import Dropped
from mousematch.images import from_base64, from_png
from mousematch.sessions import Session
from mousematch.telemetry import MOVE, SCROLL, Points
from mousematch.windows import WindowSpec

def session(name, random):
    count = random.choice([0, 1, 2, 8, 59, 60, 200, 700])
    kinds = random.choice([[SCROLL], [MOVE], [MOVE] * 20 + [1, 2, 3, 4]])
    gaps = random.choice([[0], [10_000], [0, 8_000, 16_000, 310_000, 600_000]])
    px = random.choice([0, 5, 300])
    table = np.array([
        (random.choice(gaps), random.randint(-px, px), random.randint(-px, px), random.choice(kinds), random.randint(0, 4))
        for _ in range(count)
    ], np.int64).reshape(count, 5).T
    time_us, x, y = (np.cumsum(column) for column in table[:3])
    place = (x.astype(np.float32), y.astype(np.float32))
    return Session((name,), Points(time_us, *place, *table[3:].astype(np.uint8)).ordered(), Dropped())

for seed in range(30):
    random.seed(seed)
    sessions = [session(str(number), random) for number in range(random.randint(1, 6))]
    for rows, name in ((session_rows, "portrait"), (window_rows, "path")):
        for row in rows(sessions, encoding_named(name), WindowSpec(128)):
            pixels = b"".join(from_png(from_base64(image)).tobytes() for image in row.image)
            print(row.key, row.figures, row.kinematics, row.path_hash, hashlib.sha256(pixels).hexdigest())
"""


def find_python(version: str) -> str | None:
    """A working Python of that version: on the path, in pyenv, or Splunk's own."""
    candidates = [shutil.which(f"python{version}")]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates += [str(path) for path in sorted(pyenv.glob(f"versions/{version}.*/bin/python"))]
    candidates.append(str(Path(os.environ.get("SPLUNK_HOME", "/opt/splunk")) / "bin" / f"python{version}"))
    for candidate in filter(None, candidates):
        probe = [candidate, "-S", "-E", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        try:
            finished = subprocess.run(probe, capture_output=True, text=True)
        except OSError:
            continue
        if finished.stdout.strip() == version:
            return candidate
    return None


@pytest.fixture(params=sorted(TREES))
def splunk_python(request: pytest.FixtureRequest) -> tuple[list[str], Path]:
    """(command line of an isolated interpreter, its vendored tree)."""
    python, tree = find_python(request.param), TREES[request.param]
    if python is None:
        pytest.skip(f"no python{request.param} is installed")
    if not tree.is_dir():
        pytest.skip(f"{tree.relative_to(ROOT)} is not built (make lib)")
    return [python, "-S", "-E", "-B"], tree


def test_every_imported_package_is_vendored(splunk_python: tuple[list[str], Path]):
    command, tree = splunk_python
    program = (
        "import importlib, json, sys\n"
        f"sys.path.insert(0, {str(tree)!r})\n"
        "def load(name):\n"
        "    try:\n"
        "        return importlib.import_module(name)\n"
        "    except ModuleNotFoundError:  # from package import name\n"
        "        parent, _, attribute = name.rpartition('.')\n"
        "        module = importlib.import_module(parent)\n"
        "        getattr(module, attribute)\n"
        "        return module\n"
        "print(json.dumps([load(name).__file__ for name in json.load(sys.stdin)]), file=sys.stderr)"
    )
    _, foreign = reached([*COMMANDS, "mousematch.scorer.__main__"], without=NOT_VENDORED)
    needed = packages(foreign)
    modules = sorted(name for name in foreign if name.partition(".")[0] in needed)

    finished = subprocess.run([*command, "-c", program], input=json.dumps(modules), capture_output=True, text=True)

    assert finished.returncode == 0, finished.stderr
    # Not on stdout, where MNN greets.
    assert all(Path(file).is_relative_to(tree) for file in json.loads(finished.stderr))


def test_sessions_are_encoded_as_by_this_python(splunk_python: tuple[list[str], Path]):
    command, tree = splunk_python
    warned = ["-W", "error::RuntimeWarning"]

    theirs = subprocess.run(
        [*command, *warned, "-c", f"import sys; sys.path[:0] = [{str(ROOT / 'bin')!r}, {str(tree)!r}]\n{ENCODE}"],
        capture_output=True,
        text=True,
    )
    ours = subprocess.run(
        [sys.executable, *warned, "-c", f"import sys; sys.path.insert(0, {str(ROOT / 'bin')!r})\n{ENCODE}"],
        capture_output=True,
        text=True,
    )

    assert theirs.returncode == 0, theirs.stderr
    assert len(theirs.stdout.splitlines()) > 100
    assert theirs.stdout == ours.stdout


def test_litert_runs_the_shipped_model(splunk_python: tuple[list[str], Path]):
    models = sorted(ROOT.glob("models/*/*/model.tflite"))
    if not models:
        pytest.skip("no model is exported (make export)")
    command, tree = splunk_python
    program = (
        f"import sys; sys.path.insert(0, {str(tree)!r})\n"
        "import numpy as np\n"
        "from ai_edge_litert.interpreter import Interpreter\n"
        f"model = Interpreter(model_path={str(models[0])!r})\n"
        "inputs, outputs = model.get_input_details()[0], model.get_output_details()[0]\n"
        "model.resize_tensor_input(inputs['index'], (2, *inputs['shape'][1:]))\n"
        "model.allocate_tensors()\n"
        "images = np.random.default_rng(1).random((2, *inputs['shape'][1:]), dtype=np.float32)\n"
        "model.set_tensor(inputs['index'], images)\n"
        "model.invoke()\n"
        "print(*np.linalg.norm(model.get_tensor(outputs['index']), axis=1))"
    )

    finished = subprocess.run([*command, "-c", program], capture_output=True, text=True)

    assert finished.returncode == 0, finished.stderr
    assert [float(norm) for norm in finished.stdout.split()] == pytest.approx([1.0, 1.0], abs=0.01)


def test_mnn_computes_from_the_shipped_weights(splunk_python: tuple[list[str], Path]):
    command, tree = splunk_python
    weights = sorted(ROOT.glob("models/*/*/weights.npz"))[0]
    program = (
        f"import sys; sys.path[:0] = [{str(ROOT / 'bin')!r}, {str(tree)!r}]\n"
        "import numpy as np\n"
        "from pathlib import Path\n"
        "from mousematch.scorer.executors.mnn import MNNNetwork\n"
        "images = np.random.default_rng(1).integers(0, 256, (2, 64, 64, 3)).astype(np.uint8)\n"
        f"print(*np.linalg.norm(MNNNetwork(Path({str(weights)!r}), size=64).embed(images), axis=1))"
    )

    finished = subprocess.run([*command, "-c", program], capture_output=True, text=True)

    assert finished.returncode == 0, finished.stderr
    # MNN writes lines of its own beside.
    (norms,) = (line for line in finished.stdout.splitlines() if line[:1].isdigit())
    assert [float(norm) for norm in norms.split()] == pytest.approx([1.0, 1.0], abs=0.001)


def test_the_scorer_can_be_started(splunk_python: tuple[list[str], Path]):
    command, tree = splunk_python
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'bin'}{os.pathsep}{tree}"}
    without_e = [word for word in command if word != "-E"]

    finished = subprocess.run(
        [*without_e, "-m", "mousematch.scorer", "--help"], env=environment, capture_output=True, text=True
    )

    assert finished.returncode == 0, finished.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_answers_getinfo_from_the_vendored_packages(name: str, splunk_python: tuple[list[str], Path]):
    command, _ = splunk_python
    arguments: list[str] = []
    searchinfo = {
        **{"args": arguments, "raw_args": arguments, "dispatch_dir": "", "sid": "", "app": "mousematch"},
        **{"owner": "admin", "username": "admin", "session_key": "", "splunkd_uri": "https://127.0.0.1:8089"},
        **{"splunk_version": "10.2.3", "search": "", "command": name, "maxresultrows": 50000},
        **{"earliest_time": "0", "latest_time": "0"},
    }
    metadata = json.dumps({"action": "getinfo", "preview": False, "searchinfo": searchinfo})

    finished = subprocess.run(
        [*command, str(ROOT / "bin" / f"{name}.py")],
        input=f"chunked 1.0,{len(metadata)},0\n{metadata}",
        capture_output=True,
        text=True,
    )

    assert finished.stdout.startswith("chunked 1.0,"), finished.stderr
    answer = json.loads(finished.stdout.partition("\n")[2][: int(finished.stdout.split(",")[1])])
    assert "type" in answer or "error" in answer
    assert "Traceback" not in finished.stderr
