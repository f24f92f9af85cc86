"""Roles: the built-in ones of Splunk, and those of authorize.conf."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_USER_CAPABILITIES = [
    "accelerate_search", "change_own_password", "edit_own_objects", "export_results_is_visible", "get_metadata",
    "get_typeahead", "list_settings", "output_file", "request_remote_tok", "rest_apps_view", "rest_properties_get",
    "rest_properties_set", "run_collect", "search", "upload_lookup_files",
]  # fmt: skip
_POWER_CAPABILITIES = [
    "embed_report", "rtsearch", "schedule_search", "schedule_rtsearch",
]  # fmt: skip
_ADMIN_CAPABILITIES = [
    "admin_all_objects", "change_authentication", "dispatch_rest_to_indexers", "edit_roles", "edit_server", "edit_tcp",
    "edit_user", "indexes_edit", "list_introspection", "list_storage_passwords", "restart_splunkd",
    "rest_apps_management", "run_debug_commands",
]  # fmt: skip


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


def read_roles(authorize: Mapping[str, Mapping[str, str]]) -> dict[str, Role]:
    """All roles by name, from the stanzas of authorize.conf."""
    stanzas = _built_in()
    for stanza, settings in authorize.items():
        if stanza.startswith("role_"):
            stanzas.setdefault(stanza[len("role_") :], {}).update(settings)
    return {name: _role(name, stanzas) for name in stanzas}


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
