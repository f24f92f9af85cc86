"""The repository is the app: its layout, its names, and which code may reach which packages."""

from __future__ import annotations

import configparser
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import mousematch
from tests.app.imports import COMMANDS, packages, reached

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [path for top in ("bin", "searchhead", "samples", "benchmarks", "study") for path in ROOT.glob(f"{top}/**/*.py")]

TRAINING = {"tensorflow", "keras", "scipy", "sklearn"}


def app_conf() -> configparser.ConfigParser:
    conf = configparser.ConfigParser()
    conf.read(ROOT / "default" / "app.conf")
    return conf


def test_the_root_app_conf_is_the_one_in_default():
    assert (ROOT / "app.conf").resolve() == ROOT / "default" / "app.conf"


def test_the_app_has_one_version():
    conf = app_conf()

    assert conf["id"]["version"] == conf["launcher"]["version"] == mousematch.__version__


def test_the_app_has_one_id():
    conf = app_conf()

    assert conf["id"]["name"] == conf["package"]["id"] == "mousematch"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_never_reaches_training_code(name: str):
    own, foreign = reached([name])

    assert not packages(foreign) & TRAINING
    assert not own & {"mousematch.model", "mousematch.training", "mousematch.export"}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_file_imports_only_the_edge_and_what_is_below(name: str):
    _, foreign = reached([name])

    assert packages(foreign) <= {"splunklib", "numpy", "PIL"}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_answers_getinfo_without_loading_an_executor(name: str):
    searchinfo = {"args": [], "raw_args": [], "sid": "", "dispatch_dir": "", "app": "mousematch", "command": name}
    metadata = json.dumps({"action": "getinfo", "preview": False, "searchinfo": searchinfo})

    finished = subprocess.run(
        [sys.executable, "-X", "importtime", str(ROOT / "bin" / f"{name}.py")],
        input=f"chunked 1.0,{len(metadata)},0\n{metadata}",
        capture_output=True,
        text=True,
    )

    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in finished.stderr.splitlines()}
    assert "splunklib" in loaded
    assert not loaded & (TRAINING | {"ai_edge_litert", "uvicorn"})


@pytest.mark.parametrize("word", ["utils", "util", "helpers", "helper", "common", "manager", "misc"])
def test_no_module_has_a_name_that_says_nothing(word: str):
    assert [path for path in SOURCES if path.stem == word or path.parent.name == word] == []


def test_modules_stay_small():
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}

    assert {path: lines for path, lines in lengths.items() if lines > 400} == {}


@pytest.mark.parametrize(("name", "size"), [("appIcon", 36), ("appIcon_2x", 72), ("appIconAlt", 36), ("appIconAlt_2x", 72)])
def test_icons_have_splunks_sizes(name: str, size: int):
    with Image.open(ROOT / "static" / f"{name}.png") as icon:
        assert icon.size == (size, size)
