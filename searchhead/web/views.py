"""The app's views and its navigation, as Splunk Web reads them.

    default/data/ui/views/<view>.xml     a dashboard: label, description, theme, and in <definition> its JSON
    default/data/ui/nav/default.xml      which views the app bar names, in which order
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

_NAME = re.compile(r"[A-Za-z0-9_-]+")


class ViewError(Exception):
    """A view or the navigation cannot be read; the message names the file."""


@dataclass(frozen=True)
class View:
    """One view. ``theme`` is "light", "dark" or empty; ``definition`` is Dashboard Studio's JSON, None for other kinds."""

    name: str
    label: str
    description: str = ""
    theme: str = ""
    definition: dict[str, Any] | None = None


@dataclass(frozen=True)
class Link:
    """One link of the app bar, or with ``links`` a menu of them."""

    label: str
    href: str = ""
    links: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Navigation:
    """The app bar: its links, its colour (``#rrggbb`` or empty), and the view that the app opens with."""

    links: tuple[Link, ...]
    colour: str = ""
    default: str = ""


class Views:
    """Views and navigation of one app; files are read anew each time, so an edited view shows at the next reload."""

    def __init__(self, app: Path, app_name: str) -> None:
        self._folders = (app / "local/data/ui/views", app / "default/data/ui/views")
        self._navs = (app / "local/data/ui/nav/default.xml", app / "default/data/ui/nav/default.xml")
        self._root = f"/en-US/app/{app_name}/"

    def get(self, name: str) -> View | None:
        """A view by its name, or None when the app has none of that name. Raises ViewError."""
        if not _NAME.fullmatch(name):
            return None
        path = next((path for folder in self._folders if (path := folder / f"{name}.xml").is_file()), None)
        return _view(path) if path else None

    def names(self) -> list[str]:
        """All views of the app."""
        return sorted({path.stem for folder in self._folders for path in folder.glob("*.xml")})

    def navigation(self, may_read: Callable[[str], bool], *, pages: dict[str, str]) -> Navigation:
        """The app bar of somebody who ``may_read`` some of the views.

        ``pages`` are further pages with their labels; those that the navigation does not name come last.
        """
        path = next((path for path in self._navs if path.is_file()), None)
        root = _parsed(path) if path else ElementTree.Element("nav")
        shown: set[str] = set()
        links = tuple(self._links(root, may_read, pages, shown))
        more = (Link(label, self._root + name) for name, label in pages.items() if name not in shown)
        default = next((str(one.get("name")) for one in root.iter("view") if one.get("default") == "true"), "")
        colour = root.get("color", "")
        return Navigation((*links, *more), colour if re.fullmatch(r"#[0-9A-Fa-f]{6}", colour) else "", default)

    def _links(
        self, parent: ElementTree.Element, may_read: Callable[[str], bool], pages: dict[str, str], shown: set[str]
    ) -> Iterator[Link]:
        for element in parent:
            name = element.get("name", "")
            if element.tag == "view" and name in pages:
                shown.add(name)
                yield Link(pages[name], self._root + name)
            elif element.tag == "view" and may_read(name) and (view := self.get(name)):
                yield Link(view.label, self._root + name)
            elif element.tag == "a" and element.get("href", "").startswith(("/", "https://", "http://")):
                yield Link(element.text or "", element.get("href", ""))
            elif element.tag == "collection":
                inner = tuple(self._links(element, may_read, pages, shown))
                if inner:
                    yield Link(element.get("label", ""), links=inner)


def _view(path: Path) -> View:
    root = _parsed(path)
    definition = root.findtext("definition")
    try:
        return View(
            name=path.stem,
            label=root.findtext("label") or path.stem,
            description=root.findtext("description") or "",
            theme=root.get("theme", ""),
            definition=json.loads(definition) if root.get("version") == "2" and definition else None,
        )
    except ValueError as exc:
        raise ViewError(f"The definition in {path} is no JSON ({exc}).") from exc


def _parsed(path: Path) -> ElementTree.Element:
    try:
        return ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as exc:
        raise ViewError(f"{path} cannot be read ({exc}).") from exc
