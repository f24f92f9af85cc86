"""The custom commands that an app installs: stanzas of commands.conf and the files in bin/ that they name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .. import conf_files

_NAME = re.compile(r"[A-Za-z0-9]+")
_FILENAME = re.compile(r"[A-Za-z0-9_.-]+")


@dataclass(frozen=True)
class InstalledCommand:
    """One stanza of commands.conf; ``script`` lies in the app's bin/, ``problem`` says why it cannot run (or is empty)."""

    name: str
    script: Path
    maxwait_s: int = 0
    max_chunk_bytes: int = 0
    run_in_preview: bool = False
    is_risky: bool = False
    python: str = ""
    problem: str = ""


def read(app: Path) -> dict[str, InstalledCommand]:
    """The app's commands by name. Raises conf_files.ConfError."""
    return {name: _command(app, name, settings) for name, settings in conf_files.read(app, "commands").items()}


def _command(app: Path, name: str, settings: Mapping[str, str]) -> InstalledCommand:
    filename = settings.get("filename", f"{name}.py")
    return InstalledCommand(
        name=name,
        script=app / "bin" / filename,
        maxwait_s=_whole(settings.get("maxwait")),
        max_chunk_bytes=_whole(settings.get("maxchunksize")),
        run_in_preview=conf_files.is_true(settings.get("run_in_preview")),
        is_risky=conf_files.is_true(settings.get("is_risky")),
        python=settings.get("python.required") or settings.get("python.version", ""),
        problem=_problem(app, name, filename, settings),
    )


def _problem(app: Path, name: str, filename: str, settings: Mapping[str, str]) -> str:
    """Why splunkd would not run the command, as a sentence."""
    if not _NAME.fullmatch(name):
        return f'The name "{name}" may have letters and digits only; rename the stanza in commands.conf.'
    if not _FILENAME.fullmatch(filename):
        return f"filename = {filename} may not leave bin/; name a file in the app's bin folder."
    if not conf_files.is_true(settings.get("chunked")):
        return "Only the chunked protocol is played here; set chunked = true in commands.conf."
    if not filename.endswith(".py"):
        return f"filename = {filename} is no Python script; other executables are not played here."
    if not (app / "bin" / filename).is_file():
        return f"Could not find {filename} in the app's bin folder; add the file or correct commands.conf."
    return ""


def _whole(value: str | None) -> int:
    try:
        return max(int(value or 0), 0)
    except ValueError:
        return 0
