"""REST endpoints about users and what they may.

auth/login                                POST username=, password= → a session key
authentication/current-context            who calls
authentication/users[/<user>]             GET; others than oneself for administrators only
authorization/roles[/<role>]              GET
authorization/capabilities                GET
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from xml.sax.saxutils import escape

from ..access import Access, Role
from .atom import Entity
from .errors import RestError
from .rest import Feed, Request, Response, Route

_CONTEXT = "authentication/current-context"


class UserEndpoints:
    """The handlers, for one app."""

    def __init__(self, access: Access, *, app: str) -> None:
        self._access = access
        self._app = app

    def routes(self) -> Sequence[Route]:
        """What these endpoints answer."""
        return (
            Route(("POST",), "auth/login", self.login, public=True),
            Route(("GET",), f"{_CONTEXT}(?:/context)?", self.current_context),
            Route(("GET",), "authentication/users", self.list_users),
            Route(("GET",), "authentication/users/([^/]+)", self.show_user),
            Route(("GET",), "authorization/roles", self.list_roles),
            Route(("GET",), "authorization/roles/([^/]+)", self.show_role),
            Route(("GET",), "authorization/(?:grantable_)?capabilities(?:/capabilities)?", self.capabilities),
        )

    def login(self, request: Request) -> Response:
        """A session key. Raises RestError 401; a user without a password cannot log in."""
        key = self._access.login(request.parameters.get("username", ""), request.parameters.get("password", ""))
        if key is None:
            raise RestError(401, "Login failed", level="WARN")
        if request.as_json:
            body = json.dumps({"sessionKey": key, "message": "", "code": ""}).encode()
            return Response(body, content_type="application/json; charset=UTF-8")
        told = f"<sessionKey>{escape(key)}</sessionKey>\n  <messages>\n    <msg code=''></msg>\n  </messages>"
        return Response(f"<response>\n  {told}\n</response>\n".encode())

    def current_context(self, request: Request) -> Feed:
        """The user whose session key was given."""
        path = f"/services/{_CONTEXT}/context"
        content = {"username": request.user, "password": "********", **self._content(request.user)}
        return Feed("current-context", [Entity("context", path, content, app="", owner="system", sharing="system")])

    def list_users(self, request: Request) -> Feed:
        """All users, or the caller alone."""
        users = self._access.users if request.principal.sees_all else [request.user]
        return Feed("users", [self._user(user) for user in users], listing=True)

    def show_user(self, request: Request) -> Feed:
        """One user. Raises RestError 404, also for others when the caller is no administrator."""
        (user,) = request.arguments
        if user not in self._access.users or not (request.principal.sees_all or user == request.user):
            raise RestError(404, f"Could not find object id={user}")
        return Feed("users", [self._user(user)])

    def list_roles(self, request: Request) -> Feed:
        """All roles."""
        return Feed("roles", [self._role(role) for role in self._access.roles().values()], listing=True)

    def show_role(self, request: Request) -> Feed:
        """One role. Raises RestError 404."""
        role = self._access.roles().get(request.arguments[0])
        if role is None:
            raise RestError(404, f"Could not find object id={request.arguments[0]}")
        return Feed("roles", [self._role(role)])

    def capabilities(self, request: Request) -> Feed:
        """Every capability that a role has."""
        names = sorted({one for role in self._access.roles().values() for one in role.capabilities})
        entity = Entity("capabilities", "/services/authorization/capabilities/capabilities", {"capabilities": names})
        return Feed("capabilities", [entity])

    def _user(self, user: str) -> Entity:
        content = {"password": "********", "type": "Splunk", **self._content(user)}
        return Entity(user, f"/services/authentication/users/{user}", content, owner="system", removable=False)

    def _content(self, user: str) -> dict[str, object]:
        return {
            "capabilities": sorted(self._access.principal(user).capabilities),
            "defaultApp": self._app,
            "defaultAppIsUserOverride": False,
            "defaultAppSourceRole": "system",
            "email": "",
            "locked-out": False,
            "realname": user,
            "restart_background_jobs": True,
            "roles": list(self._access.users.get(user, ())),
            "tz": "",
        }

    def _role(self, role: Role) -> Entity:
        content = {
            "capabilities": sorted(role.capabilities),
            "imported_capabilities": sorted(role.imported_capabilities),
            "imported_roles": list(role.imported),
            "imported_srchIndexesAllowed": list(role.imported_allowed),
            "imported_srchIndexesDefault": list(role.imported_default),
            "srchFilter": "",
            "srchIndexesAllowed": list(role.own_allowed),
            "srchIndexesDefault": list(role.own_default),
            "srchJobsQuota": role.jobs_quota,
            "srchTimeWin": -1,
        }
        return Entity(role.name, f"/services/authorization/roles/{role.name}", content, owner="system", removable=False)
