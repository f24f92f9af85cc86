"""Interpreter, environment variables and folders that splunkd gives to a command.

Splunk's own Python runs with PYTHONHOME, PYTHONPATH and LD_LIBRARY_PATH set for it. They are set here in the same way,
with values that suit the interpreter at hand, because a command that starts another interpreter must scrub them.

    <state>/splunk/                     SPLUNK_HOME
        etc/apps/<app> → the repository
        var/run/splunk/dispatch/<sid>/  one search
        var/log/splunk/
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .errors import SplunkdError

_ASK = "import json, sys; print(json.dumps([sys.base_prefix, sys.path[1:]]))"
_NOT_INHERITED = ("VIRTUAL_ENV", "CONDA_PREFIX")


@dataclass(frozen=True)
class Interpreter:
    """A Python that runs commands; ``home`` is its installation, ``site_packages`` where its packages lie."""

    path: str
    home: str
    site_packages: tuple[str, ...]


@cache
def interpreter(path: str | None = None) -> Interpreter:
    """The interpreter at ``path``, or the running one. Raises SplunkdError when it does not start."""
    if path is None or path == sys.executable:
        return Interpreter(sys.executable, sys.base_prefix, _site_packages(sys.path))
    scrubbed = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        asked = subprocess.run([path, "-c", _ASK], env=scrubbed, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError) as exc:
        raise SplunkdError(f'Python "{path}" does not start ({exc}); give --python another interpreter.') from exc
    home, search_path = json.loads(asked.stdout)
    return Interpreter(path, home, _site_packages(search_path))


def variables(
    python: Interpreter, home: Path, *, state: Path, extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment of a command under SPLUNK_HOME ``home``."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "SPLUNK_")) and name not in _NOT_INHERITED
    }
    return {
        **inherited,
        "SPLUNK_HOME": str(home),
        "SPLUNK_DB": str(home / "var" / "lib" / "splunk"),
        "SPLUNK_ETC": str(home / "etc"),
        "SPLUNK_SERVER_NAME": "Splunkd",
        "SPLUNK_WEB_NAME": "splunkweb",
        "PATH": f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "LD_LIBRARY_PATH": str(home / "lib"),
        "PYTHONHOME": python.home,
        "PYTHONPATH": os.pathsep.join(python.site_packages),
        "PYTHONHTTPSVERIFY": "0",
        "MOUSEMATCH_STATE": str(state),
        **(extra or {}),
    }


def prepare_home(state: Path, app: Path, app_name: str) -> Path:
    """SPLUNK_HOME in the state folder, with the app linked into it. Raises SplunkdError."""
    home = state / "splunk"
    try:
        for folder in ("etc/apps", "var/run/splunk/dispatch", "var/log/splunk", "var/lib/splunk"):
            (home / folder).mkdir(parents=True, exist_ok=True)
        _link(home / "etc" / "apps" / app_name, app)
    except OSError as exc:
        raise SplunkdError(f"The state folder {state} cannot be used ({exc}); give --state another folder.") from exc
    return home


def _link(link: Path, target: Path) -> None:
    """Lets ``link`` point to ``target``; searches that start at once may all do it."""
    if link.is_symlink() and os.readlink(link) == str(target):
        return
    fresh = link.with_name(f".{link.name}.{os.getpid()}.{os.urandom(4).hex()}")
    fresh.symlink_to(target, target_is_directory=True)
    try:
        fresh.replace(link)
    finally:
        with contextlib.suppress(OSError):
            fresh.unlink()


def _site_packages(search_path: list[str]) -> tuple[str, ...]:
    return tuple(entry for entry in search_path if entry.endswith(("site-packages", "dist-packages")))
