"""Permissions of objects, from metadata files.

    metadata/default.meta < metadata/local.meta < <state>/metadata/local.meta, the only one that is written

A stanza stands for an app (``[]``), a kind of object (``[commands]``) or one object (``[commands/mousetrain]``); the
narrowest one with an ``access`` counts. Names in it are URL-encoded, as Splunk writes them.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from . import conf_files

_LIST = re.compile(r"(read|write)\s*:\s*\[([^\]]*)\]")


@dataclass(frozen=True)
class Grant:
    """Who may read and write an object, and who owns it."""

    read: tuple[str, ...]
    write: tuple[str, ...]
    owner: str = "nobody"
    export: str = "none"

    def __str__(self) -> str:
        return f"{{ read : [ {', '.join(self.read)} ], write : [ {', '.join(self.write)} ] }}"


class Permissions:
    """The permissions on one app; safe to use from several threads."""

    def __init__(self, app: Path, state: Path) -> None:
        self._files = (app / "metadata/default.meta", app / "metadata/local.meta", state / "metadata/local.meta")
        self._meta: tuple[object, conf_files.Stanzas] = (None, {})
        self._lock = threading.Lock()

    def of(self, kind: str = "", name: str = "") -> Grant:
        """Who may use an object, such as ``("commands", "mousetrain")``; ``of()`` is the app's own."""
        stanzas = self._metadata()
        merged: dict[str, str] = {}
        for place in ("", kind, f"{kind}/{quote(name, safe='')}" if name else ""):
            merged.update(stanzas.get(place, {}))
        lists = {
            action: tuple(re.split(r"[\s,]+", names.strip()))
            for action, names in _LIST.findall(merged.get("access", ""))
        }
        return Grant(
            read=_named(lists.get("read", ("*",))),
            write=_named(lists.get("write", ("*",))),
            owner=stanzas.get(f"{kind}/{quote(name, safe='')}", {}).get("owner", "nobody"),
            export=merged.get("export", "none"),
        )

    def write(
        self, kind: str, name: str, *, read: Sequence[str] = (), write: Sequence[str] = (), owner: str = ""
    ) -> None:
        """Writes an object's permissions or its owner into the state folder."""
        path = self._files[-1]
        with self._lock:
            stanzas = _parsed(path)
            settings = stanzas.setdefault(f"{kind}/{quote(name, safe='')}", {})
            if read or write:
                grant = self.of(kind, name)
                kept = Grant(tuple(read) or grant.read, tuple(write) or grant.write)
                settings["access"] = f"read : [ {', '.join(kept.read)} ], write : [ {', '.join(kept.write)} ]"
            if owner:
                settings["owner"] = owner
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(".tmp")
            lines = [
                f"[{place}]\n" + "".join(f"{key} = {value}\n" for key, value in one.items())
                for place, one in stanzas.items()
            ]
            fresh.write_text("\n".join(lines), encoding="utf-8")
            fresh.replace(path)

    def _metadata(self) -> conf_files.Stanzas:
        stamps = tuple(_stamp(path) for path in self._files)
        if self._meta[0] != stamps:
            layered: conf_files.Stanzas = {}
            for path in self._files:
                for stanza, settings in _parsed(path).items():
                    layered.setdefault(stanza, {}).update(settings)
            self._meta = (stamps, layered)
        return self._meta[1]


def among(roles: Iterable[str], allowed: Sequence[str]) -> bool:
    """Whether one of the roles is allowed; ``*`` allows all."""
    return "*" in allowed or any(role in allowed for role in roles)


def _named(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name)


def _parsed(path: Path) -> conf_files.Stanzas:
    try:
        stanzas = conf_files.parse(path.read_text(encoding="utf-8-sig"), where=str(path))
    except FileNotFoundError:
        return {}
    return {_plain(stanza): settings for stanza, settings in stanzas.items()}


def _plain(stanza: str) -> str:
    """One spelling for a stanza, whether its name is URL-encoded or not; a file may have it either way."""
    kind, slash, name = stanza.partition("/")
    return kind + slash + quote(unquote(name), safe="") if slash else stanza


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        info = path.stat()
    except OSError:
        return None
    return info.st_mtime_ns, info.st_size
