"""Users, roles, sessions, and who may do what.

    users             admin (admin), analyst (mousematch_analyst), operator (mousematch_admin), viewer (user)
    roles.py          admin, power and user are built in; authorize.conf adds to them and makes others
    permissions.py    who may read and write which object: the metadata
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import quote

from . import conf_files
from .permissions import Grant, Permissions, among
from .roles import Role, read_roles

SYSTEM_USER = "nobody"
_DEFAULT_USERS = {
    "admin": ("admin",), "analyst": ("mousematch_analyst",), "operator": ("mousematch_admin",), "viewer": ("user",),
}  # fmt: skip


@dataclass(frozen=True)
class Principal:
    """Whom a session key stands for; ``on_indexer`` keys come from map processes.

    ``roles`` are the user's own and all that they import; ``capabilities`` those of all of them.
    """

    user: str
    on_indexer: bool = False
    roles: tuple[str, ...] = ()
    capabilities: frozenset[str] = frozenset()

    @property
    def sees_all(self) -> bool:
        """An administrator, for whom no permission is looked up."""
        return "admin_all_objects" in self.capabilities


class Access:
    """The rights on one app; safe to use from several threads."""

    def __init__(self, app: Path, state: Path, authorize: Callable[[], conf_files.Stanzas]) -> None:
        """``authorize`` gives the stanzas of authorize.conf as they are now."""
        self.permissions = Permissions(app, state)
        self._authorize = authorize
        self._users: dict[str, tuple[str, ...]] = dict(_DEFAULT_USERS)
        self._passwords: dict[str, tuple[bytes, bytes]] = {}
        self._sessions: dict[str, Principal | str] = {}
        self._lock = threading.Lock()

    # -- users and sessions ---------------------------------------------------------------------------------------------

    @property
    def users(self) -> Mapping[str, tuple[str, ...]]:
        """User → own roles; a role that no authorize.conf names counts as ``user``."""
        known = self.roles()
        return {user: tuple(role if role in known else "user" for role in roles) for user, roles in self._users.items()}

    def add_user(self, user: str, roles: Sequence[str]) -> None:
        """Another user, or other roles for one."""
        self._users[user] = tuple(roles)

    def set_password(self, user: str, password: str) -> None:
        """Lets the user log in by auth/login; without one only session keys work."""
        salt = os.urandom(16)
        self._passwords[user] = (salt, _hashed(password, salt))

    def login(self, user: str, password: str) -> str | None:
        """A session key for the right password, or None."""
        salt, expected = self._passwords.get(user, (b"", b""))
        right = hmac.compare_digest(_hashed(password, salt), expected)
        return self.session(user) if right and user in self._users else None

    def session(self, user: str) -> str:
        """A new session key for the user; it is valid as long as the program lives."""
        key = secrets.token_urlsafe(48)
        with self._lock:
            self._sessions[key] = user
        return key

    def indexer_session(self, user: str) -> str:
        """A session key for map processes, which opens no collection and no configuration."""
        key = secrets.token_urlsafe(48)
        with self._lock:
            self._sessions[key] = Principal(user, on_indexer=True)
        return key

    def end_session(self, key: str) -> None:
        """Makes a session key invalid."""
        with self._lock:
            self._sessions.pop(key, None)

    def of_key(self, key: str) -> Principal | None:
        """Whom a session key stands for."""
        found = self._sessions.get(key)
        return self.principal(found) if isinstance(found, str) else found

    def principal(self, user: str) -> Principal:
        """The user with all roles and capabilities, as authorize.conf gives them now; an unknown user has none."""
        known = self.roles()
        own = self._own_roles(user)
        roles = tuple(dict.fromkeys(name for role in own for name in (role, *known[role].imported)))
        capabilities = frozenset(
            one for role in own for one in known[role].capabilities | known[role].imported_capabilities
        )
        return Principal(user, roles=roles, capabilities=capabilities)

    # -- roles ----------------------------------------------------------------------------------------------------------

    def roles(self) -> dict[str, Role]:
        """All roles by name."""
        return read_roles(self._authorize())

    def indexes(self, user: str, names: Iterable[str]) -> tuple[set[str], set[str]]:
        """Of these indexes, those that the user may search, and those searched when a search names none."""
        known = self.roles()
        roles = [known[role] for role in self._own_roles(user)]
        allowed = {name for name in names if any(_index_matches(name, form) for role in roles for form in role.allowed)}
        default = {
            name for name in allowed if any(_index_matches(name, form) for role in roles for form in role.default)
        }
        return allowed, default

    def jobs_quota(self, user: str) -> int:
        """How many searches of the user may run at once; the largest of the roles' srchJobsQuota."""
        known = self.roles()
        return max((known[role].jobs_quota for role in self._own_roles(user)), default=0)

    def _own_roles(self, user: str) -> tuple[str, ...]:
        """``nobody`` owns what belongs to the app, and runs its searches with all rights, as splunkd's system user does."""
        return ("admin",) if user == SYSTEM_USER else self.users.get(user, ())

    # -- permissions ----------------------------------------------------------------------------------------------------

    def grant(self, kind: str = "", name: str = "") -> Grant:
        """Who may use an object, such as ``("commands", "mousetrain")``; ``grant()`` is the app's own."""
        return self.permissions.of(kind, name)

    def set_grant(
        self, kind: str, name: str, *, read: Sequence[str] = (), write: Sequence[str] = (), owner: str = ""
    ) -> None:
        """Writes an object's permissions or its owner into the state folder."""
        self.permissions.write(kind, name, read=read, write=write, owner=owner)

    def may(self, principal: Principal, action: str, kind: str, name: str = "") -> bool:
        """Whether ``action`` ("read" or "write") is allowed; reading needs the app's own permission too."""
        if principal.sees_all:
            return True
        grant = self.grant(kind, name)
        if grant.owner == principal.user:
            return True
        app = self.grant()
        return among(principal.roles, app.read) and among(principal.roles, getattr(grant, action))

    def refusal(self, principal: Principal, action: str, kind: str, name: str, *, app: str) -> str:
        """What splunkd says when it is not."""
        roles = ", ".join(principal.roles)
        where = f"/nobody/{app}/{kind}/{quote(name, safe='')}"
        return f"User '{principal.user}' with roles {{ {roles} }} cannot {action}: {where} {self.grant(kind, name)}"


def _index_matches(name: str, form: str) -> bool:
    """Wildcards meet internal indexes only when they begin with an underscore themselves."""
    return fnmatchcase(name, form) and (not name.startswith("_") or form.startswith("_"))


def _hashed(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)
