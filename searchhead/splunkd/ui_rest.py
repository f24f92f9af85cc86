"""REST endpoints of what the web pages show.

data/ui/views[/<view>]    the app's views: default/ and local/ of the app, and <state>/local
data/ui/nav[/<name>]      the app's navigation
data/ui/times[/<name>]    the time ranges of time pickers: Splunk's own, and times.conf
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from .atom import Entity
from .errors import RestError
from .rest import Feed, Request, Route

if TYPE_CHECKING:
    from .head import SearchHead

_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_TIMES = (
    ("today", "Today", "@d", "now"),
    ("week_to_date", "Week to date", "@w0", "now"),
    ("month_to_date", "Month to date", "@mon", "now"),
    ("year_to_date", "Year to date", "@y", "now"),
    ("yesterday", "Yesterday", "-1d@d", "@d"),
    ("previous_week", "Previous week", "-7d@w0", "@w0"),
    ("previous_month", "Previous month", "-1mon@mon", "@mon"),
    ("last_15_minutes", "Last 15 minutes", "-15m", "now"),
    ("last_60_minutes", "Last 60 minutes", "-60m@m", "now"),
    ("last_4_hours", "Last 4 hours", "-4h@m", "now"),
    ("last_24_hours", "Last 24 hours", "-24h@h", "now"),
    ("last_7_days", "Last 7 days", "-7d@h", "now"),
    ("last_30_days", "Last 30 days", "-30d@d", "now"),
    ("all_time", "All time", "0", ""),
)


class UiEndpoints:
    """The handlers, for the pages of one app."""

    def __init__(self, head: SearchHead) -> None:
        self._head = head

    def routes(self) -> Sequence[Route]:
        """What these endpoints answer."""
        return (
            Route(("GET",), "data/ui/(views|nav|times)", self.list_all),
            Route(("GET",), "data/ui/(views|nav|times)/([^/]+)", self.show),
        )

    def list_all(self, request: Request) -> Feed:
        """All that the caller may read."""
        return Feed(f"data/ui/{request.arguments[0]}", self._readable(request), listing=True)

    def show(self, request: Request) -> Feed:
        """One of them. Raises RestError 404, also for what the caller may not read."""
        kind, name = request.arguments
        found = [entity for entity in self._readable(request) if entity.name == name]
        if not found:
            raise RestError(404, f"Could not find object id={name}")
        return Feed(f"data/ui/{kind}", found)

    def _readable(self, request: Request) -> list[Entity]:
        kind = request.arguments[0]
        if kind == "times":
            return self._times()
        files = self._files(kind)
        may = self._head.access.may
        return [
            self._page(kind, name, path, request)
            for name, path in sorted(files.items())
            if may(request.principal, "read", kind, name)
        ]

    def _times(self) -> list[Entity]:
        stanzas = {
            name: {"label": label, "earliest_time": earliest, "latest_time": latest, "order": str(10 * (place + 1))}
            for place, (name, label, earliest, latest) in enumerate(_TIMES)
        }
        for name, settings in self._head.confs.read("times").items():
            stanzas[name] = {**stanzas.get(name, {}), **settings}
        return [self._entity("times", name, {"disabled": False, **settings}) for name, settings in stanzas.items()]

    def _files(self, kind: str) -> Mapping[str, Path]:
        """Name → file, of the topmost layer that has it."""
        folders = (self._head.app / "default", self._head.app / "local", self._head.state / "local")
        found = (path for folder in folders for path in sorted((folder / "data" / "ui" / kind).glob("*.xml")))
        return {path.stem: path for path in found if _NAME.fullmatch(path.stem)}

    def _page(self, kind: str, name: str, path: Path, request: Request) -> Entity:
        text = path.read_text(encoding="utf-8")
        content: dict[str, object] = {
            "disabled": False,
            "eai:appName": self._head.app_name,
            "eai:data": text,
            "eai:digest": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
            "eai:type": kind,
            "eai:userName": request.user,
            "rootNode": "nav" if kind == "nav" else "dashboard",
        }
        if kind == "views":
            content |= {"isDashboard": True, "isVisible": True, "label": name, **_described(text)}
        writes = self._head.access.may(request.principal, "write", kind, name)
        return self._entity(kind, name, content, can_write=writes)

    def _entity(self, kind: str, name: str, content: Mapping[str, object], *, can_write: bool = False) -> Entity:
        grant = self._head.access.grant(kind, name)
        return Entity(
            name,
            f"/servicesNS/nobody/{self._head.app_name}/data/ui/{kind}/{name}",
            content,
            app=self._head.app_name,
            perms={"read": grant.read, "write": grant.write},
            can_write=can_write,
            removable=False,
        )


def _described(text: str) -> dict[str, object]:
    """Label, description and version that a view's XML gives; nothing for XML that cannot be read."""
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return {}
    label, description = root.findtext("label"), root.findtext("description")
    return {
        "rootNode": root.tag,
        "version": root.get("version", "1"),
        **({"label": label.strip()} if label else {}),
        **({"description": description.strip()} if description else {}),
    }
