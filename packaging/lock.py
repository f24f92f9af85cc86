"""Pins requirements/*.in into requirements/*.txt with hashes; run by ``make lock``.

The environments' locks are universal: one file for every Python from 3.10 and every platform. What is vendored is pinned per
Python of Splunk, for the Linux it runs on.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements"
UNIVERSAL = ("bootstrap", "build", "cpu", "gpu", "fleet", "appinspect")
SPLUNK_PYTHONS = ("3.9", "3.13")


def main() -> None:
    for name in UNIVERSAL:
        pin(f"{name}.in", f"{name}.txt", "--universal", "--python-version", "3.10")
    for version in SPLUNK_PYTHONS:
        target = ("--python-version", version, "--python-platform", "x86_64-manylinux_2_28")
        pin("lib.in", f"lib-py{version.replace('.', '')}.txt", "--no-deps", *target)


def pin(source: str, lock: str, *options: str) -> None:
    print(f"==> {source} → {lock}", flush=True)
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--generate-hashes", "--no-annotate", *options]
    environment = {**os.environ, "UV_CUSTOM_COMPILE_COMMAND": "make lock"}
    subprocess.run([*command, source, "-o", lock], cwd=REQUIREMENTS, env=environment, check=True)


if __name__ == "__main__":
    main()
