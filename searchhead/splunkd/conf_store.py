"""Stanzas of .conf files: the app's own, with what REST calls have written laid over them.

<app>/default/x.conf  <  <app>/local/x.conf  <  <state>/local/x.conf, the only one that is written
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from .. import conf_files
from .errors import RestError

_KEY = re.compile(r"[^\s=\[#][^=\r\n]*")
_FILE = re.compile(r"[A-Za-z0-9_-]+")


class ConfStore:
    """The configuration of one app in one state folder; safe to use from several processes."""

    def __init__(self, app: Path, state: Path) -> None:
        self._app = app
        self._overlay = state / "local"
        self._read: dict[str, tuple[object, conf_files.Stanzas]] = {}

    def exists(self, file: str) -> bool:
        """True when there is such a .conf file in any layer."""
        folders = (self._app / "default", self._app / "local", self._overlay)
        return any((folder / f"{_checked(file)}.conf").is_file() for folder in folders)

    def files(self) -> list[str]:
        """The names of all .conf files, without the ending."""
        folders = (self._app / "default", self._app / "local", self._overlay)
        return sorted({path.stem for folder in folders for path in folder.glob("*.conf") if _FILE.fullmatch(path.stem)})

    def read(self, file: str) -> conf_files.Stanzas:
        """All stanzas of ``file`` (``"mousematch"`` reads mousematch.conf); none without a file. Raises RestError.

        What is in memory is used again as long as the files are unchanged.
        """
        stamps = self._stamps(file)
        held = self._read.get(file)
        if held is None or held[0] != stamps:
            with _errors():
                stanzas = conf_files.read(self._app, file)
                written = self._written(file)
            common = written.pop("default", {})
            for stanza in stanzas:
                stanzas[stanza].update(common)
            for stanza, settings in written.items():
                stanzas[stanza] = {**stanzas.get(stanza, common), **settings}
            held = self._read[file] = (stamps, stanzas)
        return {stanza: dict(settings) for stanza, settings in held[1].items()}

    def get(self, file: str, stanza: str) -> dict[str, str]:
        """The settings of one stanza. Raises RestError 404."""
        stanzas = self.read(file)
        if stanza not in stanzas:
            raise RestError(404, f"Could not find object id={stanza}")
        return stanzas[stanza]

    def create(self, file: str, stanza: str, settings: Mapping[str, str]) -> None:
        """Writes a new stanza. Raises RestError 409 for one that exists."""
        with self._locked():
            if stanza in self.read(file):
                raise RestError(409, f"An object with name={stanza} already exists")
            self._write(file, stanza, settings)

    def update(self, file: str, stanza: str, settings: Mapping[str, str]) -> None:
        """Writes settings of an existing stanza. Raises RestError 404."""
        with self._locked():
            self.get(file, stanza)
            self._write(file, stanza, settings)

    def delete(self, file: str, stanza: str) -> None:
        """Removes what was written of a stanza. Raises RestError 404, and 403 for one that the app ships."""
        with self._locked():
            written = self._written(file)
            self.get(file, stanza)
            if stanza not in written:
                raise RestError(403, f"Cannot remove {stanza}: it is part of the app.")
            del written[stanza]
            self._save(file, written)

    def _stamps(self, file: str) -> object:
        """What changes when a file of any layer does."""
        folders = (self._app / "default", self._app / "local", self._overlay)
        stamps: list[object] = []
        for folder in folders:
            try:
                info = (folder / f"{_checked(file)}.conf").stat()
            except OSError:
                stamps.append(None)
            else:
                stamps.append((info.st_mtime_ns, info.st_size, info.st_ino))
        return stamps

    def _written(self, file: str) -> conf_files.Stanzas:
        path = self._overlay / f"{_checked(file)}.conf"
        with _errors():
            return conf_files.parse(path.read_text(encoding="utf-8"), where=str(path)) if path.is_file() else {}

    def _write(self, file: str, stanza: str, settings: Mapping[str, str]) -> None:
        if not stanza or re.search(r"[\[\]\n]", stanza):
            raise RestError(400, f"The stanza name {stanza!r} cannot be written; leave out brackets and line breaks.")
        for key in settings:
            if not _KEY.fullmatch(key):
                raise RestError(400, f"The setting {key!r} cannot be written; its name is one line without = and [.")
        written = self._written(file)
        written.setdefault(stanza, {}).update(settings)
        self._save(file, written)

    def _save(self, file: str, stanzas: conf_files.Stanzas) -> None:
        lines = []
        for stanza, settings in stanzas.items():
            lines.append(f"[{stanza}]")
            lines += [f"{key} = {_written_value(value)}" for key, value in settings.items()]
            lines.append("")
        path = self._overlay / f"{_checked(file)}.conf"
        fresh = path.with_suffix(f".{os.getpid()}.{os.urandom(4).hex()}.tmp")
        with _errors():
            try:
                with fresh.open("w", encoding="utf-8") as out:
                    out.write("\n".join(lines))
                    out.flush()
                    os.fsync(out.fileno())
                fresh.replace(path)
            finally:
                fresh.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Holds off other writers, in this process and in others."""
        with _errors():
            self._overlay.mkdir(parents=True, exist_ok=True)
            lock = (self._overlay / ".lock").open("w")
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _written_value(value: str) -> str:
    """The value as a .conf file holds it: line breaks after a backslash, and none of its own at the end."""
    text = value.replace("\r\n", "\n").replace("\n", "\\\n")
    return f"{text} " if text.endswith("\\") else text


def _checked(file: str) -> str:
    if not _FILE.fullmatch(file):
        raise RestError(404, f"No configuration file is called {file!r}.")
    return file


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except (OSError, conf_files.ConfError) as exc:
        raise RestError(500, f"The configuration cannot be used: {exc}") from exc
