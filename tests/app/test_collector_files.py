"""The browser collector as it is shipped: what its sources give, small, and in the package."""

from __future__ import annotations

import gzip
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted((ROOT / "appserver" / "static" / "collector").iterdir())
LARGEST = 4096  # bytes, gzipped


def test_both_are_what_the_sources_give():
    check = [sys.executable, str(ROOT / "packaging" / "collector.py"), "--check"]

    finished = subprocess.run(check, capture_output=True, text=True)

    assert (finished.returncode, finished.stderr) == (0, "")
    assert [path.name for path in SHIPPED] == ["mousematch.js", "mousematch.mjs"]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_each_is_small(path: Path):
    assert len(gzip.compress(path.read_bytes())) <= LARGEST


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_each_reads_nothing_of_an_event_but_what_the_documentation_says(path: Path):
    script = path.read_text(encoding="utf-8")

    read = set(re.findall(r"\b(?:event|report)\.(\w+)", script))

    assert read == {
        "isTrusted", "isPrimary", "target", "type", "button", "buttons", "getCoalescedEvents", "pointerType", "timeStamp",
        "clientX", "clientY", "persisted",
    }  # fmt: skip
    assert not re.search(r"key(down|up|press)|\binput\b|innerText|textContent|\.value\b|cookie|eval\(|Function\(", script)


def test_the_package_brings_both_and_not_their_sources():
    included = runpy.run_path(str(ROOT / "packaging" / "build.py"))["INCLUDED"]

    packaged = {path for pattern in included for path in ROOT.glob(pattern) if "appserver" in path.parts and path.is_file()}

    assert set(SHIPPED) <= packaged
    assert not any(path.parent.name == "collector" and path.parent.parent.name == "appserver" for path in packaged)
