"""The web side of a search head as one ASGI app.

    /                                    the app's first view
    /login?key=…                         a one-time link (sessions.py)
    /en-US/app/<app>/<view>              a view, rendered by Dashboard Studio's own renderer (studio/)
    /en-US/app/<app>/search, alerts, playground
    /en-US/static/…                      files: the app's, the pages', the renderer's
    /en-US/splunkd/__raw/services…       REST with the session's cookie (gate.py)
    /services…, /servicesNS…             REST with an Authorization header
    /services/collector…                 HEC
    /site/                               an example site that the collector watches
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from .assets import Assets
from .example_site import ExampleSite
from .gate import RawGate
from .guard import Guard
from .pages import Pages
from .sessions import Logins
from .views import ViewError

HERE = Path(__file__).resolve().parent
RAW = "/en-US/splunkd/__raw"


@dataclass(frozen=True)
class Parts:
    """What the web side puts together. ``studio``: the folder of the built renderer, which need not exist."""

    app: Path
    app_name: str
    rest: ASGIApp
    hec: ASGIApp
    logins: Logins
    pages: Pages
    studio: Path


def create_app(parts: Parts) -> ASGIApp:
    """The ASGI app; ``parts`` come from serve.py."""
    pages = parts.pages
    own = f"/en-US/app/{parts.app_name}"
    routes = [
        Route("/", pages.start),
        Route("/login", pages.login),
        Route("/logout", pages.logout, methods=["POST"]),
        Route("/favicon.ico", pages.icon),
        Route("/en-US/config", pages.config),
        Route("/app/{rest:path}", pages.with_locale),
        Route("/en-US", pages.start),
        Route("/en-US/", pages.start),
        Route("/en-US/app/search/search", pages.other_search),
        Route(own, pages.start),
        Route(f"{own}/", pages.start),
        Route(f"{own}/search", pages.search),
        Route(f"{own}/alerts", pages.alerts),
        Route(f"{own}/playground", pages.playground),
        Route(f"{own}/playground/config.json", pages.playground_config),
        Mount(f"{own}/playground", Assets(HERE / "playground")),
        Route(f"{own}/{{view}}", pages.view),
        Mount(f"/en-US/static/app/{parts.app_name}", Assets(parts.app / "appserver" / "static")),
        Mount("/site", ExampleSite(parts.hec, parts.pages.hec_token).app(parts.app / "appserver/static/collector")),
        Mount("/en-US/static/studio", Assets(parts.studio, hashed=True)),
        Mount("/en-US/static/web", Assets(HERE / "static")),
    ]
    site = Starlette(
        routes=routes,
        exception_handlers={HTTPException: pages.failed, ViewError: pages.broken, Exception: pages.crashed},
    )
    return Guard(_Split(parts, site))


class _Split:
    """Leads calls to splunkd's parts, which know paths better than a router does, and all else to the pages."""

    def __init__(self, parts: Parts, site: ASGIApp) -> None:
        self._rest = parts.rest
        self._hec = parts.hec
        self._raw = RawGate(parts.rest, parts.logins, prefix=RAW)
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if path == "/services/collector" or path.startswith("/services/collector/"):
            await self._hec(scope, receive, send)
        elif path.startswith(("/services/", "/servicesNS/")):
            await self._rest(scope, receive, send)
        elif path.startswith(f"{RAW}/services"):
            await self._raw(scope, receive, send)
        else:
            await self._site(scope, receive, send)
