"""Users, roles, sessions, and who may do what.

    users           admin (admin), analyst (mousematch_analyst), operator (mousematch_admin), viewer (user)
    roles           admin, power and user are built in; authorize.conf adds to them and makes others (importRoles)
    permissions     metadata/default.meta < metadata/local.meta < <state>/metadata/local.meta

A stanza of the metadata stands for an app (``[]``), a kind of object (``[commands]``) or one object
(``[commands/mousetrain]``); the narrowest one with an ``access`` counts. Names in it are URL-encoded, as Splunk writes them.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import quote, unquote

from . import conf_files

_USER_CAPABILITIES = [
    "accelerate_search", "change_own_password", "edit_own_objects", "export_results_is_visible", "get_metadata",
    "get_typeahead", "list_settings", "output_file", "request_remote_tok", "rest_apps_view", "rest_properties_get",
    "rest_properties_set", "run_collect", "search", "upload_lookup_files",
]  # fmt: skip
_POWER_CAPABILITIES = [
    "embed_report", "rtsearch", "schedule_search", "schedule_rtsearch",
]  # fmt: skip
_ADMIN_CAPABILITIES = [
    "admin_all_objects", "change_authentication", "dispatch_rest_to_indexers", "edit_roles", "edit_server",
    "edit_user", "indexes_edit", "list_introspection", "list_storage_passwords", "restart_splunkd",
    "rest_apps_management", "run_debug_commands",
]  # fmt: skip
SYSTEM_USER = "nobody"
_LIST = re.compile(r"(read|write)\s*:\s*\[([^\]]*)\]")
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


@dataclass(frozen=True)
class Role:
    """One role, and what it imports from others; ``…_allowed`` and ``…_default`` are index names or wildcards."""

    name: str
    imported: tuple[str, ...]
    capabilities: frozenset[str]
    imported_capabilities: frozenset[str]
    own_allowed: tuple[str, ...]
    imported_allowed: tuple[str, ...]
    own_default: tuple[str, ...]
    imported_default: tuple[str, ...]
    jobs_quota: int

    @property
    def allowed(self) -> tuple[str, ...]:
        """Indexes that may be searched."""
        return self.own_allowed + self.imported_allowed

    @property
    def default(self) -> tuple[str, ...]:
        """Indexes that are searched when a search names none."""
        return self.own_default + self.imported_default


@dataclass(frozen=True)
class Grant:
    """Who may read and write an object, and who owns it."""

    read: tuple[str, ...]
    write: tuple[str, ...]
    owner: str = "nobody"
    export: str = "none"

    def __str__(self) -> str:
        return f"{{ read : [ {', '.join(self.read)} ], write : [ {', '.join(self.write)} ] }}"


class Access:
    """The rights on one app; safe to use from several threads."""

    def __init__(self, app: Path, state: Path, authorize: Callable[[], conf_files.Stanzas]) -> None:
        """``authorize`` gives the stanzas of authorize.conf as they are now."""
        self._files = (app / "metadata/default.meta", app / "metadata/local.meta", state / "metadata/local.meta")
        self._authorize = authorize
        self._users: dict[str, tuple[str, ...]] = dict(_DEFAULT_USERS)
        self._passwords: dict[str, tuple[bytes, bytes]] = {}
        self._sessions: dict[str, Principal | str] = {}
        self._lock = threading.Lock()
        self._meta: tuple[object, conf_files.Stanzas] = (None, {})

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
        stanzas = _built_in()
        for stanza, settings in self._authorize().items():
            if stanza.startswith("role_"):
                stanzas.setdefault(stanza[len("role_") :], {}).update(settings)
        return {name: _role(name, stanzas) for name in stanzas}

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

    def may(self, principal: Principal, action: str, kind: str, name: str = "") -> bool:
        """Whether ``action`` ("read" or "write") is allowed; reading needs the app's own permission too."""
        if principal.sees_all:
            return True
        grant = self.grant(kind, name)
        if grant.owner == principal.user:
            return True
        app = self.grant()
        return _among(principal.roles, app.read) and _among(principal.roles, getattr(grant, action))

    def refusal(self, principal: Principal, action: str, kind: str, name: str, *, app: str) -> str:
        """What splunkd says when it is not."""
        roles = ", ".join(principal.roles)
        where = f"/nobody/{app}/{kind}/{quote(name, safe='')}"
        return f"User '{principal.user}' with roles {{ {roles} }} cannot {action}: {where} {self.grant(kind, name)}"

    def set_grant(
        self, kind: str, name: str, *, read: Sequence[str] = (), write: Sequence[str] = (), owner: str = ""
    ) -> None:
        """Writes an object's permissions or its owner into the state folder."""
        path = self._files[-1]
        with self._lock:
            stanzas = _parsed(path)
            settings = stanzas.setdefault(f"{kind}/{quote(name, safe='')}", {})
            if read or write:
                grant = self.grant(kind, name)
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


def _role(name: str, stanzas: Mapping[str, Mapping[str, str]]) -> Role:
    imported = tuple(_imported(name, stanzas, {name}))
    lines = [stanzas[role] for role in (name, *imported)]
    quotas = [int(line["srchJobsQuota"]) for line in lines if line.get("srchJobsQuota", "").isdecimal()]
    return Role(
        name=name,
        imported=imported,
        capabilities=_capabilities(stanzas[name]),
        imported_capabilities=frozenset(one for role in imported for one in _capabilities(stanzas[role])),
        own_allowed=_joined(lines[:1], "srchIndexesAllowed"),
        imported_allowed=_joined(lines[1:], "srchIndexesAllowed"),
        own_default=_joined(lines[:1], "srchIndexesDefault"),
        imported_default=_joined(lines[1:], "srchIndexesDefault"),
        jobs_quota=quotas[0] if quotas else 3,
    )


def _imported(name: str, stanzas: Mapping[str, Mapping[str, str]], seen: set[str]) -> Iterable[str]:
    for role in re.split(r"[;,\s]+", stanzas[name].get("importRoles", "")):
        if role in stanzas and role not in seen:
            seen.add(role)
            yield role
            yield from _imported(role, stanzas, seen)


def _capabilities(settings: Mapping[str, str]) -> frozenset[str]:
    return frozenset(key for key, value in settings.items() if value == "enabled")


def _joined(lines: Sequence[Mapping[str, str]], key: str) -> tuple[str, ...]:
    parts = (part.strip() for line in lines for part in line.get(key, "").split(";"))
    return tuple(dict.fromkeys(part for part in parts if part))


def _built_in() -> dict[str, dict[str, str]]:
    def enabled(*lists: list[str]) -> dict[str, str]:
        return {name: "enabled" for names in lists for name in names}

    user = {"srchIndexesAllowed": "*", "srchIndexesDefault": "main", "srchJobsQuota": "3"}
    power = {"importRoles": "user", "srchIndexesAllowed": "*", "srchIndexesDefault": "main", "srchJobsQuota": "10"}
    admin = {
        "importRoles": "power;user",
        "srchIndexesAllowed": "*;_*",
        "srchIndexesDefault": "main",
        "srchJobsQuota": "50",
    }
    return {
        "admin": {**admin, **enabled(_ADMIN_CAPABILITIES)},
        "power": {**power, **enabled(_POWER_CAPABILITIES)},
        "user": {**user, **enabled(_USER_CAPABILITIES)},
    }


def _index_matches(name: str, form: str) -> bool:
    """Wildcards meet internal indexes only when they begin with an underscore themselves."""
    return fnmatchcase(name, form) and (not name.startswith("_") or form.startswith("_"))


def _among(roles: Iterable[str], allowed: Sequence[str]) -> bool:
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


def _hashed(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)
