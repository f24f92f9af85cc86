"""Who is at the browser: one-time links open a session, a cookie carries it, the form key guards what changes things.

    /login?key=…  ──▶  splunkd_<port>                  the session key; HttpOnly, SameSite=Strict
                       splunkweb_csrf_token_<port>     the form key, which scripts send back as X-Splunk-Form-Key

The names are Splunk Web's. Cookies do not know ports, so another local server could plant a form key of its own: ours is
derived from the session key, and a planted one does not match.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable

from starlette.requests import HTTPConnection
from starlette.responses import Response

from ..access import Access, Principal


class Logins:
    """One-time links and the sessions that they open; safe to use from several threads."""

    def __init__(self, access: Access, *, port: int, on_used: Callable[[str], None] = lambda user: None) -> None:
        """``on_used`` is told the user of a link that has just been used up."""
        self._access = access
        self._on_used = on_used
        self._keys: dict[str, str] = {}
        self._lock = threading.Lock()
        self.session_cookie = f"splunkd_{port}"
        self.csrf_cookie = f"splunkweb_csrf_token_{port}"

    def key(self, user: str) -> str:
        """A new key for one login."""
        key = secrets.token_urlsafe(24)
        with self._lock:
            self._keys[key] = user
        return key

    def redeem(self, key: str) -> str | None:
        """The session key that a login key is good for, once."""
        with self._lock:
            user = self._keys.pop(key, None)
        if user is None:
            return None
        self._on_used(user)
        return self._access.session(user)

    def set_cookies(self, response: Response, session: str) -> None:
        """Lets the browser carry the session."""
        response.set_cookie(self.session_cookie, session, path="/", httponly=True, samesite="strict")
        response.set_cookie(self.csrf_cookie, form_key(session), path="/", samesite="strict")

    def end(self, connection: HTTPConnection, response: Response) -> None:
        """Ends the session and takes its cookies away."""
        self._access.end_session(self.session(connection))
        response.delete_cookie(self.session_cookie, path="/", httponly=True, samesite="strict")
        response.delete_cookie(self.csrf_cookie, path="/", samesite="strict")

    def session(self, connection: HTTPConnection) -> str:
        """The session key that a request carries; empty without one."""
        return connection.cookies.get(self.session_cookie, "")

    def principal(self, connection: HTTPConnection) -> Principal | None:
        """Who is at the browser, or None."""
        return self._access.of_key(self.session(connection))

    def form_key_matches(self, connection: HTTPConnection) -> bool:
        """Whether a request that changes something comes from one of our own pages."""
        given = connection.headers.get("x-splunk-form-key", "")
        return hmac.compare_digest(given.encode(), form_key(self.session(connection)).encode())


def form_key(session: str) -> str:
    """The form key of a session."""
    return hashlib.sha256(b"form key of " + session.encode()).hexdigest()
