"""The interpreters that commands are tested under: the running one, and Splunk's versions where they can be.

Splunk runs commands under Python 3.9 or 3.13 with the packages of ``lib/py39`` or ``lib/py313``; both must be there:
``make lib`` builds the packages, and the interpreter is ``python3.9`` or ``python3.13`` on the path, one of pyenv's, or
what MOUSEMATCH_PYTHON39 or MOUSEMATCH_PYTHON313 names.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.commands.protocol import APP

SPLUNK_VERSIONS = ("3.9", "3.13")


def interpreter(version: str) -> str | None:
    """The path of a Python of that version, or None."""
    named = os.environ.get("MOUSEMATCH_PYTHON" + version.replace(".", ""))
    if named:
        return named
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = sorted(pyenv.glob(f"{version}.*/bin/python{version}")) if pyenv.is_dir() else []
    # pyenv's own comes first: what it puts on the path is a script that may refuse to choose a version.
    return str(candidates[-1]) if candidates else shutil.which(f"python{version}")


def _parameter(version: str) -> object:
    found = interpreter(version)
    packages = APP / "lib" / f"py{version.replace('.', '')}"
    if found is None:
        reason = f"there is no Python {version} here"
    elif not packages.is_dir():
        reason = f"lib/{packages.name} is not built; run make lib"
    else:
        return pytest.param(found, id=version)
    return pytest.param("", id=version, marks=pytest.mark.skip(reason=reason))


EVERY_PYTHON = [pytest.param(sys.executable, id="this"), *map(_parameter, SPLUNK_VERSIONS)]
