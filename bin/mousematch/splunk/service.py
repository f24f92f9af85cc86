"""splunkd's REST interface for the length of one search, with a time limit on every request.

splunk-sdk's own client has no time limit: a splunkd that accepts and never answers would hold the search for ever. It also
takes longer to load than a search's requests take.
"""

from __future__ import annotations

import socket
from typing import Any
from urllib.parse import urlencode, urlsplit

from mousematch.errors import StoreError
from mousematch.exchange import Answer, Connection

APP = "mousematch"
DEFAULT_PORT = 8089
# Reads of a few templates take milliseconds; a KV store that is electing its captain takes seconds.
TIMEOUT_S = 20.0


class Refused(Exception):
    """splunkd answered with an error: its status, and its own words."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"HTTP {answer.status} {answer.reason}{_detail(answer.body)}")
        self.status = answer.status


class Service:
    """The app's namespace on splunkd, for everybody ("nobody"), with a search's rights.

    Requests raise Refused and OSError, see ``errors.translated``.
    """

    def __init__(self, *, scheme: str, host: str, port: int, key: str, timeout_s: float = TIMEOUT_S) -> None:
        if scheme not in ("http", "https"):
            raise ValueError(f"unsupported scheme: {scheme}")
        self._address = (host, port)
        self._secure = scheme == "https"
        self._timeout_s = timeout_s
        self._headers = {"Authorization": f"Splunk {key}", "Accept": "*/*", "Connection": "Close"}
        self._connection = Connection(self._open, host=f"[{host}]:{port}" if ":" in host else f"{host}:{port}")

    def get(self, path: str, **parameters: Any) -> bytes:
        """The body of what is at a path of the app's namespace."""
        return self._ask("GET", f"{path}?{urlencode(parameters)}" if parameters else path)

    def post(self, path: str, body: bytes | None = None, **form: Any) -> bytes:
        """The body of the answer to a JSON document that is sent, or to the fields of a form."""
        kind = "application/json" if body is not None else "application/x-www-form-urlencoded"
        return self._ask("POST", path, urlencode(form).encode() if body is None else body, {"Content-Type": kind})

    def delete(self, path: str) -> bytes:
        """The body of the answer; what was at the path is gone."""
        return self._ask("DELETE", path)

    def _ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> bytes:
        target = f"/servicesNS/nobody/{APP}/{path}"
        answer = self._connection.request(method, target, headers={**self._headers, **(headers or {})}, body=body)
        if answer.status >= 400:
            raise Refused(answer)
        return answer.body

    def _open(self) -> socket.socket:
        plain = socket.create_connection(self._address, self._timeout_s)
        if not self._secure:
            return plain
        import ssl

        # splunkd's own certificate is signed by nobody: splunk-sdk does not look at it either.
        context = ssl._create_unverified_context()
        try:
            return context.wrap_socket(plain, server_hostname=self._address[0])
        except BaseException:
            plain.close()
            raise


def connect(searchinfo: Any, *, timeout_s: float = TIMEOUT_S) -> Service:
    """The service of a search, by the address and the session key in the ``searchinfo`` of its getinfo request.

    Nothing is sent yet. Raises StoreError if the search came without address or key.
    """
    address = getattr(searchinfo, "splunkd_uri", None) or ""
    key = getattr(searchinfo, "session_key", None) or ""
    try:
        uri = urlsplit(address.strip(), allow_fragments=False)
        host, port = uri.hostname, uri.port
        if not host or not key:
            raise StoreError(
                "The search came without splunkd's address or a session key; run it from Splunk as a user."
            )
        return Service(scheme=uri.scheme, host=host, port=port or DEFAULT_PORT, key=key, timeout_s=timeout_s)
    except ValueError as exc:
        raise StoreError(f'The search gave "{address}" as splunkd\'s address, which is no URL.') from exc


def _detail(body: bytes) -> str:
    """What splunkd says in the body of an error, in XML; a body of another kind is shown as it is."""
    # Only after an error: XML takes as long to load as a request takes.
    from xml.etree.ElementTree import XML, ParseError

    try:
        detail = XML(body).findtext("./messages/msg")
    except ParseError:
        return f" -- {body!r}"
    return "" if detail is None else f" -- {detail}"
