"""The package: what goes in, that it is the same each time, and what is refused."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "packaging" / "build.py"


def build(root: Path, output: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BUILD), "--root", str(root), "--output", str(output), *options]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of the app's own files, without the heavy ones, and with a model of a few bytes."""
    root = tmp_path / "repository"
    for folder in ("bin", "default", "metadata", "README", "static"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "app.conf", root / "app.conf", follow_symlinks=True)
    for name in ("README.md", "LICENSE"):
        (root / name).write_text(name)
    model = root / "models" / "base" / "1"
    model.mkdir(parents=True)
    for name in ("model.json", "weights.npz", "cohort.npz", "model.tflite"):
        (model / name).write_bytes(name.encode())
    shutil.copytree(ROOT / "models" / "bots", root / "models" / "bots")
    return root


def names(package: Path) -> set[str]:
    with tarfile.open(package) as archive:
        return set(archive.getnames())


def test_building_twice_gives_the_same_bytes(repository: Path, tmp_path: Path):
    first, second, moved = tmp_path / "1.spl", tmp_path / "2.spl", tmp_path / "moved"

    build(repository, first, "--without-lib").check_returncode()
    shutil.copytree(repository, moved, copy_function=shutil.copyfile)  # new times, other modes
    (moved / "default" / "app.conf").chmod(0o600)
    build(moved, second, "--without-lib").check_returncode()

    assert first.read_bytes() == second.read_bytes()


def test_entries_are_plain_files_below_one_folder_that_nobody_can_execute(repository: Path, tmp_path: Path):
    (repository / "bin" / "mousescore.py").chmod(0o755)

    build(repository, tmp_path / "app.spl", "--without-lib").check_returncode()

    with tarfile.open(tmp_path / "app.spl") as archive:
        for member in archive:
            assert member.name.split("/")[0] == "mousematch"
            assert member.isdir() or (member.isreg() and member.mode == 0o644), member.name
            assert not any(part.startswith(".") for part in Path(member.name).parts), member.name
            assert (member.uid, member.gid, member.mtime) == (0, 0, 315_532_800)


def test_what_only_lies_around_stays_out(repository: Path, tmp_path: Path):
    stray = ("local/app.conf", "metadata/local.meta", "bin/__pycache__/a.cpython-311.pyc", "lookups/.DS_Store")
    stray += ("lookups/a.tmp", "searchhead/__init__.py", "models/base/1/saved_model.pb", "static/notes.txt")
    for name in stray:
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text("")

    build(repository, tmp_path / "app.spl", "--without-lib").check_returncode()

    packaged = names(tmp_path / "app.spl")
    assert not packaged & {f"mousematch/{name}" for name in stray}
    assert {"mousematch/models/base/1/model.tflite", "mousematch/bin/mousescore.py", "mousematch/app.conf"} <= packaged
    assert {"mousematch/models/bots/1/card.json", "mousematch/models/bots/1/trees.npz"} <= packaged


def test_two_versions_are_refused(repository: Path, tmp_path: Path):
    conf = repository / "default" / "app.conf"
    conf.write_text(conf.read_text().replace("version = 0", "version = 9", 1))

    finished = build(repository, tmp_path / "app.spl", "--without-lib")

    assert finished.returncode == 1
    assert "name different versions" in finished.stderr
    assert not (tmp_path / "app.spl").exists()


@pytest.mark.parametrize(
    ("missing", "remedy"),
    [
        ("models/base/1/model.tflite", "run make export first"),
        ("models/bots/1/trees.npz", "bot detector"),
        ("LICENSE", "LICENSE is missing"),
    ],
)
def test_a_missing_part_is_named_with_its_remedy(repository: Path, tmp_path: Path, missing: str, remedy: str):
    (repository / missing).unlink()

    finished = build(repository, tmp_path / "app.spl", "--without-lib")

    assert finished.returncode == 1
    assert remedy in finished.stderr


def test_without_the_vendored_packages_there_is_no_package(repository: Path, tmp_path: Path):
    finished = build(repository, tmp_path / "app.spl")

    assert finished.returncode == 1
    assert "run make lib first" in finished.stderr
