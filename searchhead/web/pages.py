"""The pages: views, search, alerts, playground, login, and what is said when something is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response

from ..access import Access, Principal
from .guard import RENDERER_POLICY
from .sessions import Logins
from .views import ViewError, Views

HERE = Path(__file__).resolve().parent
_TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip
_TEMPLATES.policies["json.dumps_kwargs"] = {}  # else it sorts, and some of Studio's options mean their order
# UTC, as splunkd writes zones for the pages: offset, daylight saving, abbreviation in hexadecimal.
_ZONE = "### SERIALIZED TIMEZONE FORMAT 1.0;Y0 N 55 54 43;"
_PAGES = {"search": "Search", "alerts": "Alerts", "playground": "Playground"}


def renderer(studio: Path) -> dict[str, str] | None:
    """The file names of the dashboards' renderer, ``script`` and ``style``; None when it is not built."""
    try:
        return json.loads((studio / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


@dataclass(frozen=True)
class Pages:
    """The handlers of one app. ``hec_token`` gives the token that the playground sends with."""

    app: Path
    app_name: str
    label: str
    version: str
    port: int
    raw: str
    studio: Path
    views: Views
    access: Access
    logins: Logins
    hec_token: Callable[[], str]

    # -- pages ----------------------------------------------------------------------------------------------------------

    def start(self, request: Request) -> Response:
        """Leads to the view that the app opens with."""
        principal = self._principal(request)
        navigation = self.views.navigation(lambda name: self._may_read(principal, name), pages=_PAGES)
        name = navigation.default
        if not name or (name not in _PAGES and not self._may_read(principal, name)):
            return RedirectResponse(navigation.links[0].href)
        return RedirectResponse(f"/en-US/app/{self.app_name}/{name}")

    def with_locale(self, request: Request) -> Response:
        """/app/… as links in dashboards and alerts write it."""
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/en-US{request.url.path}{query}")

    def other_search(self, request: Request) -> Response:
        """The search app's page is ours."""
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/en-US/app/{self.app_name}/search{query}")

    def view(self, request: Request) -> Response:
        """A dashboard."""
        principal = self._principal(request)
        name = request.path_params["view"]
        view = self.views.get(name)
        if view is None:
            raise HTTPException(404, f"The app has no view '{name[:100]}'. Its views are {', '.join(self.views.names())}.")
        if not self._may_read(principal, name):
            roles = ", ".join(self.access.users.get(principal.user, ()))
            raise HTTPException(403, f"{principal.user} (role {roles}) may not read the view '{view.label}'.")
        if view.definition is None:
            raise HTTPException(501, f"'{view.label}' is no Dashboard Studio view, and no other kind is shown here.")
        bundle = renderer(self.studio)
        if bundle is None:
            return self._page(request, "unbuilt.html", title=view.label, status=503)
        page = self._page(request, "view.html", title=view.label, theme=view.theme, shown=view, bundle=bundle)
        page.headers["content-security-policy"] = RENDERER_POLICY
        return page

    def search(self, request: Request) -> Response:
        """A box for a search, and its results."""
        self._principal(request)
        return self._page(request, "search.html", title="Search")

    def alerts(self, request: Request) -> Response:
        """The alerts that have fired."""
        self._principal(request)
        return self._page(request, "alerts.html", title="Alerts")

    def playground(self, request: Request) -> Response:
        """The page on which one's own mouse is scored."""
        self._principal(request)
        return self._page(request, "playground.html", title="Playground", view="playground")

    def playground_config(self, request: Request) -> Response:
        """What the playground's script has to know."""
        principal = self._principal(request)
        return JSONResponse(
            {
                "app": self.app_name,
                "user": principal.user,
                "splunkd": self.raw,
                "views": f"/en-US/app/{self.app_name}",
                "csrf_cookie": self.logins.csrf_cookie,
                "collector": f"/en-US/static/app/{self.app_name}/collector/mousematch.mjs",
                "hec": {"endpoint": "/services/collector/event", "token": self.hec_token()},
            }
        )

    def config(self, request: Request) -> Response:
        """Splunk Web's settings for the renderer, as the script that sets ``$C``."""
        principal = self._principal(request)
        settings = {
            "SPLUNKD_PATH": self.raw,
            "LOCALE": "en-US",
            "MRSPARKLE_ROOT_PATH": "",
            "MRSPARKLE_PORT_NUMBER": str(self.port),
            "USERNAME": principal.user,
            "VERSION_LABEL": self.version,
            "BUILD_NUMBER": "0",
            "BUILD_PUSH_NUMBER": "0",
            "SERVER_ZONEINFO": _ZONE,
        }
        script = f"window.$C = {json.dumps(settings)};\nwindow.i18n_register = window.i18n_register || function () {{}};\n"
        return Response(script, media_type="text/javascript")

    def icon(self, request: Request) -> Response:
        """The app's icon."""
        return FileResponse(self.app / "static" / "appIcon.png", headers={"cache-control": "public, max-age=3600"})

    # -- sessions -------------------------------------------------------------------------------------------------------

    def login(self, request: Request) -> Response:
        """Opens a session with a one-time link; a browser that only fetches ahead does not use the link up."""
        if request.method == "HEAD" or "prefetch" in request.headers.get("sec-purpose", ""):
            return Response(status_code=503)
        session = self.logins.redeem(request.query_params.get("key", ""))
        if session is None and self.logins.principal(request):
            return RedirectResponse("/", 303)
        if session is None:
            raise HTTPException(403, "This link has been used, or is of an earlier start. Each link opens one session.")
        response = RedirectResponse("/", 303)
        self.logins.set_cookies(response, session)
        return response

    def logout(self, request: Request) -> Response:
        """Ends the session."""
        if not self.logins.form_key_matches(request):
            raise HTTPException(403, "Only a page of this app may log you out.")
        response = Response(status_code=204)
        self.logins.end(request, response)
        return response

    # -- errors ---------------------------------------------------------------------------------------------------------

    def failed(self, request: Request, error: Exception) -> Response:
        """What is said instead of a page."""
        assert isinstance(error, HTTPException)
        status = error.status_code
        detail = error.detail
        if status == 404 and detail == HTTPStatus(404).phrase:
            detail = f"There is nothing at {request.url.path[:200]}."
        return self._error(request, status, detail)

    def broken(self, request: Request, error: Exception) -> Response:
        """A view or the navigation is broken; the page names the file."""
        return self._error(request, 500, str(error))

    def crashed(self, request: Request, error: Exception) -> Response:
        """A fault of the web side."""
        return self._error(request, 500, f"{type(error).__name__}: {error}")

    def _error(self, request: Request, status: int, detail: str) -> Response:
        if "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse(f"{detail}\n", status)
        title = {401: "You are not logged in", 403: "Not allowed", 404: "Not found"}.get(status, "This did not work")
        return self._page(request, "error.html", title=title, status=status, code=status, detail=detail)

    # -- parts ----------------------------------------------------------------------------------------------------------

    def _page(self, request: Request, template: str, *, title: str, status: int = 200, **values: Any) -> Response:
        principal = self.logins.principal(request)
        try:
            links = self.views.navigation(lambda name: self._may_read(principal, name), pages=_PAGES) if principal else None
        except ViewError:  # an error page is to be shown with what there is
            links = None
        page = _TEMPLATES.get_template(template).render(
            title=title,
            app=self.app_name,
            label=self.label,
            user=principal.user if principal else "",
            navigation=links,
            raw=self.raw,
            csrf_cookie=self.logins.csrf_cookie,
            here=request.url.path,
            **values,
        )
        return HTMLResponse(page, status)

    def _principal(self, request: Request) -> Principal:
        principal = self.logins.principal(request)
        if principal is None:
            raise HTTPException(401, "Open one of the links that make serve has printed in its terminal.")
        return principal

    def _may_read(self, principal: Principal | None, view: str) -> bool:
        return principal is not None and self.access.may(principal, "read", "views", view)
