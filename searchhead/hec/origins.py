"""Which web pages' scripts may talk to the collector: crossOriginSharingPolicy and crossOriginSharingHeaders.

    !*://evil.example.com:* *://*.example.com:* https://shop.example.org

The first pattern that matches decides, one with ``!`` refuses, and an origin that none matches is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from .settings import Settings

_PATTERN = re.compile(r"([a-z*]+)://(\[[^\]]*\]|[^:/]*)(?::(\d+|\*))?", re.IGNORECASE)
_PORTS = {"http": "80", "https": "443"}
_PREFLIGHT_S = b"600"


def headers(settings: Settings, request: Mapping[bytes, bytes], *, preflight: bool) -> list[tuple[bytes, bytes]]:
    """The CORS headers of the answer; none for a page that may not see it."""
    origin = request.get(b"origin", b"").decode("latin-1")
    if not origin or not allowed(settings.origins, origin):
        return []
    answer = [(b"access-control-allow-origin", origin.encode("latin-1")), (b"vary", b"Origin")]
    if preflight:
        names = settings.headers.strip().encode("latin-1", "ignore")
        if names == b"*":  # browsers take a literal * for all headers but Authorization
            names = request.get(b"access-control-request-headers", b"")
        answer += [
            (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
            (b"access-control-allow-headers", names),
            (b"access-control-max-age", _PREFLIGHT_S),
        ]
    return answer


def allowed(policy: str, origin: str) -> bool:
    """Whether the policy lets a page of this origin (``https://shop.example.org:8443``) see answers."""
    for rule in filter(None, re.split(r"[,\s]+", policy)):
        pattern = rule.removeprefix("!")
        if pattern == "*" or _matches(pattern, origin):
            return not rule.startswith("!")
    return False


def _matches(pattern: str, origin: str) -> bool:
    match = _PATTERN.fullmatch(pattern)
    try:
        parts = urlsplit(origin)
        port = str(parts.port or _PORTS.get(parts.scheme, ""))
    except ValueError:
        return False
    if match is None or not parts.hostname:
        return False
    scheme, host, wanted = match.group(1).lower(), match.group(2).lower(), match.group(3)
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return (
        scheme in ("*", parts.scheme)
        and (_wildcard(host, name) or (host.startswith("*.") and host[2:] == name))
        and (wanted == "*" or port == (wanted or _PORTS.get(parts.scheme, "")))
    )


def _wildcard(pattern: str, text: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None
